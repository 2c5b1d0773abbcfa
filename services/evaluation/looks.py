"""How often a test split was looked at: each look makes its numbers less new."""

from domain.people import actor_named
from domain.text import shortened
from storage import looks as stored
from storage.database import Database
from storage.looks import Looks
from storage.models import get_run

__all__ = ["Looks", "looks_at", "note_look", "sentence"]


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
    """The looks at the test split that a run is on; None where it is on another split.

    Raises:
        NotFound: there is no such run.
    """
    run = get_run(db, run_id)
    return stored.count_split_looks(db, run.snapshot_id) if run.split == "test" else None


def sentence(looks: Looks, snapshot_id: str) -> str:
    """The looks at the test split of a snapshot in plain words; names are put in as they are.

    Looks are counted for each snapshot, though another may hold the same comments.
    """
    times = "once" if looks.count == 1 else f"{looks.count:,} times"
    where = ", ".join(f"{station} {n:,}" for station, n in looks.stations.items())
    who = ", ".join(shortened(person, 40) for person in looks.people)
    spent = " Each further look makes its numbers less new." if looks.count > 1 else ""
    return f"The test split of {snapshot_id} was looked at {times} so far ({where}; by {who}).{spent}"
