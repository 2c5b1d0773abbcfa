"""Every verb by its name."""

from collections.abc import Callable
from typing import Any

from services.verbs import (
    agreement,
    behaviour,
    curation,
    evaluation,
    examples,
    hosting,
    models,
    playground,
    release,
    studies,
    thresholds,
    tokens,
    training,
)

VERBS: dict[str, Callable[..., Any]] = {
    **curation.VERBS,
    **agreement.VERBS,
    **training.VERBS,
    **studies.VERBS,
    **tokens.VERBS,
    **examples.VERBS,
    **hosting.VERBS,
    **models.VERBS,
    **playground.VERBS,
    **evaluation.VERBS,
    **behaviour.VERBS,
    **thresholds.VERBS,
    **release.VERBS,
}
