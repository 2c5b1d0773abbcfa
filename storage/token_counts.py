"""How many tokens the message about a comment has: a derived column per encoding and prompt format."""

from dataclasses import asdict, dataclass

import pyarrow as pa

from storage.database import Database

# Every row of the snapshot, counted or not. `place` orders comments at random, and on every machine alike.
_ROWS = """
SELECT
  s.comment_id, s.label, t.tokens, t.has_special_token, t.comment_id IS NOT NULL AS is_counted,
  md5_number_lower(c.external_id) AS place
FROM snapshot_rows s
JOIN comments c ON c.comment_id = s.comment_id
LEFT JOIN token_counts t
  ON t.comment_id = s.comment_id AND t.encoding = $encoding AND t.prompt_format = $prompt_format
WHERE s.snapshot_id = $snapshot_id
  AND s.split = $split
ORDER BY s.comment_id
"""

_UNCOUNTED = """
SELECT s.comment_id
FROM snapshot_rows s
ANTI JOIN (
  SELECT comment_id
  FROM token_counts
  WHERE encoding = $encoding AND prompt_format = $prompt_format
) t ON t.comment_id = s.comment_id
WHERE s.snapshot_id = $snapshot_id
ORDER BY s.comment_id
"""

# Whoever counts the same comments at the same time writes them once: the writers come one after the other.
_ADD = """
INSERT INTO token_counts
SELECT n.comment_id, $encoding, $prompt_format, n.tokens, n.has_special_token
FROM counted n
ANTI JOIN (
  SELECT comment_id
  FROM token_counts
  WHERE encoding = $encoding AND prompt_format = $prompt_format AND comment_id BETWEEN $low AND $high
) t ON t.comment_id = n.comment_id
"""


@dataclass(frozen=True)
class Counter:
    """What comments are counted with: an encoding, and a way to quote them in a message."""

    encoding: str
    prompt_format: str


def list_uncounted(db: Database, snapshot_id: str, counter: Counter) -> pa.Table:
    """The comments of the snapshot that were not counted so yet: one column comment_id, ascending."""
    with db.reading() as cursor:
        return cursor.sql(_UNCOUNTED, params={"snapshot_id": snapshot_id, **asdict(counter)}).to_arrow_table()


def get_bodies_table(db: Database, wanted: pa.Table) -> pa.Table:
    """The texts of the comments in `wanted` (comment_id, ascending): comment_id and body."""
    if wanted.num_rows == 0:
        return pa.table({"comment_id": pa.array([], pa.int64()), "body": pa.array([], pa.string())})
    with db.reading() as cursor:
        cursor.register("wanted", wanted)
        # The stretch of numbers is said too: with it, most of the table need not be read.
        return cursor.sql(
            "SELECT c.comment_id, c.body FROM comments c SEMI JOIN wanted w ON w.comment_id = c.comment_id"
            " WHERE c.comment_id BETWEEN $low AND $high",
            params=_stretch(wanted),
        ).to_arrow_table()


def add_token_counts(db: Database, dataset_id: str, counter: Counter, counted: pa.Table) -> None:
    """Keep the counts (comment_id, tokens, has_special_token); comments counted before stay as they are."""
    if counted.num_rows == 0:
        return
    with db.writing(dataset_id) as cursor:
        cursor.register("counted", counted)
        cursor.execute(_ADD, {**asdict(counter), **_stretch(counted)})


def get_counts_table(db: Database, snapshot_id: str, *, split: str, counter: Counter) -> pa.Table:
    """Every comment of a split in the order of comment_id.

    Columns: comment_id, label, tokens (None where it is not counted, or makes no example),
    has_special_token, is_counted, and place, by which comments can be taken at random but always alike.
    """
    params = {"snapshot_id": snapshot_id, "split": split, **asdict(counter)}
    with db.reading() as cursor:
        return cursor.sql(_ROWS, params=params).to_arrow_table()


def _stretch(table: pa.Table) -> dict[str, int]:
    numbers = table.column("comment_id").to_numpy()
    return {"low": int(numbers.min()), "high": int(numbers.max())}
