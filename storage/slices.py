"""A run's answers counted slice by slice; the slices come from what never changes about a comment."""

from storage.database import Database

# By what comments can be divided, and how SQL says it. Constants: none of this comes from outside.
SLICE_SQL = {
    "source": "coalesce(i.file_name, '(unknown)')",
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
}


def count_slices(db: Database, run_id: str, by: str) -> list[tuple[str, str, str | None, int]]:
    """How often each frozen label met each predicted one: (slice, gold, predicted, comments).

    Args:
        by: One of SLICE_SQL.
    """
    with db.reading() as cursor:
        return cursor.execute(
            f"""
            SELECT {SLICE_SQL[by]} AS slice, s.label AS gold, p.label AS predicted, count(*)
            FROM runs r
            JOIN predictions p ON p.run_id = r.run_id
            JOIN snapshot_rows s
              ON s.snapshot_id = r.snapshot_id AND s.comment_id = p.comment_id AND s.split = r.split
            JOIN comments c ON c.comment_id = p.comment_id
            LEFT JOIN imports i ON i.import_id = c.import_id
            WHERE r.run_id = $run_id
            GROUP BY ALL
            ORDER BY ALL
            """,
            {"run_id": run_id},
        ).fetchall()
