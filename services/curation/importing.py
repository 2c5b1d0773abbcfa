"""Bring the comments of a file into a dataset; nothing of the file is dropped without a word."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from domain.column_names import guess_columns
from domain.errors import BadInput, Conflict
from domain.labels import MAX_LABELS, SEPARATOR, LabelSet, parts_of
from domain.people import actor_named
from domain.text import shortened
from services.curation.datasets import new_dataset
from services.release.export import csv_of
from storage import datasets as stored
from storage import imports
from storage.database import Database, now
from storage.imports import Finding, Import, get_import, list_imports
from storage.intake.parent import (
    ABOVE_HEADER,
    ENCODINGS,
    FIELDS,
    ID_COLUMN,
    LABEL_COLUMN,
    MAX_HEADER_LINE,
    QUOTINGS,
    VOTE_COLUMN,
    FileLook,
    Reading,
    count_labels,
    id_fields,
    is_field,
    label_fields,
    look_at,
    parse,
    reading_of,
    vote_fields,
)
from storage.returned_votes import labels_in_cells

__all__ = [
    "ABOVE_HEADER", "ENCODINGS", "FIELDS", "ID_COLUMN", "LABEL_COLUMN", "MAX_HEADER_LINE", "QUOTINGS",
    "VOTE_COLUMN", "FileLook", "Finding", "Import", "Reading", "complete_columns", "counts_sentence",
    "findings", "findings_csv", "get_import", "guess_columns", "import_file", "label_values", "list_imports",
    "preview", "reading_of",
]  # fmt: skip

# Told (what is going on, share from 0 to 1); may raise to stop the import, and then nothing has happened.
Progress = Callable[[str, float], None]

_READING_SHARE = 0.7


def preview(path: Path, reading: Reading | None = None) -> FileLook:
    """The first rows of a file and how it was read.

    Raises:
        BadInput: it cannot be read as any format that is known here.
    """
    return look_at(path, reading)


def label_values(path: Path, columns: dict[str, str], reading: Reading | None = None) -> dict[str, int]:
    """How many rows of the file have each value of the label column; empty where none is mapped.

    Columns of one label each count as one that holds the labels with a 1, those of annotators as a vote each.
    """
    is_labelled = "label" in columns or label_fields(columns) or vote_fields(columns)
    return count_labels(path, columns=columns, reading=reading) if "text" in columns and is_labelled else {}


def complete_columns(columns: tuple[str, ...], named: dict[str, str]) -> dict[str, str]:
    """What was named, field to column, and the guesses for the rest; a field named as "" is left out."""
    taken, has_labels = set(named.values()), label_fields(named) | vote_fields(named)
    rest = {
        field: column
        for field, column in guess_columns(columns).items()
        if column not in taken
        and not (field == "label" and has_labels)
        and not (field == "id" and id_fields(named))
    }
    return {field: column for field, column in {**rest, **named}.items() if column}


def import_file(
    db: Database,
    path: Path,
    dataset_id: str,
    *,
    actor: str,
    columns: dict[str, str] | None = None,
    label_map: dict[str, str] | None = None,
    labels: tuple[str, ...] = (),
    group_by: str = "author",
    votes_needed: int = 1,
    several: bool | None = None,
    reading: Reading | None = None,
    file_name: str | None = None,
    scores: dict[str, Any] | None = None,
    progress: Progress = lambda _what, _share: None,
) -> Import:
    """Add the file's comments to the dataset, making the dataset if it is new.

    Args:
        columns: Field (one of FIELDS) to column of the file; guessed from the names if not given. A field
            `label:NAME` is a column that says 1 or 0 of one label, `vote:NAME` the label that one annotator
            gave, `count:NAME` how many people gave a label, `id:NAME` one part of the id.
        label_map: Written value to label. Values that are the name of a label need no entry.
        labels: The label set of a new dataset; if not given, the labels that the map or the file names.
        group_by, votes_needed, several: As in `create_dataset`, for a new dataset. Where it is not said, a
            column for each label makes one with several labels.
        reading: What is known of how the file is written; the rest is found out.
        file_name: What the file is called to the person, where it was uploaded under another name.
        scores: Whose scores a column has and what they mean, to be remembered for the next such file.

    Raises:
        BadInput: the file or the mapping cannot be used.
        Conflict: the import was cancelled.
    """
    who = actor_named(actor)
    mapping = columns or guess_columns(look_at(path, reading).columns)
    spread = label_fields(mapping)
    known = stored.find_dataset(db, dataset_id)
    _check_mapping(mapping, spread)
    folder = Path(tempfile.mkdtemp(prefix="import-", dir=db.home / "tmp"))
    try:
        parsed = parse(
            path,
            folder,
            columns=mapping,
            reading=reading,
            on_progress=lambda rows, share: progress(f"{rows:,} rows read", share * _READING_SHARE),
            is_cancelled=None,
        )
        rows = _table(parsed.rows)
        written = _written_labels(rows)
        new_labels = None
        if known is None:
            is_several = bool(spread) if several is None else several
            known, new_labels = new_dataset(
                dataset_id,
                labels
                or tuple(spread.values())
                or _labels_of(label_map or {}, written, dataset_id, several=is_several),
                actor=who,
                group_by=group_by,
                votes_needed=votes_needed,
                several=is_several,
            )
        in_force = new_labels or stored.get_label_set(db, dataset_id)
        _check_label_columns(spread, label_map or {}, in_force)
        guideline = stored.find_guideline(db, dataset_id)
        seconds = dict(parsed.seconds)
        return imports.add_import(
            db,
            known,
            parsed=rows,
            refused=_table(parsed.findings),
            refused_count=parsed.refused_count,
            label_map=_meanings(label_map or {}, written, in_force),
            guideline_version=guideline[0] if guideline else 0,
            about=Import(
                import_id=0,
                dataset_id=dataset_id,
                file_name=file_name or path.name,
                file_sha256=parsed.sha256,
                mapping={
                    "columns": mapping,
                    "labels": label_map or {},
                    "reading": (reading or Reading()).as_dict(),
                    "file": parsed.layout,
                    "scores": scores,
                },
                counts={},
                seconds=seconds,
                created_at=now(),
                created_by=who,
            ),
            progress=_timed(seconds, progress),
            new_labels=new_labels,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def findings(db: Database, import_id: int, *, limit: int | None = None) -> list[Finding]:
    """The rows of an import that were refused, in conflict, or in with a note."""
    imports.get_import(db, import_id)
    return imports.list_findings(db, import_id, limit=limit)


def _table(path: Path) -> pa.Table:
    """An Arrow file, mapped into memory rather than read."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def findings_csv(db: Database, import_id: int) -> str:
    """All findings of an import as CSV, to be repaired and imported again."""
    rows = [(f.line, f.kind, f.reason, f.raw) for f in findings(db, import_id)]
    return csv_of(("line", "kind", "reason", "row"), rows)


def _check_mapping(mapping: dict[str, str], spread: dict[str, str]) -> None:
    unknown = [field for field in mapping if not is_field(field)]
    if unknown:
        raise BadInput(f"'{min(unknown)}' is no field of a comment.", hint=f"Fields: {', '.join(FIELDS)}.")
    votes = vote_fields(mapping)
    if (spread and votes) or ("label" in mapping and (spread or votes)):
        raise BadInput(
            "The labels stand in a column of their own and in one column each, or in columns of two kinds.",
            hint="Map one or the other.",
        )
    if "annotator" in mapping and votes:
        raise BadInput(
            "A column names the annotator, and there is a column of votes for each.",
            hint="Map one or the other.",
        )
    if "id" in mapping and id_fields(mapping):
        raise BadInput("The id is one column and several together.", hint="Map one or the other.")
    if "text" not in mapping:
        raise BadInput("No column holds the text.", hint="Say which one: --column text=COLUMN.")


def _check_label_columns(spread: dict[str, str], label_map: dict[str, str], known: LabelSet) -> None:
    """Each column of a label is one of the set: its 0 would be read as "none of them", its 1 as nothing."""
    for field, name in spread.items():
        if known.named(label_map.get(name, name)) is None:
            raise BadInput(
                f"The column of '{shortened(field)}' is of a label that is not in the label set.",
                hint=f"Labels: {', '.join(known.names)}.",
            )


def _written_labels(rows: pa.Table) -> list[str]:
    values = rows.column("label").unique().to_pylist()
    in_cells = labels_in_cells(rows.column("votes")) | labels_in_cells(rows.column("decision"))
    return sorted({value for value in values if value is not None} | in_cells)


def _labels_of(
    label_map: dict[str, str], written: list[str], dataset_id: str, *, several: bool
) -> tuple[str, ...]:
    """The label set of a new dataset: what the map names, in its order, then what the file names beside."""
    meant, rest = list(label_map.values()), [value for value in written if value not in label_map]
    if several:
        meant = [part for value in meant for part in parts_of(value)]
        rest = [part for value in rest for part in parts_of(value) if part not in label_map]
    names = list(dict.fromkeys([*meant, *rest]))
    if len(names) > MAX_LABELS:
        raise BadInput(
            f"The label column holds {len(names)} different values, such as '{names[0][:40]}'.",
            hint="Is it the right column? Map its values, or name the labels.",
        )
    if len(names) < 2:
        raise BadInput(
            f"The dataset '{dataset_id}' is new and the file names {len(names)} labels.",
            hint="Name the label set: --labels allow,disallow.",
        )
    return tuple(names)


def _meanings(label_map: dict[str, str], written: list[str], known: LabelSet) -> dict[str, str]:
    meanings = {}
    for value in written:
        meant = label_map.get(value, value)
        if known.several and value not in label_map:
            meant = SEPARATOR.join(label_map.get(part, part) for part in parts_of(value)) or value
        label = known.named(meant)
        if label is not None:
            meanings[value] = label
    for value, meant in label_map.items():
        if known.named(meant) is None:
            raise BadInput(
                f"'{value}' is mapped to '{meant}', which is not in the label set.",
                hint=f"Labels: {', '.join(known.names)}.",
            )
    return meanings


def _timed(seconds: dict[str, float], progress: Progress) -> Callable[[str], None]:
    """Tell the parts of the database's work as they begin, and note how long each took."""
    parts = 8
    begun: list[tuple[str, float]] = []

    def begin(part: str) -> None:
        if begun:
            name, since = begun[-1]
            seconds[name] = round(time.perf_counter() - since, 3)
        begun.append((part, time.perf_counter()))
        progress(part, _READING_SHARE + (1 - _READING_SHARE) * (len(begun) - 1) / parts)

    return begin


def counts_sentence(done: Import) -> str:
    """What the import did, in a sentence."""
    counts: dict[str, Any] = done.counts
    return (
        f"{counts['rows']:,} rows read: {counts['added']:,} comments added, {counts['known']:,} known, "
        f"{counts['labels']:,} labels added; {counts['refused']:,} rows refused, {counts['conflicts']:,} in "
        f"conflict, {counts['notes']:,} noted.{_came_back(counts)}"
    )


def _came_back(counts: dict[str, Any]) -> str:
    """What an export brings beside comments and labels; imports of older days did not count it."""
    told = [
        f"{counts[name]:,} {what}"
        for name, what in (("decisions", "decisions"), ("excluded", "exclusions"))
        if counts.get(name)
    ]
    back = f" {' and '.join(told)} came back." if told else ""
    if counts.get("splits"):
        back += " The file's splits are kept for a snapshot that asks for them; this dataset has its own."
    return back


def cancelled() -> Conflict:
    """What a progress function raises to stop an import."""
    return Conflict("The import was cancelled.", hint="Nothing of the file went in.")
