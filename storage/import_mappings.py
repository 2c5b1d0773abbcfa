"""Saved mappings: how files of one kind are read, and what their columns and labels mean."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Database, now

_NO_DATASET = ""  # a mapping belongs to none


@dataclass(frozen=True)
class SavedMapping:
    """A mapping with its name: its `columns`, `labels` and `reading`."""

    name: str
    mapping: dict[str, Any]
    created_at: datetime
    created_by: str


def add_mapping(db: Database, name: str, mapping: dict[str, Any], actor: str) -> SavedMapping:
    """Save the mapping under the name, in place of an older one; an empty one takes the name away."""
    saved = SavedMapping(name, mapping, now(), actor)
    with db.writing(_NO_DATASET) as cursor:
        cursor.execute(
            "INSERT INTO import_mappings VALUES ($name, $mapping, $created_at, $created_by)",
            {**vars(saved), "mapping": json.dumps(mapping)},
        )
    return saved


def list_mappings(db: Database) -> list[SavedMapping]:
    """The saved mappings, by name."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT name, mapping, created_at, created_by
            FROM import_mappings
            QUALIFY row_number() OVER (PARTITION BY name ORDER BY created_at DESC, rowid DESC) = 1
            ORDER BY name
            """
        ).fetchall()
    found = [SavedMapping(name, json.loads(mapping), at, by) for name, mapping, at, by in rows]
    return [each for each in found if each.mapping]
