"""What several models said of the same comments, as one table of counts: every comparison is made from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.evaluation.comparison import Comparison, compare
from services.evaluation.confusion import ConfusionTable
from services.evaluation.intervals import resampled

Codes = NDArray[np.int64]
Values = NDArray[np.float64]

_AT_ONCE = 100  # resamples; more would only take more memory


@dataclass(frozen=True, eq=False)
class Joint:
    """Comments with the same frozen label and the same answers, counted.

    Attributes:
        labels: The K frozen labels.
        gold: The place of the frozen label of each of the U kinds of comment, shape (U,).
        said: The place of each model's answer, shape (M, U); K for one that named no such label.
        counts: Comments of each kind, shape (U,).
    """

    labels: tuple[str, ...]
    gold: Codes
    said: Codes
    counts: Codes

    @property
    def n(self) -> int:
        """Comments in all."""
        return int(self.counts.sum())

    @property
    def support(self) -> Codes:
        """Comments of each frozen label, shape (K,)."""
        return np.bincount(self.gold, self.counts, minlength=len(self.labels)).astype(np.int64)

    def table(self, model: int) -> ConfusionTable:
        """The confusion table of one model."""
        width = len(self.labels) + 1
        cells = np.bincount(
            self.gold * width + self.said[model], self.counts, minlength=len(self.labels) * width
        )
        return ConfusionTable(self.labels, cells.astype(np.int64).reshape(-1, width))

    def pair(self, before: int, after: int) -> Comparison:
        """The comparison of two of the models."""
        first, second = self.said[before] == self.gold, self.said[after] == self.gold
        return compare(
            both_right=int(self.counts[first & second].sum()),
            fixed=int(self.counts[~first & second].sum()),
            broken=int(self.counts[first & ~second].sum()),
            both_wrong=int(self.counts[~first & ~second].sum()),
        )

    def resampled_macro_f1(self, *, resamples: int = 1000, seed: int = 0) -> Values:
        """Macro F1 of every model over redrawn comments, the same for all of them, shape (M, resamples).

        The difference of two rows is the paired bootstrap of their difference.

        Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 16.
        """
        gold = _one_hot(self.gold, len(self.labels))
        said = [_one_hot(each, len(self.labels)) for each in self.said]
        hits = [gold * each for each in said]
        found = np.empty((len(said), resamples))
        for first in range(0, resamples, _AT_ONCE):
            at_once = min(_AT_ONCE, resamples - first)
            drawn = resampled(self.counts, resamples=at_once, seed=seed + first).astype(np.float64)
            support = drawn @ gold
            for model, (answers, right) in enumerate(zip(said, hits, strict=True)):
                f1 = _ratio(2 * (drawn @ right), support + drawn @ answers)
                found[model, first : first + at_once] = f1.mean(axis=1)
        return found


def joint_of(golds: Sequence[str], answers: Sequence[Sequence[str | None]], counts: Codes) -> Joint:
    """The table of counted combinations; labels are those that occur as frozen ones, in their order.

    Args:
        golds: The frozen label of each combination.
        answers: What each model said of them; None, or what is no frozen label, named none.
    """
    labels = tuple(sorted(set(golds)))
    place = {label: index for index, label in enumerate(labels)}
    none = len(labels)
    said = [[none if each is None else place.get(each, none) for each in model] for model in answers]
    return Joint(labels, np.array([place[gold] for gold in golds]), np.array(said), counts)


def _one_hot(places: Codes, size: int) -> Values:
    """A row per kind of comment with a 1 at its label; nothing for an answer that named none."""
    return np.eye(size + 1)[places][:, :size]


def _ratio(part: Values, whole: Values) -> Values:
    shares: Values = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return shares
