"""Every verb by its name."""

from collections.abc import Callable
from typing import Any

from services.verbs import (
    aftercare,
    agreement,
    behaviour,
    causes,
    curation,
    desk,
    evaluation,
    examples,
    finding,
    generation,
    hosting,
    importing,
    labelling,
    models,
    playground,
    release,
    reporting,
    slices,
    studies,
    thresholds,
    tokens,
    training,
)

VERBS: dict[str, Callable[..., Any]] = {
    **importing.VERBS,
    **curation.VERBS,
    **finding.VERBS,
    **agreement.VERBS,
    **labelling.VERBS,
    **desk.VERBS,
    **training.VERBS,
    **studies.VERBS,
    **tokens.VERBS,
    **examples.VERBS,
    **generation.VERBS,
    **hosting.VERBS,
    **models.VERBS,
    **playground.VERBS,
    **evaluation.VERBS,
    **causes.VERBS,
    **reporting.VERBS,
    **slices.VERBS,
    **behaviour.VERBS,
    **thresholds.VERBS,
    **release.VERBS,
    **aftercare.VERBS,
}
