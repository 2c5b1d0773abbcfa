"""Whether later comments are like those that a model was judged on: population stability and the KS test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from services.evaluation.intervals import CONFIDENCE, SMALL_N

Values = NDArray[np.float64]
Verdict = Literal["steady", "watch", "alert", "not decidable"]

# Conventions of credit scoring, of no deeper meaning: above the first look closer, above the second act.
WATCH, ALERT = 0.1, 0.25
_BINS = 10
_LEAST_SHARE = 1e-4  # in place of an empty bin, whose logarithm would be infinite


@dataclass(frozen=True)
class Bin:
    """A stretch of values, or a category, and the share of comments in it on either side."""

    name: str
    reference: float
    sample: float


@dataclass(frozen=True)
class Drift:
    """How far one thing has moved.

    Attributes:
        what: Such as "length" or "language".
        psi: Population stability index, 0 and up.
        chance: What it stays below 19 times in 20 where nothing moved, for so many comments and bins.
        ks, ks_p: Largest distance of the two distribution functions and its p-value; None for categories.
        verdict: "steady" within chance or below WATCH; "not decidable" where chance alone reaches WATCH and
            nothing above it was seen.
    """

    what: str
    n_reference: int
    n_sample: int
    psi: float
    chance: float
    ks: float | None
    ks_p: float | None
    verdict: Verdict
    bins: tuple[Bin, ...]


def drift_of_numbers(what: str, reference: Values, sample: Values) -> Drift:
    """The drift of a number, in bins that hold a tenth of the reference each; equal values stay together.

    Args:
        reference, sample: Finite, at least one each.

    Source: PSI as in Siddiqi (2006), Credit Risk Scorecards, chapter 8; KS: Smirnov (1948), Annals of
    Mathematical Statistics 19(2), 279-281.
    """
    from scipy.stats import ks_2samp  # slow to load, and no first page needs it

    edges = np.unique(np.quantile(reference, np.linspace(0, 1, _BINS + 1)[1:-1], method="inverted_cdf"))
    counts = [
        np.bincount(np.searchsorted(edges, side), minlength=edges.size + 1) for side in (reference, sample)
    ]
    kept = counts[0] + counts[1] > 0  # the last bin is empty where its edge is the largest value
    names = np.array([*(f"up to {edge:.4g}" for edge in edges), f"over {edges[-1]:.4g}"])
    found = ks_2samp(reference, sample, method="asymp")
    tested = (float(found.statistic), float(found.pvalue))
    return _drift(what, names[kept].tolist(), (counts[0][kept], counts[1][kept]), tested)


def drift_of_categories(what: str, reference: Sequence[str], sample: Sequence[str]) -> Drift:
    """The drift of a category such as the language; one that occurs on one side only is a bin too."""
    names = sorted({*reference, *sample})
    place = {name: index for index, name in enumerate(names)}
    counts = [
        np.bincount([place[name] for name in side], minlength=len(names)) for side in (reference, sample)
    ]
    return _drift(what, names, (counts[0], counts[1]), None)


def drift_of_counts(what: str, reference: Mapping[str, int], sample: Mapping[str, int]) -> Drift:
    """The drift of a category from comments per value, at least one comment on either side."""
    names = sorted({*reference, *sample})
    counts = [np.array([side.get(name, 0) for name in names], dtype=np.int64) for side in (reference, sample)]
    return _drift(what, names, (counts[0], counts[1]), None)


def stability_index(reference: NDArray[np.int64], sample: NDArray[np.int64]) -> float:
    """PSI of two sets of counts over the same bins: the sum of (p - q) ln(p/q); 0 where shares are equal.

    An empty bin enters with a share of 0.0001.

    Source: Siddiqi (2006), as above; twice Jeffreys' mean divergence, Kullback and Leibler (1951), Annals of
    Mathematical Statistics 22(1), 79-86.
    """
    p, q = (np.maximum(counts / counts.sum(), _LEAST_SHARE) for counts in (reference, sample))
    return float(((p - q) * np.log(p / q)).sum())


def chance_index(bins: int, n_reference: int, n_sample: int) -> float:
    """The PSI that 95 % of samples stay below where nothing moved.

    It is about chi-squared with bins - 1 degrees of freedom, times 1/n + 1/m.

    Source: Yurdakul and Naranjo (2020), Journal of Risk Model Validation 14(4), 89-100.
    """
    from scipy.special import chdtri  # slow to load

    if bins < 2:
        return 0.0
    return float(chdtri(bins - 1, 1 - CONFIDENCE)) * (1 / n_reference + 1 / n_sample)


def _drift(
    what: str,
    names: list[str],
    counts: tuple[NDArray[np.int64], NDArray[np.int64]],
    tested: tuple[float, float] | None,
) -> Drift:
    sizes = int(counts[0].sum()), int(counts[1].sum())
    index, chance = stability_index(*counts), chance_index(len(names), *sizes)
    shares = zip(names, counts[0] / sizes[0], counts[1] / sizes[1], strict=True)
    return Drift(
        what=what,
        n_reference=sizes[0],
        n_sample=sizes[1],
        psi=index,
        chance=chance,
        ks=tested[0] if tested else None,
        ks_p=tested[1] if tested else None,
        verdict=_verdict(index, chance, min(sizes)),
        bins=tuple(Bin(name, float(before), float(after)) for name, before, after in shares),
    )


def _verdict(index: float, chance: float, fewest: int) -> Verdict:
    if fewest < SMALL_N or (index <= chance and chance >= WATCH):
        return "not decidable"
    if index <= chance or index < WATCH:
        return "steady"
    return "alert" if index >= ALERT else "watch"
