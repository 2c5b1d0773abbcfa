"""What a model does with the comments of a run where a frozen threshold decides, not the likeliest label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput, NotFound
from services.evaluation.intervals import Proportion, proportion
from services.evaluation.repair import at_temperature
from services.evaluation.scored import Scored, score_of, scored_run
from services.evaluation.thresholds import flagged
from storage.database import Database
from storage.models import get_run
from storage.thresholds import Threshold, get_threshold, list_thresholds

Flags = NDArray[np.bool_]
BY_LABEL = "label"  # in the place of a threshold: the label that the model names decides


@dataclass(frozen=True, eq=False)
class Acting:
    """The comments of a run under one threshold; every array is of shape (n,), in the order of comment_id.

    Attributes:
        scores: What the threshold is held against; NaN where there is none, which never flags.
        removed: At or above the upper end.
        reached: At or above the lower end: removed, or read by a human where there is a band.
    """

    threshold: Threshold
    scored: Scored
    scores: NDArray[np.float64]
    removed: Flags
    reached: Flags

    @property
    def words(self) -> str:
        """The threshold in a few words, to stand beside a number."""
        one = self.threshold
        cut = f"{one.upper_score:.4f} up"
        if one.lower_score < one.upper_score:
            cut = f"{one.lower_score:.4f} up read, from {one.upper_score:.4f} up removed"
        return f"{one.threshold_id} (from {cut})"

    def decides(self, label: str) -> bool:
        """Whether the threshold acts on this label alone, so that marked means flagged."""
        return self.threshold.unwanted == (label,)

    def recall(self, label: str) -> Proportion | None:
        """Comments under the label that are removed or read; None where there are none."""
        gold = self._under(label)
        return proportion(int((gold & self.reached).sum()), int(gold.sum()))

    def precision(self, label: str) -> Proportion | None:
        """Of what is removed, the share under the label; None where nothing is removed."""
        return proportion(int((self._under(label) & self.removed).sum()), int(self.removed.sum()))

    def false_positive_rate(self, label: str) -> Proportion | None:
        """Comments under other labels that are removed; None where there are none."""
        others = ~self._under(label)
        return proportion(int((others & self.removed).sum()), int(others.sum()))

    def _under(self, label: str) -> Flags:
        return np.asarray(self.scored.gold == self.scored.run.labels.index(label))


def acting(db: Database, run_id: str, threshold_id: str) -> Acting:
    """The run under the threshold.

    Raises:
        NotFound: there is no such run or threshold.
        BadInput: the threshold is another model's, or the run has no scores.
    """
    frozen, run = get_threshold(db, threshold_id), get_run(db, run_id)
    if frozen.model_id != run.model_id:
        raise BadInput(
            f"{threshold_id} was frozen for {frozen.model_id}, and {run_id} is of {run.model_id}.",
            hint="Scores of two models are not on one scale: freeze a threshold for this one.",
        )
    scored = scored_run(db, run_id)
    taken = scored if frozen.temperature is None else at_temperature(scored, frozen.temperature)
    scores, _ = score_of(taken, frozen.unwanted)
    return Acting(
        frozen, scored, scores, flagged(scores, frozen.upper_score), flagged(scores, frozen.lower_score)
    )


def threshold_in_use(db: Database, run_id: str, named: str | None = None) -> str | None:
    """The threshold to judge a run at: the one that is named, else the newest of its model that can be held.

    Args:
        named: A threshold's id, BY_LABEL for none, or None for the newest.

    Returns:
        None where the label that the model names decides.

    Raises:
        NotFound: there is no such run or threshold.
        BadInput: the threshold that is named cannot be held against the run.
    """
    if named == BY_LABEL:
        return None
    if named is not None:
        return acting(db, run_id, named).threshold.threshold_id
    for each in list_thresholds(db, model_id=get_run(db, run_id).model_id)[:1]:
        try:
            return acting(db, run_id, each.threshold_id).threshold.threshold_id
        except (BadInput, NotFound):
            return None  # such as answers without scores
    return None
