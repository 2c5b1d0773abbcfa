"""The verbs that bring a file in: look, check, import, what did not go in, and saved mappings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.curation import annotators as voting
from services.curation import importing, mappings
from services.curation.file_check import REPORTED, check_file
from services.curation.importing import Reading, reading_of
from storage.database import Database

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class _Said:
    """How a file is read and what its columns and labels mean, all that was said put together."""

    columns: dict[str, str]
    label_map: dict[str, str]
    reading: Reading


def look_at_file(_db: Database, *, path: str, read: dict[str, str] | None = None) -> Any:
    """How a file is read, and what its columns are taken for; nothing is imported."""
    look = importing.preview(Path(path), reading_of(read))
    return {"look": look, "columns": importing.guess_columns(look.columns)}


def import_file(
    db: Database,
    *,
    path: str,
    dataset: str,
    actor: str,
    columns: dict[str, str] | None = None,
    label_map: dict[str, str] | None = None,
    labels: list[str] | None = None,
    group_by: str = "author",
    votes_needed: int = 1,
    several: bool | None = None,
    annotators: list[str] | None = None,
    read: dict[str, str] | None = None,
    mapping: str | None = None,
    save_mapping: str | None = None,
    report: bool = False,
    progress: Progress,
) -> Any:
    """Bring a file in; fields that `columns` does not name are guessed from the names of the columns.

    `annotators` are the columns of annotators, as `with_annotators` takes them; `mapping` is a saved one, and
    what is said beside it counts more. With `report`, the first 1,000 rows that did not go in as they stand
    are told too.
    """
    said = _said(db, path, columns, label_map, annotators, read, mapping)
    done = importing.import_file(
        db,
        Path(path),
        dataset,
        actor=actor,
        columns=said.columns,
        label_map=said.label_map,
        labels=tuple(labels or ()),
        group_by=group_by,
        votes_needed=votes_needed,
        several=several,
        reading=said.reading,
        progress=progress,
    )
    if save_mapping:
        mappings.save_mapping(
            db,
            save_mapping,
            columns=said.columns,
            label_map=said.label_map,
            reading=said.reading,
            actor=actor,
        )
    answer: dict[str, Any] = {"import": done, "sentence": importing.counts_sentence(done)}
    if report:
        answer["accepted"] = done.counts["rows"] - done.counts["refused"]
        answer["refused"] = done.counts["refused"]
        answer["findings"] = importing.findings(db, done.import_id, limit=REPORTED)
    return answer


def check_import(
    db: Database,
    *,
    path: str,
    columns: dict[str, str] | None = None,
    annotators: list[str] | None = None,
    read: dict[str, str] | None = None,
    mapping: str | None = None,
    progress: Progress,
) -> Any:
    """What an import of the file would take and refuse, and why; nothing is imported."""
    said = _said(db, path, columns, None, annotators, read, mapping)
    return check_file(Path(path), columns=said.columns, reading=said.reading, progress=progress)


def list_findings(db: Database, *, import_id: int, limit: int | None = None) -> Any:
    """The rows of an import that did not go in as they stand."""
    return importing.findings(db, import_id, limit=limit)


def mappings_list(db: Database, *, actor: str, take_away: str | None = None) -> Any:
    """The saved mappings; on demand one is taken away first."""
    if take_away is not None:
        mappings.take_away(db, take_away, actor=actor)
    return mappings.list_mappings(db)


def _said(
    db: Database,
    path: str,
    columns: dict[str, str] | None,
    label_map: dict[str, str] | None,
    annotators: list[str] | None,
    read: dict[str, str] | None,
    mapping: str | None,
) -> _Said:
    saved: tuple[dict[str, str], dict[str, str], Reading] = ({}, {}, Reading())
    if mapping:
        saved = mappings.get_mapping(db, mapping)
    reading = reading_of(saved[2].as_dict() | (read or {}))
    named = saved[0] | (columns or {})
    meant = saved[1] | (label_map or {})
    if mapping and not annotators:
        return _Said({field: column for field, column in named.items() if column}, meant, reading)
    present = importing.preview(Path(path), reading).columns
    return _Said(_with_guesses(present, named, annotators or []), meant, reading)


def _with_guesses(present: tuple[str, ...], named: dict[str, str], annotators: list[str]) -> dict[str, str]:
    """What was named, the annotators, and guesses for the rest."""
    guessed = importing.complete_columns(present, named)
    if len(annotators) > 1 or any("*" in name for name in annotators):
        guessed = {field: column for field, column in guessed.items() if field in named or field != "label"}
    return voting.with_annotators(present, guessed, annotators)


VERBS: dict[str, Callable[..., Any]] = {
    "look": look_at_file,
    "check-import": check_import,
    "import": import_file,
    "findings": list_findings,
    "mappings": mappings_list,
}
