"""The golden set: comments that models are measured on and never learn from. Marks are only appended."""

from dataclasses import dataclass
from datetime import datetime

from storage.audit import add_entry
from storage.database import Database, now


@dataclass(frozen=True)
class GoldenMark:
    """Somebody put a comment into the golden set, or took it out; the newest mark of a comment counts."""

    golden_id: int
    dataset_id: str
    comment_id: int
    is_golden: bool
    why: str
    created_at: datetime
    created_by: str


def add_marks(
    db: Database, dataset_id: str, comment_ids: list[int], *, is_golden: bool, why: str, actor: str
) -> None:
    """Put comments into the golden set, or take them out, with a reason that the log keeps too."""
    with db.writing(dataset_id) as cursor:
        cursor.execute(
            """
            INSERT INTO golden_marks
            SELECT nextval('golden_ids'), $dataset_id, unnest($ids::BIGINT[]), $is_golden, $why, $at, $actor
            """,
            {
                "dataset_id": dataset_id,
                "ids": comment_ids,
                "is_golden": is_golden,
                "why": why,
                "at": now(),
                "actor": actor,
            },
        )
        add_entry(
            cursor,
            actor=actor,
            verb="golden set widened" if is_golden else "golden set narrowed",
            dataset_id=dataset_id,
            object_=dataset_id,
            details={"comments": comment_ids[:100], "count": len(comment_ids), "why": why},
        )


def list_golden(db: Database, dataset_id: str) -> list[int]:
    """The comments of the golden set, oldest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT comment_id FROM golden_of($dataset_id) ORDER BY comment_id", {"dataset_id": dataset_id}
        ).fetchall()
    return [int(row[0]) for row in rows]


def list_marks(db: Database, dataset_id: str, *, limit: int) -> list[GoldenMark]:
    """Who marked what, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT * FROM golden_marks WHERE dataset_id = $dataset_id ORDER BY golden_id DESC LIMIT $limit",
            {"dataset_id": dataset_id, "limit": limit},
        ).fetchall()
    return [GoldenMark(*row) for row in rows]


def count_learned(db: Database, dataset_id: str, snapshot_id: str) -> int:
    """How many golden comments a model would learn from or be chosen by on this snapshot."""
    with db.reading() as cursor:
        row = cursor.execute(
            """
            SELECT count(*)
            FROM snapshot_rows
            WHERE snapshot_id = $snapshot_id AND split <> 'test'
              AND comment_id IN (SELECT comment_id FROM golden_of($dataset_id))
            """,
            {"dataset_id": dataset_id, "snapshot_id": snapshot_id},
        ).fetchone()
    return int(row[0]) if row else 0
