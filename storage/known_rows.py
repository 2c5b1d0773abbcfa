"""Rows of a file beside each other and beside the comments of a dataset, before anything is imported."""

from dataclasses import dataclass

import pyarrow as pa

from storage.database import Database

# An id as an import gives it: that of the file, else the text's hash and its place among equal texts.
_COMPARE = """
WITH named AS (
  SELECT
    row,
    body,
    coalesce(
      nullif(external_id, ''),
      sha256(body) || ':' || row_number() OVER (
        PARTITION BY nullif(external_id, ''), sha256(body) ORDER BY row
      )
    ) AS external_id
  FROM checked_rows
)
SELECT
  count(*) FILTER (body = known),
  count(*) FILTER (body <> known),
  count(*) FILTER (known IS NULL AND body <> first)
FROM (
  SELECT
    n.body,
    c.body AS known,
    first_value(n.body) OVER (PARTITION BY n.external_id ORDER BY n.row) AS first
  FROM named n
  LEFT JOIN comments c ON c.dataset_id = $dataset_id AND c.external_id = n.external_id
)
"""


@dataclass(frozen=True)
class KnownRows:
    """How many rows the dataset has.

    Attributes:
        same: Rows that the dataset has with the same text.
        changed: Rows whose id the dataset has with another text.
        doubled: Rows whose id only stands in the file before, with another text.
    """

    same: int
    changed: int
    doubled: int


def compare_known(db: Database, dataset_id: str | None, rows: pa.Table) -> KnownRows:
    """What is known of the rows (row, external_id, body) that would be comments of the dataset."""
    with db.reading() as cursor:
        cursor.register("checked_rows", rows)
        try:
            [found] = cursor.execute(_COMPARE, {"dataset_id": dataset_id}).fetchall()
        finally:
            cursor.unregister("checked_rows")
    return KnownRows(*found)
