"""Two systems that flag the same share of the same comments: whose flags are the better ones?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from domain.errors import BadInput, NotFound
from domain.models import Run
from services.evaluation.class_curves import ranked, roc_area
from services.evaluation.comparing import Changed, model_names
from services.evaluation.comparison import Comparison, compare, conclusion
from services.evaluation.intervals import Estimate, Proportion, as_number, proportion
from services.evaluation.scored import score_of, scored_run
from services.several import refuse_several
from storage import comments
from storage.database import Database
from storage.misses import list_answers_by_id
from storage.models import get_model, get_run
from storage.predictions import list_predictions

Kind = Literal["found_by_after", "found_by_before", "wronged_by_after", "wronged_by_before"]
KINDS: dict[Kind, str] = {
    "found_by_after": "unwanted, flagged after only",
    "found_by_before": "unwanted, flagged before only",
    "wronged_by_after": "fine, flagged after only",
    "wronged_by_before": "fine, flagged before only",
}

_Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """One of the two systems on the comments that both answered; `auc` is None without scores."""

    run: Run
    name: str
    flagged: int
    share: Proportion
    recall: Proportion
    precision: Proportion | None
    false_positive_rate: Proportion
    auc: Estimate | None


@dataclass(frozen=True, eq=False)
class EqualFlagRate:
    """Two runs at the same flag rate: that of the run before, by its own labels.

    Attributes:
        threshold: Of the run after, from which on it flags. It is chosen by the number of flags alone; no
            label is read for it.
        counts: The comparison over the unwanted comments: fixed are those that only the run after flags.
        differ: Comments that only one of the two flags, by kind.
    """

    unwanted: tuple[str, ...]
    n: int
    positives: int
    threshold: float
    before: Side
    after: Side
    counts: Comparison
    differ: dict[Kind, tuple[int, ...]]
    sentence: str


def equal_flag_rate(
    db: Database, before_run: str, after_run: str, *, unwanted: Sequence[str] | None = None
) -> EqualFlagRate:
    """Both runs on the comments that both answered under the same frozen label, at the flag rate of one.

    Args:
        before_run: Such as imported scores; it flags where its label is an unwanted one.
        after_run: Needs scores; it flags from the threshold on that comes nearest to as many flags.
        unwanted: Labels that a flag stands for; what the imported scores are about, unless given.

    Raises:
        NotFound: there is no such run.
        BadInput: it is one and the same run, a label cannot be used, the runs share no comment, one flags
            nothing or all, or nothing unwanted is among the comments.
    """
    if before_run == after_run:
        raise BadInput(f"{before_run} cannot be compared with itself.", hint="Choose two different runs.")
    before, after = get_run(db, before_run), get_run(db, after_run)
    for run in (before, after):
        refuse_several(run, "Comparisons at an equal flag rate")
    names = model_names(db, before, after)
    labels = tuple(unwanted or _meant(db, before, after))
    ours = scored_run(db, after_run)
    scores, positive = score_of(ours, labels)
    theirs = list_predictions(db, before_run)
    ids = theirs["comment_id"].to_numpy()
    _, here, there = np.intersect1d(ours.comment_ids, ids, assume_unique=True, return_indices=True)
    gold = _among(theirs["gold"], labels)[there]
    same = gold == positive[here]  # frozen anew in between as something else: not the same question
    here, there = here[same], there[same]
    positive, scores = positive[here], scores[here]
    if not positive.any() or positive.all():
        raise BadInput(
            f"{before_run} and {after_run} share {positive.size:,} comments, {int(positive.sum()):,} of them"
            f" {' or '.join(labels)}: nothing can be compared.",
            hint="Let both answer the same split of the same snapshot.",
        )
    flags_before = _among(theirs["label"], labels)[there]
    threshold, flags_after = _as_many(scores, positive, int(flags_before.sum()), names[0])
    counts = compare(
        both_right=_count(positive & flags_before & flags_after),
        fixed=_count(positive & flags_after & ~flags_before),
        broken=_count(positive & flags_before & ~flags_after),
        both_wrong=_count(positive & ~flags_before & ~flags_after),
    )
    known = before.score_kind != "none"
    their_scores = score_of(scored_run(db, before_run), labels)[0][there] if known else None
    sides = (
        _side(before, names[0], flags_before, positive, their_scores),
        _side(after, names[1], flags_after, positive, scores),
    )
    return EqualFlagRate(
        unwanted=labels,
        n=positive.size,
        positives=int(positive.sum()),
        threshold=threshold,
        before=sides[0],
        after=sides[1],
        counts=counts,
        differ=_differ(ours.comment_ids[here], positive, flags_before, flags_after),
        sentence=_sentence(*sides, counts, labels),
    )


def differing(db: Database, found: EqualFlagRate, kind: str, *, limit: int = 100) -> list[Changed]:
    """The comments that only one of the two flags, of one of KINDS; `before` and `after` say which does.

    Raises:
        NotFound: there is no such kind.
    """
    ids = {str(name): rows for name, rows in found.differ.items()}.get(kind)
    if ids is None:
        raise NotFound(
            f"'{kind}' is no difference at an equal flag rate.", hint=f"One of {', '.join(KINDS)}."
        )
    says = ("flagged", "kept") if kind.endswith("before") else ("kept", "flagged")
    answers = list_answers_by_id(db, found.after.run.run_id, ids[:limit])
    bodies = comments.list_comments_by_id(
        db, found.after.run.dataset_id, [answer.comment_id for answer in answers]
    )
    return [Changed(body, answer.gold, *says) for body, answer in zip(bodies, answers, strict=True)]


def as_dict(found: EqualFlagRate) -> dict[str, Any]:
    """The comparison as JSON can carry it."""
    counts = found.counts
    return {
        "unwanted": list(found.unwanted),
        "n": found.n,
        "positives": found.positives,
        "threshold": found.threshold,
        "before": _side_as_dict(found.before),
        "after": _side_as_dict(found.after),
        "recall_difference": as_number(counts.difference),
        "p_value": counts.p_value,
        "verdict": counts.verdict,
        "differ": {kind: len(ids) for kind, ids in found.differ.items()},
        "sentence": found.sentence,
    }


def _meant(db: Database, *runs: Run) -> tuple[str, ...]:
    """The label that imported scores are about."""
    for run in runs:
        flags = get_model(db, run.model_id).settings.get("flags")
        if flags is not None:
            return (str(flags),)
    raise BadInput(
        "Which label does a flag stand for?", hint=f"Name the unwanted ones: {', '.join(runs[-1].labels)}."
    )


def _as_many(scores: NDArray[np.float64], positive: _Flags, wanted: int, name: str) -> tuple[float, _Flags]:
    """The threshold that flags as many comments, as nearly as equal scores allow; of two, the higher one."""
    if not 0 < wanted < scores.size:
        raise BadInput(
            f"{name} flags {wanted:,} of the {scores.size:,} comments: there is no rate to be equal to.",
            hint="Import its scores with another threshold, or its own labels.",
        )
    found = ranked(scores, positive)
    flags = found.true_positives + found.false_positives
    threshold = float(found.thresholds[np.argmin(np.abs(flags - wanted))])
    return threshold, scores >= threshold


def _side(run: Run, name: str, flags: _Flags, positive: _Flags, scores: NDArray[np.float64] | None) -> Side:
    flagged, caught = _count(flags), _count(flags & positive)
    return Side(
        run=run,
        name=name,
        flagged=flagged,
        share=Proportion(flagged, flags.size),
        recall=Proportion(caught, _count(positive)),
        precision=proportion(caught, flagged),
        false_positive_rate=Proportion(flagged - caught, _count(~positive)),
        auc=None if scores is None else roc_area(ranked(scores, positive)).auc,
    )


def _differ(
    ids: NDArray[np.int64], positive: _Flags, before: _Flags, after: _Flags
) -> dict[Kind, tuple[int, ...]]:
    where: dict[Kind, _Flags] = {
        "found_by_after": positive & after & ~before,
        "found_by_before": positive & before & ~after,
        "wronged_by_after": ~positive & after & ~before,
        "wronged_by_before": ~positive & before & ~after,
    }
    return {kind: tuple(ids[rows].tolist()) for kind, rows in where.items()}


def _sentence(before: Side, after: Side, counts: Comparison, labels: Sequence[str]) -> str:
    gap = counts.difference
    same = f"{after.share.value:.1%}" if after.flagged == before.flagged else (
        f"{after.share.value:.1%} and {before.share.value:.1%}, as near as equal scores allow,"
    )  # fmt: skip
    return (
        f"{after.name} and {before.name} both flag {same} of the same {after.share.n:,} comments. Of the"
        f" {counts.n:,} that are {' or '.join(labels)}, {after.name} finds {after.recall.successes:,} and"
        f" {before.name} {before.recall.successes:,}: recall {after.recall.value:.3f} against"
        f" {before.recall.value:.3f} ({gap.value:+.3f}, 95 % interval {gap.low:+.3f} to {gap.high:+.3f})."
        f" Wrongly flagged: {after.flagged - after.recall.successes:,} against"
        f" {before.flagged - before.recall.successes:,}. {conclusion(counts, of='recall')}"
    )


def _side_as_dict(side: Side) -> dict[str, Any]:
    shares = ("share", "recall", "precision", "false_positive_rate", "auc")
    return {
        "run_id": side.run.run_id,
        "model": side.name,
        "flagged": side.flagged,
        **{name: as_number(getattr(side, name)) for name in shares},
    }


def _among(column: pa.ChunkedArray, labels: Sequence[str]) -> _Flags:
    """Whether each label is one of these; no label is none of them."""
    found: _Flags = pc.is_in(column, value_set=pa.array(labels, pa.string())).to_numpy()
    return found


def _count(flags: _Flags) -> int:
    return int(flags.sum())
