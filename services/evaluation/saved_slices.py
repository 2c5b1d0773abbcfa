"""Parts of a dataset that somebody named: searched, labelled, frozen, evaluated and exported by that name."""

from domain.comments import CommentFilter
from domain.errors import BadInput, NotFound
from domain.filters import CONDITIONS, filter_of
from domain.people import actor_named
from domain.searching import query_of
from domain.text import shortened, visible
from storage import saved_slices as stored
from storage.database import Database
from storage.datasets import get_dataset
from storage.saved_slices import SavedSlice, list_saved_slices

__all__ = ["CONDITIONS", "SavedSlice", "get_slice", "list_saved_slices", "save_slice", "wanted_of"]

MOST_SLICES = 40  # of a dataset: each is a look, and looks are paid for in certainty
_MOST_NAME = 80


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
    if not 0 < len(title) <= _MOST_NAME or visible(title) != title or len(title.splitlines()) > 1:
        raise BadInput(f"'{shortened(name)}' is no name for a slice.", hint=f"Up to {_MOST_NAME} characters.")
    if wanted and title not in known and len(known) >= MOST_SLICES:
        raise BadInput(f"'{dataset_id}' has {len(known)} saved slices.", hint="Take one away first.")
    if not wanted and title not in known:
        raise BadInput(f"There is no slice '{shortened(title)}' to take away.", hint="Give a condition.")
    query_of(filter_of(dataset_id, wanted).contains)
    return stored.add_saved_slice(db, dataset_id, title, wanted, who)


def get_slice(db: Database, dataset_id: str, name: str) -> SavedSlice:
    """One saved slice.

    Raises:
        NotFound: the dataset has none of that name.
    """
    found = stored.find_saved_slice(db, get_dataset(db, dataset_id).dataset_id, name.strip())
    if found is None:
        there = ", ".join(each.name for each in list_saved_slices(db, dataset_id)) or "none is saved yet"
        raise NotFound(
            f"'{dataset_id}' has no slice '{shortened(name)}'.", hint=f"Slices: {shortened(there, 300)}."
        )
    return found


def wanted_of(
    db: Database, dataset_id: str, *, slice_name: str | None = None, where: dict[str, str] | None = None
) -> CommentFilter:
    """The filter of a saved slice, of conditions, or of both: words are looked for together, else the
    conditions come before those of the slice.

    Raises:
        NotFound: there is no such dataset or slice.
        BadInput: a condition cannot be used.
    """
    saved = get_slice(db, dataset_id, slice_name).wanted if slice_name else {}
    asked = {**saved, **(where or {})}
    if words := [each["contains"] for each in (saved, where or {}) if each.get("contains")]:
        asked["contains"] = " ".join(dict.fromkeys(words))
    return filter_of(get_dataset(db, dataset_id).dataset_id, asked)
