"""One label for a whole filtered list: counted before, one vote each, taken back together."""

from dataclasses import dataclass, replace
from uuid import uuid4

from domain.comments import CommentFilter
from domain.errors import BadInput, Conflict, NotFound
from domain.labels import Vote
from domain.people import actor_named
from services.curation.datasets import get_dataset, get_label_set
from services.labelling.desk import record_votes
from storage import votes
from storage.comments import list_matching_ids
from storage.database import Database

MOST = 5_000
_PREFIX = "bulk:"


@dataclass(frozen=True)
class Bulk:
    """Votes that one person gave by one click: `count` of them are in force."""

    bulk_id: str
    label: str
    count: int


def count_bulk(db: Database, wanted: CommentFilter) -> int:
    """How many comments a bulk label would reach: those of the filter that are not excluded."""
    return len(list_matching_ids(db, _reached(wanted), most=MOST + 1))


def label_all(db: Database, wanted: CommentFilter, *, label: str, expected: int, actor: str) -> Bulk:
    """One vote of this person on every comment of the filter that is not excluded.

    Args:
        expected: How many the person was told there are.

    Raises:
        NotFound: there is no such dataset.
        BadInput: there is no such label, no such comment, or more than MOST of them.
        Conflict: there are more or fewer than was told.
    """
    who, dataset = actor_named(actor), get_dataset(db, wanted.dataset_id)
    named = get_label_set(db, dataset.dataset_id).named(label)
    if named is None:
        raise BadInput(f"'{label}' is not in the label set.", hint="Choose one of its labels.")
    numbers = list_matching_ids(db, _reached(wanted), most=MOST + 1)
    if not numbers:
        raise BadInput("No comment is like that.", hint="Ask for less.")
    if len(numbers) > MOST:
        raise BadInput(f"More than {MOST:,} comments are like that.", hint="Narrow the list first.")
    if len(numbers) != expected:
        raise Conflict(
            f"{len(numbers):,} comments are like that now, not {expected:,}.", hint="Look at the list again."
        )
    bulk_id = uuid4().hex
    given = [
        Vote(number, who, "label", f"{_PREFIX}{bulk_id}:{number}", named, source="bulk") for number in numbers
    ]
    record_votes(db, dataset.dataset_id, given, actor=who)
    return Bulk(bulk_id, named, len(given))


def find_last_bulk(db: Database, dataset_id: str, *, actor: str) -> Bulk | None:
    """What this person labelled in bulk last and has not taken back; None where there is nothing."""
    last = votes.list_last_votes(db, dataset_id, actor_named(actor), limit=1, source="bulk")
    if not last:
        return None
    bulk_id = last[0].client_id.split(":")[1]
    return Bulk(bulk_id, last[0].label or "", len(_in_force(db, dataset_id, bulk_id, actor_named(actor))))


def undo_bulk(db: Database, dataset_id: str, bulk_id: str, *, actor: str) -> int:
    """Take all votes of one click back, and return how many; other votes on the comments stay.

    Raises:
        NotFound: this person has no such votes, or took them back.
    """
    who = actor_named(actor)
    given = _in_force(db, get_dataset(db, dataset_id).dataset_id, bulk_id, who)
    if not given:
        raise NotFound(f"Nothing that {who} labelled in bulk is left to take back.", hint="Reload the page.")
    undone = [
        Vote(vote.comment_id, who, "undo", f"undo:{vote.client_id}", undoes=vote.client_id, source="bulk")
        for vote in given
    ]
    return votes.add_votes(db, dataset_id, undone)


def _reached(wanted: CommentFilter) -> CommentFilter:
    return replace(wanted, excluded=False)


def _in_force(db: Database, dataset_id: str, bulk_id: str, who: str) -> list[Vote]:
    """The votes of one click that were not taken back, one by one or together."""
    last = votes.list_last_votes(db, dataset_id, who, limit=None, source="bulk")
    return [vote for vote in last if vote.client_id.startswith(f"{_PREFIX}{bulk_id}:")]
