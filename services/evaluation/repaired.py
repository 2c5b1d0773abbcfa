"""What a run's numbers would be with the right labels: an estimate from misses and hits that were read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.confusion import ConfusionTable
from services.evaluation.intervals import Estimate, percentile_interval

Tables = NDArray[np.float64]
Measures = dict[str, NDArray[np.float64]]

RESAMPLES = 2000


@dataclass(frozen=True)
class Change:
    """Read comments alike whose label was found wrong: places of labels, `predicted` K for unparsed."""

    gold: int
    predicted: int
    right: int
    n: int


@dataclass(frozen=True)
class ReadStratum:
    """The misses or the hits of a run, of which a part was drawn by chance and read.

    Attributes:
        are_hits: Whether predicted and frozen label agree in it.
        read: Comments read, those whose label stays included.
        changes: Those whose frozen label was found wrong.
    """

    are_hits: bool
    read: int
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Repaired:
    """One measure after the repair, and by how much the repair moves it; None where it is undefined."""

    after: Estimate | None
    moved: Estimate | None


def repaired(
    table: ConfusionTable, strata: Sequence[ReadStratum], *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Repaired]:
    """Accuracy, macro F1, and precision and recall of each label, had every label of the run been read.

    A read comment of a stratum of N comments of which n were read stands for N/n of them (the inverse of the
    probability with which it was drawn). Only labels that were found wrong move counts in the table, so that
    an estimate without a finding is the table itself. Shares of findings are redrawn within each stratum by
    the Bayesian bootstrap, with Jeffreys' half a comment for what could have been found and was not: fifty
    hits without an error are no proof of none. What was read in full is not redrawn. `after` then redraws
    the comments too, as every other interval does; `moved` does not, for it is about these comments.

    Args:
        table: Of the run, by the frozen labels.
        strata: One for the misses and one for the hits; one that has no comment may be left out.

    Returns:
        By name: "accuracy", "macro_f1", "precision:LABEL", "recall:LABEL".

    Raises:
        BadInput: nothing was read of a stratum that has comments, or more than there is.

    Source: difference estimator of stratified sampling: Särndal, Swensson and Wretman (1992), Model Assisted
    Survey Sampling, section 6.3; weights: Horvitz and Thompson (1952), JASA 47(260), 663-685; bootstrap:
    Rubin (1981), Annals of Statistics 9(1), 130-134; finite populations: Rao and Wu (1988), JASA 83(401),
    231-241.
    """
    before = table.counts.astype(np.float64)
    draw = np.random.default_rng(seed)
    point, drawn = before.copy(), np.repeat(before[None], resamples, axis=0)
    for are_hits in (False, True):
        population = _cells(table, are_hits)
        if not population.sum():
            continue
        stratum = next((each for each in strata if each.are_hits == are_hits), None)
        found, shares, read = _found(stratum, population, are_hits)
        size = int(population.sum())
        again = _redrawn(shares, read=read, size=size, draw=draw, resamples=resamples)
        for place, (gold, predicted, right) in enumerate(found):
            amount, amounts = size * shares[place], size * again[:, place]
            point[gold, predicted] -= amount
            point[right, predicted] += amount
            drawn[:, gold, predicted] -= amounts
            drawn[:, right, predicted] += amounts
    drawn = np.maximum(drawn, 0.0)  # a cell can give away no more than it has
    shares_drawn = drawn.reshape(resamples, -1) / drawn.sum(axis=(1, 2))[:, None]
    comments = draw.multinomial(table.n, shares_drawn).reshape(drawn.shape).astype(np.float64)
    measured = [_measures(tables, table.labels) for tables in (before[None], point[None], drawn, comments)]
    return {name: _told(name, *measured) for name in measured[0]}


def _cells(table: ConfusionTable, are_hits: bool) -> NDArray[np.int64]:
    """The counts of the stratum's cells, the others 0."""
    diagonal = np.eye(*table.counts.shape) > 0
    cells: NDArray[np.int64] = np.where(diagonal == are_hits, table.counts, 0)
    return cells


def _found(
    stratum: ReadStratum | None, population: NDArray[np.int64], are_hits: bool
) -> tuple[list[tuple[int, int, int]], NDArray[np.float64], int]:
    """Every change that is possible in the stratum, its share of the comments read, and their number."""
    name = "hits" if are_hits else "misses"
    size = int(population.sum())
    if stratum is None or not 0 < stratum.read <= size:
        raise BadInput(
            f"{stratum.read if stratum else 0} of {size:,} {name} were read: nothing is known of the rest.",
            hint="Read on: the desk mixes misses and hits.",
        )
    filled = [(int(g), int(p)) for g, p in zip(*np.nonzero(population), strict=True)]
    possible = [(g, p, right) for g, p in filled for right in range(len(population)) if right != g]
    counted = {(each.gold, each.predicted, each.right): each.n for each in stratum.changes}
    if not counted.keys() <= set(possible):
        raise BadInput(f"A label of the {name} was changed that none of them has.", hint="Read them anew.")
    shares = np.array([counted.get(one, 0) for one in possible]) / stratum.read
    return possible, shares, stratum.read


def _redrawn(
    shares: NDArray[np.float64], *, read: int, size: int, draw: np.random.Generator, resamples: int
) -> NDArray[np.float64]:
    """Shares of the changes drawn anew, shape (resamples, changes)."""
    changed = shares * read
    half = 0.5 / max(len(shares), 1)
    weights = np.append(changed + half, read - changed.sum() + 0.5)
    again = draw.dirichlet(weights, size=resamples)[:, :-1]
    unread = np.sqrt(1 - read / size)
    moved: NDArray[np.float64] = shares + unread * (again - shares)
    return moved


def _measures(tables: Tables, labels: Sequence[str]) -> Measures:
    """Each measure of tables of shape (R, K, K+1), as R values; NaN where it is undefined."""
    hits = np.diagonal(tables, axis1=1, axis2=2)
    support, predicted = tables.sum(axis=2), tables[:, :, :-1].sum(axis=1)
    f1 = _ratio(2 * hits, support + predicted)
    told = {
        "accuracy": hits.sum(axis=1) / tables.sum(axis=(1, 2)),
        "macro_f1": np.nan_to_num(f1).mean(axis=1),
    }
    for kind, shares in (("precision", _ratio(hits, predicted)), ("recall", _ratio(hits, support))):
        told |= {f"{kind}:{label}": shares[:, place] for place, label in enumerate(labels)}
    return told


def _ratio(part: Tables, whole: Tables) -> Tables:
    shares: Tables = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return shares


def _told(name: str, before: Measures, point: Measures, drawn: Measures, comments: Measures) -> Repaired:
    was, value = float(before[name][0]), float(point[name][0])
    after = None if np.isnan(value) else _interval(value, comments[name])
    moved = None if np.isnan(value - was) else _interval(value - was, drawn[name] - was)
    return Repaired(after, moved)


def _interval(value: float, draws: NDArray[np.float64]) -> Estimate:
    known = draws[~np.isnan(draws)]
    return percentile_interval(value, known) if known.size else Estimate(value, value, value)
