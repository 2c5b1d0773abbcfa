"""Comments of a snapshot, and later ones of the same dataset, with what can be compared between them."""

import pyarrow as pa

from storage.database import EVERY_ID, Database

_COLUMNS = "c.comment_id, length(c.body) AS characters, coalesce(c.language, '(unknown)') AS language"


def get_frozen_table(db: Database, snapshot_id: str) -> pa.Table:
    """The comments of a snapshot: comment_id, characters, language and the frozen label."""
    with db.reading() as cursor:
        return cursor.sql(
            f"""
            SELECT {_COLUMNS}, s.label
            FROM snapshot_rows s
            JOIN comments c ON c.comment_id = s.comment_id
            WHERE s.snapshot_id = $snapshot_id
            ORDER BY c.comment_id
            """,
            params={"snapshot_id": snapshot_id},
        ).to_arrow_table()


def get_later_table(db: Database, dataset_id: str, *, snapshot_id: str, import_id: int | None) -> pa.Table:
    """The comments of a dataset, or of one import of it, that are not in the snapshot.

    Columns as of `get_frozen_table`; label is the one in force, NULL where there is none.
    """
    params = {"dataset_id": dataset_id, "snapshot_id": snapshot_id, "import_id": import_id, **EVERY_ID}
    with db.reading() as cursor:
        return cursor.sql(
            f"""
            SELECT {_COLUMNS}, l.label
            FROM comments c
            LEFT JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = c.comment_id
            WHERE c.dataset_id = $dataset_id
              AND ($import_id IS NULL OR c.import_id = $import_id)
              AND c.comment_id NOT IN (
                SELECT comment_id FROM snapshot_rows WHERE snapshot_id = $snapshot_id
              )
            ORDER BY c.comment_id
            """,
            params=params,
        ).to_arrow_table()
