"""Answers of a run counted by author, or by thread: comments that share one resemble each other."""

import pyarrow as pa

from storage.database import Database

# What comments may share. Constants: none of this comes from outside.
_SHARED = {"author": "c.author", "thread": "c.thread"}
KINDS = tuple(_SHARED)

_FROM = """
FROM runs r
JOIN predictions p ON p.run_id = $run_id
JOIN snapshot_rows s ON s.snapshot_id = r.snapshot_id AND s.comment_id = p.comment_id AND s.split = r.split
JOIN comments c ON c.comment_id = p.comment_id
WHERE r.run_id = $run_id
"""


def count_shared(db: Database, run_id: str, kind: str) -> tuple[int, int]:
    """How many comments of the run there are, and authors or threads; without one, a comment is its own."""
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT count(*), count(DISTINCT {_SHARED[kind]}) + count(*) - count({_SHARED[kind]}) {_FROM}",
            {"run_id": run_id},
        ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def count_by_cluster(db: Database, run_id: str, kind: str) -> pa.Table:
    """How often each frozen label met each predicted one, by author or thread.

    Returns:
        Columns cluster (from 0 up, in an order that stays), gold, predicted (null: no label was named), n.
    """
    with db.reading() as cursor:
        return cursor.sql(
            f"""
            SELECT dense_rank() OVER (ORDER BY shared, alone) - 1 AS cluster, gold, predicted, n
            FROM (
              SELECT
                {_SHARED[kind]} AS shared,
                CASE WHEN {_SHARED[kind]} IS NULL THEN c.comment_id END AS alone,
                s.label AS gold, p.label AS predicted, count(*) AS n
              {_FROM}
              GROUP BY ALL
            )
            ORDER BY ALL
            """,
            params={"run_id": run_id},
        ).to_arrow_table()
