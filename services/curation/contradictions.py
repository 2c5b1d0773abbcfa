"""Duplicates whose labels contradict each other: side by side, and decided by somebody with a reason."""

from dataclasses import dataclass

from domain.comments import Comment
from domain.errors import BadInput, Conflict, NotFound
from domain.people import actor_named
from storage import cleanings, groups
from storage import settlements as stored
from storage.cleanings import Cleaning
from storage.comments import list_comments_by_id
from storage.database import Database
from storage.datasets import get_dataset, get_label_set
from storage.groups import Cluster
from storage.settlements import Giver, Settlement, list_settlements

__all__ = [
    "MAX_REASON", "Contradiction", "Giver", "Member", "Settlement", "decide_label", "exclude_group",
    "get_contradiction", "keep_labels", "list_contradictions", "list_settlements", "undo",
]  # fmt: skip

MAX_REASON = 2_000
_MOST_MEMBERS = 100_000
_REASON = "contradictory duplicate"


@dataclass(frozen=True)
class Member:
    """A comment of a group, and who gave it the label that is in force."""

    comment: Comment
    givers: tuple[Giver, ...]


@dataclass(frozen=True)
class Contradiction:
    """A group that waits for a decision: `comments` of it count, of which the first are its `members`."""

    cluster: int
    comments: int
    labels: tuple[str, ...]
    members: tuple[Member, ...]


def list_contradictions(db: Database, dataset_id: str, *, limit: int = 100) -> list[Cluster]:
    """The groups that wait for a decision, the largest first.

    Raises:
        NotFound: there is no such dataset.
    """
    return groups.list_clusters(
        db, get_dataset(db, dataset_id).dataset_id, limit=min(limit, 500), undecided=True
    )


def get_contradiction(db: Database, dataset_id: str, cluster: int, *, limit: int = 50) -> Contradiction:
    """One group, its comments side by side, oldest first; of each label some, however many of it there are.

    Raises:
        NotFound: there is no such dataset, or the group has no labels that contradict each other.
    """
    comments = _labelled(db, dataset_id, cluster)
    labels = sorted({str(one.label) for one in comments})
    each = max(1, limit // len(labels))
    shown = [one for label in labels for one in [two for two in comments if two.label == label][:each]]
    by = stored.list_givers(db, dataset_id, [one.comment_id for one in shown])
    members = tuple(Member(one, tuple(giver for giver in by if _gave(giver, one))) for one in shown)
    return Contradiction(cluster, len(comments), tuple(labels), members)


def decide_label(
    db: Database, dataset_id: str, cluster: int, *, label: str, why: str, actor: str
) -> Settlement:
    """One label for all comments of the group that have another; those without a label go on waiting.

    Raises:
        NotFound: there is no such dataset, or the group has no labels that contradict each other.
        BadInput: the label is not the dataset's, or the reason is missing or too long.
        Conflict: this person voted on a comment whose label would change.
    """
    who, reason = actor_named(actor), _reason(why)
    comments = _labelled(db, dataset_id, cluster)
    if not label:
        raise BadInput("No label is chosen.", hint="Choose one, and say why.")
    named = get_label_set(db, dataset_id).named(label)
    if named is None:
        raise BadInput(f"'{label}' is not in the label set.", hint="Choose one of its labels.")
    changed = [one.comment_id for one in comments if one.label != named]
    for giver in stored.list_givers(db, dataset_id, changed):
        if giver.person == who and not giver.is_decision:
            raise Conflict(
                f"{who} voted on comment {giver.comment_id} and cannot decide it.",
                hint="Vote on it again, or ask somebody who has not voted on it.",
            )
    numbers = [one.comment_id for one in comments]
    return stored.add_settlement(db, dataset_id, cluster, numbers, label=named, why=reason, actor=who)


def keep_labels(db: Database, dataset_id: str, cluster: int, *, why: str, actor: str) -> Settlement:
    """Say that the labels of the group are right as they are; it waits again when one of them changes.

    Raises:
        NotFound: there is no such dataset, or the group has no labels that contradict each other.
        BadInput: the reason is missing or too long.
    """
    who, reason = actor_named(actor), _reason(why)
    numbers = [one.comment_id for one in _labelled(db, dataset_id, cluster)]
    return stored.add_settlement(db, dataset_id, cluster, numbers, label=None, why=reason, actor=who)


def exclude_group(db: Database, dataset_id: str, cluster: int, *, actor: str) -> Cleaning:
    """Exclude every comment of the group, on whichever side; undone as any exclusion is.

    Raises:
        NotFound: there is no such dataset, or the group has no labels that contradict each other.
    """
    who = actor_named(actor)
    _labelled(db, dataset_id, cluster)
    numbers = groups.list_members(db, dataset_id, cluster, limit=_MOST_MEMBERS)
    return cleanings.add_cleaning_of(db, dataset_id, _REASON, numbers, who)


def undo(db: Database, settlement_id: int, *, dataset_id: str, actor: str) -> Settlement:
    """Take a decision back; the labels of before are in force again.

    Raises:
        NotFound: there is no such decision.
        Conflict: it is of another dataset, or was taken back already.
    """
    found = stored.get_settlement(db, settlement_id)
    if found.dataset_id != dataset_id:
        raise Conflict(
            f"Decision {settlement_id} is of the dataset '{found.dataset_id}', not '{dataset_id}'.",
            hint=f"Undo it in '{found.dataset_id}'.",
        )
    return stored.update_settlement_undone(db, settlement_id, actor_named(actor))


def _labelled(db: Database, dataset_id: str, cluster: int) -> list[Comment]:
    """The labelled comments of a group whose labels contradict each other, oldest first."""
    get_dataset(db, dataset_id)
    numbers = groups.list_members(db, dataset_id, cluster, limit=_MOST_MEMBERS)
    comments = [one for one in list_comments_by_id(db, dataset_id, numbers) if one.label is not None]
    if len({one.label for one in comments}) < 2:
        raise NotFound(
            f"Group {cluster} of '{dataset_id}' has no labels that contradict each other.",
            hint="`duplicates --contradicting` lists those that do.",
        )
    return comments


def _gave(giver: Giver, comment: Comment) -> bool:
    """Whether the label in force is this person's: decided by them, or voted for where nobody decided."""
    if giver.comment_id != comment.comment_id:
        return False
    return giver.is_decision == (comment.label_from == "adjudicated")


def _reason(why: str) -> str:
    reason = why.strip()
    if not reason:
        raise BadInput("A decision needs a reason.", hint="Say why, in a sentence.")
    if len(reason) > MAX_REASON:
        raise BadInput(f"A reason of {len(reason):,} characters is too long.", hint=f"Up to {MAX_REASON:,}.")
    return reason
