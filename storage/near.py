"""Near-duplicates: a new comment joins the split of the oldest comment that it repeats."""

import duckdb

from storage.intake.sketch import key_hashes, match_keys, shared_pieces

_SAME_FROM = 0.8
EMPTY_KEY = int(key_hashes([""])[0])  # texts with nothing to see in them are not alike
_PAIRS_AT_ONCE = 100_000

# Who has a band that another has too, and for each new comment the oldest and the last one before it: whoever
# is like many is like one of these, and the work grows with the comments and not with their pairs.
_CANDIDATES = """
CREATE OR REPLACE TEMP TABLE near_candidates AS
WITH new AS (
  SELECT comment_id, match_key
  FROM comments
  WHERE dataset_id = $dataset_id AND comment_id >= $first_comment AND match_key <> $empty
), same_key AS (
  SELECT comment_id, oldest AS older
  FROM (
    SELECT match_key, min(comment_id) AS oldest
    FROM comments
    WHERE dataset_id = $dataset_id AND match_key IN (SELECT match_key FROM new)
    GROUP BY match_key
    HAVING count(*) > 1
  )
  JOIN new USING (match_key)
  WHERE oldest < comment_id
), banded AS (
  SELECT comment_id, unnest(bands) AS band
  FROM comments
  WHERE dataset_id = $dataset_id AND match_key <> $empty
), shared AS (
  SELECT band FROM banded GROUP BY band HAVING count(*) > 1 AND max(comment_id) >= $first_comment
), paired AS (
  SELECT
    comment_id,
    min(comment_id) OVER (PARTITION BY band) AS oldest,
    lag(comment_id) OVER (PARTITION BY band ORDER BY comment_id) AS previous
  FROM banded
  SEMI JOIN shared USING (band)
)
SELECT comment_id, older, true AS same_key FROM same_key
UNION ALL
SELECT DISTINCT comment_id, older, false
FROM (
  SELECT comment_id, oldest AS older FROM paired
  UNION ALL
  SELECT comment_id, previous FROM paired
)
WHERE older < comment_id
  AND comment_id >= $first_comment
  AND comment_id NOT IN (SELECT comment_id FROM same_key)
"""

_PAIRS = """
SELECT p.comment_id, p.older, p.same_key, n.body, o.body
FROM near_candidates p
JOIN comments n ON n.comment_id = p.comment_id
JOIN comments o ON o.comment_id = p.older
WHERE n.dataset_id = $dataset_id AND o.dataset_id = $dataset_id
ORDER BY p.comment_id, p.older
"""


def update_near(cursor: duckdb.DuckDBPyConnection, dataset_id: str, *, first_comment: int) -> int:
    """Join each comment from `first_comment` on to its oldest near-duplicate's split; return how many.

    Every pair that was found to be nearly the same is kept as a link, also where it is of two groups.
    """
    cursor.execute(
        _CANDIDATES, {"dataset_id": dataset_id, "first_comment": first_comment, "empty": EMPTY_KEY}
    )
    links = _verified(cursor, dataset_id)
    if not links:
        return 0
    older = sorted({old for _, old, _ in links})
    known = cursor.execute(
        "SELECT comment_id, near_of FROM comments"
        " WHERE dataset_id = $dataset_id AND near_of IS NOT NULL AND comment_id IN $ids",
        {"dataset_id": dataset_id, "ids": older},
    ).fetchall()
    root: dict[int, int] = dict(known)
    joined: dict[int, int] = {}
    for new, old, _ in links:  # in the order of the comments, so that what is joined to is settled
        group = root.get(old, old)
        if new not in joined or group < joined[new]:
            joined[new] = root[new] = group
    _write(cursor, dataset_id, joined, links)
    return len(joined)


def _verified(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> list[tuple[int, int, float]]:
    """The candidates whose pieces are mostly the same: comment, older comment, share of common pieces."""
    links = []
    reading = cursor.execute(_PAIRS, {"dataset_id": dataset_id})
    while rows := reading.fetchmany(_PAIRS_AT_ONCE):
        texts = {number: text for row in rows for number, text in ((row[0], row[3]), (row[1], row[4]))}
        keys = dict(zip(texts, match_keys(list(texts.values())), strict=True))
        for new, old, same_key, _, _ in rows:
            share = 1.0 if same_key else shared_pieces(keys[new], keys[old])
            if share >= _SAME_FROM:
                links.append((new, old, share))
    return links


def _write(
    cursor: duckdb.DuckDBPyConnection,
    dataset_id: str,
    joined: dict[int, int],
    links: list[tuple[int, int, float]],
) -> None:
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
    new, old, shares = (list(column) for column in zip(*links, strict=True))
    cursor.execute(
        """
        INSERT INTO near_links
        SELECT $dataset_id, unnest($new::BIGINT[]), unnest($old::BIGINT[]), unnest($shares::FLOAT[])
        """,
        {"dataset_id": dataset_id, "new": new, "old": old, "shares": shares},
    )
