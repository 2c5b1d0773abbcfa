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


def count_shared(db: Database, run_id: str) -> tuple[int, dict[str, int]]:
    """How many comments of the run there are, and of each kind how many authors or threads.

    A comment without an author, or without a thread, is one of its own.
    """
    counts = ", ".join(
        f"count(DISTINCT {shared}) + count(*) - count({shared})" for shared in _SHARED.values()
    )
    with db.reading() as cursor:
        row = cursor.execute(f"SELECT count(*), {counts} {_FROM}", {"run_id": run_id}).fetchone()
    n, *clusters = row or (0, *[0] * len(_SHARED))
    return int(n), dict(zip(KINDS, map(int, clusters), strict=True))


def count_by_cluster(db: Database, run_id: str, kind: str) -> pa.Table:
    """How often each frozen label met each predicted one, by author or thread.

    Returns:
        Columns cluster (a hash: the same for the same author or thread), gold, predicted (null: no label was
        named) and n, in no order.
    """
    with db.reading() as cursor:
        return cursor.sql(
            f"""
            SELECT
              hash({_SHARED[kind]}, CASE WHEN {_SHARED[kind]} IS NULL THEN c.comment_id END) AS cluster,
              s.label AS gold, p.label AS predicted, count(*) AS n
            {_FROM}
            GROUP BY ALL
            """,
            params={"run_id": run_id},
        ).to_arrow_table()
