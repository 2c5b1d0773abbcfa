"""Blind readings of runs: what was drawn, and what each reader said of it; appended, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.audit import add_entry
from storage.database import Database, now

_COLUMNS = "reading_id, dataset_id, run_id, seed, misses, hits, created_at, created_by"

# What stands: the newest of each reader on each comment that was not taken back.
_STANDING = """
  SELECT reading_id, dataset_id, comment_id, kind, label, client_id, created_at, created_by
  FROM causes
  WHERE {condition}
    AND kind <> 'undo'
    AND client_id NOT IN (SELECT undoes FROM causes WHERE {condition} AND undoes IS NOT NULL)
  QUALIFY row_number() OVER (PARTITION BY reading_id, comment_id, created_by ORDER BY cause_id DESC) = 1
"""


@dataclass(frozen=True)
class Reading:
    """What was drawn of a run: so many of its misses and of its hits, in one order."""

    reading_id: str
    dataset_id: str
    run_id: str
    seed: int
    misses: int
    hits: int
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class Said:
    """What a reader said of one comment, or took back; `label` only where `kind` is "label"."""

    comment_id: int
    kind: str
    client_id: str
    label: str | None = None
    undoes: str | None = None


@dataclass(frozen=True)
class Cause:
    """What stands of one reader on one comment of a reading."""

    reading_id: str
    dataset_id: str
    comment_id: int
    kind: str
    label: str | None
    client_id: str
    created_at: datetime
    created_by: str


def add_reading(
    db: Database,
    dataset_id: str,
    run_id: str,
    *,
    rows: Sequence[int],
    misses: int,
    hits: int,
    seed: int,
    actor: str,
) -> Reading:
    """Append a reading of these comments in this order; where the run has one, that one is returned.

    Args:
        misses, hits: How many of the rows are which.
    """
    with db.writing(dataset_id) as cursor:
        added = cursor.execute(
            f"""
            INSERT INTO readings ({_COLUMNS})
            SELECT
              'reading-' || nextval('reading_ids'), $dataset_id, $run_id, $seed, $misses, $hits, $at, $actor
            WHERE NOT EXISTS (SELECT 1 FROM readings WHERE run_id = $run_id)
            RETURNING reading_id
            """,
            {
                "dataset_id": dataset_id,
                "run_id": run_id,
                "seed": seed,
                "misses": misses,
                "hits": hits,
                "at": now(),
                "actor": actor,
            },
        ).fetchall()
        if added:
            cursor.execute(
                """
                INSERT INTO reading_rows
                SELECT $reading_id, unnest(range($count)), unnest($rows::BIGINT[])
                """,
                {"reading_id": added[0][0], "count": len(rows), "rows": list(rows)},
            )
            add_entry(
                cursor,
                actor=actor,
                verb="blind reading drawn",
                dataset_id=dataset_id,
                object_=added[0][0],
                details={"run_id": run_id, "misses": misses, "hits": hits, "seed": seed},
            )
    found = find_reading(db, run_id)
    assert found is not None
    return found


def find_reading(db: Database, run_id: str) -> Reading | None:
    """The reading of a run, if one was drawn."""
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM readings WHERE run_id = $run_id", {"run_id": run_id}
        ).fetchone()
    return Reading(*row) if row else None


def list_reading_ids(db: Database, reading_id: str) -> list[int]:
    """The comments of a reading in the order in which they are read."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT comment_id FROM reading_rows WHERE reading_id = $reading_id ORDER BY place",
            {"reading_id": reading_id},
        ).fetchall()
    return [int(row[0]) for row in rows]


def add_causes(db: Database, reading: Reading, given: Sequence[Said], *, actor: str) -> int:
    """Append what a reader said, each client id once, and return how many were new."""
    added = 0
    with db.writing(reading.dataset_id) as cursor:
        for said in given:
            added += len(
                cursor.execute(
                    """
                    INSERT INTO causes
                    SELECT
                      nextval('cause_ids'), $reading_id, $dataset_id, $comment_id, $kind, $label, $client_id,
                      $undoes, $at, $actor
                    WHERE NOT EXISTS (SELECT 1 FROM causes WHERE client_id = $client_id)
                    RETURNING cause_id
                    """,
                    {
                        **vars(said),
                        "reading_id": reading.reading_id,
                        "dataset_id": reading.dataset_id,
                        "at": now(),
                        "actor": actor,
                    },
                ).fetchall()
            )
    return added


def list_causes(db: Database, reading_id: str) -> list[Cause]:
    """What stands of every reader of a reading."""
    return _standing(db, "reading_id = $value", reading_id)


def list_causes_of_kind(db: Database, dataset_id: str, kind: str) -> list[Cause]:
    """What stands in any reading of the dataset and is of that kind, oldest first."""
    return [each for each in _standing(db, "dataset_id = $value", dataset_id) if each.kind == kind]


def list_client_ids(db: Database, reading_id: str, actor: str) -> set[str]:
    """The client ids of everything that a reader said in a reading."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT client_id FROM causes WHERE reading_id = $reading_id AND created_by = $actor",
            {"reading_id": reading_id, "actor": actor},
        ).fetchall()
    return {str(row[0]) for row in rows}


def _standing(db: Database, condition: str, value: str) -> list[Cause]:
    with db.reading() as cursor:
        rows = cursor.execute(
            f"SELECT * FROM ({_STANDING.format(condition=condition)}) ORDER BY created_at, comment_id",
            {"value": value},
        ).fetchall()
    return [Cause(*row) for row in rows]
