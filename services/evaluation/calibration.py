"""Whether scores mean what they say: Brier, expected calibration error, and the table behind the diagram."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.intervals import CONFIDENCE, Estimate, Proportion, critical_value
from services.evaluation.scored import PROBABILITIES, Scored, score_of

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

BINS = 15
_REDRAWS = 1000
_BLOCKS = 1000  # comments of nearly the same score that are redrawn together


@dataclass(frozen=True)
class Bin:
    """Comments of about the same score: what it says (`mean_score`), and how often it was so (`share`).

    `null_low` and `null_high` hold 95 % of what the share would be if the score were exactly right.
    """

    low: float
    high: float
    mean_score: float
    share: Proportion
    null_low: float
    null_high: float


@dataclass(frozen=True)
class CalibrationError:
    """The expected calibration error, 0 to 1, beside what a perfectly calibrated model would show.

    Attributes:
        null_median, null_high: The middle and the upper 95 % bound of the error under perfect calibration,
            which is never 0 in a finite sample.
        p_value: How often perfect calibration shows at least this error.
    """

    value: float
    null_median: float
    null_high: float
    p_value: float


@dataclass(frozen=True)
class Calibration:
    """How a model's scores for some labels fit what these comments are.

    Attributes:
        n: Comments with scores; `unanswered` ones have none and are in no number here.
        brier: Of these labels against the rest, 0 to 1; lower is better.
        brier_all: Over all labels of the model, 0 to 2.
        brier_of_base_rate: What always answering the share of these labels would get.
    """

    labels: tuple[str, ...]
    n: int
    unanswered: int
    brier: Estimate
    brier_all: Estimate
    brier_of_base_rate: float
    error: CalibrationError
    bins: tuple[Bin, ...]


def calibration_of(scored: Scored, labels: tuple[str, ...], *, seed: int = 0) -> Calibration:
    """The calibration of the summed scores of some labels.

    Raises:
        BadInput: the scores claim no probability, a label cannot be used, or no comment has a score.
    """
    check_probabilities(scored)
    scores, positive = score_of(scored, labels)
    known = ~np.isnan(scores)
    scores, positive = np.clip(scores[known], 0.0, 1.0), positive[known]
    base_rate = float(positive.mean())
    bins, error = reliability(scores, positive, seed=seed)
    return Calibration(
        labels=labels,
        n=int(known.sum()),
        unanswered=scored.unanswered,
        brier=brier(scores, positive),
        brier_all=brier_over_labels(scored.scores[known], scored.gold[known]),
        brier_of_base_rate=base_rate * (1 - base_rate),
        error=error,
        bins=bins,
    )


def check_probabilities(scored: Scored) -> None:
    """Refuse scores that claim to be no probabilities, or that no comment has.

    Raises:
        BadInput: they are such.
    """
    if scored.run.score_kind not in PROBABILITIES:
        raise BadInput(
            f"The scores of {scored.run.run_id} are of the kind '{scored.run.score_kind}' and claim to be no"
            " probabilities, so that nothing can be said of their calibration.",
            hint="They can still be cut at a threshold.",
        )
    if scored.unanswered == scored.gold.size:
        raise BadInput(
            f"No answer of {scored.run.run_id} has scores.", hint="Look at its answers on the Models page."
        )


def brier(scores: Values, positive: Flags) -> Estimate:
    """The mean squared distance of the score from what was so (0 or 1), with its 95 % interval; 0 to 1.

    Source: Brier (1950), Monthly Weather Review 78(1), 1-3, halved as is usual for two classes.
    """
    return _mean((scores - positive) ** 2, 1.0)


def brier_over_labels(scores: Values, gold: NDArray[np.int64]) -> Estimate:
    """Brier's own score over all labels, with its 95 % interval; 0 to 2.

    Args:
        scores: Shape (n, K), without NaN.
        gold: Shape (n,), the place of the right label; -1 is a label that the model does not have.

    Source: Brier (1950), Monthly Weather Review 78(1), 1-3.
    """
    of_gold = np.where(gold >= 0, scores[np.arange(gold.size), gold], 0.0)
    return _mean((scores**2).sum(axis=1) - 2 * of_gold + 1, 2.0)


def calibration_error(scores: Values, positive: Flags, *, bins: int = BINS, equal_mass: bool = True) -> float:
    """The mean distance of score and share over bins, weighted by their comments, 0 to 1.

    Args:
        bins: How many at most: equal scores are never parted.
        equal_mass: Bins of as many comments each, else of the same width between 0 and 1.

    Source: Naeini, Cooper and Hauskrecht (2015), AAAI, 2901-2907.
    """
    order = np.argsort(scores)
    rising, hits = scores[order], positive[order]
    starts = _starts(rising, bins, equal_mass=equal_mass)
    distance = np.add.reduceat(hits - rising, starts)
    return float(np.abs(distance).sum() / scores.size)


def reliability(
    scores: Values, positive: Flags, *, bins: int = BINS, seed: int = 0
) -> tuple[tuple[Bin, ...], CalibrationError]:
    """Bins of equally many comments, and the calibration error, both beside perfect calibration.

    What perfect calibration would show is simulated: each comment is redrawn with its own score as the
    probability, 1,000 times. In large sets, comments next to each other are redrawn with their mean score.

    Args:
        scores, positive: Shape (n,), n at least 1; scores from 0 to 1.

    Source: Broecker and Smith (2007), Weather and Forecasting 22(3), 651-661 (consistency resampling).
    """
    order = np.argsort(scores)
    rising, hits = scores[order], positive[order].astype(np.int64)
    starts = _starts(rising, bins, equal_mass=True)
    sizes = np.diff(starts, append=rising.size)
    said, found = np.add.reduceat(rising, starts), np.add.reduceat(hits, starts)
    drawn = _redrawn(rising, starts, seed)
    errors = np.abs(drawn - said).sum(axis=1) / rising.size
    value = float(np.abs(found - said).sum() / rising.size)
    ends = starts + sizes - 1
    null_low, null_high = np.quantile(drawn / sizes, [0.025, 0.975], axis=0)
    rows = zip(rising[starts], rising[ends], said / sizes, found, sizes, null_low, null_high, strict=True)
    table = tuple(
        Bin(float(low), float(high), float(mean), Proportion(int(k), int(n)), float(under), float(over))
        for low, high, mean, k, n, under, over in rows
    )
    median, high = np.quantile(errors, [0.5, CONFIDENCE])
    p_value = float((1 + (errors >= value - 1e-12).sum()) / (1 + errors.size))
    return table, CalibrationError(value, float(median), float(high), p_value)


def _starts(rising: Values, bins: int, *, equal_mass: bool) -> NDArray[np.intp]:
    """Where each bin begins; a bin of equal width holds its upper end, as scores of 0 to 1 are cut."""
    if equal_mass:
        wanted = rising[(np.arange(bins) * rising.size) // bins]
        return np.unique(np.searchsorted(rising, wanted))
    inner = np.searchsorted(rising, np.arange(1, bins) / bins, side="right")
    starts = np.unique(np.concatenate([[0], inner]))
    return starts[starts < rising.size]


def _redrawn(rising: Values, starts: NDArray[np.intp], seed: int) -> NDArray[np.int64]:
    """Hits per redraw and bin, shape (1000, bins), if each score were the probability of a hit."""
    step = max(1, rising.size // _BLOCKS)
    blocks = np.unique(np.concatenate([starts, np.arange(0, rising.size, step)]))
    sizes = np.diff(blocks, append=rising.size)
    chances = np.clip(np.add.reduceat(rising, blocks) / sizes, 0.0, 1.0)
    drawn = np.random.default_rng(seed).binomial(sizes, chances, size=(_REDRAWS, blocks.size))
    return cast(NDArray[np.int64], np.add.reduceat(drawn, np.searchsorted(blocks, starts), axis=1))


def _mean(each: Values, most: float) -> Estimate:
    """The mean of as many values as there are comments, with a normal 95 % interval."""
    value = float(each.mean())
    half = critical_value(CONFIDENCE) * float(each.std(ddof=1)) / each.size**0.5 if each.size > 1 else most
    return Estimate(value, max(0.0, value - half), min(most, value + half))
