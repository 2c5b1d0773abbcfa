"""Rows of another system, each put where its comment belongs: compared, in training, or nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from services.modelling.score_columns import Columns, answer_of, check_scale, number_in
from storage import imported_scores as stored
from storage.database import Database
from storage.imports import Finding

SPLITS = ("validation", "test")  # our own models have learned from train: no comparison there is fair

Places = Mapping[str, list[tuple[int, str]]]


@dataclass
class Sorted:
    """The rows of a file as they are gone through."""

    answers: list[dict[str, Any]] = field(default_factory=list)
    strangers: list[Finding] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)
    in_training: int = 0
    seen: dict[str, int] = field(default_factory=dict)


def places_of(db: Database, snapshot_id: str, columns: Columns) -> Places:
    """The comments of the snapshot by key; the same text may be several."""
    table = stored.list_keyed_rows(db, snapshot_id, columns.key_is)
    places: dict[str, list[tuple[int, str]]] = {}
    for key, number, split in zip(
        *(table[n].to_pylist() for n in ("key", "comment_id", "split")), strict=True
    ):
        places.setdefault(key, []).append((number, split))
    return places


def sort_rows(
    found: Sorted,
    places: Places,
    cells: list[tuple[Any, ...]],
    columns: Columns,
    labels: tuple[str, ...],
    spellings: Mapping[str, str],
) -> None:
    """Put every row where it belongs."""
    check_scale([number_in(cell) for row in cells for cell in row[3:]], columns.scale)
    for line, key, label, *scores in cells:
        _take(found, places, (line, key), answer_of(columns, labels, spellings, label, scores))


def _take(
    found: Sorted,
    places: Places,
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


def table_of(answers: list[dict[str, Any]]) -> pa.Table:
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
