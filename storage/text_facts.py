"""What is derived of the text of each comment, and the repairs in force; the comments themselves stay."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from domain.errors import Conflict, NotFound
from storage.database import Database, now

# The column of text_facts that says whether a step would change the text.
FLAGS = {
    "characters": "broken_characters",
    "entities": "html_entities",
    "spelling": "obfuscated",
    "personal": "personal_data",
}
FACTS_SCHEMA = pa.schema(
    [
        ("comment_id", pa.int64()),
        ("characters", pa.int32()),
        ("letters", pa.int32()),
        ("is_emoji_only", pa.bool_()),
        *((flag, pa.bool_()) for flag in FLAGS.values()),
        ("found_language", pa.string()),
        ("language_confidence", pa.float32()),
        ("cleaned", pa.string()),
    ]
)

# What lacks its facts, or has them from other functions. LEFT JOIN: what is missing is much or nothing.
_MISSING = """
FROM comments c
LEFT JOIN text_facts f
  ON f.comment_id = c.comment_id AND f.derived_by = $derived_by AND f.cleaned_by = $cleaned_by
WHERE c.dataset_id = $dataset_id AND f.comment_id IS NULL
"""


@dataclass(frozen=True)
class Repair:
    """One step put in force: `changed` comments read differently to a model."""

    repair_id: int
    dataset_id: str
    step: str
    version: str
    changed: int
    created_at: datetime
    created_by: str
    undone_at: datetime | None
    undone_by: str | None


def count_missing(db: Database, dataset_id: str, *, derived_by: str, cleaned_by: str) -> int:
    """How many comments lack facts by these functions."""
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT count(*) {_MISSING}",
            {"dataset_id": dataset_id, "derived_by": derived_by, "cleaned_by": cleaned_by},
        ).fetchone()
    return int(row[0]) if row else 0


def list_missing(
    db: Database, dataset_id: str, *, derived_by: str, cleaned_by: str, rows: int
) -> Iterator[pa.RecordBatch]:
    """Number and text of the comments that lack facts, in batches; read as it stands at the first one."""
    with db.reading() as cursor:
        found = cursor.sql(
            f"SELECT c.comment_id, c.body {_MISSING} ORDER BY c.comment_id",
            params={"dataset_id": dataset_id, "derived_by": derived_by, "cleaned_by": cleaned_by},
        )
        yield from found.to_arrow_reader(rows)


def add_facts(db: Database, dataset_id: str, facts: pa.Table, *, derived_by: str, cleaned_by: str) -> None:
    """Write facts in place of older ones of the same comments.

    Args:
        facts: The columns of FACTS_SCHEMA.
    """
    with db.writing(dataset_id) as cursor:
        cursor.register("found_facts", facts)
        cursor.execute(
            "DELETE FROM text_facts WHERE dataset_id = $dataset_id"
            " AND comment_id IN (SELECT comment_id FROM found_facts)",
            {"dataset_id": dataset_id},
        )
        names = ", ".join(FACTS_SCHEMA.names)
        cursor.execute(
            f"INSERT INTO text_facts (dataset_id, {names}, cleaned_by, derived_by)"
            f" SELECT $dataset_id, {names}, $cleaned_by, $derived_by FROM found_facts",
            {"dataset_id": dataset_id, "derived_by": derived_by, "cleaned_by": cleaned_by},
        )


def update_cleaned(db: Database, dataset_id: str, cleaned: pa.Table, *, cleaned_by: str) -> None:
    """Write the cleaned text of some comments: columns comment_id and cleaned, null where it is the text."""
    with db.writing(dataset_id) as cursor:
        cursor.register("found_texts", cleaned)
        cursor.execute(
            """
            UPDATE text_facts
            SET cleaned = t.cleaned, cleaned_by = $cleaned_by
            FROM found_texts t
            WHERE text_facts.dataset_id = $dataset_id AND text_facts.comment_id = t.comment_id
            """,
            {"dataset_id": dataset_id, "cleaned_by": cleaned_by},
        )


def update_untouched(db: Database, dataset_id: str, step: str, *, cleaned_by: str) -> None:
    """Say of the comments that the step would not touch that they are as the steps in force ask."""
    with db.writing(dataset_id) as cursor:
        cursor.execute(
            "UPDATE text_facts SET cleaned_by = $cleaned_by"
            f" WHERE dataset_id = $dataset_id AND NOT {FLAGS[step]}",
            {"dataset_id": dataset_id, "cleaned_by": cleaned_by},
        )


def count_flagged(db: Database, dataset_id: str, step: str) -> int:
    """How many comments the step would change, excluded ones among them."""
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT count(*) FROM text_facts WHERE dataset_id = $dataset_id AND {FLAGS[step]}",
            {"dataset_id": dataset_id},
        ).fetchone()
    return int(row[0]) if row else 0


def list_flagged_batches(db: Database, dataset_id: str, step: str, *, rows: int) -> Iterator[pa.RecordBatch]:
    """Number and text of the comments that the step would change, excluded ones among them."""
    with db.reading() as cursor:
        found = cursor.sql(
            f"""
            SELECT c.comment_id, c.body
            FROM text_facts f
            JOIN comments c ON c.comment_id = f.comment_id
            WHERE f.dataset_id = $dataset_id AND f.{FLAGS[step]}
            ORDER BY c.comment_id
            """,
            params={"dataset_id": dataset_id},
        )
        yield from found.to_arrow_reader(rows)


def list_flagged(db: Database, dataset_id: str, step: str, *, limit: int) -> list[tuple[int, str]]:
    """Number and text of comments that a step would change, oldest first, without excluded ones."""
    with db.reading() as cursor:
        return cursor.execute(
            f"""
            SELECT c.comment_id, c.body
            FROM text_facts f
            JOIN comments c ON c.comment_id = f.comment_id
            WHERE f.dataset_id = $dataset_id AND f.{FLAGS[step]}
              AND f.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, 0, $high))
            ORDER BY f.comment_id
            LIMIT $limit
            """,
            {"dataset_id": dataset_id, "limit": limit, "high": 2**63 - 1},
        ).fetchall()


def find_facts(db: Database, comment_id: int) -> dict[str, Any] | None:
    """The facts of one comment; None where it was not looked at."""
    with db.reading() as cursor:
        cursor.execute("SELECT * FROM text_facts WHERE comment_id = $id", {"id": comment_id})
        names = [column[0] for column in cursor.description or []]
        row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def add_repair(db: Database, dataset_id: str, step: str, version: str, actor: str) -> Repair:
    """Put a step in force.

    Raises:
        Conflict: it is in force already.
    """
    with db.writing(dataset_id) as cursor:
        params = {"dataset_id": dataset_id, "step": step}
        known = cursor.execute(
            "SELECT 1 FROM text_repairs"
            " WHERE dataset_id = $dataset_id AND step = $step AND undone_at IS NULL",
            params,
        )
        if known.fetchall():
            raise Conflict(
                f"The repair '{step}' is in force in '{dataset_id}' already.", hint="Undo it first."
            )
        [(repair_id,)] = cursor.execute(
            f"""
            INSERT INTO text_repairs
            SELECT nextval('repair_ids'), $dataset_id, $step, $version, count(*), $at, $actor, NULL, NULL
            FROM text_facts
            WHERE dataset_id = $dataset_id AND {FLAGS[step]}
            RETURNING repair_id
            """,
            {**params, "version": version, "at": now(), "actor": actor},
        ).fetchall()
    return get_repair(db, repair_id)


def update_repair_undone(db: Database, repair_id: int, actor: str) -> Repair:
    """Take a repair out of force.

    Raises:
        NotFound: there is no such repair.
        Conflict: it was taken back already.
    """
    repair = get_repair(db, repair_id)
    if repair.undone_at is not None:
        raise Conflict(f"Repair {repair_id} was undone by {repair.undone_by} already.")
    with db.writing(repair.dataset_id) as cursor:
        cursor.execute(
            "UPDATE text_repairs SET undone_at = $at, undone_by = $actor WHERE repair_id = $repair_id",
            {"at": now(), "actor": actor, "repair_id": repair_id},
        )
    return get_repair(db, repair_id)


def get_repair(db: Database, repair_id: int) -> Repair:
    """One repair.

    Raises:
        NotFound: there is none of that number.
    """
    with db.reading() as cursor:
        row = cursor.execute("SELECT * FROM text_repairs WHERE repair_id = $id", {"id": repair_id}).fetchone()
    if row is None:
        raise NotFound(f"There is no repair {repair_id}.", hint="`clean` lists those that were made.")
    return Repair(*row)


def list_repairs(db: Database, dataset_id: str) -> list[Repair]:
    """The repairs of a dataset, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT * FROM text_repairs WHERE dataset_id = $dataset_id ORDER BY repair_id DESC",
            {"dataset_id": dataset_id},
        ).fetchall()
    return [Repair(*row) for row in rows]
