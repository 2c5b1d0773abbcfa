"""A fixed set asked again and again: whether what answers under a model's name has changed."""

from dataclasses import dataclass
from typing import Any

from domain.errors import NotFound
from domain.models import Run
from services.evaluation.confusion import UNPARSED
from services.evaluation.intervals import Proportion, as_number
from storage.database import Database
from storage.models import get_model, list_runs
from storage.predictions import list_predictions

_SHOWN = 20


@dataclass(frozen=True)
class Asked:
    """One time of asking, beside the first.

    Attributes:
        changed: Comments whose answer is not that of the first time; None for the first time itself.
        right: Answers that are the frozen label.
    """

    run: Run
    right: Proportion
    changed: Proportion | None


@dataclass(frozen=True)
class Canary:
    """All times a model was asked about one split of one snapshot, oldest first.

    `differences` are some comments whose newest answer is not the first: comment, gold, first, newest.
    """

    model_id: str
    snapshot_id: str
    split: str
    times: tuple[Asked, ...]
    differences: tuple[tuple[int, str, str, str], ...]

    @property
    def sentence(self) -> str:
        """What is known, in a line."""
        newest = self.times[-1]
        if newest.changed is None:
            again = f"--model {self.model_id} --snapshot {self.snapshot_id} --split {self.split}"
            return (
                f"{self.model_id} was asked about the {self.split} split of {self.snapshot_id} once:"
                f" ask again with predict {again}."
            )
        share = newest.changed
        return (
            f"Asked {len(self.times)} times; {share.successes:,} of {share.n:,} answers are not what they"
            f" were at first, {share.value:.1%} ({share.low:.1%} to {share.high:.1%})."
        )


def canary(db: Database, model_id: str, *, snapshot_id: str | None = None, split: str = "test") -> Canary:
    """How the model's answers to a fixed set have changed since it was first asked.

    A model on this machine answers the same; at a provider the name may stay and the model behind it go. The
    share is of changed labels: changed scores alone do not count.

    Args:
        snapshot_id: The fixed set is this snapshot's split; None takes that which was answered last.

    Raises:
        NotFound: there is no such model, or it never answered such a split.
    """
    model = get_model(db, model_id)
    runs = list_runs(db, model_id=model.model_id, snapshot_id=snapshot_id, split=split)
    if not runs:
        raise NotFound(
            f"{model_id} has not answered the {split} split of {snapshot_id or 'any snapshot'}.",
            hint=f"Let it: predict --model {model_id} --snapshot SNAPSHOT --split {split}.",
        )
    runs = [run for run in runs if run.snapshot_id == runs[0].snapshot_id][::-1]
    answers = [_answers(db, run) for run in runs]
    first, newest = answers[0], answers[-1]
    differences = [(number, gold, was, newest[number][1]) for number, (gold, was) in first.items()
                   if newest[number][1] != was]  # fmt: skip
    return Canary(
        model_id, runs[0].snapshot_id, split,
        tuple(_asked(run, each, first) for run, each in zip(runs, answers, strict=True)),
        tuple(differences[:_SHOWN]),
    )  # fmt: skip


def as_dict(found: Canary) -> dict[str, Any]:
    """The canary as JSON can carry it."""
    times = [
        {
            "run_id": each.run.run_id,
            "at": each.run.created_at.isoformat(timespec="seconds"),
            "by": each.run.created_by,
            "right": as_number(each.right),
            "changed": as_number(each.changed),
        }
        for each in found.times
    ]
    names = ("comment_id", "gold", "first", "newest")
    told = [dict(zip(names, each, strict=True)) for each in found.differences]
    about = {"model_id": found.model_id, "snapshot_id": found.snapshot_id, "split": found.split}
    return {**about, "sentence": found.sentence, "times": times, "differences": told}


def _answers(db: Database, run: Run) -> dict[int, tuple[str, str]]:
    rows = list_predictions(db, run.run_id).select(["comment_id", "gold", "label"]).to_pylist()
    return {row["comment_id"]: (row["gold"], row["label"] or UNPARSED) for row in rows}


def _asked(run: Run, answers: dict[int, tuple[str, str]], first: dict[int, tuple[str, str]]) -> Asked:
    right = Proportion(sum(gold == said for gold, said in answers.values()), len(answers))
    if answers is first:
        return Asked(run, right, None)
    changed = sum(answers[number] != first[number] for number in first)
    return Asked(run, right, Proportion(changed, len(first)))
