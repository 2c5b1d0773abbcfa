"""How sure a number is: Wilson for proportions, MOVER for their means, the bootstrap for the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import fsum, hypot, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput

CONFIDENCE = 0.95
SMALL_N = 30  # below this a share says little; screens grey it out

Statistic = Callable[[NDArray[np.int64]], NDArray[np.float64]]


def wilson(successes: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The Wilson score interval of a proportion, as (low, high) with 0 <= low <= successes/n <= high <= 1.

    Counts need not be whole, so that the interval of fewer comments with the same share can be asked for.

    Raises:
        BadInput: n is 0 or below (nothing was counted: the proportion is undefined, which callers write as
            None), successes is outside 0..n, or confidence is outside (0, 1).

    Source: Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.
    """
    if not (n > 0 and 0 <= successes <= n):
        raise BadInput(
            f"{successes} of {n} is not a proportion.", hint="Give 0 <= successes <= n, and n of at least 1."
        )
    z = critical_value(confidence)
    share = successes / n
    shrink = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / shrink
    half = z / shrink * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # The formula gives exactly 0 and 1 at the ends; rounding does not.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return low, high


def critical_value(confidence: float) -> float:
    """The normal quantile that leaves (1 - confidence)/2 in each tail; 1.96 for 0.95.

    Raises:
        BadInput: confidence is not strictly between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise BadInput(f"A confidence of {confidence} is impossible.", hint="Give a share such as 0.95.")
    return NormalDist().inv_cdf((1 + confidence) / 2)


@dataclass(frozen=True)
class Proportion:
    """A counted share with its 95 % Wilson interval.

    Raises:
        BadInput: n is below 1 or successes is outside 0..n. A share of nothing is undefined: use
            `proportion`, which gives None for it.
    """

    successes: int
    n: int

    def __post_init__(self) -> None:
        wilson(self.successes, self.n)

    @property
    def value(self) -> float:
        """The share itself, 0 to 1."""
        return self.successes / self.n

    @property
    def low(self) -> float:
        """Lower 95 % bound."""
        return wilson(self.successes, self.n)[0]

    @property
    def high(self) -> float:
        """Upper 95 % bound."""
        return wilson(self.successes, self.n)[1]

    @property
    def small(self) -> bool:
        """Whether n is too small for the share to carry a decision."""
        return self.n < SMALL_N

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, n = {self.n:,})"


@dataclass(frozen=True)
class Clustered(Proportion):
    """A counted share of comments that are alike: the interval is Wilson's of `effect` times fewer of them.

    Source: Kish (1965), Survey Sampling, section 8.2 (the effective size n/deff).
    """

    effect: float

    @property
    def low(self) -> float:
        """Lower 95 % bound."""
        return min(wilson(self.successes / self.effect, self.n / self.effect)[0], self.value)

    @property
    def high(self) -> float:
        """Upper 95 % bound."""
        return max(wilson(self.successes / self.effect, self.n / self.effect)[1], self.value)


@dataclass(frozen=True)
class Estimate:
    """A number that is not a counted share, with its 95 % interval; low <= value <= high."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


Number = Proportion | Estimate


def clustered(share: Proportion, effect: float) -> Proportion:
    """The share as if it rested on `effect` times fewer comments; itself where that is 1."""
    return Clustered(share.successes, share.n, effect) if effect > 1 else share


def stretched(found: Number, effect: float, *, least: float = 0.0) -> Number:
    """The number, of `least` to 1, as if it rested on `effect` times fewer comments."""
    if isinstance(found, Proportion):
        return clustered(found, effect)
    times = sqrt(effect)
    return Estimate(
        found.value,
        max(least, found.value - times * (found.value - found.low)),
        min(1.0, found.value + times * (found.high - found.value)),
    )


def as_number(value: Number | int | None) -> dict[str, float] | int | None:
    """A number as JSON can carry it: with its interval, and its counts where it is a proportion.

    Null where it is undefined. Of comments that are alike it says how much less they say.
    """
    if isinstance(value, Proportion):
        told = {"value": value.value, "low": value.low, "high": value.high}
        counts = {"successes": value.successes, "n": value.n}
        effect = {"design_effect": value.effect} if isinstance(value, Clustered) else {}
        return {**told, **counts, **effect}
    if isinstance(value, Estimate):
        return {"value": value.value, "low": value.low, "high": value.high}
    return value


def proportion(successes: int, n: int) -> Proportion | None:
    """The proportion, or None where nothing was counted (n = 0) and it is undefined."""
    return None if n == 0 else Proportion(int(successes), int(n))


def shown(number: Proportion | Estimate | None) -> str:
    """The number with its interval as text; "undefined" where there is none, never 0 or 1."""
    return "undefined" if number is None else str(number)


def weighted_mean(parts: Sequence[Proportion | Estimate | None], weights: Sequence[float]) -> Estimate:
    """The mean of shares about different comments, with its 95 % interval; all numbers 0 to 1.

    The distances from each part to its own bounds are combined as standard errors would be, so the mean
    keeps what Wilson knows about small counts: a bootstrap of twenty comments held the true mean recall
    7 times in 10, this one 19 in 20. An undefined part (None) enters as 0, but could be anything: its
    whole weight is added to the upper bound.

    Args:
        parts: The shares, taken as independent of each other.
        weights: As many, none negative, summing to 1.

    Source: Zou, Huang and Zhang (2009), Computational Statistics and Data Analysis 53(4), 1080-1085.
    """
    pairs = list(zip(parts, weights, strict=True))
    known = [(part, weight) for part, weight in pairs if part is not None]
    value = min(1.0, fsum(weight * part.value for part, weight in known))
    below = hypot(*(weight * (part.value - part.low) for part, weight in known))
    above = hypot(*(weight * (part.high - part.value) for part, weight in known))
    unknown = fsum(weight for part, weight in pairs if part is None)
    return Estimate(value, max(0.0, value - below), min(1.0, value + above + unknown))


def difference(first: Proportion, second: Proportion) -> Estimate:
    """The first share minus the second, of different comments, with its 95 % score interval; in [-1, 1].

    Source: Newcombe (1998), Statistics in Medicine 17(8), 873-890, method 10.
    """
    value = first.value - second.value
    below = hypot(first.value - first.low, second.high - second.value)
    above = hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, value - below, value + above)


def wider(first: Estimate, second: Estimate) -> Estimate:
    """The first estimate with an interval that holds both intervals."""
    return Estimate(first.value, min(first.low, second.low), max(first.high, second.high))


def bootstrap_table(
    counts: NDArray[np.int64], statistic: Statistic, *, resamples: int = 2000, seed: int = 0
) -> Estimate:
    """A metric of a table of counts, with its 95 % percentile bootstrap interval.

    Args:
        counts: Comments per cell, any shape, at least one comment. Comments are taken as independent; where
            authors or near-duplicates repeat, the true interval is wider.
        statistic: Maps tables of shape (R, *counts.shape) to R values.
        resamples: Tables drawn, at least 1.
        seed: The same seed gives the same interval.
    """
    drawn = resampled(counts, resamples=resamples, seed=seed)
    return percentile_interval(float(statistic(counts[None])[0]), statistic(drawn))


def resampled(counts: NDArray[np.int64], *, resamples: int = 2000, seed: int = 0) -> NDArray[np.int64]:
    """Tables drawn with replacement from one table, shape (resamples, *counts.shape), each of the same n.

    To redraw n comments is to draw their cells from a multinomial with the observed shares, which costs
    the number of cells rather than n.

    Raises:
        BadInput: the table is empty or no table is wanted.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapters 6 and 13.
    """
    n = int(counts.sum())
    if n < 1 or resamples < 1:
        raise BadInput(
            f"{resamples} resamples of {n} comments cannot be drawn.", hint="Both must be at least 1."
        )
    filled = np.flatnonzero(counts)  # empty cells stay empty, so they need no draw
    shares = counts.ravel()[filled] / n
    tables = np.zeros((resamples, counts.size), dtype=np.int64)
    tables[:, filled] = np.random.default_rng(seed).multinomial(n, shares, size=resamples)
    return tables.reshape(resamples, *counts.shape)


def percentile_interval(value: float, draws: NDArray[np.float64]) -> Estimate:
    """The estimate with the middle 95 % of its resampled values as interval.

    Classes with a handful of comments pull resamples to one side, sometimes past the estimate; the
    interval is then widened to hold it.
    """
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Estimate(value=value, low=min(float(low), value), high=max(float(high), value))
