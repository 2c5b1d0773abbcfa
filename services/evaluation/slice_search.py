"""The worst parts of a run, looked for among single facts and pairs of them, with every look counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.evaluation.holm import holm_adjusted
from services.evaluation.intervals import SMALL_N, Estimate, Proportion, difference

Flags = NDArray[np.bool_]
Counts = NDArray[np.int64]
_BLOCK = 65_536  # comments counted at a time: sums of as many ones are exact in single precision


@dataclass(frozen=True)
class Found:
    """A part of the comments and how often it goes wrong there.

    Attributes:
        facts: Places of the one or two facts that its comments share.
        inside, outside: The share that is wrong in the part, and in all other comments.
        gap: Inside minus outside, with its 95 % interval.
        p_value: Chance of so many errors inside, or more, were errors spread evenly; exact, one-sided.
        p_holm: The same after Holm's correction for all parts that were looked at.
    """

    facts: tuple[int, ...]
    inside: Proportion
    outside: Proportion
    gap: Estimate
    p_value: float
    p_holm: float


@dataclass(frozen=True)
class Search:
    """The parts, the most surely worse one first, and how many were looked at."""

    tested: int
    found: tuple[Found, ...]


def worst_slices(members: Flags, kinds: Sequence[str], wrong: Flags, *, least: int = SMALL_N) -> Search:
    """Every single fact and pair of facts that enough comments share, tested against all other comments.

    Errors inside are compared with those outside by Fisher's exact test towards "worse inside"; Holm's
    correction over all parts keeps the chance of any false alarm at 5 %. A pair that is no smaller than one
    of its facts is that fact, and is not looked at twice.

    Args:
        members: Shape (F, n): whether each comment has each fact.
        kinds: F names; two facts of one kind, such as two languages, are never paired.
        wrong: Shape (n,): whether the answer counts as an error.
        least: Comments that a part needs inside, and leaves outside.

    Source: Fisher (1934), Statistical Methods for Research Workers, 5th edition, section 21.02; Holm (1979),
    Scandinavian Journal of Statistics 6(2), 65-70.
    """
    sizes, errors = _pair_counts(members, wrong)
    parts = _parts(sizes, kinds, least=least, most=wrong.size - least)
    if not parts:
        return Search(0, ())
    n = np.array([sizes[part[0], part[-1]] for part in parts])
    bad = np.array([errors[part[0], part[-1]] for part in parts])
    p_values = chances(bad, n, int(wrong.sum()), wrong.size)
    adjusted = holm_adjusted(p_values)
    found = [
        _found(part, (int(bad[k]), int(n[k])), wrong, (float(p_values[k]), float(adjusted[k])))
        for k, part in enumerate(parts)
    ]
    found.sort(key=lambda each: (each.p_value, -each.gap.value, len(each.facts)))
    return Search(len(parts), tuple(found))


def _pair_counts(members: Flags, wrong: Flags) -> tuple[Counts, Counts]:
    """Comments, and errors among them, that have each two facts; both of shape (F, F)."""
    facts, n = members.shape
    sizes, errors = np.zeros((2, facts, facts), dtype=np.int64)
    for start in range(0, n, _BLOCK):
        block = members[:, start : start + _BLOCK].astype(np.float32)
        sizes += (block @ block.T).astype(np.int64)
        block_wrong = block[:, wrong[start : start + _BLOCK]]
        errors += (block_wrong @ block_wrong.T).astype(np.int64)
    return sizes, errors


def _parts(sizes: Counts, kinds: Sequence[str], *, least: int, most: int) -> list[tuple[int, ...]]:
    """Facts and pairs of facts of different kinds with enough comments in them and around them."""
    alone = sizes.diagonal()
    usable = [fact for fact in range(len(kinds)) if least <= alone[fact] <= most]
    pairs = [
        (first, second)
        for place, first in enumerate(usable)
        for second in usable[place + 1 :]
        if kinds[first] != kinds[second] and least <= sizes[first, second] < min(alone[first], alone[second])
    ]
    return [*((fact,) for fact in usable), *pairs]


def chances(bad: Counts, n: Counts, wrong: int, total: int) -> NDArray[np.float64]:
    """The chance of at least `bad` errors among n comments drawn from all, of which so many are wrong.

    Fisher's exact test towards "worse inside", not corrected for how many parts are looked at.
    """
    from scipy.stats import hypergeom  # slow to load, and no first page needs it

    tail: NDArray[np.float64] = np.clip(hypergeom.sf(bad - 1, total, wrong, n), 0.0, 1.0)
    return tail


def _found(
    part: tuple[int, ...], counted: tuple[int, int], wrong: Flags, p_values: tuple[float, float]
) -> Found:
    bad, n = counted
    inside = Proportion(bad, n)
    outside = Proportion(int(wrong.sum()) - bad, wrong.size - n)
    return Found(part, inside, outside, difference(inside, outside), *p_values)
