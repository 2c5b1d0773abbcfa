"""Keep a text that somebody tried by hand as a comment of a dataset, to be labelled like any other."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from domain.errors import BadInput, WorkbenchError
from domain.people import actor_named
from domain.text import shortened
from services.curation.datasets import find_guideline, get_dataset
from services.labelling.desk import label_comment
from storage.database import Database, now
from storage.imports import Import, add_import
from storage.intake.writing import FINDINGS_SCHEMA, ROWS_SCHEMA, sketched
from storage.saved_texts import SOURCE, find_comment_id, list_notes

__all__ = ["Saved", "list_notes", "save_text"]

_MOST_CHARACTERS = 20_000
_MOST_NOTES = 8


@dataclass(frozen=True)
class Saved:
    """The comment that the text is now; `was_known` where it had been one before."""

    comment_id: int
    dataset_id: str
    was_known: bool
    label: str | None


def save_text(
    db: Database,
    dataset_id: str,
    text: str,
    *,
    actor: str,
    notes: Sequence[str] = (),
    label: str | None = None,
) -> Saved:
    """Make the text a comment, unless the dataset has one with exactly that text.

    Args:
        notes: What was remarkable about it, such as what a model said; kept with a new comment.
        label: The actor's vote on it; None leaves it to whoever labels it.

    Raises:
        NotFound: there is no such dataset.
        BadInput: the text is empty, too long or broken, or the label is not of the label set.
    """
    who, dataset = actor_named(actor), get_dataset(db, dataset_id)
    _check(text)
    known = find_comment_id(db, dataset_id, text)
    number = _added(db, dataset_id, text, actor=who, notes=notes) if known is None else known
    said = None
    if label is not None:
        said = label_comment(db, dataset.dataset_id, number, actor=who, label=label).label
    return Saved(number, dataset_id, known is not None, said)


def _check(text: str) -> None:
    if not text.strip():
        raise BadInput("There is no text to save.", hint="Try one first.")
    if len(text) > _MOST_CHARACTERS:
        raise BadInput(f"The text has {len(text):,} characters.", hint=f"At most {_MOST_CHARACTERS:,}.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput("The text holds half of a character.", hint="Paste it again.") from error


def _added(db: Database, dataset_id: str, text: str, *, actor: str, notes: Sequence[str]) -> int:
    """The number of a new comment: an import of one row, so that split and near-duplicates follow as ever."""
    guideline = find_guideline(db, dataset_id)
    told = [shortened(note, 500) for note in notes[:_MOST_NOTES]]
    add_import(
        db,
        get_dataset(db, dataset_id),
        parsed=_row(text),
        refused=_notes(told, text),
        refused_count=0,
        label_map={},
        guideline_version=guideline[0] if guideline else 0,
        about=Import(
            import_id=0,
            dataset_id=dataset_id,
            file_name=SOURCE,
            file_sha256=hashlib.sha256(text.encode()).hexdigest(),
            mapping={"columns": {}, "labels": {}, "source": SOURCE},
            counts={},
            seconds={},
            created_at=now(),
            created_by=actor,
        ),
        progress=lambda _part: None,
    )
    number = find_comment_id(db, dataset_id, text)
    if number is None:
        raise WorkbenchError("The text was saved and cannot be found.", hint="Look for it under Comments.")
    return number


def _row(text: str) -> pa.Table:
    """The text as the reader of files would hand it over, with nothing else known of it."""
    keys, bands = sketched([text])
    columns = {field.name: pa.nulls(1, field.type) for field in ROWS_SCHEMA}
    columns |= {name: pa.array([1], pa.int64()) for name in ("line", "row", "comment_row")}
    columns |= {"body": pa.array([text]), "bands": bands}
    columns |= {"match_key": pa.array(keys)}
    return pa.table({field.name: columns[field.name] for field in ROWS_SCHEMA}, schema=ROWS_SCHEMA)


def _notes(notes: Sequence[str], text: str) -> pa.Table:
    rows = [
        {"line": place, "kind": "note", "reason": note, "raw": text} for place, note in enumerate(notes, 1)
    ]
    return pa.Table.from_pylist(rows, schema=FINDINGS_SCHEMA)
