"""Disagreements side by side, and the decision of somebody who did not vote."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.comments import Comment
from domain.errors import BadInput, Conflict
from domain.labels import Vote
from domain.people import actor_named
from services.evaluation.intervals import Proportion, proportion
from storage import adjudications as stored
from storage import comments, datasets, reviews
from storage.adjudications import DisputeCounts
from storage.database import Database

__all__ = [
    "MAX_REASON",
    "Dispute",
    "DisputeCounts",
    "count_disputes",
    "decide",
    "next_disputes",
    "overturn_rate",
    "take_back",
]

MAX_REASON = 2_000


@dataclass(frozen=True)
class Dispute:
    """A comment, and the vote in force of everybody who voted on it."""

    comment: Comment
    votes: tuple[Vote, ...]


def next_disputes(db: Database, dataset_id: str, *, actor: str, limit: int = 20) -> list[Dispute]:
    """Disputed comments that this person may decide, tied ones first."""
    ids = stored.list_disputed_ids(db, dataset_id, person=actor_named(actor), limit=limit)
    return [
        Dispute(comment, tuple(stored.list_current_votes(db, dataset_id, comment.comment_id)))
        for comment in comments.list_comments_by_id(db, dataset_id, ids)
    ]


def count_disputes(db: Database, dataset_id: str, *, actor: str) -> DisputeCounts:
    """How many comments are disputed, and how many of them this person may decide."""
    return stored.count_disputed(db, dataset_id, person=actor_named(actor))


def overturn_rate(db: Database, dataset_id: str) -> Proportion | None:
    """Of decisions in force where people disagreed, the share that says something else than most of them.

    Tied votes say nothing and do not count.
    """
    decided, overturned = stored.count_overturns(db, dataset_id)
    return proportion(overturned, decided)


def decide(db: Database, dataset_id: str, comment_id: int, *, label: str, why: str, actor: str) -> None:
    """Put a label in force by decision; the votes stay, and count again if it is taken back.

    Raises:
        BadInput: the comment or the label is not the dataset's, or the reason is missing or too long.
        Conflict: this person labelled the comment or was unsure: nobody is a judge of their own vote.
    """
    who = actor_named(actor)
    if not label:
        raise BadInput("No label is chosen.", hint="Choose one, and say why.")
    named = datasets.get_label_set(db, dataset_id).named(label)
    if named is None:
        raise BadInput(f"'{label}' is not in the label set.", hint="Choose one of its labels.")
    reason = _checked(db, dataset_id, [comment_id], why)
    votes = stored.list_current_votes(db, dataset_id, comment_id)
    if any(vote.annotator == who and vote.kind != "skip" for vote in votes):
        raise Conflict(
            f"{who} voted on comment {comment_id} and cannot decide it.",
            hint="Ask somebody who has not voted on it.",
        )
    stored.add_adjudication(db, dataset_id, comment_id, label=named, why=reason, actor=who)


def take_back(db: Database, dataset_id: str, comment_id: int, *, why: str, actor: str) -> None:
    """Take the decision on a comment back, whoever made it.

    Raises:
        BadInput: the comment is not the dataset's, or the reason is missing or too long.
        Conflict: no decision is in force.
    """
    who = actor_named(actor)
    reason = _checked(db, dataset_id, [comment_id], why)
    before = reviews.list_adjudications(db, dataset_id, comment_id)
    if not before or before[-1][0] is None:
        raise Conflict(f"No decision is in force on comment {comment_id}.", hint="Its votes count already.")
    stored.add_adjudication(db, dataset_id, comment_id, label=None, why=reason, actor=who)


def _checked(db: Database, dataset_id: str, comment_ids: Sequence[int], why: str) -> str:
    unknown = set(comment_ids) - comments.list_known_ids(db, dataset_id, list(comment_ids))
    if unknown:
        raise BadInput(f"Comment {min(unknown)} is not in '{dataset_id}'.", hint="Reload the page.")
    reason = why.strip()
    if not reason:
        raise BadInput("A decision needs a reason.", hint="Say why, in a sentence.")
    if len(reason) > MAX_REASON:
        raise BadInput(f"A reason of {len(reason):,} characters is too long.", hint=f"Up to {MAX_REASON:,}.")
    return reason
