"""The one number that a study makes as large as it can, and how sure it is over comments and repeats."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.intervals import Estimate, percentile_interval, wider, wilson
from services.evaluation.metrics import Report

METRICS = ("macro_f1", "weighted_f1", "accuracy", "recall")
_TITLES = {"macro_f1": "macro F1", "weighted_f1": "weighted F1", "accuracy": "accuracy"}
_AT_ONCE = 100  # resamples; more would only take more memory

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Objective:
    """A metric in [0, 1] of which more is better.

    Attributes:
        metric: One of METRICS.
        label: Whose recall it is; None for the other metrics.

    Raises:
        BadInput: there is no such metric, or a label is missing or out of place.
    """

    metric: str = "macro_f1"
    label: str | None = None

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise BadInput(f"There is no metric {self.metric!r}.", hint=f"Metrics: {', '.join(METRICS)}.")
        if (self.metric == "recall") != (self.label is not None):
            raise BadInput(
                f"metric is {self.metric!r} and label is {self.label!r}.",
                hint="The metric recall needs a label; the others have none.",
            )

    @property
    def title(self) -> str:
        """The metric in words."""
        return _TITLES.get(self.metric, f"recall of '{self.label}'")

    def value_of(self, found: Report) -> Estimate:
        """The number of a report, with its interval.

        Raises:
            BadInput: no comment has the label whose recall is wanted.
        """
        if self.metric != "recall":
            number = getattr(found, self.metric)
            return Estimate(number.value, number.low, number.high)
        recall = next((one.recall for one in found.classes if one.label == self.label), None)
        if recall is None:
            raise BadInput(f"No comment there is labelled '{self.label}'.", hint="Choose another label.")
        return Estimate(recall.value, recall.low, recall.high)

    def values_of(self, tables: NDArray[np.int64], labels: Sequence[str]) -> Values:
        """The number of each of R tables of shape (R, K, K), rows gold, columns predicted, as R values.

        A value that is undefined, for want of comments, is 0. Equal to `value_of` of the report of a table.
        """
        hits = np.diagonal(tables, axis1=1, axis2=2).astype(np.float64)
        support, predicted = tables.sum(axis=2), tables.sum(axis=1)
        if self.metric == "accuracy":
            return np.asarray(hits.sum(axis=1) / support.sum(axis=1))
        if self.metric == "recall":
            place = list(labels).index(str(self.label))
            return _ratio(hits, support)[:, place]
        f1 = _ratio(2 * hits, support + predicted)
        if self.metric == "macro_f1":
            return np.asarray(f1.mean(axis=1))
        return np.asarray((f1 * support).sum(axis=1) / support.sum(axis=1))


def least_doubt(objective: Objective, gold: Sequence[str]) -> float:
    """How far the objective may be off, or have changed, without any of these comments showing it.

    A bootstrap of comments that are all answered alike claims certainty. What occurs in none of n comments
    may still be a share of up to z^2 / (n + z^2), the upper Wilson bound; the doubts of several labels are
    combined as standard errors would be.
    """
    support = Counter(gold)
    if objective.metric == "accuracy":
        return wilson(0, len(gold))[1]
    if objective.metric == "recall":
        return wilson(0, support[str(objective.label)])[1]
    n, even = len(gold), 1 / len(support)
    weights = {
        label: even if objective.metric == "macro_f1" else count / n for label, count in support.items()
    }
    return hypot(*(weight * wilson(0, support[label])[1] for label, weight in weights.items()))


def resampled_means(
    objective: Objective,
    gold: Sequence[str],
    runs: Sequence[Sequence[str]],
    *,
    labels: Sequence[str],
    resamples: int = 500,
    seed: int = 0,
) -> tuple[float, Values]:
    """The mean of an objective over repeated runs, and its bootstrap over comments and over repeats.

    Called twice with the same gold labels and seed, both draw the same comments: the difference of their
    draws is the paired bootstrap of the gain.

    Args:
        objective: What is measured.
        gold: True labels of n comments.
        runs: What each run answered to them, in their order; at least one.
        labels: Every label that occurs, gold or predicted.
        resamples: R.
        seed: Of the bootstrap.

    Returns:
        The mean, and its draws, shape (R,).

    Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, section 3.8 (two levels).
    """
    cells, size = [_cells(gold, run, labels) for run in runs], len(labels)
    draw, parts = np.random.default_rng(seed), []
    for first in range(0, resamples, _AT_ONCE):
        drawn = draw.integers(0, len(gold), size=(min(_AT_ONCE, resamples - first), len(gold)))
        values = [objective.values_of(_tables(cell[drawn], size), labels) for cell in cells]
        parts.append(np.stack(values, axis=1))
    values_of_runs = np.concatenate(parts)
    # Repeats are drawn after all comments, so that another number of them changes no comment.
    chosen = draw.integers(0, len(runs), size=values_of_runs.shape)
    means = np.take_along_axis(values_of_runs, chosen, axis=1).mean(axis=1)
    return sum(value_of_run(objective, gold, run, labels=labels) for run in runs) / len(runs), means


def value_of_run(
    objective: Objective, gold: Sequence[str], answers: Sequence[str], *, labels: Sequence[str]
) -> float:
    """The objective of one run's answers."""
    cells = _cells(gold, answers, labels)
    return float(objective.values_of(_tables(cells[None], len(labels)), labels)[0])


def gain(before: tuple[float, Values], after: tuple[float, Values], *, doubt: float) -> Estimate:
    """What was gained between two results of `resampled_means` of the same comments, with its interval.

    The interval reaches at least `doubt` (see `least_doubt`) to both sides.
    """
    value = after[0] - before[0]
    drawn = percentile_interval(value, after[1] - before[1])
    return wider(drawn, Estimate(value, value - doubt, value + doubt))


def _cells(gold: Sequence[str], answers: Sequence[str], labels: Sequence[str]) -> NDArray[np.int64]:
    """The place of each comment in a table of K x K, counted row by row, shape (n,)."""
    place = {label: index for index, label in enumerate(labels)}
    pairs = zip(gold, answers, strict=True)
    return np.array([place[label] * len(labels) + place[answer] for label, answer in pairs], dtype=np.int64)


def _tables(cells: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Tables of shape (R, K, K) from R rows of cells."""
    offsets = np.arange(cells.shape[0])[:, None] * size * size
    counted = np.bincount((cells + offsets).ravel(), minlength=cells.shape[0] * size * size)
    return counted.reshape(-1, size, size)


def _ratio(part: Values, whole: NDArray[np.int64]) -> Values:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
