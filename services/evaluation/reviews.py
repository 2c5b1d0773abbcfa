"""Reading the misses of a run: what each one means, who says so, and how far the reading has come."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from domain.comments import Comment
from domain.errors import BadInput
from domain.models import Run
from domain.people import actor_named
from services.evaluation.confusion import UNPARSED
from storage import comments, datasets
from storage import misses as stored
from storage import reviews as written
from storage.database import Database
from storage.models import get_run, list_runs
from storage.reviews import Review
from storage.snapshots import get_snapshot

VERDICTS = ("model wrong", "label wrong", "guideline unclear", "context missing", "cannot be judged")

MAX_WHY_LENGTH = 2_000
_MAX_CLIENT_ID_LENGTH = 300
_MAX_PAGE = 1_000


@dataclass(frozen=True)
class Miss:
    """One comment whose predicted label is not the frozen one.

    Attributes:
        comment: As it is now; its `label` is the label in force, which may have moved on since the freeze.
        gold: The frozen label.
        predicted: None where the answer named no label.
        scores: Label and score, highest first; empty where the model gives none.
        review: The newest review of this miss, if there is one.
    """

    comment: Comment
    gold: str
    predicted: str | None
    scores: tuple[tuple[str, float], ...]
    review: Review | None

    @property
    def is_overruled(self) -> bool:
        """Whether an adjudication put another label than the frozen one in force."""
        return _is_overruled(self.comment, self.gold)


@dataclass(frozen=True)
class Progress:
    """How many misses a run has, and how many of them were given each verdict."""

    misses: int
    verdicts: dict[str, int]

    @property
    def reviewed(self) -> int:
        return sum(self.verdicts.values())


def review(
    db: Database,
    *,
    run_id: str,
    comment_id: int,
    verdict: str,
    label: str | None = None,
    why: str = "",
    client_id: str,
    actor: str,
) -> bool:
    """Record what a miss means; False where the client id was recorded before, and nothing changes.

    "label wrong" is an adjudication: its label is in force from now on. The frozen label stays as it is.
    Another verdict on the same miss afterwards takes that adjudication back.

    Args:
        verdict: One of VERDICTS.
        label: The right label, for "label wrong" only; the frozen one only if an adjudication overruled it.
        why: Required for "label wrong".
        client_id: The caller's own id of this review, so that sending it twice counts once.

    Raises:
        NotFound: there is no such run, or it holds no prediction for that comment.
        BadInput: the comment is no miss, or verdict, label or reason cannot be used.
    """
    who, run = actor_named(actor), get_run(db, run_id)
    answer = stored.get_answer(db, run_id, comment_id)
    if answer.predicted == answer.gold:
        raise BadInput(
            f"Comment {comment_id} is no miss of {run_id}: both say '{answer.gold}'.",
            hint="Only comments that the model got wrong are reviewed.",
        )
    _check(verdict, why, client_id)
    return written.add_review(
        db,
        run.dataset_id,
        run_id=run_id,
        comment_id=comment_id,
        verdict=verdict,
        label=_adjudicated(db, answer, run.dataset_id, verdict, label),
        why=why.strip(),
        client_id=client_id,
        actor=who,
    )


def misses(
    db: Database,
    run_id: str,
    *,
    gold: str | None = None,
    predicted: str | None = None,
    reviewed: bool | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[Miss]:
    """Misses of a run, those first of which the model was surest.

    Args:
        gold, predicted: Only those of this cell of the confusion matrix; UNPARSED as `predicted` means
            answers that named no label.
        reviewed: Only those that have a review (True) or have none (False).

    Raises:
        NotFound: there is no such run.
        BadInput: more than 1,000 are asked for at a time, or less than none.
    """
    return _answers(
        db,
        run_id,
        gold=gold,
        predicted=predicted,
        misses_only=True,
        reviewed=reviewed,
        limit=limit,
        offset=offset,
    )


def cell(
    db: Database, run_id: str, *, gold: str | None = None, predicted: str | None = None, limit: int = 100
) -> list[Miss]:
    """The comments of a cell of the confusion matrix, or of a row or column, hits included, the surest first.

    Raises:
        NotFound: there is no such run.
        BadInput: more than 1,000 are asked for at a time, or less than none.
    """
    return _answers(db, run_id, gold=gold, predicted=predicted, misses_only=False, reviewed=None, limit=limit)


def miss(db: Database, run_id: str, comment_id: int) -> Miss:
    """One answer of a run, as `misses` lists it.

    Raises:
        NotFound: there is no such run, or it holds no prediction for that comment.
    """
    run = get_run(db, run_id)
    return _told(db, run, [stored.get_answer(db, run_id, comment_id)])[0]


def answers_to(db: Database, run_id: str, comment_ids: Sequence[int]) -> list[Miss]:
    """What a run said of these comments, in that order; those that it does not hold are left out.

    Raises:
        NotFound: there is no such run.
    """
    found = {each.comment_id: each for each in stored.list_answers_by_id(db, run_id, comment_ids)}
    known = [found[number] for number in comment_ids if number in found]
    return _told(db, get_run(db, run_id), known)


def progress(db: Database, run_id: str) -> Progress:
    """How far the reading of a run's misses has come.

    Raises:
        NotFound: there is no such run.
    """
    get_run(db, run_id)
    missed = sum(n for gold, predicted, n in stored.count_pairs(db, run_id) if gold != predicted)
    given = Counter(each.verdict for each in written.list_reviews(db, run_id))
    return Progress(missed, {verdict: given[verdict] for verdict in VERDICTS})


def progress_of_model(db: Database, model_id: str, snapshot_id: str) -> Progress:
    """How far the reading of a model's misses on a snapshot has come, over every split that it answered.

    This is what Home tells and what a policy asks for: misses of validation teach as much as those of test.
    """
    found = [progress(db, run.run_id) for run in list_runs(db, model_id=model_id, snapshot_id=snapshot_id)]
    return Progress(
        sum(each.misses for each in found),
        {verdict: sum(each.verdicts[verdict] for each in found) for verdict in VERDICTS},
    )


def _answers(
    db: Database,
    run_id: str,
    *,
    gold: str | None,
    predicted: str | None,
    misses_only: bool,
    reviewed: bool | None,
    limit: int,
    offset: int = 0,
) -> list[Miss]:
    if not (0 <= limit <= _MAX_PAGE and offset >= 0):
        raise BadInput(
            f"{limit} comments from the {offset}th cannot be listed.",
            hint=f"Up to {_MAX_PAGE:,} at a time, from 0 up.",
        )
    run = get_run(db, run_id)
    unparsed = predicted == UNPARSED
    known = get_snapshot(db, run.snapshot_id).labels if unparsed else ()
    answers = stored.list_answers(
        db,
        run_id,
        gold=gold,
        predicted=None if unparsed else predicted,
        outside=known if unparsed and not run.several else None,
        unparsed=unparsed and run.several,
        misses_only=misses_only,
        reviewed=reviewed,
        limit=limit,
        offset=offset,
    )
    return _told(db, run, answers)


def _told(db: Database, run: Run, answers: list[stored.Answer]) -> list[Miss]:
    """The answers with their comments and reviews, in the same order."""
    given = {each.comment_id: each for each in written.list_reviews(db, run.run_id)}
    found = comments.list_comments_by_id(db, run.dataset_id, [answer.comment_id for answer in answers])
    return [
        Miss(comment, answer.gold, answer.predicted, _scores(run, answer), given.get(answer.comment_id))
        for comment, answer in zip(found, answers, strict=True)
    ]


def _scores(run: Run, answer: stored.Answer) -> tuple[tuple[str, float], ...]:
    pairs = zip(run.labels, answer.scores or (), strict=False)
    known = [(label, score) for label, score in pairs if isfinite(score)]
    return tuple(sorted(known, key=lambda pair: -pair[1]))


def _check(verdict: str, why: str, client_id: str) -> None:
    if verdict not in VERDICTS:
        raise BadInput(f"'{verdict}' is no verdict.", hint=f"One of: {', '.join(VERDICTS)}.")
    if len(why) > MAX_WHY_LENGTH:
        raise BadInput(
            f"The reason has {len(why):,} characters.", hint=f"At most {MAX_WHY_LENGTH:,}; shorten it."
        )
    if verdict == "label wrong" and not why.strip():
        raise BadInput("An adjudication needs a reason.", hint="Say in a few words why the label is wrong.")
    if not 0 < len(client_id) <= _MAX_CLIENT_ID_LENGTH:
        raise BadInput("The review has no id of its own.", hint="Reload the page.")


def _is_overruled(comment: Comment, gold: str) -> bool:
    return comment.label_from == "adjudicated" and comment.label != gold


def _adjudicated(
    db: Database, answer: stored.Answer, dataset_id: str, verdict: str, label: str | None
) -> str | None:
    """The label that the review puts in force, as the label set spells it; None for other verdicts."""
    if verdict != "label wrong":
        if label is not None:
            raise BadInput(f"'{verdict}' changes no label.", hint="Leave the label out, or say label wrong.")
        return None
    labels = datasets.get_label_set(db, dataset_id)
    named = labels.named(label or "")
    if named is None:
        raise BadInput(
            f"'{label or ''}' cannot be the right label.", hint=f"One of: {', '.join(labels.names)}."
        )
    if named == answer.gold and not _is_overruled(comments.get_comment(db, answer.comment_id), answer.gold):
        raise BadInput(
            f"'{named}' is the frozen label itself.", hint="Name another label, or choose another verdict."
        )
    return named
