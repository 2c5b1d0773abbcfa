"""Who gets which comment of a named queue next, and what is mixed in unseen."""

from collections.abc import Sequence

from domain.queues import Queue
from storage.database import Database, now
from storage.queue import LEASE, windows
from storage.queues import dealing

# Of comments of a queue (`asked`): whose labels count, and who else holds them and has yet to answer. As many
# people at once may hold a comment as it still needs labels, so that nobody goes home while work is left.
_TAKEN = """
, given AS (
  SELECT comment_id, annotator, kind, vote_id
  FROM votes
  WHERE dataset_id = $dataset_id
    AND comment_id IN (SELECT comment_id FROM asked)
    AND kind <> 'undo'
    AND client_id NOT IN (
      SELECT undoes FROM votes
      WHERE dataset_id = $dataset_id
        AND comment_id IN (SELECT comment_id FROM asked)
        AND undoes IS NOT NULL
    )
), held AS (
  SELECT comment_id, annotator
  FROM leases l
  WHERE lease_until > $now
    AND annotator <> $annotator
    AND comment_id IN (SELECT comment_id FROM asked)
    AND NOT EXISTS (
      SELECT 1 FROM given g
      WHERE g.comment_id = l.comment_id AND g.annotator = l.annotator AND g.vote_id > $counted_after
    )
), taken AS (
  SELECT comment_id, count(DISTINCT annotator) AS people
  FROM (
    SELECT comment_id, annotator FROM given
    WHERE kind = 'label' AND vote_id > $counted_after AND annotator <> $annotator
    UNION ALL
    SELECT comment_id, annotator FROM held
  )
  GROUP BY comment_id
)
"""
# Of a stretch of a queue: what was not answered by this person, and that others will not fill.
_WAITING = f"""
WITH asked AS (
  SELECT place, comment_id FROM queue_items
  WHERE queue_id = $queue_id AND place BETWEEN $first AND $last
) {_TAKEN}
SELECT a.comment_id
FROM asked a
LEFT JOIN taken t ON t.comment_id = a.comment_id
WHERE coalesce(t.people, 0) < $votes_needed
  AND (a.place + $dealt_to - $mine) % greatest($dealt_to, 1) < $votes_needed
  AND a.comment_id NOT IN $besides
  AND a.comment_id NOT IN (
    SELECT comment_id FROM given WHERE annotator = $annotator AND vote_id > $own_after
  )
  AND NOT EXISTS (
    SELECT 1 FROM exclusions e JOIN cleanings k USING (cleaning_id)
    WHERE e.comment_id = a.comment_id AND k.undone_at IS NULL
  )
ORDER BY a.place
LIMIT $wanted
"""

# What the person never voted on nor decided; in an order of their own, the same each time.
_UNTOUCHED = """
  c.comment_id NOT IN (
    SELECT comment_id FROM votes WHERE dataset_id = $dataset_id AND annotator = $annotator
  )
  AND c.comment_id NOT IN $besides
ORDER BY hash(c.comment_id, $annotator)
LIMIT $wanted
"""

_CHECKS = {
    # Comments whose label somebody else decided.
    "golden": f"""
SELECT c.comment_id
FROM (
  SELECT
    comment_id,
    arg_max(struct_pack(label := label, who := created_by), adjudication_id) AS newest
  FROM adjudications
  WHERE dataset_id = $dataset_id
  GROUP BY comment_id
) c
WHERE c.newest.label IS NOT NULL
  AND c.newest.who <> $annotator
  AND c.comment_id NOT IN (
    SELECT e.comment_id FROM exclusions e JOIN cleanings k USING (cleaning_id)
    WHERE e.dataset_id = $dataset_id AND k.undone_at IS NULL
  )
  AND {_UNTOUCHED}""",
    # Texts that the person labelled before, but not just now; that duplicates were excluded does not matter.
    "repeat": f"""
SELECT c.comment_id
FROM comments c
WHERE c.dataset_id = $dataset_id
  AND trim(c.body) <> ''
  AND c.match_key IN (
    SELECT b.match_key
    FROM comments b
    WHERE b.dataset_id = $dataset_id AND b.comment_id IN (
      SELECT comment_id FROM (
        SELECT comment_id, vote_id FROM votes
        WHERE dataset_id = $dataset_id AND annotator = $annotator AND kind = 'label'
        ORDER BY vote_id DESC
        OFFSET $distance
      )
    )
  )
  AND {_UNTOUCHED}""",
}
_CHECKED = """
WITH said AS (
  SELECT v.comment_id, v.annotator, v.vote.label AS label, c.match_key
  FROM current_votes_of($dataset_id, $low, $high) v
  JOIN comments c ON c.comment_id = v.comment_id
  WHERE v.vote.kind = 'label'
)
SELECT k.annotator, k.kind, count(*), count(*) FILTER (
  CASE k.kind
    WHEN 'golden' THEN s.label = l.label
    ELSE EXISTS (
      SELECT 1 FROM said o
      WHERE o.annotator = k.annotator AND o.match_key = s.match_key AND o.comment_id <> k.comment_id
        AND o.label = s.label
    )
  END
)
FROM queue_checks k
JOIN said s ON s.comment_id = k.comment_id AND s.annotator = k.annotator
LEFT JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = k.comment_id
WHERE k.queue_id = $queue_id
GROUP BY k.annotator, k.kind
ORDER BY k.annotator, k.kind
"""

REPEAT_DISTANCE = 10  # answers between a text and its repeat, at least


def update_queue_leases(
    db: Database,
    queue: Queue,
    annotator: str,
    *,
    wanted: int,
    held: Sequence[int] = (),
    besides: Sequence[int] = (),
) -> list[int]:
    """Lease up to `wanted` comments of the queue to the annotator for ten minutes, and return them in order.

    Args:
        held: What the person has in hand: the search begins with the first of them, and goes on from the
            start of the queue when it comes to its end.
        besides: Comments that this person must not be given.
    """
    with db.writing(queue.dataset_id, is_news=False) as cursor:
        highest, begin = cursor.execute(
            "SELECT max(place), coalesce(min(place) FILTER (comment_id IN $held), 1) - 1 FROM queue_items"
            " WHERE queue_id = $queue_id",
            {"queue_id": queue.queue_id, "held": list(held) or [-1]},
        ).fetchall()[0]
        found: list[int] = []
        for first, last in windows(1, int(highest or 0), int(begin)):
            rows = cursor.execute(
                _WAITING, {**_asked(queue, annotator), "first": first, "last": last, "now": now(),
                           "wanted": wanted - len(found), "besides": list(besides) or [-1]},
            ).fetchall()  # fmt: skip
            found += [int(row[0]) for row in rows]
            if len(found) >= wanted:
                break
        cursor.execute(
            "DELETE FROM leases WHERE lease_until < $now OR (annotator = $annotator AND comment_id IN $ids)",
            {"now": now(), "annotator": annotator, "ids": found},
        )
        cursor.execute(
            "INSERT INTO leases SELECT $dataset_id, unnest($ids::BIGINT[]), $annotator, $until",
            {"dataset_id": queue.dataset_id, "ids": found, "annotator": annotator, "until": now() + LEASE},
        )
    return found


def update_checks(
    db: Database, queue: Queue, annotator: str, kind: str, *, wanted: int, besides: Sequence[int]
) -> list[int]:
    """Choose up to `wanted` comments to mix in for this person, note that they were given, and return them.

    Args:
        kind: "golden" or "repeat".
        besides: Comments that are in the person's hand already.
    """
    asked = {
        "dataset_id": queue.dataset_id, "annotator": annotator, "besides": list(besides) or [-1],
        "wanted": wanted, "distance": REPEAT_DISTANCE,
    }  # fmt: skip
    statement = _CHECKS[kind]
    with db.writing(queue.dataset_id, is_news=False) as cursor:
        rows = cursor.execute(
            statement, {name: value for name, value in asked.items() if f"${name}" in statement}
        ).fetchall()
        found = [int(row[0]) for row in rows]
        cursor.execute(
            """
            INSERT INTO queue_checks
            SELECT $queue_id, $annotator, comment_id, $kind, $at
            FROM (SELECT unnest($ids::BIGINT[]) AS comment_id)
            WHERE comment_id NOT IN (
              SELECT comment_id FROM queue_checks WHERE queue_id = $queue_id AND annotator = $annotator
            )
            """,
            {"queue_id": queue.queue_id, "annotator": annotator, "kind": kind, "at": now(), "ids": found},
        )
    return found


def list_late(db: Database, queue: Queue, annotator: str, comment_ids: Sequence[int]) -> list[int]:
    """Of comments this person is about to answer, those whose ten minutes are over and that moved on.

    They moved on where others gave the labels they needed, or hold them to do so.
    """
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            WITH asked AS (
              SELECT comment_id FROM queue_items WHERE queue_id = $queue_id AND comment_id IN $ids
            ) {_TAKEN}
            SELECT comment_id
            FROM taken
            WHERE people >= $votes_needed
              AND comment_id NOT IN (
                SELECT comment_id FROM leases WHERE annotator = $annotator AND lease_until > $now
              )
            ORDER BY comment_id
            """,
            {
                "queue_id": queue.queue_id,
                "dataset_id": queue.dataset_id,
                "ids": list(comment_ids),
                "annotator": annotator,
                "now": now(),
                "counted_after": queue.counted_after,
                "votes_needed": queue.settings.votes_needed,
            },
        ).fetchall()
    return [int(row[0]) for row in rows]


def count_checks(db: Database, queue: Queue) -> list[tuple[str, str, int, int]]:
    """Per person and kind: comments mixed in that were answered, and how many answers were as expected.

    Golden ones are compared with the decision in force, repeats with the person's other labels of the text.
    """
    with db.reading() as cursor:
        rows = cursor.execute(
            _CHECKED,
            {"queue_id": queue.queue_id, "dataset_id": queue.dataset_id, "low": 0, "high": 2**63 - 1},
        ).fetchall()
    return [(str(who), str(kind), int(n), int(same)) for who, kind, n, same in rows]


def _asked(queue: Queue, annotator: str) -> dict[str, object]:
    return {
        "queue_id": queue.queue_id,
        "dataset_id": queue.dataset_id,
        "annotator": annotator,
        "votes_needed": queue.settings.votes_needed,
        "counted_after": queue.counted_after,
        "own_after": queue.own_after,
        **dealing(queue, annotator),
    }
