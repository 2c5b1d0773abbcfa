"""Slices that somebody named, to be looked at in every evaluation of the dataset."""

from datetime import datetime

from domain.errors import BadInput
from domain.people import actor_named
from domain.text import shortened
from storage import saved_slices as stored
from storage.database import Database
from storage.datasets import get_dataset
from storage.saved_slices import CONDITIONS, SavedSlice, list_saved_slices

__all__ = ["CONDITIONS", "SavedSlice", "list_saved_slices", "save_slice"]

MOST_SLICES = 40  # of a dataset: each is a look, and looks are paid for in certainty
_MOST_NAME, _MOST_VALUE = 80, 500


def save_slice(db: Database, dataset_id: str, name: str, wanted: dict[str, str], *, actor: str) -> SavedSlice:
    """Save a filter under a name; an older one of that name is replaced, and without conditions taken away.

    Args:
        wanted: Conditions that all have to hold: each of CONDITIONS to its value; dates as 2026-11-21.

    Raises:
        NotFound: there is no such dataset.
        BadInput: the name or a condition cannot be used, or there are too many slices.
    """
    who, title = actor_named(actor), name.strip()
    known = [each.name for each in list_saved_slices(db, get_dataset(db, dataset_id).dataset_id)]
    if not 0 < len(title) <= _MOST_NAME:
        raise BadInput(f"'{shortened(name)}' is no name for a slice.", hint=f"Up to {_MOST_NAME} characters.")
    if wanted and title not in known and len(known) >= MOST_SLICES:
        raise BadInput(f"'{dataset_id}' has {len(known)} saved slices.", hint="Take one away first.")
    if not wanted and title not in known:
        raise BadInput(f"There is no slice '{shortened(title)}' to take away.", hint="Give a condition.")
    for condition, value in wanted.items():
        _check(condition, value)
    return stored.add_saved_slice(db, dataset_id, title, wanted, who)


def _check(condition: str, value: str) -> None:
    if condition not in CONDITIONS:
        raise BadInput(
            f"A slice cannot ask for '{shortened(condition)}'.", hint=f"It knows {', '.join(CONDITIONS)}."
        )
    usable = 0 < len(value.strip()) <= _MOST_VALUE
    if condition == "import":
        usable = usable and value.isascii() and value.isdecimal() and len(value) < 19
    if condition in ("since", "before"):
        usable = usable and _is_day(value)
    if not usable:
        raise BadInput(
            f"A slice cannot ask for {condition} '{shortened(value)}'.", hint="Give another value."
        )


def _is_day(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is None
    except ValueError:
        return False
