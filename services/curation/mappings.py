"""Mappings that are used again: what the next file of the same kind needs is said once."""

from collections.abc import Sequence
from typing import Any

from domain.errors import BadInput, NotFound
from domain.people import actor_named
from domain.text import shortened, visible
from storage.database import Database
from storage.import_mappings import SavedMapping, add_mapping, list_mappings
from storage.intake.parent import Reading, is_field, reading_of

__all__ = ["SavedMapping", "fitting", "get_mapping", "list_mappings", "save_mapping", "take_away"]

MAX_NAME_LENGTH = 60


def save_mapping(
    db: Database,
    name: str,
    *,
    columns: dict[str, str],
    label_map: dict[str, str],
    reading: Reading | None,
    actor: str,
) -> SavedMapping:
    """Save what was said of a file under a name, in place of an older mapping of that name.

    Raises:
        BadInput: the name is empty or too long, or there is no column for the text.
    """
    clean = name.strip()
    if not clean or len(clean) > MAX_NAME_LENGTH or visible(clean) != clean or "\n" in clean:
        raise BadInput(
            f"'{shortened(visible(clean))}' cannot be the name of a mapping.",
            hint=f"1 to {MAX_NAME_LENGTH} characters on one line, all of them visible.",
        )
    if "text" not in columns or not all(map(is_field, columns)):
        raise BadInput("A mapping needs a column for the text.", hint="Say which one: --column text=COLUMN.")
    mapping: dict[str, Any] = {"columns": columns, "labels": label_map}
    mapping["reading"] = (reading or Reading()).as_dict()
    return add_mapping(db, clean, mapping, actor_named(actor))


def get_mapping(db: Database, name: str) -> tuple[dict[str, str], dict[str, str], Reading]:
    """The columns, the meanings of the labels, and how to read the file.

    Raises:
        NotFound: there is no mapping of that name.
    """
    known = list_mappings(db)
    found = next((each for each in known if each.name == name.strip()), None)
    if found is None:
        raise NotFound(
            f"There is no mapping '{shortened(visible(name))}'.",
            hint=f"There are {', '.join(each.name for each in known)}." if known else "None was saved yet.",
        )
    return found.mapping["columns"], found.mapping["labels"], reading_of(found.mapping["reading"])


def take_away(db: Database, name: str, *, actor: str) -> str:
    """Take a mapping away; what was imported with it stays."""
    get_mapping(db, name)
    add_mapping(db, name.strip(), {}, actor_named(actor))
    return name.strip()


def fitting(mappings: Sequence[SavedMapping], columns: Sequence[str]) -> list[SavedMapping]:
    """Those whose columns the file has, the one that uses most of them first."""
    found = [each for each in mappings if set(each.mapping["columns"].values()) <= set(columns)]
    return sorted(found, key=lambda each: -len(each.mapping["columns"]))
