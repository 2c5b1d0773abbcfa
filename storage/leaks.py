"""What held-out comments share with training comments: counted at every snapshot, and listed pair by pair."""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from storage.database import Database
from storage.near import EMPTY_KEY

# The kinds of links, in the order of their weight, and the column that a held-out and a training row share. A
# near-duplicate is one of the same group, or one that was compared piece by piece when either came in.
KINDS = ("same_text", "near_duplicate", "same_author", "same_thread")
_COLUMNS = {"same_text": "match_key", "same_author": "author", "same_thread": "thread"}

_ROWS = """
CREATE OR REPLACE TEMP TABLE leak_rows AS
SELECT
  s.split, c.comment_id, c.author, c.thread, c.posted_at, nullif(c.match_key, $empty) AS match_key,
  coalesce(c.near_of, c.comment_id) AS root
FROM frozen s
JOIN comments c ON c.comment_id = s.comment_id
"""

_NEAR = """
CREATE OR REPLACE TEMP TABLE leak_near AS
SELECT h.comment_id AS held, t.learned
FROM leak_rows h
JOIN (SELECT root, min(comment_id) AS learned FROM leak_rows WHERE split = 'train' GROUP BY root) t
  ON t.root = h.root
WHERE h.split <> 'train'
UNION
SELECT h.comment_id, t.comment_id
FROM (
  SELECT comment_id AS one, older_id AS other FROM near_links WHERE dataset_id = $dataset_id
  UNION ALL
  SELECT older_id, comment_id FROM near_links WHERE dataset_id = $dataset_id
) n
JOIN leak_rows h ON h.comment_id = n.one AND h.split <> 'train'
JOIN leak_rows t ON t.comment_id = n.other AND t.split = 'train'
"""


@dataclass(frozen=True)
class Leak:
    """A held-out comment and the oldest training comment that it shares something with."""

    kind: str
    held: int
    split: str
    learned: int


@dataclass(frozen=True)
class TimeReport:
    """How splits lie in time: `earlier` of `held` comments with a time are older than the newest in train.

    In a split by time there is none; in any other a model has seen what came later than most of its test.
    """

    newest_training: datetime | None
    oldest_test: datetime | None
    held: int
    earlier: int


def count_leaks(db: Database, dataset_id: str, rows: pa.Table) -> dict[str, dict[str, int]]:
    """How many rows of each held-out split share text, author, thread or a near text with a training row."""
    with db.reading() as cursor:
        _prepare(cursor, dataset_id, rows)
        shared = ", ".join(
            f"count(*) FILTER ({column} IN (SELECT {column} FROM leak_rows WHERE split = 'train'"
            f" AND {column} IS NOT NULL)) AS {kind}"
            for kind, column in _COLUMNS.items()
        )
        found = cursor.execute(
            f"SELECT split, {shared},"
            " count(*) FILTER (comment_id IN (SELECT held FROM leak_near)) AS near_duplicate"
            " FROM leak_rows WHERE split <> 'train' GROUP BY split ORDER BY split"
        )
        names = [column[0] for column in found.description or []]
        counts = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {str(each["split"]): {kind: int(each[kind]) for kind in KINDS} for each in counts}


def list_leaks(db: Database, dataset_id: str, rows: pa.Table, kind: str, *, limit: int) -> list[Leak]:
    """Held-out comments with the oldest training comment that each shares something with."""
    with db.reading() as cursor:
        _prepare(cursor, dataset_id, rows)
        if kind == "near_duplicate":
            pairs = "SELECT held, min(learned) AS learned FROM leak_near GROUP BY held"
        else:
            column = _COLUMNS[kind]
            pairs = f"""
            SELECT h.comment_id AS held, t.learned
            FROM leak_rows h
            JOIN (
              SELECT {column}, min(comment_id) AS learned
              FROM leak_rows WHERE split = 'train' GROUP BY {column}
            ) t ON t.{column} = h.{column}
            WHERE h.split <> 'train'
            """
        found = cursor.execute(
            f"SELECT p.held, r.split, p.learned FROM ({pairs}) p JOIN leak_rows r ON r.comment_id = p.held"
            " ORDER BY p.held LIMIT $limit",
            {"limit": limit},
        ).fetchall()
    return [Leak(kind, held, split, learned) for held, split, learned in found]


def get_time_report(db: Database, dataset_id: str, rows: pa.Table) -> TimeReport:
    """How the splits lie in time."""
    with db.reading() as cursor:
        cursor.register("frozen", rows.select(["split", "posted_at"]))
        row = cursor.execute(
            """
            WITH newest AS (SELECT max(posted_at) AS moment FROM frozen WHERE split = 'train')
            SELECT
              (SELECT moment FROM newest),
              min(posted_at) FILTER (split = 'test'),
              count(posted_at) FILTER (split <> 'train'),
              count(*) FILTER (split <> 'train' AND posted_at <= (SELECT moment FROM newest))
            FROM frozen
            """
        ).fetchone()
    return TimeReport(*(row or (None, None, 0, 0)))


def count_near_golden(db: Database, dataset_id: str, rows: pa.Table) -> int:
    """How many training rows are nearly the same as a golden comment that is held out."""
    with db.reading() as cursor:
        _prepare(cursor, dataset_id, rows)
        row = cursor.execute(
            """
            WITH golden AS (
              SELECT comment_id, root FROM leak_rows
              WHERE split <> 'train' AND comment_id IN (SELECT comment_id FROM golden_of($dataset_id))
            )
            SELECT count(*)
            FROM leak_rows
            WHERE split = 'train' AND (
              root IN (SELECT root FROM golden)
              OR comment_id IN (SELECT learned FROM leak_near WHERE held IN (SELECT comment_id FROM golden))
            )
            """,
            {"dataset_id": dataset_id},
        ).fetchone()
    return int(row[0]) if row else 0


def _prepare(cursor: duckdb.DuckDBPyConnection, dataset_id: str, rows: pa.Table) -> None:
    cursor.register("frozen", rows.select(["comment_id", "split"]))
    cursor.execute(_ROWS, {"empty": EMPTY_KEY})
    cursor.execute(_NEAR, {"dataset_id": dataset_id})
