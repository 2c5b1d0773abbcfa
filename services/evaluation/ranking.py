"""How well a score ranks the comments of one label above the rest."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.intervals import CONFIDENCE, Estimate, critical_value


def roc_auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> Estimate:
    """The probability that a positive comment scores above a negative one, ties counting half; 0 to 1.

    The interval is a score interval: it is right for few comments, and never of width 0 where the ranking is
    perfect.

    Args:
        scores: Shape (n,), finite, on any scale; higher means more positive.
        positive: Shape (n,), the gold label of each.

    Raises:
        BadInput: there is no positive or no negative comment.

    Source: Hanley and McNeil (1982), Radiology 143(1), 29-36; interval: Newcombe (2006), Statistics in
    Medicine 25(4), 559-573, method 5.
    """
    positives = int(positive.sum())
    negatives = positive.size - positives
    if positives == 0 or negatives == 0:
        raise BadInput(
            f"{positives:,} positive and {negatives:,} negative comments cannot be ranked.",
            hint="Both labels must occur among the rows that have a score.",
        )
    above = float(_ranks(scores)[positive].sum()) - positives * (positives + 1) / 2
    return area_interval(above / (positives * negatives), positives, negatives)


def area_interval(area: float, positives: int, negatives: int) -> Estimate:
    """The area under a ROC curve with the 95 % score interval that its size and its comments alone give.

    Source: Newcombe (2006), as above.
    """
    z = critical_value(CONFIDENCE)

    def plausible(supposed: float) -> bool:
        return (area - supposed) ** 2 <= z * z * _variance(supposed, positives, negatives)

    return Estimate(area, _furthest(plausible, area, 0.0), _furthest(plausible, area, 1.0))


def _ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1 up; equal scores share the mean of theirs."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def _variance(area: float, positives: int, negatives: int) -> float:
    others = (positives + negatives) / 2 - 1
    spread = 1 + others * (1 - area) / (2 - area) + others * area / (1 + area)
    return area * (1 - area) * spread / (positives * negatives)


def _furthest(plausible: Callable[[float], bool], inside: float, end: float) -> float:
    """The last plausible area on the way from the observed one to the end of the scale."""
    outside = end
    for _ in range(60):  # halves an interval of at most 1 down to rounding
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if plausible(middle) else (inside, middle)
    return inside
