"""How often a test split was looked at: each look makes its numbers less new."""

from collections.abc import Sequence

from domain.people import actor_named
from domain.text import shortened
from storage import looks as stored
from storage.database import Database
from storage.looks import Looks
from storage.models import get_run

__all__ = ["Looks", "looks_at", "looks_told", "note_look", "sentence"]


def note_look(db: Database, run_id: str, *, station: str, actor: str) -> None:
    """Record that somebody sees what a run says comment by comment, where the run is on a test split.

    Args:
        station: Where, such as "review" or "compare". One look a day counts for each person, run and station.

    Raises:
        NotFound: there is no such run.
        BadInput: nobody is named.
    """
    run = get_run(db, run_id)
    if run.split == "test":
        stored.add_split_look(db, run, station=station, actor=actor_named(actor))


def looks_at(db: Database, run_id: str) -> Looks | None:
    """The looks at the test comments that a run is on, in whatever snapshot; None on another split.

    A new snapshot does not make comments new that somebody has looked at: looks at any snapshot of the
    dataset count that holds at least half of these comments in its own test split.

    Raises:
        NotFound: there is no such run.
    """
    run = get_run(db, run_id)
    if run.split != "test":
        return None
    return stored.count_split_looks(db, stored.list_same_test(db, run.snapshot_id))


def looks_told(db: Database, run_id: str) -> str:
    """The looks at the test comments that a run is on, as a sentence; empty where there is none to tell.

    Names are put in as they are.

    Raises:
        NotFound: there is no such run.
    """
    run, found = get_run(db, run_id), looks_at(db, run_id)
    if found is None or not found.count:
        return ""
    return sentence(found, stored.list_same_test(db, run.snapshot_id))


def sentence(looks: Looks, snapshots: Sequence[str]) -> str:
    """The looks in plain words; names are put in as they are.

    Args:
        snapshots: The one that is asked about last, before it those that hold the same test comments.
    """
    times = "once" if looks.count == 1 else f"{looks.count:,} times"
    where = ", ".join(f"{station} {n:,}" for station, n in looks.stations.items())
    who = ", ".join(shortened(person, 40) for person in looks.people)
    spent = " Each further look makes its numbers less new." if looks.count > 1 else ""
    *others, own = snapshots
    same = f", whose comments are in {_listed(others)} too," if others else ""
    return f"The test split of {own}{same} was looked at {times} so far ({where}; by {who}).{spent}"


def _listed(names: Sequence[str]) -> str:
    """A few names; of more than three the newest, and how many others."""
    if len(names) > 3:
        return f"{names[-1]} and {len(names) - 1} earlier snapshots"
    return " and ".join(names)
