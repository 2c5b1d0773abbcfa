"""Scores of another system, such as the service that is being replaced, as a model on the same comments."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.feather as feather

from domain.errors import BadInput, NotFound
from domain.people import actor_named
from domain.text import shortened
from services.several import refuse_several
from storage import imported_scores as stored
from storage.database import Database
from storage.imported_scores import BACKEND
from storage.imports import Finding
from storage.intake.parent import look_at, parse
from storage.snapshots import Snapshot, get_snapshot

__all__ = ["BACKEND", "Columns", "Imported", "import_scores"]

SPLITS = ("validation", "test")  # our own models have learned from train: no comparison there is fair
_MAX_NAME_LENGTH = 100
_SHOWN = 50


@dataclass(frozen=True)
class Columns:
    """Which column of a file is what.

    Attributes:
        key: The column by which a row finds its comment: the id that the comment was imported with, or
            its text, letter by letter.
        scores: Label to the column with its score. One is enough where there are two labels.
        label: The column with the system's own label; without it the label follows from the scores.
        spellings: What the file writes to the label that it means; labels themselves need no entry.
        scale: The largest score that is possible: 1 or 100.
        flags_from: With the score of one label alone: it is given from this score on, 0 to 1.
    """

    key: str
    key_is: Literal["id", "text"] = "id"
    scores: Mapping[str, str] = field(default_factory=dict)
    label: str | None = None
    spellings: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0
    flags_from: float = 0.5


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


@dataclass
class _Sorted:
    """The rows of a file as they are gone through."""

    answers: list[dict[str, Any]] = field(default_factory=list)
    strangers: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)
    in_training: int = 0
    seen: dict[str, int] = field(default_factory=dict)


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
    spellings = _checked(columns, labels, name)
    present = look_at(path).columns
    if columns.key not in present:
        raise BadInput(
            f"The file has no column {shortened(columns.key)} for the key.",
            hint=f"It has {shortened(', '.join(present), 500)}.",
        )
    cells, sha256, refused = _cells(path, columns)
    _check_scale([_number(cell) for row in cells for cell in row[3:]], columns.scale)
    found = _Sorted(refused=refused)
    places = _places(db, snapshot_id, columns)
    for line, key, label, *scores in cells:
        _take(found, places, (line, key), _answer(columns, labels, spellings, label, scores))
    if not found.answers:
        raise BadInput(
            f"No row of the file belongs to the validation or test comments of {snapshot_id}:"
            f" {len(found.strangers):,} match no comment, {found.in_training:,} are in train.",
            hint=f"Is '{shortened(columns.key)}' the {columns.key_is} that the comments came with?",
        )
    settings = {
        "file": file_name or path.name,
        "sha256": sha256,
        "key": columns.key,
        "scores": dict(columns.scores),
        "label": columns.label,
        "scale": columns.scale,
        "flags": _flagged(columns),
        "flags_from": columns.flags_from,
    }
    return _stored(db, snapshot, found, name=name.strip(), settings=settings, actor=who, places=places)


def _stored(
    db: Database,
    snapshot: Snapshot,
    found: _Sorted,
    *,
    name: str,
    settings: dict[str, Any],
    actor: str,
    places: Mapping[str, list[tuple[int, str]]],
) -> Imported:
    model_id, runs = stored.add_imported_scores(
        db,
        snapshot,
        name=name,
        settings=settings,
        answers=_table(found.answers),
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


def _checked(columns: Columns, labels: tuple[str, ...], name: str) -> dict[str, str]:
    """Casefolded spelling to label."""
    if not 0 < len(name.strip()) <= _MAX_NAME_LENGTH:
        raise BadInput("The system has no name.", hint=f"Up to {_MAX_NAME_LENGTH} characters: Perspective.")
    if columns.scale not in (1.0, 100.0) or not 0 < columns.flags_from <= 1:
        raise BadInput(
            f"A scale to {columns.scale:g} with flags from {columns.flags_from:g} is none that is read here.",
            hint="Scores go up to 1 or to 100; flags begin at a share between 0 and 1.",
        )
    for label in (*columns.scores, *columns.spellings.values()):
        if label not in labels:
            raise BadInput(f"There is no label '{shortened(label)}'.", hint=f"Labels: {', '.join(labels)}.")
    if not columns.scores and columns.label is None:
        raise BadInput("No column holds a score or a label.", hint="Name a score column, or the label's.")
    if columns.scores and len(labels) > 2 and set(columns.scores) != set(labels):
        raise BadInput(
            f"{len(columns.scores)} of {len(labels)} labels have a score column.",
            hint="With more than two labels, name a score column for each, or the label column alone.",
        )
    return {label.casefold(): label for label in labels} | {
        written.strip().casefold(): label for written, label in columns.spellings.items()
    }


def _check_scale(read: list[float | None], scale: float) -> None:
    """Refuse scores that were written on another scale: a handful of them may still fit by chance."""
    scores = [score for score in read if score is not None]
    above = sum(score > scale for score in scores)
    outside = above + sum(score < 0 for score in scores)
    if 2 * outside > len(scores):
        if scale == 1 and above == outside and max(scores) <= 100:
            raise BadInput(
                f"{above:,} of {len(scores):,} scores lie above 1: is the scale 100?",
                hint="Say so: --scale 100, or 0 to 100 on the page.",
            )
        raise BadInput(
            f"{outside:,} of {len(scores):,} scores do not lie between 0 and {scale:g}.",
            hint="Scores are read from 0 to 1 or from 0 to 100; is it the right column?",
        )
    if scale > 1 and 0 < max(scores, default=0) <= 1:
        raise BadInput(
            f"The scale is 100, and all {len(scores):,} scores lie between 0 and 1: is the scale 1?",
            hint="Say so: --scale 1, or 0 to 1 on the page.",
        )


def _flagged(columns: Columns) -> str | None:
    """The label whose score alone the file has: what the system is there to flag."""
    return next(iter(columns.scores)) if len(columns.scores) == 1 else None


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


def _places(db: Database, snapshot_id: str, columns: Columns) -> dict[str, list[tuple[int, str]]]:
    """The comments of the snapshot by key; the same text may be several."""
    table = stored.list_keyed_rows(db, snapshot_id, columns.key_is)
    places: dict[str, list[tuple[int, str]]] = {}
    for key, number, split in zip(
        *(table[n].to_pylist() for n in ("key", "comment_id", "split")), strict=True
    ):
        places.setdefault(key, []).append((number, split))
    return places


def _take(
    found: _Sorted,
    places: Mapping[str, list[tuple[int, str]]],
    row: tuple[int, str],
    answer: dict[str, Any] | str,
) -> None:
    """Put one row where it belongs; an answer that is text says why it cannot be used."""
    line, written = row
    key = written if written in places else written.strip()
    if key not in places:
        found.strangers.append(Finding(line, "note", "No comment of the snapshot has this.", written[:200]))
    elif key in found.seen:
        found.refused.append(
            Finding(line, "refused", f"Line {found.seen[key]} is about it too.", written[:200])
        )
    elif isinstance(answer, str):
        found.refused.append(Finding(line, "refused", answer, written[:200]))
    else:
        found.seen[key] = line
        for number, split in places[key]:
            if split in SPLITS:
                found.answers.append({**answer, "comment_id": number, "split": split})
            else:
                found.in_training += 1


def _answer(
    columns: Columns,
    labels: tuple[str, ...],
    spellings: Mapping[str, str],
    written: str | None,
    cells: list[str | None],
) -> dict[str, Any] | str:
    """Label and scores of one row, or why they cannot be used."""
    scores: dict[str, float | None] = {}
    for label, cell in zip(columns.scores, cells, strict=True):
        value = _number(cell)
        if cell is not None and cell.strip() and value is None:
            return f"The score '{shortened(cell)}' is no number."
        if value is not None and not 0 <= value <= columns.scale:
            return f"The score {value:g} is not between 0 and {columns.scale:g}: is this the scale?"
        scores[label] = None if value is None else value / columns.scale
    whole = _whole(scores, labels)
    if columns.label is not None:
        label_said = spellings.get((written or "").strip().casefold())
    elif whole is None:
        label_said = None
    elif len(scores) == 1:
        [(only, value)] = scores.items()
        other = next(label for label in labels if label != only)
        label_said = only if value is not None and value >= columns.flags_from else other
    else:
        label_said = labels[max(range(len(labels)), key=whole.__getitem__)]
    return {"label": label_said, "scores": whole if label_said is not None else None}


def _whole(scores: Mapping[str, float | None], labels: tuple[str, ...]) -> list[float] | None:
    """A score for each label; of two labels one tells the other."""
    if not scores or any(value is None for value in scores.values()):
        return None
    known = {label: float(value) for label, value in scores.items() if value is not None}
    return [known.get(label, 1 - sum(known.values())) for label in labels]


def _number(cell: str | None) -> float | None:
    try:
        value = float(cell) if cell and cell.strip() else None
    except ValueError:
        return None
    return value if value is not None and isfinite(value) else None


def _table(answers: list[dict[str, Any]]) -> pa.Table:
    count = len(answers)
    labels = [answer["label"] for answer in answers]
    return pa.table(
        {
            "split": pa.array([answer["split"] for answer in answers], pa.string()),
            "comment_id": pa.array([answer["comment_id"] for answer in answers], pa.int64()),
            "label": pa.array(labels, pa.string()),
            "parse_status": pa.array(["invalid" if label is None else "ok" for label in labels], pa.string()),
            "scores": pa.array([answer["scores"] for answer in answers], pa.list_(pa.float32())),
            "latency_ms": pa.nulls(count, pa.float32()),
            "tokens": pa.nulls(count, pa.int32()),
            "cost_usd": pa.nulls(count, pa.float64()),
        }
    )
