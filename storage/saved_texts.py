"""Texts that were tried by hand and saved as comments: each is an import of its own, with notes."""

import duckdb

from storage.database import Database

SOURCE = "playground"  # as `imports.mapping` names it


def find_comment_id(db: Database, dataset_id: str, body: str) -> int | None:
    """The oldest comment of the dataset with exactly that text."""
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT min(comment_id) FROM comments WHERE dataset_id = $dataset_id AND body = $body",
            {"dataset_id": dataset_id, "body": body},
        ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def list_notes(db: Database, comment_id: int) -> list[str]:
    """What was noted when the comment was saved; of a comment out of a file, nothing."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT f.reason
            FROM comments c
            JOIN imports i ON i.import_id = c.import_id
            JOIN import_findings f ON f.import_id = c.import_id
            WHERE c.comment_id = $comment_id
              AND (i.mapping ->> 'source') = $source
              AND f.kind = 'note'
            ORDER BY f.line
            """,
            {"comment_id": comment_id, "source": SOURCE},
        ).fetchall()
    return [str(row[0]) for row in rows]


def list_newest_ids(cursor: duckdb.DuckDBPyConnection, dataset_id: str, *, limit: int) -> list[int]:
    """The comments of the dataset that were saved last, newest first, within the caller's transaction."""
    rows = cursor.execute(
        """
        SELECT c.comment_id
        FROM comments c
        JOIN imports i ON i.import_id = c.import_id
        WHERE c.dataset_id = $dataset_id
          AND i.dataset_id = $dataset_id
          AND (i.mapping ->> 'source') = $source
        ORDER BY c.comment_id DESC
        LIMIT $limit
        """,
        {"dataset_id": dataset_id, "source": SOURCE, "limit": limit},
    ).fetchall()
    return [int(row[0]) for row in rows]
