"""Mappings that are used again: what the next file of the same kind needs is said once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from domain.column_names import REFUSED_COLUMNS
from domain.errors import BadInput, NotFound
from domain.people import actor_named
from domain.text import shortened, visible
from storage.database import Database
from storage.import_mappings import SavedMapping, add_mapping, list_mappings
from storage.imports import Import, list_imports, list_newest_imports
from storage.intake.parent import MARKS_COLUMN, Reading, is_field, reading_of

__all__ = [
    "SavedMapping", "fits", "fitting", "get_mapping", "last_used", "list_mappings", "mapping_of",
    "save_mapping", "take_away",
]  # fmt: skip

MAX_NAME_LENGTH = 60
_REMEMBERED = 500  # imports that are looked through


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
    return mapping_of(found.mapping)


def mapping_of(kept: dict[str, Any]) -> tuple[dict[str, str], dict[str, str], Reading]:
    """The columns, the meanings of the labels, and how to read the file, of a mapping or an import."""
    return kept["columns"], kept["labels"], reading_of(kept["reading"])


def last_used(db: Database, columns: Sequence[str]) -> Import | None:
    """The last import of a file with these headings; what was said of it holds for this one most likely.

    A file of refused rows has the headings of the file that they are from, and is read as any of ours.
    """
    added = {*REFUSED_COLUMNS, MARKS_COLUMN} & set(columns)
    for one in list_newest_imports(db, most=_REMEMBERED):
        headings = set(one.mapping.get("file", {}).get("columns", ()))
        inner = {name for name in columns if name.partition(".")[0] in headings}  # of JSON in the cells
        if headings and headings <= set(columns) and set(columns) - headings <= added | inner:
            is_ours = bool(added - headings)
            return replace(one, mapping={**one.mapping, "reading": {}}) if is_ours else one
    return None


def fits(db: Database, dataset_id: str, columns: Sequence[str]) -> bool:
    """Whether the file has every column that the last one of the dataset was imported by."""
    before = list_imports(db, dataset_id)
    return not before or set(before[0].mapping.get("columns", {}).values()) <= set(columns)


def take_away(db: Database, name: str, *, actor: str) -> str:
    """Take a mapping away; what was imported with it stays."""
    get_mapping(db, name)
    add_mapping(db, name.strip(), {}, actor_named(actor))
    return name.strip()


def fitting(mappings: Sequence[SavedMapping], columns: Sequence[str]) -> list[SavedMapping]:
    """Those whose columns the file has, the one that uses most of them first."""
    found = [each for each in mappings if set(each.mapping["columns"].values()) <= set(columns)]
    return sorted(found, key=lambda each: -len(each.mapping["columns"]))
