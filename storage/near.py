"""Near-duplicates: a new comment joins the split of the oldest comment that it repeats."""

import duckdb

from storage.intake.sketch import key_hashes, match_keys, shared_pieces

_SAME_FROM = 0.8
_EMPTY_KEY = int(key_hashes([""])[0])  # texts with nothing to see in them are not alike

# Candidates share the match key, or one band of the sketch; only the oldest holder is compared with.
_CANDIDATES = """
WITH new AS (
  SELECT comment_id, match_key, bands
  FROM comments
  WHERE dataset_id = $dataset_id AND comment_id >= $first_comment AND match_key <> $empty
), banded AS (
  SELECT comment_id, unnest(bands) AS band FROM new
), oldest_key AS (
  SELECT match_key, min(comment_id) AS oldest
  FROM comments
  WHERE dataset_id = $dataset_id AND match_key IN (SELECT match_key FROM new)
  GROUP BY match_key
  HAVING count(*) > 1
), oldest_band AS (
  SELECT band, min(comment_id) AS oldest
  FROM (SELECT comment_id, unnest(bands) AS band FROM comments WHERE dataset_id = $dataset_id)
  GROUP BY band
  HAVING count(*) > 1
)
SELECT comment_id, oldest, true AS same_key
FROM new JOIN oldest_key USING (match_key)
WHERE oldest < comment_id
UNION ALL
SELECT DISTINCT b.comment_id, o.oldest, false
FROM banded b
JOIN oldest_band o USING (band)
WHERE o.oldest < b.comment_id
  AND b.comment_id NOT IN (
    SELECT n.comment_id FROM new n JOIN oldest_key k USING (match_key) WHERE k.oldest < n.comment_id
  )
ORDER BY comment_id, oldest
"""

_TEXTS = (
    "SELECT comment_id, body, near_of FROM comments WHERE dataset_id = $dataset_id AND comment_id IN $ids"
)


def update_near(cursor: duckdb.DuckDBPyConnection, dataset_id: str, *, first_comment: int) -> int:
    """Join each comment from `first_comment` on to its oldest near-duplicate's split; return how many."""
    pairs = cursor.execute(
        _CANDIDATES, {"dataset_id": dataset_id, "first_comment": first_comment, "empty": _EMPTY_KEY}
    ).fetchall()
    if not pairs:
        return 0
    ids = sorted({number for new, old, _ in pairs for number in (new, old)})
    rows = cursor.execute(_TEXTS, {"dataset_id": dataset_id, "ids": ids}).fetchall()
    keys = dict(zip((row[0] for row in rows), match_keys([row[1] for row in rows]), strict=True))
    root = {number: near_of for number, _, near_of in rows if near_of is not None}
    joined: dict[int, int] = {}
    for new, old, same_key in pairs:
        if new not in joined and (same_key or shared_pieces(keys[new], keys[old]) >= _SAME_FROM):
            joined[new] = root[new] = root.get(old, old)
    _write(cursor, joined)
    return len(joined)


def _write(cursor: duckdb.DuckDBPyConnection, joined: dict[int, int]) -> None:
    cursor.execute(
        """
        UPDATE comments
        SET near_of = j.root, split = r.split
        FROM (SELECT unnest($new::BIGINT[]) AS comment_id, unnest($roots::BIGINT[]) AS root) j
        JOIN comments r ON r.comment_id = j.root
        WHERE comments.comment_id = j.comment_id
        """,
        {"new": list(joined), "roots": list(joined.values())},
    )
