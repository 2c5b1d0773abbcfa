"""The confusion table: every count-based metric is a function of it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput

UNPARSED = "(unparsed)"  # stands for the predicted label of an answer that named none


@dataclass(frozen=True, eq=False)
class ConfusionTable:
    """How often each gold label met each predicted label.

    Attributes:
        labels: The K gold labels, in the order of rows and columns.
        counts: Comments, shape (K, K+1), int64, read-only. Rows are gold, columns predicted; the last
            column holds answers that named none of the labels, which are wrong whatever the gold label.

    Raises:
        BadInput: labels are missing or repeated, the shape does not fit them, or a count is negative or
            not whole.
    """

    labels: tuple[str, ...]
    counts: NDArray[np.int64]

    def __post_init__(self) -> None:
        size = len(self.labels)
        if size == 0 or len(set(self.labels)) != size:
            raise BadInput(
                f"The labels {self.labels!r} are empty or repeat one.", hint="Name each gold label once."
            )
        given = np.asarray(self.counts)
        if given.shape != (size, size + 1):
            raise BadInput(
                f"Counts of shape {given.shape} do not fit {size} labels.",
                hint=f"Give {size} rows and {size + 1} columns, the last for unparsed answers.",
            )
        if given.dtype.kind not in "iu" or (given < 0).any():
            raise BadInput(
                f"Counts of type {given.dtype} hold something other than whole numbers from 0 up.",
                hint="Count comments; apply weights elsewhere.",
            )
        own = given.astype(np.int64)  # a copy: the caller's array must not change a frozen table
        own.setflags(write=False)
        object.__setattr__(self, "counts", own)

    @property
    def n(self) -> int:
        """Comments in the table, unparsed answers included."""
        return int(self.counts.sum())

    @property
    def correct(self) -> int:
        """Comments whose predicted label is the gold label."""
        return int(self.true_positives.sum())

    @property
    def unparsed(self) -> int:
        """Comments whose answer named none of the labels."""
        return int(self.counts[:, -1].sum())

    @property
    def support(self) -> NDArray[np.int64]:
        """Comments per gold label, shape (K,)."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def predicted(self) -> NDArray[np.int64]:
        """Comments per predicted label, shape (K,); unparsed answers belong to none."""
        return np.asarray(self.counts[:, :-1].sum(axis=0))

    @property
    def true_positives(self) -> NDArray[np.int64]:
        """Comments per label on which gold and predicted agree, shape (K,)."""
        return np.diagonal(self.counts)

    @property
    def row_shares(self) -> NDArray[np.float64]:
        """Each row as shares of its gold label, shape (K, K+1); the diagonal is recall.

        A label without a gold comment has no shares: its row is NaN.
        """
        support = self.support[:, None].astype(np.float64)
        shares: NDArray[np.float64] = np.divide(
            self.counts, support, out=np.full(self.counts.shape, np.nan), where=support > 0
        )
        return shares

    def count(self, gold: str = "", predicted: str = "", *, misses_only: bool = False) -> int:
        """Comments of one cell; "" sums over its column or row, UNPARSED is the last column."""
        rows = [k for k, label in enumerate(self.labels) if gold in ("", label)]
        columns = [k for k, label in enumerate((*self.labels, UNPARSED)) if predicted in ("", label)]
        return sum(int(self.counts[i, j]) for i in rows for j in columns if not (misses_only and i == j))


def from_counts(labels: Iterable[str], triples: Iterable[tuple[str, str | None, int]]) -> ConfusionTable:
    """The table of counted (gold, predicted, comments) triples.

    Args:
        labels: The gold label set, in the order wanted; labels without a comment keep their row.
        triples: Gold label, predicted label (None where the answer could not be parsed), comments. A
            predicted label outside `labels` counts as unparsed. A pair may occur more than once.

    Raises:
        BadInput: a gold label is not among `labels`, or a count is negative or not a whole number.
    """
    names = tuple(labels)
    place = {name: index for index, name in enumerate(names)}
    counts = np.zeros((len(names), len(names) + 1), dtype=np.int64)
    for gold, predicted, comments in triples:
        if gold not in place:
            raise BadInput(
                f"The gold label {gold!r} is not in the label set {names!r}.",
                hint="Evaluate against the label set that the snapshot was frozen with.",
            )
        if comments < 0 or comments != int(comments):
            raise BadInput(
                f"{gold!r} predicted as {predicted!r} has the count {comments!r}.",
                hint="Counts are whole numbers from 0 up.",
            )
        column = len(names) if predicted is None else place.get(predicted, len(names))
        counts[place[gold], column] += comments
    return ConfusionTable(labels=names, counts=counts)
