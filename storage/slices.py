"""A run's answers counted slice by slice; the slices come from what never changes after the freeze."""

from collections.abc import Sequence

import pyarrow as pa

from storage.database import Database

# By what comments can be divided, and how SQL says it. Constants: none of this comes from outside.
SLICE_SQL = {
    "source": "coalesce(c.source, i.file_name, '(unknown)')",
    "language": "coalesce(c.language, '(unknown)')",
    "length": """
      CASE
        WHEN length(c.body) <= 40 THEN 'up to 40 characters'
        WHEN length(c.body) <= 120 THEN '41 to 120 characters'
        WHEN length(c.body) <= 280 THEN '121 to 280 characters'
        ELSE 'over 280 characters'
      END
    """,
    "label_from": "s.label_from",
    "month": "coalesce(strftime(c.posted_at, '%Y-%m'), '(unknown)')",
    "author": """
      CASE
        WHEN c.author IS NULL THEN '(unknown)'
        WHEN known.author IS NULL THEN 'not seen in training'
        ELSE 'seen in training'
      END
    """,
    "agreement": """
      CASE
        WHEN coalesce(voted.votes, 0) = 0 THEN 'nobody voted'
        WHEN voted.votes = 1 THEN 'one vote'
        WHEN voted.labels = 1 THEN 'all agree'
        ELSE 'not all agree'
      END
    """,
}

# What some of them need beside the comment; joined only for those.
_JOINS = {
    "author": """
      LEFT JOIN (
        SELECT DISTINCT tc.author
        FROM runs tr
        JOIN models m ON m.model_id = tr.model_id
        JOIN snapshot_rows t ON t.snapshot_id = m.snapshot_id AND t.split = 'train'
        JOIN comments tc ON tc.comment_id = t.comment_id
        WHERE tr.run_id = $run_id AND tc.author IS NOT NULL
      ) known ON known.author = c.author
    """,
    # The votes as they stood when the snapshot was frozen: people go on voting.
    "agreement": """
      LEFT JOIN (
        SELECT comment_id, count(*) AS votes, count(DISTINCT label) AS labels
        FROM (
          SELECT v.comment_id, arg_max(v.kind, v.vote_id) AS kind, arg_max(v.label, v.vote_id) AS label
          FROM votes v
          JOIN runs vr ON vr.run_id = $run_id
          JOIN snapshots f ON f.snapshot_id = vr.snapshot_id AND f.dataset_id = v.dataset_id
          WHERE v.voted_at <= f.created_at
            AND v.kind <> 'undo'
            AND v.annotator <> '(imported)'
            AND v.client_id NOT IN (
              SELECT u.undoes
              FROM votes u
              WHERE u.dataset_id = f.dataset_id
                AND u.kind = 'undo'
                AND u.voted_at <= f.created_at
                AND u.undoes IS NOT NULL
            )
          GROUP BY v.comment_id, v.annotator
        )
        WHERE kind = 'label'
        GROUP BY comment_id
      ) voted ON voted.comment_id = c.comment_id
    """,
}

_FROM = """
FROM runs r
JOIN predictions p ON p.run_id = $run_id
JOIN snapshot_rows s ON s.snapshot_id = r.snapshot_id AND s.comment_id = p.comment_id AND s.split = r.split
JOIN comments c ON c.comment_id = p.comment_id
LEFT JOIN imports i ON i.import_id = c.import_id
"""


def count_slices(
    db: Database, run_id: str, kinds: Sequence[str]
) -> list[tuple[str, str, str, str | None, int]]:
    """How often each frozen label met each predicted one: (kind, slice, gold, predicted, comments).

    Args:
        kinds: Some of SLICE_SQL, at least one; all are counted in one pass over the comments.
    """
    columns = ", ".join(f"{SLICE_SQL[kind]} AS {kind}" for kind in kinds)
    sets = ", ".join(f"({kind}, gold, predicted)" for kind in kinds)
    kind = " ".join(f"WHEN grouping({kind}) = 0 THEN '{kind}'" for kind in kinds)
    joins = " ".join(_JOINS[kind] for kind in kinds if kind in _JOINS)
    with db.reading() as cursor:
        return cursor.execute(
            f"""
            SELECT CASE {kind} END AS kind, coalesce({", ".join(kinds)}) AS slice, gold, predicted, count(*)
            FROM (
              SELECT {columns}, s.label AS gold, p.label AS predicted
              {_FROM} {joins}
              WHERE r.run_id = $run_id
            )
            GROUP BY GROUPING SETS ({sets})
            ORDER BY ALL
            """,
            {"run_id": run_id},
        ).fetchall()


def list_slice_misses(db: Database, run_id: str, kind: str, name: str, *, limit: int = 100) -> list[int]:
    """Comments of one slice that the run got wrong, those first of which it was surest."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT p.comment_id
            {_FROM} {_JOINS.get(kind, "")}
            WHERE r.run_id = $run_id AND {SLICE_SQL[kind]} = $name AND p.label IS DISTINCT FROM s.label
            ORDER BY list_max(p.scores) DESC NULLS LAST, p.comment_id
            LIMIT $limit
            """,
            {"run_id": run_id, "name": name, "limit": limit},
        ).fetchall()
    return [int(row[0]) for row in rows]


def get_slice_facts(db: Database, run_id: str) -> pa.Table:
    """The comments of a run by comment_id: that, gold, predicted, body, and a column per SLICE_SQL."""
    columns = ", ".join(f"{sql} AS {name}" for name, sql in SLICE_SQL.items())
    with db.reading() as cursor:
        return cursor.sql(
            f"""
            SELECT p.comment_id, s.label AS gold, p.label AS predicted, c.body, {columns}
            {_FROM} {" ".join(_JOINS.values())}
            WHERE r.run_id = $run_id
            ORDER BY p.comment_id
            """,
            params={"run_id": run_id},
        ).to_arrow_table()
