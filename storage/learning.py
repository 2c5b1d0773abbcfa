"""Rounds in which a queue learns: what it learns from, what it found, and the new order of what waits."""

import json
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from domain.queues import Queue
from storage.database import EVERY_ID, Database, now

# What the model learns from: labels in force on the train split, in the order in which they came. Held-out
# comments teach nothing, and keep their places, so that what they measure stays what it was.
_LABELLED = """
SELECT c.comment_id, c.body AS text, l.label, v.vote_id
FROM labels_of($dataset_id, $low, $high) l
JOIN comments c ON c.comment_id = l.comment_id
JOIN (
  SELECT comment_id, max(vote_id) AS vote_id
  FROM votes WHERE dataset_id = $dataset_id AND kind = 'label' GROUP BY comment_id
) v ON v.comment_id = c.comment_id
WHERE c.dataset_id = $dataset_id AND c.split = 'train' AND l.label IS NOT NULL
  AND c.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
ORDER BY v.vote_id
"""
# What nobody has answered yet; of that, what is in nobody's hand may change places.
_UNANSWERED = """
SELECT i.comment_id, i.place
FROM queue_items i
JOIN comments c ON c.comment_id = i.comment_id
WHERE i.queue_id = $queue_id AND c.split = 'train'
  AND i.comment_id NOT IN (
    SELECT comment_id FROM votes
    WHERE dataset_id = $dataset_id AND kind = 'label' AND vote_id > $counted_after
  )
"""
_MOVABLE = f"""
{_UNANSWERED} AND i.comment_id NOT IN (SELECT comment_id FROM leases WHERE lease_until > $now)
"""


@dataclass(frozen=True)
class Round:
    """One round; `found` is None while it is at work, and empty where it failed."""

    number: int
    labelled: int
    last_vote_id: int
    found: dict[str, Any] | None


def get_labelled(db: Database, dataset_id: str, *, most: int) -> pa.Table:
    """The newest labelled comments of the train split: comment_id, text, label, vote_id, oldest first."""
    with db.reading() as cursor:
        rows: pa.Table = cursor.sql(_LABELLED, params={"dataset_id": dataset_id, **EVERY_ID}).to_arrow_table()
    return rows.slice(max(0, rows.num_rows - most))


def get_unanswered(db: Database, queue: Queue, *, most: int) -> pa.Table:
    """Comments of the train split that wait in the queue, the next ones first: comment_id, text."""
    with db.reading() as cursor:
        rows: pa.Table = cursor.sql(
            f"SELECT m.comment_id, c.body AS text FROM ({_UNANSWERED}) m JOIN comments c USING (comment_id)"
            " ORDER BY m.place LIMIT $most",
            params={**_asked(queue), "most": most},
        ).to_arrow_table()
    return rows


def add_round(db: Database, queue: Queue, *, labelled: int, every: int) -> Round | None:
    """Begin a round, unless one is at work or fewer than `every` labels came since the last."""
    with db.writing(queue.dataset_id, is_news=False) as cursor:
        last = _newest(cursor, queue)
        if last is not None and (last.found is None or labelled - last.labelled < every):
            return None
        [(vote,)] = cursor.execute("SELECT coalesce(max(vote_id), 0) FROM votes").fetchall()
        begun = Round(1 + (last.number if last else 0), labelled, int(vote), None)
        cursor.execute(
            "INSERT INTO queue_rounds VALUES ($queue_id, $round, $labelled, $vote, NULL, $at)",
            {
                "queue_id": queue.queue_id, "round": begun.number, "labelled": labelled, "vote": int(vote),
                "at": now(),
            },
        )  # fmt: skip
    return begun


def update_round(
    db: Database, queue: Queue, number: int, found: dict[str, Any], order: pa.Table | None
) -> bool:
    """Take in what a round found, once: the comments that may still move get the places among them anew.

    Args:
        order: comment_id and lead, of which the smallest comes first; None where it failed.
    """
    with db.writing(queue.dataset_id, is_news=False) as cursor:
        updated = cursor.execute(
            "UPDATE queue_rounds SET found = $found WHERE queue_id = $queue_id AND round = $round"
            " AND found IS NULL RETURNING round",
            {"found": json.dumps(found), "queue_id": queue.queue_id, "round": number},
        ).fetchall()
        if not updated or order is None:
            return bool(updated)
        cursor.register("learned_order", order)
        cursor.execute(
            f"""
            UPDATE queue_items
            SET place = n.place
            FROM (
              SELECT o.comment_id, p.place
              FROM (
                SELECT comment_id, row_number() OVER (ORDER BY lead, comment_id) AS rank
                FROM learned_order SEMI JOIN ({_MOVABLE}) m USING (comment_id)
              ) o
              JOIN (
                SELECT place, row_number() OVER (ORDER BY place) AS rank
                FROM ({_MOVABLE}) m SEMI JOIN learned_order USING (comment_id)
              ) p ON p.rank = o.rank
            ) n
            WHERE queue_items.queue_id = $queue_id AND queue_items.comment_id = n.comment_id
            """,
            {**_asked(queue), "now": now()},
        )
        cursor.unregister("learned_order")
    return True


def find_round(db: Database, queue: Queue) -> Round | None:
    """The newest round of the queue."""
    with db.reading() as cursor:
        return _newest(cursor, queue)


def list_rounds(db: Database, queue: Queue) -> list[Round]:
    """The rounds of a queue, oldest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT round, labelled, last_vote_id, found FROM queue_rounds WHERE queue_id = $queue_id"
            " ORDER BY round",
            {"queue_id": queue.queue_id},
        ).fetchall()
    return [_round(row) for row in rows]


def count_labelled(db: Database, dataset_id: str) -> int:
    """Comments that anybody labelled, imports left out: what has grown since the last round."""
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT count(DISTINCT comment_id) FROM votes"
            " WHERE dataset_id = $dataset_id AND kind = 'label' AND source <> 'import'",
            {"dataset_id": dataset_id},
        ).fetchone()
    return int(row[0]) if row else 0


def _newest(cursor: Any, queue: Queue) -> Round | None:
    row = cursor.execute(
        "SELECT round, labelled, last_vote_id, found FROM queue_rounds WHERE queue_id = $queue_id"
        " ORDER BY round DESC LIMIT 1",
        {"queue_id": queue.queue_id},
    ).fetchone()
    return None if row is None else _round(row)


def _round(row: tuple[Any, ...]) -> Round:
    number, labelled, vote, found = row
    return Round(int(number), int(labelled), int(vote), None if found is None else json.loads(found))


def _asked(queue: Queue) -> dict[str, object]:
    return {
        "queue_id": queue.queue_id, "dataset_id": queue.dataset_id, "counted_after": queue.counted_after
    }  # fmt: skip
