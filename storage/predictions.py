"""Predictions: one row per comment of a run, joined to the snapshot by comment id and never by position."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from domain.errors import BadInput
from storage.database import Database

# How the answers and the comments of the splits fail to match.
_COMPARE = """
SELECT
  coalesce(a.split, s.split) AS split,
  count(a.comment_id) AS answers,
  count(DISTINCT a.comment_id) AS answered,
  count(*) FILTER (s.comment_id IS NULL) AS strangers,
  count(*) FILTER (a.comment_id IS NULL) AS missing,
  min(a.comment_id) FILTER (s.comment_id IS NULL) AS one_stranger,
  min(s.comment_id) FILTER (a.comment_id IS NULL) AS one_missing
FROM answers a
FULL JOIN (
  SELECT comment_id, split
  FROM snapshot_rows
  WHERE snapshot_id = $snapshot_id AND split IN (SELECT unnest($splits))
) s ON s.comment_id = a.comment_id AND s.split = a.split
GROUP BY ALL
ORDER BY split
"""


@contextmanager
def incoming(cursor: duckdb.DuckDBPyConnection, answers: pa.Table) -> Iterator[None]:
    """Let the cursor see the answers as the table `answers`."""
    cursor.register("answers", answers)
    try:
        yield
    finally:
        cursor.unregister("answers")


def count_rows_checked(
    cursor: duckdb.DuckDBPyConnection, snapshot_id: str, splits: Sequence[str]
) -> dict[str, int]:
    """Rows per split of the incoming answers, which name each comment of these splits exactly once.

    Raises:
        BadInput: an answer names no comment of its split, a comment has no answer or has several.
    """
    rows = cursor.execute(_COMPARE, {"snapshot_id": snapshot_id, "splits": list(splits)}).fetchall()
    for split, answers, answered, strangers, missing, one_stranger, one_missing in rows:
        where = f"split {split} of {snapshot_id}"
        if strangers:
            raise BadInput(
                f"{strangers:,} predictions name comments that are not in {where}, such as {one_stranger}.",
                hint="The job worked on something else; restart it.",
            )
        if missing:
            raise BadInput(
                f"{missing:,} comments of {where} have no prediction, such as {one_missing}.",
                hint="Restart the job.",
            )
        if answers != answered:
            raise BadInput(
                f"{answers - answered:,} comments of {where} have more than one prediction.",
                hint="Restart the job.",
            )
    return {row[0]: int(row[1]) for row in rows}


def add_predictions(cursor: duckdb.DuckDBPyConnection, run_id: str, split: str) -> None:
    """Add the incoming answers of one split as the run's predictions, within the caller's transaction."""
    cursor.execute(
        """
        INSERT INTO predictions
          (run_id, comment_id, label, parse_status, scores, latency_ms, tokens, cost_usd)
        SELECT $run_id, comment_id, label, parse_status, scores, latency_ms, tokens, cost_usd
        FROM answers
        WHERE split = $split
        ORDER BY comment_id
        """,
        {"run_id": run_id, "split": split},
    )


def list_predictions(db: Database, run_id: str) -> pa.Table:
    """The predictions of a run beside the gold labels of its snapshot, in the order of comment_id.

    Returns:
        Columns comment_id, gold, label, parse_status, scores, latency_ms, tokens, cost_usd; no rows where
        there is no such run.
    """
    with db.reading() as cursor:
        found = cursor.sql(
            """
            SELECT
              p.comment_id, s.label AS gold, p.label, p.parse_status, p.scores, p.latency_ms, p.tokens,
              p.cost_usd
            FROM runs r
            JOIN predictions p ON p.run_id = $run_id
            JOIN snapshot_rows s
              ON s.snapshot_id = r.snapshot_id AND s.split = r.split AND s.comment_id = p.comment_id
            WHERE r.run_id = $run_id
            ORDER BY p.comment_id
            """,
            params={"run_id": run_id},
        )
        return found.to_arrow_table()


def count_predictions(db: Database, run_id: str) -> int:
    """How many comments the run answered."""
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT count(*) FROM predictions WHERE run_id = $run_id", {"run_id": run_id}
        ).fetchone()
    return int(row[0]) if row else 0


def find_mean_latency_ms(db: Database, run_id: str) -> float | None:
    """Milliseconds that a comment took on average; None where nothing was measured."""
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT avg(latency_ms) FROM predictions WHERE run_id = $run_id AND latency_ms > 0",
            {"run_id": run_id},
        ).fetchone()
    return None if row is None or row[0] is None else float(row[0])
