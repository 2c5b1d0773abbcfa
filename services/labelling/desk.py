"""The labelling desk: hand out comments that wait, take in votes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from domain.comments import Comment
from domain.desk import MOST_STEPS
from domain.errors import BadInput
from domain.labels import VOTE_KINDS, LabelSet, Vote, VoteKind
from domain.people import actor_named
from services.labelling.handing import hand_out
from storage import comments, datasets, queue, votes
from storage.database import Database

QUEUE_LENGTH = 32
UNDO_DEPTH = 10
MAX_REASON = 2_000
_MAX_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class DeskCounts:
    """How far one annotator is: votes given, and comments that still wait for this annotator."""

    done: int
    waiting: int


def next_comments(
    db: Database, dataset_id: str, *, actor: str, wanted: int = QUEUE_LENGTH, after: int = 0
) -> list[Comment]:
    """Comments that wait for this annotator, leased to them for ten minutes.

    Args:
        after: Begin behind this comment; the search goes on from the start when it reaches the end.
    """
    dataset, who = datasets.get_dataset(db, dataset_id), actor_named(actor)

    def lease(count: int, besides: Sequence[int]) -> list[int]:
        found = queue.update_leases(
            db, dataset_id, who, votes_needed=dataset.votes_needed, wanted=count, after=after, besides=besides
        )
        return [comment.comment_id for comment in found]

    numbers = hand_out(db, dataset_id, lease, actor=who, wanted=wanted)
    return comments.list_comments_by_id(db, dataset_id, numbers)


def record_votes(db: Database, dataset_id: str, given: Sequence[Vote], *, actor: str) -> list[str]:
    """Append the votes and return the client ids that are safe on disk, those that had come before included.

    Raises:
        BadInput: a vote is for a comment or a label that the dataset does not have, or takes back what
            somebody else said.
    """
    who = actor_named(actor)
    known = comments.list_known_ids(db, dataset_id, [vote.comment_id for vote in given])
    labels = datasets.get_label_set(db, dataset_id)
    guideline = datasets.find_guideline(db, dataset_id)
    version = guideline[0] if guideline else 0
    for vote in given:
        _check(vote, known, labels, dataset_id)
        if vote.kind == "undo":
            _check_undo(db, dataset_id, vote, given, who)
    votes.add_votes(db, dataset_id, [replace(v, annotator=who, guideline_version=version) for v in given])
    return [vote.client_id for vote in given]


def label_comment(
    db: Database, dataset_id: str, comment_id: int, *, actor: str, label: str, reason: str | None = None
) -> Vote:
    """One vote on one comment of the dataset, outside the queue; `label` may also be "skip" or "unsure".

    Raises:
        NotFound: there is no such comment.
        BadInput: the dataset has no such label.
    """
    comments.get_comment(db, comment_id)
    named = datasets.get_label_set(db, dataset_id).named(label)
    client_id = f"command:{uuid4()}"
    if named is None and label in ("skip", "unsure"):
        vote = Vote(comment_id, actor, label, client_id, source="command")  # type: ignore[arg-type]
    else:
        vote = Vote(comment_id, actor, "label", client_id, named or label, reason, source="command")
    record_votes(db, dataset_id, [vote], actor=actor)
    return vote


def vote_on(
    db: Database, comment_id: int, *, actor: str, label: str, reason: str | None = None,
    severity: int | None = None, spans: tuple[tuple[int, int], ...] = (),
) -> Vote:  # fmt: skip
    """One vote on one comment, outside the queue, with all that may go with it.

    Raises:
        NotFound: there is no such comment.
        BadInput: the dataset has no such label, or what goes with it cannot be used.
    """
    comment, who = comments.get_comment(db, comment_id), actor_named(actor)
    named = datasets.get_label_set(db, comment.dataset_id).named(label)
    kind: VoteKind = "label"
    if named is None and label in ("skip", "unsure"):
        kind = "skip" if label == "skip" else "unsure"
    given = Vote(
        comment_id, who, kind, f"command:{uuid4()}", (named or label) if kind == "label" else None,
        reason, source="command", severity=severity, spans=spans,
    )  # fmt: skip
    if any(end > len(comment.body) for _, end in spans):
        raise BadInput(f"Comment {comment_id} has no such characters.", hint=f"It has {len(comment.body):,}.")
    record_votes(db, comment.dataset_id, [given], actor=who)
    return given


def count_desk(db: Database, dataset_id: str, *, actor: str) -> DeskCounts:
    """How far this annotator is in this dataset."""
    dataset = datasets.get_dataset(db, dataset_id)
    who = actor_named(actor)
    return DeskCounts(
        done=votes.count_votes(db, dataset_id, who),
        waiting=queue.count_waiting(db, dataset_id, who, dataset.votes_needed),
    )


def last_answers(
    db: Database, dataset_id: str, *, actor: str, limit: int = UNDO_DEPTH
) -> list[tuple[Comment, Vote]]:
    """What this person answered last at the desk and has not taken back, oldest first."""
    last = votes.list_last_votes(db, dataset_id, actor_named(actor), limit=limit)
    of = {each.comment_id: each for each in comments.list_comments_by_id(
        db, dataset_id, [vote.comment_id for vote in last])}  # fmt: skip
    return [(of[vote.comment_id], vote) for vote in reversed(last) if vote.comment_id in of]


def last_client_ids(db: Database, dataset_id: str, *, actor: str, limit: int) -> list[str]:
    """The ids of what this person gave last, undos included, oldest first: what a tab need not send again."""
    return votes.list_last_client_ids(db, dataset_id, actor_named(actor), limit=limit)


def _check(vote: Vote, known: set[int], labels: LabelSet, dataset_id: str) -> None:
    if vote.comment_id not in known:
        raise BadInput(f"Comment {vote.comment_id} is not in '{dataset_id}'.", hint="Reload the page.")
    if vote.kind not in VOTE_KINDS:
        raise BadInput(f"'{vote.kind}' is no kind of vote.", hint=f"One of {', '.join(VOTE_KINDS)}.")
    if vote.kind == "label" and (vote.label is None or labels.named(vote.label) != vote.label):
        raise BadInput(f"'{vote.label}' is not in the label set.", hint=f"Labels: {', '.join(labels.names)}.")
    if vote.severity is not None and not 0 <= vote.severity <= MOST_STEPS:
        raise BadInput(f"{vote.severity} is no step of severity.", hint=f"0 to {MOST_STEPS}.")
    if len(vote.reason or "") > MAX_REASON:
        raise BadInput("The reason is too long.", hint=f"Up to {MAX_REASON:,} characters.")
    if any(not 0 <= start < end for start, end in vote.spans):
        raise BadInput("A span does not begin before it ends.", hint="Mark the words again.")
    if vote.kind == "undo" and not vote.undoes:
        raise BadInput("An undo names no vote.", hint="Reload the page.")
    if vote.seconds is not None and not 0 <= vote.seconds <= _MAX_SECONDS:
        raise BadInput(f"{vote.seconds} seconds for a comment are not possible.", hint="Reload the page.")
    if not 0 < len(vote.client_id) <= 300:
        raise BadInput("A vote has no id of its own.", hint="Reload the page.")


def _check_undo(db: Database, dataset_id: str, undo: Vote, given: Sequence[Vote], who: str) -> None:
    before = votes.list_votes(db, dataset_id, undo.comment_id)
    own = {vote.client_id for vote in before if vote.annotator == who}
    own |= {vote.client_id for vote in given if vote.comment_id == undo.comment_id}
    if undo.undoes not in own:
        raise BadInput(
            f"What is taken back of comment {undo.comment_id} is not a vote of yours.",
            hint="Reload the page.",
        )
