"""The golden set: kept out of every training, measured on by every model; changes need a reason."""

from collections.abc import Sequence

from domain.errors import BadInput, Conflict
from domain.people import actor_named
from storage import golden as stored
from storage.comments import list_known_ids
from storage.database import Database
from storage.datasets import get_dataset
from storage.golden import GoldenMark, list_golden, list_marks

__all__ = ["GoldenMark", "list_golden", "list_marks", "mark_golden", "refuse_golden"]

MOST_AT_ONCE = 10_000


def mark_golden(
    db: Database, dataset_id: str, comment_ids: Sequence[int], *, is_golden: bool = True, why: str, actor: str
) -> list[int]:
    """Put comments into the golden set, or take them out of it; returns the set.

    A golden comment is in test in every snapshot taken from now on, whatever its split. Older snapshots stay;
    on those that hold it elsewhere, no training starts any more.

    Raises:
        NotFound: there is no such dataset.
        BadInput: there is no reason, no comment, or one that is not of this dataset.
        Conflict: a comment is already as it is wanted.
    """
    who = actor_named(actor)
    get_dataset(db, dataset_id)
    wanted = sorted(set(comment_ids))
    if not why.strip():
        raise BadInput("A change of the golden set needs a reason.", hint="Say why: it stands in the log.")
    if not wanted or len(wanted) > MOST_AT_ONCE:
        raise BadInput(
            f"{len(wanted):,} comments are none or too many.", hint=f"1 to {MOST_AT_ONCE:,} at once."
        )
    strangers = set(wanted) - list_known_ids(db, dataset_id, wanted)
    if strangers:
        raise BadInput(
            f"Comment {min(strangers)} is not of '{dataset_id}'.", hint="`comments` shows their numbers."
        )
    known = set(list_golden(db, dataset_id))
    settled = [number for number in wanted if (number in known) == is_golden]
    if settled:
        state = "in the golden set already" if is_golden else "not in the golden set"
        raise Conflict(f"Comment {settled[0]} is {state}.", hint="`split` shows the set.")
    stored.add_marks(db, dataset_id, wanted, is_golden=is_golden, why=why.strip(), actor=who)
    return list_golden(db, dataset_id)


def refuse_golden(db: Database, dataset_id: str, snapshot_id: str) -> None:
    """Stop before a model learns from golden comments.

    Raises:
        Conflict: the snapshot has some outside of its test split.
    """
    count = stored.count_learned(db, dataset_id, snapshot_id)
    if count:
        raise Conflict(
            f"{snapshot_id} has {count:,} golden comments outside of test: nothing may learn from them.",
            hint="Take a new snapshot; there they are in test.",
        )
