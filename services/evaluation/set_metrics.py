"""The numbers of one evaluation where a comment may have several labels: each by itself, then together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from domain.labels import NONE_OF_THEM, labels_in
from services.evaluation.confusion import UNPARSED
from services.evaluation.intervals import (
    Estimate,
    Proportion,
    percentile_interval,
    proportion,
    resampled,
    weighted_mean,
    wider,
    wilson,
)
from services.evaluation.metrics import ClassMetrics, f1_score

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Values = NDArray[np.float64]

_MOST_CELLS = 20_000_000  # resamples times kinds of answer: what fits into the memory with ease


@dataclass(frozen=True, eq=False)
class SetTable:
    """Answers that are sets of labels, equal cases counted together: P kinds, each with its comments.

    Attributes:
        labels: The K labels of the set.
        gold: Which labels are right, shape (P, K).
        predicted: Which were answered, shape (P, K); none where the answer could not be parsed.
        parsed: Whether it could, shape (P,).
        exact: Whether the answer is right as a whole, shape (P,).
        comments: Shape (P,).
    """

    labels: tuple[str, ...]
    gold: Flags
    predicted: Flags
    parsed: Flags
    exact: Flags
    comments: Counts

    @property
    def n(self) -> int:
        """All comments, those with an unparsed answer included."""
        return int(self.comments.sum())

    @property
    def unparsed(self) -> int:
        """Comments whose answer named no set of labels; an answer of none of them is one."""
        return int(self.comments[~self.parsed].sum())

    @property
    def by_label(self) -> Counts:
        """Of each label [[neither, only predicted], [only right, both]], comments, shape (K, 2, 2)."""
        cells = [
            [self.comments @ (~self.gold & ~self.predicted), self.comments @ (~self.gold & self.predicted)],
            [self.comments @ (self.gold & ~self.predicted), self.comments @ (self.gold & self.predicted)],
        ]
        return np.moveaxis(np.array(cells, dtype=np.int64), -1, 0)

    def count(self, gold: str = "", predicted: str = "", *, misses_only: bool = False) -> int:
        """Comments whose right and whose given answer hold these labels; "" is any, UNPARSED no answer."""
        rows = self._holding(self.gold, gold) & self._holding(self.predicted, predicted)
        return int(self.comments[rows & ~self.exact if misses_only else rows].sum())

    def _holding(self, answers: Flags, label: str) -> Flags:
        if not label:
            return np.ones(len(self.comments), dtype=bool)
        if label == UNPARSED:
            return ~self.parsed
        if label == NONE_OF_THEM:
            return ~answers.any(axis=1) & (self.parsed | (answers is self.gold))
        return np.asarray(answers[:, self.labels.index(label)])

    @property
    def wrong_labels(self) -> Counts:
        """How many labels of each kind of answer are wrong, shape (P,); all of an unparsed one."""
        wrong = (self.gold != self.predicted).sum(axis=1)
        return np.where(self.parsed, wrong, len(self.labels)).astype(np.int64)


@dataclass(frozen=True)
class SetReport:
    """Every headline number of a table of sets.

    An unparsed answer is wrong as a whole, in each of its labels, and misses every label that is there.
    Macro averages run over all labels and weighted ones by support; an undefined value enters both as 0.
    Micro averages count every pair of comment and label alike.

    Attributes:
        subset_accuracy: Comments whose whole set of labels is right.
        hamming_loss: Share of wrong labels among all pairs of comment and label.
    """

    n: int
    unparsed: int
    subset_accuracy: Proportion
    hamming_loss: Estimate
    classes: tuple[ClassMetrics, ...]
    macro_precision: Estimate
    macro_recall: Estimate
    macro_f1: Estimate
    micro_precision: Estimate
    micro_recall: Estimate
    micro_f1: Estimate
    weighted_precision: Estimate
    weighted_recall: Estimate
    weighted_f1: Estimate

    @property
    def accuracy(self) -> Proportion:
        """The subset accuracy, by the name that it has where a comment has one label."""
        return self.subset_accuracy


def sets_from_counts(labels: Iterable[str], triples: Iterable[tuple[str, str | None, int]]) -> SetTable:
    """The table of counted (gold, predicted, comments) triples.

    Args:
        labels: The label set, in the order wanted.
        triples: Gold answer, predicted answer (None where it could not be parsed), as domain.labels writes
            them, and comments. A predicted label outside `labels` makes the answer wrong as a whole.

    Raises:
        BadInput: a gold label is not among `labels`.
    """
    names, rows = tuple(labels), list(triples)
    gold, predicted = [labels_in(each[0]) for each in rows], [labels_in(each[1]) for each in rows]
    unknown = sorted({label for answer in gold for label in answer} - set(names))
    if unknown:
        raise BadInput(
            f"The gold label {unknown[0]!r} is not in the label set {names!r}.",
            hint="Evaluate against the label set that the snapshot was frozen with.",
        )
    parsed = np.array([each[1] is not None for each in rows], dtype=bool)
    same = np.array([set(one) == set(other) for one, other in zip(gold, predicted, strict=True)], dtype=bool)
    return SetTable(
        labels=names,
        gold=flags_of(gold, names),
        predicted=flags_of(predicted, names),
        parsed=parsed,
        exact=parsed & same,
        comments=np.array([each[2] for each in rows], dtype=np.int64),
    )


def flags_of(answers: Sequence[Iterable[str]], labels: Sequence[str]) -> Flags:
    """Which of the labels each answer holds, shape (n, K)."""
    rows = [[label in set(answer) for label in labels] for answer in answers]
    return np.array(rows, dtype=bool).reshape(len(answers), len(labels))


def report_sets(table: SetTable, *, seed: int = 0, resamples: int = 1000) -> SetReport:
    """The metrics of a table, each with its 95 % interval.

    Comments are drawn anew as wholes, since the labels of one comment belong together. Each interval is the
    wider of the bootstrap's and of one from counts, as in `metrics.report`.

    Args:
        table: At least one comment.
        seed: Of the bootstrap; the same table and seed give the same report.
        resamples: Tables drawn, at least 1; fewer where the answers are of very many kinds.

    Raises:
        BadInput: the table holds no comment.
    """
    if table.n == 0:
        raise BadInput(
            "There is no comment to evaluate on.", hint="Choose a split that has labelled and predicted rows."
        )
    fewer = max(1, min(resamples, _MOST_CELLS // len(table.comments)))
    draws = resampled(table.comments, resamples=fewer, seed=seed)
    own, drawn = _tally(table, table.comments[None]), _tally(table, draws)
    classes = _classes(table.labels, own, drawn)
    averages = {}
    for name in ("precision", "recall", "f1"):
        values, scores = [getattr(each, name) for each in classes], getattr(drawn, name)
        even = [1 / len(classes)] * len(classes)
        averages[f"macro_{name}"] = _average(values, even, scores.mean(axis=1))
        by_support = (scores * drawn.shares).sum(axis=1)
        averages[f"weighted_{name}"] = _average(values, own.shares[0].tolist(), by_support)
    return SetReport(
        n=table.n,
        unparsed=table.unparsed,
        subset_accuracy=Proportion(int(table.comments[table.exact].sum()), table.n),
        hamming_loss=_hamming_loss(table, draws),
        classes=classes,
        **averages,
        **_micro(own, drawn),
    )


@dataclass(frozen=True, eq=False)
class _Tally:
    """Counts of R tables, each of shape (R, K); an undefined rate is 0 here, as in every average."""

    hits: Counts
    predicted: Counts
    support: Counts

    @property
    def precision(self) -> Values:
        return _ratio(self.hits, self.predicted)

    @property
    def recall(self) -> Values:
        return _ratio(self.hits, self.support)

    @property
    def f1(self) -> Values:
        return _ratio(2 * self.hits, self.predicted + self.support)

    @property
    def shares(self) -> Values:
        """Of each label among all gold labels."""
        every = self.support.sum(axis=1, keepdims=True)
        return _ratio(self.support, np.broadcast_to(every, self.support.shape))

    @property
    def together(self) -> "_Tally":
        """All labels as one."""
        counts = (self.hits, self.predicted, self.support)
        return _Tally(*(each.sum(axis=1, keepdims=True) for each in counts))


def _tally(table: SetTable, counts: Counts) -> _Tally:
    both = table.gold & table.predicted
    return _Tally(*(counts @ flags.astype(np.int64) for flags in (both, table.predicted, table.gold)))


def _classes(labels: tuple[str, ...], own: _Tally, drawn: _Tally) -> tuple[ClassMetrics, ...]:
    classes = []
    for place, label in enumerate(labels):
        hits, predicted, support = (int(each[0, place]) for each in (own.hits, own.predicted, own.support))
        f1 = f1_score(hits, support, predicted)
        occurs = (drawn.predicted + drawn.support)[:, place] > 0
        if f1 is not None and occurs.any():
            f1 = wider(f1, percentile_interval(f1.value, drawn.f1[occurs, place]))
        classes.append(
            ClassMetrics(
                label=label,
                support=support,
                predicted=predicted,
                true_positives=hits,
                precision=proportion(hits, predicted),
                recall=proportion(hits, support),
                f1=f1,
            )
        )
    return tuple(classes)


def _average(
    values: Sequence[Proportion | Estimate | None], weights: Sequence[float], draws: Values
) -> Estimate:
    """A mean over labels: the wider of two intervals, for neither knows all that the other does."""
    mean = weighted_mean(values, weights)
    return wider(mean, percentile_interval(mean.value, draws))


def _micro(own: _Tally, drawn: _Tally) -> dict[str, Estimate]:
    """Of all pairs of comment and label; from counts alone their intervals would be too narrow."""
    one, many = own.together, drawn.together
    hits, predicted, support = (int(each[0, 0]) for each in (one.hits, one.predicted, one.support))
    told: dict[str, Proportion | Estimate | None] = {
        "precision": proportion(hits, predicted),
        "recall": proportion(hits, support),
        "f1": f1_score(hits, support, predicted),
    }
    return {
        f"micro_{name}": _average([value], [1.0], getattr(many, name)[:, 0]) for name, value in told.items()
    }


def _hamming_loss(table: SetTable, draws: Counts) -> Estimate:
    """The bootstrap's interval; where nothing was wrong, it would claim 0 to 0, and Wilson's holds.

    A mean of numbers from 0 to 1 varies at most as much as yes and no of the same mean.
    """
    wrong, n, k = table.wrong_labels, table.n, len(table.labels)
    value = float(wrong @ table.comments) / (n * k)
    low, high = wilson(0, n) if value == 0 else (value, value)
    bootstrap = percentile_interval(value, draws @ wrong / (n * k))
    return wider(bootstrap, Estimate(value, low, high))


def _ratio(part: Counts, whole: Counts) -> Values:
    """Part over whole, 0 where the whole is 0."""
    shares: Values = np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)
    return shares
