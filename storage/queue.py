"""Which comments wait for an annotator, and who holds them meanwhile."""

from collections.abc import Sequence
from datetime import timedelta

from domain.comments import Comment
from storage.comments import list_comments_by_id
from storage.database import EVERY_ID, Database, now
from storage.saved_texts import list_newest_ids

_FIRST_WINDOW = 2_000
_SAVED_FIRST = 10  # more of the texts that somebody saved wait in their turn
LEASE = timedelta(minutes=10)

# Only a window of comment ids is looked at: the time does not grow with the dataset. As many people at once
# may hold a comment as it still needs labels. Tied votes wait for one more annotator, however many votes are
# needed: without a label in force they would never be frozen.
_WAITING_IN_WINDOW = """
WITH given AS (
  SELECT comment_id, annotator, kind
  FROM votes
  WHERE dataset_id = $dataset_id
    AND comment_id BETWEEN $first AND $last
    AND kind <> 'undo'
    AND client_id NOT IN (
      SELECT undoes FROM votes
      WHERE dataset_id = $dataset_id AND comment_id BETWEEN $first AND $last AND undoes IS NOT NULL
    )
), answered AS (
  SELECT
    comment_id,
    count(DISTINCT annotator) FILTER (kind = 'label') AS labelled_by,
    bool_or(annotator = $annotator) AS mine
  FROM given
  GROUP BY comment_id
), held AS (
  SELECT comment_id, count(DISTINCT annotator) AS held_by
  FROM leases
  WHERE lease_until > $now
    AND annotator <> $annotator
    AND comment_id BETWEEN $first AND $last
    AND (comment_id, annotator) NOT IN (SELECT (comment_id, annotator) FROM given)
  GROUP BY comment_id
)
SELECT c.comment_id
FROM comments c
LEFT JOIN answered v ON v.comment_id = c.comment_id
LEFT JOIN held h ON h.comment_id = c.comment_id
LEFT JOIN labels_of($dataset_id, $first, $last) l ON l.comment_id = c.comment_id
WHERE c.dataset_id = $dataset_id
  AND c.comment_id BETWEEN $first AND $last
  AND NOT coalesce(v.mine, false)
  AND c.comment_id NOT IN $besides
  AND (
    coalesce(v.labelled_by, 0) + coalesce(h.held_by, 0) < $votes_needed
    OR (l.label_from = 'tied' AND h.held_by IS NULL)
  )
  AND NOT EXISTS (
    SELECT 1 FROM exclusions e JOIN cleanings k USING (cleaning_id)
    WHERE e.comment_id = c.comment_id AND k.undone_at IS NULL
  )
ORDER BY c.comment_id
LIMIT $wanted
"""


def update_leases(
    db: Database,
    dataset_id: str,
    annotator: str,
    *,
    votes_needed: int,
    wanted: int,
    after: int = 0,
    besides: Sequence[int] = (),
) -> list[Comment]:
    """Lease up to `wanted` waiting comments to the annotator for ten minutes, oldest first, and return them.

    From the start, texts that somebody saved to be labelled come before all others.

    Args:
        votes_needed: A comment with this many labels waits for nobody, unless they are tied.
        after: Begin behind this comment; at the end of the dataset the search goes on from its start.
        besides: Comments that this person must not be given.
    """
    with db.writing(dataset_id, is_news=False) as cursor:
        bounds = cursor.execute(
            "SELECT min(comment_id), max(comment_id) FROM comments WHERE dataset_id = $dataset_id",
            {"dataset_id": dataset_id},
        ).fetchall()[0]
        if bounds[0] is None:
            return []
        found: list[int] = []
        # Not in the middle of a queue: the comment that somebody has before them must not change.
        saved = [] if after else sorted(list_newest_ids(cursor, dataset_id, limit=_SAVED_FIRST))
        singly = [(number, number) for number in saved]
        for first, last in [*singly, *windows(int(bounds[0]), int(bounds[1]), after)]:
            rows = cursor.execute(
                _WAITING_IN_WINDOW,
                {
                    "dataset_id": dataset_id,
                    "annotator": annotator,
                    "votes_needed": votes_needed,
                    "first": first,
                    "last": last,
                    "now": now(),
                    "besides": list(besides) or [-1],
                    "wanted": wanted - len(found) + len(saved),  # those found singly come once more
                },
            ).fetchall()
            found += [int(row[0]) for row in rows if row[0] not in found]
            if len(found) >= wanted:
                break
        del found[wanted:]
        until = now() + LEASE
        cursor.execute(
            "DELETE FROM leases WHERE lease_until < $now OR (annotator = $annotator AND comment_id IN $ids)",
            {"now": now(), "annotator": annotator, "ids": found},
        )
        cursor.execute(
            "INSERT INTO leases SELECT $dataset_id, unnest($ids::BIGINT[]), $annotator, $until",
            {"dataset_id": dataset_id, "ids": found, "annotator": annotator, "until": until},
        )
    return list_comments_by_id(db, dataset_id, found)


def remove_leases(db: Database, dataset_id: str, annotator: str, comment_ids: Sequence[int]) -> None:
    """Let go of comments that this person is not given after all, so that others may have them at once."""
    with db.writing(dataset_id, is_news=False) as cursor:
        cursor.execute(
            "DELETE FROM leases WHERE annotator = $annotator AND comment_id IN $ids",
            {"annotator": annotator, "ids": list(comment_ids)},
        )


def count_waiting(db: Database, dataset_id: str, annotator: str, votes_needed: int) -> int:
    """How many comments wait for this annotator, those that others hold included."""
    with db.reading() as cursor:
        row = cursor.execute(
            """
            SELECT count(*)
            FROM comments c
            LEFT JOIN (
              SELECT
                comment_id,
                count(*) FILTER (labels > 0) AS labelled_by,
                bool_or(annotator = $annotator) AS mine
              FROM (
                SELECT comment_id, annotator, count(*) FILTER (kind = 'label') AS labels
                FROM votes
                WHERE dataset_id = $dataset_id
                  AND kind <> 'undo'
                  AND client_id NOT IN (
                    SELECT undoes FROM votes WHERE dataset_id = $dataset_id AND undoes IS NOT NULL
                  )
                GROUP BY comment_id, annotator
              )
              GROUP BY comment_id
            ) v ON v.comment_id = c.comment_id
            LEFT JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = c.comment_id
            LEFT JOIN excluded_of($dataset_id, $low, $high) e ON e.comment_id = c.comment_id
            WHERE c.dataset_id = $dataset_id
              AND e.comment_id IS NULL
              AND NOT coalesce(v.mine, false)
              AND (coalesce(v.labelled_by, 0) < $votes_needed OR l.label_from = 'tied')
            """,
            {"dataset_id": dataset_id, "annotator": annotator, "votes_needed": votes_needed, **EVERY_ID},
        ).fetchone()
    return int(row[0]) if row else 0


def windows(lowest: int, highest: int, after: int) -> list[tuple[int, int]]:
    """Stretches of ids from `after` to the end, then from the start to `after`, each twice the one before."""
    stretches = []
    for begin, end in ((max(lowest, after + 1), highest), (lowest, min(after, highest))):
        size = _FIRST_WINDOW
        while begin <= end:
            stretches.append((begin, min(begin + size - 1, end)))
            begin += size
            size *= 2
    return stretches
