"""Two runs over the same comments: what was fixed, what was broken, and whether that is more than noise."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from domain.comments import Comment
from domain.errors import BadInput
from domain.labels import NONE_OF_THEM, labels_in
from domain.models import Run
from services.evaluation.clusters import clustering_of
from services.evaluation.comparison import Comparison, compare, sentence
from services.evaluation.intervals import as_number, clustered
from services.evaluation.label_changes import LabelChange, concluded, is_trade, label_changes
from storage import comments, misses
from storage.database import Database
from storage.misses import Paired
from storage.models import get_model, get_run

Change = Literal["fixed", "broken", "both_wrong", "both_right"]

_RUNS_TRIED = 5  # before it is said that nothing can be compared


@dataclass(frozen=True)
class LeftOut:
    """Comments that are not compared: only one run answered them, or their frozen labels differ."""

    before_only: int
    after_only: int
    relabelled: int

    @property
    def total(self) -> int:
        return self.before_only + self.after_only + self.relabelled


@dataclass(frozen=True)
class RunComparison:
    """Two runs on the comments that both answered under the same frozen label.

    `same_answers` says that they agree on each of these, right or wrong.
    `before_seen` and `after_seen` are the comments of the whole run that its model had learned from: a
    model that has seen the answers compares too well.
    """

    before: Run
    after: Run
    before_name: str
    after_name: str
    counts: Comparison
    labels: tuple[LabelChange, ...]
    left_out: LeftOut
    before_seen: int
    after_seen: int
    same_answers: bool
    sentence: str

    @property
    def is_trade(self) -> bool:
        """Whether one label gains and another loses beyond chance, whatever accuracy says."""
        return is_trade(self.labels)


@dataclass(frozen=True)
class Changed:
    """One comment and what the two runs said of it; None where the answer named no label."""

    comment: Comment
    gold: str
    before: str | None
    after: str | None


def comparable_run(db: Database, run: Run, others: list[Run]) -> Run | None:
    """The first of the others that answered some of the run's comments under the same frozen label.

    Those to the same snapshot come before those to another; beyond that the order stays.
    """
    wanted = [each for each in others if each.run_id != run.run_id]
    wanted.sort(key=lambda each: each.snapshot_id != run.snapshot_id)
    return next((each for each in wanted[:_RUNS_TRIED] if _shares_comments(db, each, run)), None)


def _shares_comments(db: Database, other: Run, run: Run) -> bool:
    paired = misses.count_paired(db, other.run_id, run.run_id)
    return any(each.gold_before == each.gold_after for each in paired)


def compare_runs(db: Database, before_run: str, after_run: str, *, clusters: bool = True) -> RunComparison:
    """The comparison of two runs; only comments with the same frozen label in both count.

    Args:
        clusters: Whether the interval of either accuracy allows for authors or threads that repeat. The
            difference and its tests take comments one by one.

    Raises:
        NotFound: there is no such run.
        BadInput: it is one and the same run, the two have no comment in common, or only one of them gives
            several labels.
    """
    before, after = _pair(db, before_run, after_run)
    counted = misses.count_paired(db, before_run, after_run)
    shared = [each for each in counted if each.gold_before == each.gold_after]
    if not shared:
        raise BadInput(
            f"{before_run} ({before.split} of {before.snapshot_id}) and {after_run} ({after.split} of"
            f" {after.snapshot_id}) share no comment under the same frozen label.",
            hint="Let both models predict the same split of the same snapshot.",
        )
    names = model_names(db, before, after)
    counts = compare(
        both_right=sum(each.n for each in shared if each.right_before and each.right_after),
        fixed=sum(each.n for each in shared if not each.right_before and each.right_after),
        broken=sum(each.n for each in shared if each.right_before and not each.right_after),
        both_wrong=sum(each.n for each in shared if not each.right_before and not each.right_after),
    )
    if clusters:
        counts = replace(
            counts,
            accuracy_before=clustered(counts.accuracy_before, _effect(db, before_run)),
            accuracy_after=clustered(counts.accuracy_after, _effect(db, after_run)),
        )
    same = all(each.same for each in shared)
    labels = _by_label(shared, several=after.several)
    return RunComparison(
        before=before,
        after=after,
        before_name=names[0],
        after_name=names[1],
        counts=counts,
        labels=labels,
        left_out=_left_out(counted),
        before_seen=misses.count_seen_in_training(db, before_run),
        after_seen=misses.count_seen_in_training(db, after_run),
        same_answers=same,
        sentence=sentence(counts, *names, same_answers=same, concluded=concluded(counts, labels)),
    )


def _effect(db: Database, run_id: str) -> float:
    """How much less the comments of a run say of its accuracy than as many independent ones would."""
    found = clustering_of(db, run_id)
    return found.effect("accuracy") if found else 1.0


def changed(
    db: Database, before_run: str, after_run: str, change: str, *, label: str | None = None, limit: int = 100
) -> list[Changed]:
    """The comments that were fixed, broken, or wrong or right in both runs.

    Args:
        change: One of "fixed", "broken", "both_wrong", "both_right".
        label: Only comments of this frozen label.

    Raises:
        NotFound: there is no such run or change.
        BadInput: it is one and the same run.
    """
    _, after = _pair(db, before_run, after_run)
    answers = misses.list_changes(db, before_run, after_run, change, gold=label, limit=limit)
    found = comments.list_comments_by_id(db, after.dataset_id, [answer.comment_id for answer in answers])
    return [
        Changed(comment, answer.gold, answer.before, answer.predicted)
        for comment, answer in zip(found, answers, strict=True)
    ]


def as_dict(comparison: RunComparison) -> dict[str, Any]:
    """The comparison as JSON can carry it."""
    counts = comparison.counts
    return {
        "before": {"run_id": comparison.before.run_id, "model": comparison.before_name},
        "after": {"run_id": comparison.after.run_id, "model": comparison.after_name},
        "sentence": comparison.sentence,
        **{each.name: _told(getattr(counts, each.name)) for each in fields(counts)},
        "labels": [asdict(each) for each in comparison.labels],
        "is_trade": comparison.is_trade,
        "left_out": asdict(comparison.left_out),
        "same_answers": comparison.same_answers,
        "before_seen_in_training": comparison.before_seen,
        "after_seen_in_training": comparison.after_seen,
    }


def _by_label(shared: list[Paired], *, several: bool) -> tuple[LabelChange, ...]:
    rows: dict[str, list[Paired]] = {}
    for each in shared:
        answer = str(each.gold_after)
        for label in (labels_in(answer) or (NONE_OF_THEM,)) if several else (answer,):
            rows.setdefault(label, []).append(each)
    return label_changes(
        (
            label,
            sum(each.n for each in found),
            sum(each.n for each in found if each.right_after and not each.right_before),
            sum(each.n for each in found if each.right_before and not each.right_after),
        )
        for label, found in sorted(rows.items())
    )


def _left_out(counted: list[Paired]) -> LeftOut:
    return LeftOut(
        before_only=sum(each.n for each in counted if each.gold_after is None),
        after_only=sum(each.n for each in counted if each.gold_before is None),
        relabelled=sum(
            each.n
            for each in counted
            if each.gold_before and each.gold_after and each.gold_before != each.gold_after
        ),
    )


def _told(value: Any) -> Any:
    return value if isinstance(value, str | float) else as_number(value)


def _pair(db: Database, before_run: str, after_run: str) -> tuple[Run, Run]:
    if before_run == after_run:
        raise BadInput(f"{before_run} cannot be compared with itself.", hint="Choose two different runs.")
    before, after = get_run(db, before_run), get_run(db, after_run)
    if before.several != after.several:
        raise BadInput(
            f"{before_run} and {after_run} cannot be compared: only one of them gives several labels.",
            hint="Choose two runs of one dataset.",
        )
    return before, after


def model_names(db: Database, before: Run, after: Run) -> tuple[str, str]:
    """The names of two runs' models, with the run beside them where they are the same."""
    first, second = get_model(db, before.model_id).name, get_model(db, after.model_id).name
    if first != second:
        return first, second
    return f"{first} ({before.run_id})", f"{second} ({after.run_id})"
