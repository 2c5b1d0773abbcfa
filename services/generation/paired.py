"""Means with bootstrap intervals, and two systems on the same texts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.comparison import ALPHA, Verdict
from services.evaluation.intervals import Estimate, percentile_interval

Floats = NDArray[np.float64]
RESAMPLES, FLIPS = 2_000, 5_000
FEWEST_ROWS = 10  # with fewer, no difference is worth a decision


@dataclass(frozen=True)
class Paired:
    """What one system has more than another on the same texts, all in the unit of the metric.

    Attributes:
        difference: After minus before, with its 95 % bootstrap interval.
        p_value: Two-sided, of a permutation test that swaps the two systems text by text.
        verdict: About the system after.
    """

    n: int
    before: float
    after: float
    difference: Estimate
    p_value: float
    verdict: Verdict

    @property
    def relative(self) -> float | None:
        """The difference as a share of the value before; None where that is 0."""
        return self.difference.value / self.before if self.before else None


def mean_estimate(values: Floats, *, seed: int = 0) -> Estimate:
    """The mean of values, one per text, with its 95 % percentile bootstrap interval.

    Raises:
        BadInput: there is no value.
    """
    if len(values) == 0:
        raise BadInput("Nothing has no mean.", hint="Give at least one value.")
    return percentile_interval(float(values.mean()), _drawn_means(values, seed))


def paired(before: Floats, after: Floats, *, less_is_better: bool = False, seed: int = 0) -> Paired:
    """The two systems compared on the same texts, in the same order.

    Raises:
        BadInput: they have different numbers of texts, or none.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapters 13 and 15.
    """
    if len(before) != len(after):
        raise BadInput(f"{len(before)} and {len(after)} texts are no pairs.", hint="Give the same texts.")
    gaps = after - before
    difference, p_value = mean_estimate(gaps, seed=seed), permutation_p(gaps, seed=seed)
    return Paired(
        n=len(gaps),
        before=float(before.mean()),
        after=float(after.mean()),
        difference=difference,
        p_value=p_value,
        verdict=_verdict(difference, p_value, len(gaps), less_is_better),
    )


def permutation_p(gaps: Floats, *, seed: int = 0) -> float:
    """The two-sided p-value of paired gaps, in (0, 1]: how often swapping pairs by chance gives as much.

    Source: Phipson and Smyth (2010), Statistical Applications in Genetics and Molecular Biology 9(1):39.
    """
    if not np.any(gaps):
        return 1.0
    told = np.abs(gaps[gaps != 0.0])  # a gap of 0 stays 0 however it is swapped
    draw, reached, seen = np.random.default_rng(seed), 0, abs(float(gaps.sum()))
    step = max(1, 2_000_000 // len(told))
    for first in range(0, FLIPS, step):
        signs = draw.integers(0, 2, size=(min(step, FLIPS - first), len(told))) * 2 - 1
        reached += int((np.abs(signs @ told) >= seen - 1e-12).sum())
    return (reached + 1) / (FLIPS + 1)


def _drawn_means(values: Floats, seed: int) -> Floats:
    """Means of texts drawn with replacement, shape (RESAMPLES,)."""
    draw, n = np.random.default_rng(seed), len(values)
    step = max(1, 2_000_000 // n)
    parts = [
        values[draw.integers(0, n, size=(min(step, RESAMPLES - first), n))].mean(axis=1)
        for first in range(0, RESAMPLES, step)
    ]
    return np.concatenate(parts)


def _verdict(difference: Estimate, p_value: float, n: int, less_is_better: bool) -> Verdict:
    if n < FEWEST_ROWS or p_value >= ALPHA or difference.low <= 0 <= difference.high:
        return "not decidable"
    return "better" if (difference.value > 0) is not less_is_better else "worse"
