"""How toxic texts are before and after, as a judge sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.intervals import Estimate
from services.generation.paired import mean_estimate, paired

Floats = NDArray[np.float64]
HALF = 0.5
TOXIC, NEUTRAL = "toxic", "neutral"
UNWANTED = (TOXIC, "disallow", "hate", "offensive", "insult")  # looked for in this order


@dataclass(frozen=True)
class Toxicity:
    """How a judge's scores, 0 to 1, are spread over the texts; `share_half` is the share of 0.5 and above."""

    mean: Estimate
    deviation: float
    median: float
    p95: float
    share_half: float


@dataclass(frozen=True)
class Lowered:
    """Toxicity of the sources and of what was made of them.

    Attributes:
        difference: Mean of after minus before, text by text, with its 95 % bootstrap interval.
        relative: That difference as a share of the mean before; None where that is 0.
    """

    before: Toxicity
    after: Toxicity
    difference: Estimate
    relative: float | None
    p_value: float


def toxicity(scores: Floats) -> Toxicity:
    """The spread of a judge's scores; the deviation is that of the sample (n - 1), NaN never.

    Raises:
        BadInput: there is no score.
    """
    return Toxicity(
        mean=mean_estimate(scores),
        deviation=float(scores.std(ddof=1)) if len(scores) > 1 else 0.0,
        median=float(np.median(scores)),
        p95=float(np.quantile(scores, 0.95)),
        share_half=float((scores >= HALF).mean()),
    )


def lowered(before: Floats, after: Floats) -> Lowered:
    """How far the toxicity of the same texts fell.

    Raises:
        BadInput: they have different numbers of texts, or none.
    """
    found = paired(before, after)
    return Lowered(toxicity(before), toxicity(after), found.difference, found.relative, found.p_value)


def unwanted_label(labels: Sequence[str], wanted: str | None, *, name: str) -> str:
    """The label that a judge counts as toxic: the one asked for, else a known one, else the last.

    Raises:
        BadInput: the judge has no such label, or none at all.
    """
    if not labels:
        raise BadInput(f"{name} gives no label and judges nothing.", hint="Choose a classifier.")
    found = wanted or next((one for one in UNWANTED if one in labels), labels[-1])
    if found not in labels:
        raise BadInput(f"{name} has no label {found!r}.", hint=f"Its labels: {', '.join(labels)}.")
    return found


def unwanted_scores(
    labels: Sequence[str | None], scores: Sequence[Sequence[float] | None], names: Sequence[str], wanted: str
) -> Floats:
    """How unwanted each answer says its text is, 0 to 1, shape (n,).

    Without a score the label counts as 0 or 1; an answer that could not be read counts as unwanted.
    """
    place = list(names).index(wanted)
    found = [
        float(each[place])
        if each is not None and each[place] == each[place]
        else float(label in (None, wanted))
        for label, each in zip(labels, scores, strict=True)
    ]
    return np.array(found, dtype=np.float64)
