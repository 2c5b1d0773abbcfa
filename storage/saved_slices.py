"""Saved slices: filters with a name, and which comments of a run each holds."""

import json
from dataclasses import dataclass
from datetime import datetime

from domain.comments import CommentFilter
from storage.audit import add_entry
from storage.comments import ready_where
from storage.database import Database, now


@dataclass(frozen=True)
class SavedSlice:
    """A filter with its name: what it asks for, as `domain.filters` reads it."""

    dataset_id: str
    name: str
    wanted: dict[str, str]
    created_at: datetime
    created_by: str


def add_saved_slice(
    db: Database, dataset_id: str, name: str, wanted: dict[str, str], actor: str
) -> SavedSlice:
    """Save the filter under the name, in place of an older one; without conditions the name is taken away."""
    saved = SavedSlice(dataset_id, name, wanted, now(), actor)
    with db.writing(dataset_id) as cursor:
        cursor.execute(
            "INSERT INTO saved_slices VALUES ($dataset_id, $name, $wanted, $created_at, $created_by)",
            {**vars(saved), "wanted": json.dumps(wanted)},
        )
        details: dict[str, object] = {"name": name, "wanted": wanted}
        add_entry(
            cursor,
            actor=actor,
            verb="slice saved",
            dataset_id=dataset_id,
            object_=dataset_id,
            details=details,
        )
    return saved


def list_saved_slices(db: Database, dataset_id: str) -> list[SavedSlice]:
    """The saved slices of a dataset, by name."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT dataset_id, name, wanted, created_at, created_by
            FROM saved_slices
            WHERE dataset_id = $dataset_id
            QUALIFY row_number() OVER (PARTITION BY name ORDER BY created_at DESC, rowid DESC) = 1
            ORDER BY name
            """,
            {"dataset_id": dataset_id},
        ).fetchall()
    found = [SavedSlice(dataset, name, json.loads(wanted), at, by) for dataset, name, wanted, at, by in rows]
    return [each for each in found if each.wanted]


def find_saved_slice(db: Database, dataset_id: str, name: str) -> SavedSlice | None:
    """The saved slice of that name."""
    return next((each for each in list_saved_slices(db, dataset_id) if each.name == name), None)


def list_members(db: Database, run_id: str, wanted: CommentFilter) -> list[int]:
    """Numbers of the comments of a run that the filter asks for, rising."""
    tables, condition, params = ready_where(db, wanted)
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT c.comment_id {tables}
            WHERE {condition} AND c.comment_id IN (SELECT comment_id FROM predictions WHERE run_id = $run_id)
            ORDER BY c.comment_id
            """,
            {**params, "run_id": run_id},
        ).fetchall()
    return [int(row[0]) for row in rows]
