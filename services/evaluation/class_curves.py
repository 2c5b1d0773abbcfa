"""Precision, recall and false-positive rate of one class against the rest at every threshold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.base_rate import precisions_at, wilson_bounds
from services.evaluation.intervals import CONFIDENCE, Estimate, critical_value
from services.evaluation.ranking import area_interval

Counts = NDArray[np.int64]
Values = NDArray[np.float64]

_DRAWN = 240  # points of a curve: more cannot be seen


@dataclass(frozen=True, eq=False)
class Ranked:
    """How many comments each threshold flags. A comment is flagged where its score is at or above it.

    Attributes:
        thresholds: Every score that occurs, falling, shape (T,).
        true_positives: Comments of the class that each flags, shape (T,).
        false_positives: Other comments that each flags, shape (T,).
        positives, negatives: All of either kind, those without a score included: no threshold flags them.
    """

    thresholds: Values
    true_positives: Counts
    false_positives: Counts
    positives: int
    negatives: int

    @property
    def unscored(self) -> int:
        """Comments without a score."""
        return self.positives + self.negatives - int(self.true_positives[-1] + self.false_positives[-1])

    @property
    def base_rate(self) -> float:
        """The share of the class among these comments."""
        return self.positives / (self.positives + self.negatives)


@dataclass(frozen=True)
class Area:
    """The area under the ROC curve with its 95 % interval and DeLong's standard error."""

    auc: Estimate
    standard_error: float


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve with a band that holds each point with 95 % on its own, not the whole curve at once."""

    x: Values
    y: Values
    low: Values
    high: Values
    thresholds: Values


def ranked(scores: Values, positive: NDArray[np.bool_]) -> Ranked:
    """The counts at every threshold; sorts once.

    Args:
        scores: Shape (n,), higher means more of the class; NaN where there is none.
        positive: Shape (n,), whether the frozen label is of the class.

    Raises:
        BadInput: there is no comment of the class, none of the rest, or none with a score.
    """
    known = ~np.isnan(scores)
    positives = int(positive.sum())
    negatives = positive.size - positives
    if positives == 0 or negatives == 0 or not known.any():
        raise BadInput(
            f"{positives:,} comments of the class and {negatives:,} others, {int(known.sum()):,} with a"
            " score, make no curve.",
            hint="Both kinds must occur, with scores: take a larger split, or another label.",
        )
    order = np.argsort(scores[known])[::-1]
    falling, hits = scores[known][order], positive[known][order]
    ends = np.flatnonzero(np.append(np.diff(falling) != 0, True))  # equal scores are flagged together
    caught = np.cumsum(hits, dtype=np.int64)[ends]
    return Ranked(falling[ends], caught, ends + 1 - caught, positives, negatives)


def average_precision(found: Ranked) -> Estimate:
    """Precision averaged over the steps of recall, 0 to 1, with its 95 % interval.

    A sum of steps, not of trapezoids, which would promise what lies between two thresholds. Comments of the
    class without a score are never found, which lowers it. The interval takes it as a share of the positives.

    Source: Boyd, Eng and Page (2013), ECML PKDD, 451-466 (the binomial interval, here in Wilson's form).
    """
    precision = found.true_positives / (found.true_positives + found.false_positives)
    steps = np.diff(found.true_positives, prepend=0)
    value = min(1.0, float(steps @ precision) / found.positives)
    low, high = wilson_bounds(np.array(value * found.positives), found.positives)
    return Estimate(value, min(float(low), value), max(float(high), value))


def roc_area(found: Ranked) -> Area:
    """The probability that a comment of the class scores above another one, ties counting half; 0 to 1.

    Comments without a score rank below all others. The interval is DeLong's on the log-odds scale; where
    his variance is 0, as in a perfect ranking, it is Newcombe's, which never has the width 0.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44(3), 837-845; in the order of a sort: Sun
    and Xu (2014), IEEE Signal Processing Letters 21(11), 1389-1393; log-odds: Pepe (2003), The Statistical
    Evaluation of Medical Tests, section 5.2.
    """
    hits = np.diff(np.append(found.true_positives, found.positives), prepend=0)
    others = np.diff(np.append(found.false_positives, found.negatives), prepend=0)
    below = found.negatives - np.cumsum(others) + others / 2  # others under each group of equal scores
    above = np.cumsum(hits) - hits / 2
    area = float(hits @ below) / (found.positives * found.negatives)
    variance = _spread(below / found.negatives, hits, area) + _spread(above / found.positives, others, area)
    error = float(np.sqrt(variance))
    if error == 0 or not 0 < area < 1:
        return Area(area_interval(area, found.positives, found.negatives), error)
    half = critical_value(CONFIDENCE) * error / (area * (1 - area))
    odds = np.log(area / (1 - area))
    low, high = (float(1 / (1 + np.exp(-end))) for end in (odds - half, odds + half))
    return Area(Estimate(area, low, high), error)


def precision_recall_curve(found: Ranked, base_rate: float | None = None) -> Curve:
    """Precision (y) over recall (x); the band is precision's, at each threshold.

    Args:
        base_rate: Precision where this share of comments is of the class; else as it is among these.
    """
    at = _drawn(found)
    caught, wronged = found.true_positives[at], found.false_positives[at]
    if base_rate is None:
        value = caught / (caught + wronged)
        low, high = wilson_bounds(caught, caught + wronged)
    else:
        value, low, high = precisions_at(caught, found.positives, wronged, found.negatives, base_rate)
    return Curve(caught / found.positives, value, low, high, found.thresholds[at])


def roc_curve(found: Ranked) -> Curve:
    """Recall (y) over false-positive rate (x); the band encloses the rectangles of both at each threshold.

    Either side of a rectangle holds its rate with the square root of 95 %, so that both hold with 95 %: they
    come from different comments.

    Source: Tilbury et al. (2000), IEEE Transactions on Biomedical Engineering 47(7), 952-963.
    """
    at = _drawn(found)
    recall, wrong = found.true_positives[at] / found.positives, found.false_positives[at] / found.negatives
    recall_low, recall_high = wilson_bounds(found.true_positives[at], found.positives, CONFIDENCE**0.5)
    wrong_low, wrong_high = wilson_bounds(found.false_positives[at], found.negatives, CONFIDENCE**0.5)
    # The upper edge steps through the upper left corners, the lower one through the lower right.
    highest = recall_high[np.searchsorted(wrong_low, wrong, side="right") - 1]
    lowest = recall_low[np.searchsorted(wrong_high, wrong)]
    return Curve(wrong, recall, lowest, highest, found.thresholds[at])


def _spread(shares: Values, counts: Counts, mean: float) -> float:
    """The variance of the mean of shares that occur `counts` times each; 0 where there is one alone."""
    n = int(counts.sum())
    return float(counts @ (shares - mean) ** 2) / (n - 1) / n if n > 1 else 0.0


def _drawn(found: Ranked) -> NDArray[np.intp]:
    """The thresholds worth drawing: evenly over all flagged comments, and closely among the first."""
    flagged = found.true_positives + found.false_positives
    first, last = flagged[0], flagged[-1]
    wanted = np.append(np.linspace(first, last, _DRAWN // 2), np.geomspace(first, last, _DRAWN // 2))
    return np.unique(np.minimum(np.searchsorted(flagged, wanted), flagged.size - 1))
