"""Scores of another system, such as the service that is being replaced, as a model on the same comments."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.feather as feather

from domain.errors import BadInput, NotFound
from domain.people import actor_named
from domain.text import shortened
from services.modelling.score_columns import (
    Columns,
    checked_spellings,
    flagged_label,
)
from services.modelling.score_sorting import SPLITS, Places, Sorted, places_of, sort_rows, table_of
from services.several import refuse_several
from storage import imported_scores as stored
from storage.database import Database
from storage.imported_scores import BACKEND
from storage.imports import Finding
from storage.intake.parent import look_at, parse
from storage.snapshots import Snapshot, get_snapshot

__all__ = ["BACKEND", "Columns", "Imported", "import_scores", "keep_scores"]

_SHOWN = 50


@dataclass(frozen=True)
class Imported:
    """What came of a file of scores.

    Attributes:
        runs: Split to run.
        matched: Rows that are predictions now; `unparsed` of them name no label, which counts as wrong.
        in_training: Rows whose comment is in the train split, where nothing is compared.
        strangers: The first rows that match no comment of the snapshot, of `stranger_count`.
        refused: The first rows that cannot be used, of `refused_count`.
        without: Comments of validation and test for which the file has no row.
    """

    model_id: str
    name: str
    snapshot_id: str
    runs: dict[str, str]
    matched: int
    unparsed: int
    in_training: int
    stranger_count: int
    strangers: tuple[Finding, ...]
    refused_count: int
    refused: tuple[Finding, ...]
    without: int


def import_scores(
    db: Database,
    path: Path,
    snapshot_id: str,
    columns: Columns,
    *,
    name: str,
    actor: str,
    file_name: str | None = None,
) -> Imported:
    """Store a file of scores as an imported model, with its answers on the comments they belong to.

    A row without a label or a score that can be read is an answer that named no label. Of two rows for one
    comment the first counts.

    Args:
        name: Of the model, such as "Perspective".
        file_name: What the file is called to the person, where it was uploaded under another name.

    Raises:
        NotFound: there is no such file or snapshot.
        BadInput: the file or the columns cannot be used, the scores are on another scale, or no row
            belongs to validation or test.
    """
    who, snapshot = actor_named(actor), get_snapshot(db, snapshot_id)
    refuse_several(snapshot, "Imported scores")
    if not path.is_file():
        raise NotFound(f"There is no file '{path}'.", hint="Check the path.")
    labels = tuple(snapshot.labels)
    spellings = checked_spellings(columns, labels, name)
    present = look_at(path).columns
    if columns.key not in present:
        raise BadInput(
            f"The file has no column {shortened(columns.key)} for the key.",
            hint=f"It has {shortened(', '.join(present), 500)}.",
        )
    cells, sha256, refused = _cells(path, columns)
    found = Sorted(refused=refused)
    places = places_of(db, snapshot_id, columns)
    sort_rows(found, places, cells, columns, labels, spellings)
    if not found.answers:
        raise BadInput(
            f"No row of the file belongs to the validation or test comments of {snapshot_id}:"
            f" {len(found.strangers):,} match no comment, {found.in_training:,} are in train.",
            hint=f"Is '{shortened(columns.key)}' the {columns.key_is} that the comments came with?",
        )
    source = {"file": file_name or path.name, "sha256": sha256, "key": columns.key}
    settings = source | _as_settings(columns)
    return _stored(db, snapshot, found, name=name.strip(), settings=settings, actor=who, places=places)


def keep_scores(
    db: Database,
    snapshot_id: str,
    *,
    label: str,
    name: str,
    actor: str,
    scale: float = 1.0,
    flags_from: float = 0.5,
) -> Imported:
    """Make the scores that the comments of a snapshot were imported with an imported model.

    Args:
        label: Which of the two labels a high score speaks for.
        name, scale, flags_from: As for `import_scores` and `Columns`.

    Raises:
        NotFound: there is no such snapshot.
        BadInput: there are more than two labels, or none of its validation and test comments has a score, or
            the scores are on another scale.
    """
    who, snapshot = actor_named(actor), get_snapshot(db, snapshot_id)
    refuse_several(snapshot, "Imported scores")
    labels = tuple(snapshot.labels)
    columns = Columns("id", scores={label: "score"}, scale=scale, flags_from=flags_from)
    spellings = checked_spellings(columns, labels, name)
    cells = [
        (number, key, None, f"{score!r}") for number, key, score in stored.list_source_scores(db, snapshot_id)
    ]
    found, places = Sorted(), places_of(db, snapshot_id, columns)
    sort_rows(found, places, cells, columns, labels, spellings)
    if not found.answers:
        raise BadInput(
            f"Of {snapshot_id} no validation or test comment came with a score, but {found.in_training:,} in"
            " train.",
            hint="Bring a file of scores in: import-scores, or the page Leaving a service.",
        )
    settings = {"file": "", "key": "id"} | _as_settings(columns)
    return _stored(db, snapshot, found, name=name.strip(), settings=settings, actor=who, places=places)


def _as_settings(columns: Columns) -> dict[str, Any]:
    return {
        "scores": dict(columns.scores),
        "label": columns.label,
        "scale": columns.scale,
        "flags": flagged_label(columns),
        "flags_from": columns.flags_from,
    }


def _stored(
    db: Database,
    snapshot: Snapshot,
    found: Sorted,
    *,
    name: str,
    settings: dict[str, Any],
    actor: str,
    places: Places,
) -> Imported:
    model_id, runs = stored.add_imported_scores(
        db,
        snapshot,
        name=name,
        settings=settings,
        answers=table_of(found.answers),
        score_kind="imported" if settings["scores"] else "none",
        actor=actor,
    )
    comparable = sum(split in SPLITS for rows in places.values() for _, split in rows)
    return Imported(
        model_id=model_id,
        name=name,
        snapshot_id=snapshot.snapshot_id,
        runs=runs,
        matched=len(found.answers),
        unparsed=sum(answer["label"] is None for answer in found.answers),
        in_training=found.in_training,
        stranger_count=len(found.strangers),
        strangers=tuple(found.strangers[:_SHOWN]),
        refused_count=len(found.refused),
        refused=tuple(found.refused[:_SHOWN]),
        without=comparable - len(found.answers),
    )


def _cells(path: Path, columns: Columns) -> tuple[list[tuple[Any, ...]], str, list[Finding]]:
    """Per row: line, key, label, and the score of each score column, all as text; the hash; what was refused.

    The file is read in a process with limits, once for each score column, as that process reads one.
    """
    named = {"text": columns.key} | ({"label": columns.label} if columns.label else {})
    read: list[dict[int, str | None]] = []
    rows: dict[int, tuple[str, str | None]] = {}
    sha256, findings = "", []
    asked_for: list[str | None] = [*columns.scores.values()] or [None]
    for column in asked_for:
        with tempfile.TemporaryDirectory() as folder:
            asked = named | ({"score": column} if column else {})
            parsed = parse(path, Path(folder), columns=asked)
            table = feather.read_table(parsed.rows, memory_map=False)
            findings = [Finding(**one) for one in feather.read_table(parsed.findings).to_pylist()]
        lines, sha256 = table["line"].to_pylist(), parsed.sha256
        rows = dict(
            zip(lines, zip(*(table[f].to_pylist() for f in ("body", "label")), strict=True), strict=True)
        )
        read.append(dict(zip(lines, table["score_text"].to_pylist(), strict=True)) if column else {})
    scores = read if columns.scores else []
    cells = [(line, key, label, *(one.get(line) for one in scores)) for line, (key, label) in rows.items()]
    return cells, sha256, [finding for finding in findings if finding.kind == "refused"]
