"""Named queues: made once, with their comments in order."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import duckdb
import pyarrow as pa

from domain.comments import CommentFilter
from domain.errors import NotFound
from domain.labels import IMPORTED
from domain.queues import LABELLED_ORDERS, Queue, QueueCounts, QueueSettings
from storage.audit import add_entry
from storage.comments import where
from storage.database import EVERY_ID, Database, now
from storage.search_texts import catch_up_within

_COLUMNS = "queue_id, dataset_id, name, settings, counted_after, own_after, created_at, created_by, closed_at"

# Of each order: what it joins, by what it sorts. Constants: nothing of a person's words gets in here.
_ORDERS = {
    "oldest": ("", "c.comment_id"),
    "random": ("", "hash(c.comment_id, $seed)"),
    # Ranks that were worked out before; what has none comes behind, at random.
    "diverse": (
        "LEFT JOIN given_ranks o ON o.comment_id = c.comment_id",
        "o.rank NULLS LAST, hash(c.comment_id, $seed)",
    ),
    "learning": ("", "hash(c.comment_id, $seed)"),  # until it has learned something
    # The smaller the lead of the likeliest label over the next, the less sure the model; where labels stand
    # for themselves, the label that is closest to even. Of several answers the newest.
    "uncertain": (
        """
        JOIN (
          SELECT comment_id, arg_max(lead, answered_at) AS lead
          FROM (
            SELECT
              comment_id,
              answered_at,
              CASE
                WHEN score_kind = 'sigmoid' THEN list_min([abs(2 * score - 1) FOR score IN scores])
                ELSE list_reverse_sort(scores)[1] - list_reverse_sort(scores)[2]
              END AS lead
            FROM (
              SELECT p.comment_id, p.scores, r.score_kind, r.created_at AS answered_at
              FROM predictions p JOIN runs r ON r.run_id = p.run_id
              WHERE r.model_id = $model_id AND r.dataset_id = $dataset_id
              UNION ALL
              SELECT s.comment_id, s.scores, s.score_kind, j.created_at AS answered_at
              FROM comment_scores s JOIN jobs j ON j.job_id = s.job_id
              WHERE s.model_id = $model_id AND s.dataset_id = $dataset_id
            )
            WHERE len(scores) > 1
          )
          GROUP BY comment_id
        ) o ON o.comment_id = c.comment_id
        """,
        "o.lead",
    ),
    # Labels of named people that differ and that nobody has decided, the closest first.
    "disagreed": (
        """
        JOIN (
          SELECT comment_id, max(n) / sum(n) AS share, sum(n) AS votes
          FROM (
            SELECT comment_id, vote.label AS label, count(*) AS n
            FROM current_votes_of($dataset_id, $low, $high)
            WHERE vote.kind = 'label' AND annotator <> $imported
            GROUP BY ALL
          )
          GROUP BY comment_id
          HAVING count(*) > 1
        ) o ON o.comment_id = c.comment_id
        """,
        "o.share, o.votes DESC",
    ),
    "suspected": (
        """
        JOIN (
          SELECT comment_id, place FROM suspects
          WHERE job_id = (
            SELECT s.job_id FROM suspects s JOIN jobs j ON j.job_id = s.job_id
            WHERE s.dataset_id = $dataset_id ORDER BY j.created_at DESC LIMIT 1
          )
        ) o ON o.comment_id = c.comment_id
        """,
        "o.place",
    ),
    # The newest vote on the comment was given under an older guideline; the oldest version first.
    "stale": (
        """
        JOIN (
          SELECT comment_id, max(vote.guideline_version) AS version
          FROM current_votes_of($dataset_id, $low, $high)
          WHERE vote.kind = 'label' AND annotator <> $imported
          GROUP BY comment_id
          HAVING max(vote.guideline_version) < (
            SELECT coalesce(max(version), 0) FROM guidelines WHERE dataset_id = $dataset_id
          )
        ) o ON o.comment_id = c.comment_id
        """,
        "o.version",
    ),
}

_UNDECIDED = """
  AND c.comment_id NOT IN (
    SELECT comment_id FROM labels_of($dataset_id, $low, $high) WHERE label_from = 'adjudicated'
  )
"""

# Of texts that are alike but for spelling the oldest.
_FIRST_OF_ITS_KIND = """
  AND c.comment_id IN (
    SELECT min(comment_id) FROM comments WHERE dataset_id = $dataset_id GROUP BY match_key
  )
"""

_LABELLED_ENOUGH = """
  SELECT comment_id
  FROM current_votes_of($dataset_id, $low, $high)
  WHERE vote.kind = 'label'
  GROUP BY comment_id
  HAVING count(*) >= $votes_needed
"""

# Of each comment of a queue: the labels that count, and whether the person has answered it, in the queue or
# ever. What was mixed in unseen counts as answered like any other, or the number would tell it apart.
_PROGRESS = """
SELECT
  count(*),
  count(*) FILTER (coalesce(v.labelled_by, 0) >= $votes_needed),
  count(*) FILTER (coalesce(v.mine, false)) + (
    SELECT count(*)
    FROM queue_checks k
    WHERE k.queue_id = $queue_id
      AND k.annotator = $annotator
      AND k.comment_id IN (
        SELECT comment_id FROM votes
        WHERE dataset_id = $dataset_id
          AND annotator = $annotator
          AND kind <> 'undo'
          AND client_id NOT IN (
            SELECT undoes FROM votes WHERE dataset_id = $dataset_id AND undoes IS NOT NULL
          )
      )
      AND k.comment_id NOT IN (
        SELECT comment_id FROM queue_items
        WHERE queue_id = $queue_id
          AND comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
      )
  ),
  count(*) FILTER (
    coalesce(v.labelled_by, 0) < $votes_needed AND NOT coalesce(v.answered, false)
    AND (i.place + $dealt_to - $mine) % greatest($dealt_to, 1) < $votes_needed
  )
FROM queue_items i
LEFT JOIN (
  SELECT
    comment_id,
    count(DISTINCT annotator) FILTER (kind = 'label' AND vote_id > $counted_after) AS labelled_by,
    bool_or(annotator = $annotator AND vote_id > $counted_after) AS mine,
    bool_or(annotator = $annotator AND vote_id > $own_after) AS answered
  FROM votes
  WHERE dataset_id = $dataset_id
    AND kind <> 'undo'
    AND client_id NOT IN (
      SELECT undoes FROM votes WHERE dataset_id = $dataset_id AND undoes IS NOT NULL
    )
  GROUP BY comment_id
) v ON v.comment_id = i.comment_id
WHERE i.queue_id = $queue_id
  AND i.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
"""


def add_queue(
    db: Database,
    dataset_id: str,
    name: str,
    settings: QueueSettings,
    *,
    actor: str,
    members: Sequence[int] | None = None,
    ranked: Sequence[int] = (),
) -> Queue:
    """Make a queue and put its comments in order.

    Args:
        members: Only of these comments, those of a saved slice.
        ranked: Comments in the order in which they come where that was worked out before.

    Returns:
        The queue; nothing is kept of one that would be empty.

    Raises:
        NotFound: no comment of the dataset is as the settings ask.
    """
    with db.writing(dataset_id) as cursor:
        [(number, newest)] = cursor.execute(
            "SELECT nextval('queue_ids'), (SELECT coalesce(max(vote_id), 0) FROM votes)"
        ).fetchall()
        anew = settings.again or settings.order in LABELLED_ORDERS
        # Where people disagree, somebody new is asked; whoever voted already has said what they think.
        own_after = newest if anew and settings.order != "disagreed" else 0
        queue = Queue(
            f"queue-{number}", dataset_id, name, settings, newest if anew else 0, own_after, now(), actor
        )
        cursor.execute(
            f"INSERT INTO queues ({_COLUMNS}, sort, votes_needed) VALUES ($queue_id, $dataset_id, $name,"
            " $settings, $counted_after, $own_after, $created_at, $created_by, NULL, $sort, $votes_needed)",
            {
                "queue_id": queue.queue_id,
                "dataset_id": dataset_id,
                "name": name,
                "settings": json.dumps(asdict(settings)),
                "counted_after": queue.counted_after,
                "own_after": own_after,
                "created_at": queue.created_at,
                "created_by": actor,
                "sort": settings.order,
                "votes_needed": settings.votes_needed,
            },
        )
        ranks = pa.table({"comment_id": pa.array(ranked, pa.int64()), "rank": pa.array(range(len(ranked)))})
        cursor.register("given_ranks", ranks)
        filled = _fill(cursor, queue, anew=anew, members=members)
        cursor.unregister("given_ranks")
        if not filled:
            raise NotFound(f"No comment of '{dataset_id}' belongs into '{name}'.", hint="Ask for less.")
        add_entry(
            cursor, actor=actor, verb="queue made", dataset_id=dataset_id, object_=queue.queue_id,
            details={"name": name, "comments": filled, **asdict(settings)},
        )  # fmt: skip
    return queue


def _fill(
    cursor: duckdb.DuckDBPyConnection, queue: Queue, *, anew: bool, members: Sequence[int] | None
) -> int:
    settings = queue.settings
    wanted = CommentFilter(
        queue.dataset_id, contains=settings.contains, label=settings.label, split=settings.split,
        author=settings.author, excluded=False,
    )  # fmt: skip
    if settings.contains:
        catch_up_within(cursor, queue.dataset_id)
    tables, condition, params = where(wanted)
    join, sort = _ORDERS[settings.order]
    if not anew:
        condition += f" AND c.comment_id NOT IN ({_LABELLED_ENOUGH})"
    if settings.order == "disagreed":
        condition += _UNDECIDED
    if settings.once_per_text:
        condition += _FIRST_OF_ITS_KIND
    if members is not None:
        cursor.register("slice_members", pa.table({"comment_id": pa.array(members, pa.int64())}))
        condition += " AND c.comment_id IN (SELECT comment_id FROM slice_members)"
    statement = f"""
        INSERT INTO queue_items
        SELECT $queue_id, row_number() OVER (ORDER BY {sort}, c.comment_id) AS place, c.comment_id
        {tables} {join}
        WHERE {condition}
        QUALIFY place <= $most
        ORDER BY place
    """
    known = {
        **params, **EVERY_ID, "queue_id": queue.queue_id, "seed": settings.seed,
        "imported": IMPORTED, "votes_needed": settings.votes_needed, "model_id": settings.model_id,
        "most": settings.most or EVERY_ID["high"],
    }  # fmt: skip
    cursor.execute(statement, {name: value for name, value in known.items() if f"${name}" in statement})
    if members is not None:
        cursor.unregister("slice_members")
    [(count,)] = cursor.execute(
        "SELECT count(*) FROM queue_items WHERE queue_id = $queue_id", {"queue_id": queue.queue_id}
    ).fetchall()
    return int(count)


def get_queue(db: Database, queue_id: str) -> Queue:
    """One queue.

    Raises:
        NotFound: there is none of that id.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM queues WHERE queue_id = $id", {"id": queue_id}
        ).fetchone()
    if row is None:
        raise NotFound(f"There is no queue '{queue_id}'.", hint="`queue list --dataset D` shows them.")
    return _queue(row)


def list_queues(db: Database, dataset_id: str, *, closed: bool = False) -> list[Queue]:
    """The queues of a dataset, oldest first; on demand those that were closed too."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM queues
            WHERE dataset_id = $dataset_id AND ($closed OR closed_at IS NULL)
            ORDER BY created_at, length(queue_id), queue_id
            """,
            {"dataset_id": dataset_id, "closed": closed},
        ).fetchall()
    return [_queue(row) for row in rows]


def update_closed(db: Database, queue: Queue, *, actor: str) -> None:
    """Close the queue: nothing more is handed out through it; every vote stays."""
    with db.writing(queue.dataset_id) as cursor:
        cursor.execute(
            "UPDATE queues SET closed_at = $at WHERE queue_id = $id AND closed_at IS NULL",
            {"at": now(), "id": queue.queue_id},
        )
        add_entry(
            cursor, actor=actor, verb="queue closed", dataset_id=queue.dataset_id, object_=queue.queue_id,
            details={"name": queue.name},
        )  # fmt: skip


def count_queue(db: Database, queue: Queue, annotator: str) -> QueueCounts:
    """How far the queue is, and the person in it. Comments excluded meanwhile do not count."""
    with db.reading() as cursor:
        row = cursor.execute(
            _PROGRESS,
            {
                "queue_id": queue.queue_id,
                "dataset_id": queue.dataset_id,
                "annotator": annotator,
                "votes_needed": queue.settings.votes_needed,
                "counted_after": queue.counted_after,
                "own_after": queue.own_after,
                **dealing(queue, annotator),
                **EVERY_ID,
            },
        ).fetchone()
    return QueueCounts(*map(int, row or (0, 0, 0, 0)))


def list_sample(db: Database, dataset_id: str, *, again: bool, most: int, seed: int) -> list[tuple[int, str]]:
    """Comments that are not excluded, and lack a label unless `again`, drawn at random: number and text."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT comment_id, body FROM comments
            WHERE dataset_id = $dataset_id
              AND ($again OR comment_id NOT IN (SELECT comment_id FROM labels_of($dataset_id, $low, $high)))
              AND comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
            ORDER BY hash(comment_id, $seed)
            LIMIT $most
            """,
            {"dataset_id": dataset_id, "again": again, "seed": seed, "most": most, **EVERY_ID},
        ).fetchall()
    return [(int(number), str(body)) for number, body in rows]


def dealing(queue: Queue, annotator: str) -> dict[str, int]:
    """Who has which comments where they are dealt out: each place to so many neighbours among the people."""
    people = queue.settings.people
    if not queue.settings.assigned or annotator not in people:
        return {"dealt_to": 0, "mine": 0}
    return {"dealt_to": len(people), "mine": people.index(annotator)}


def count_stale(db: Database, dataset_id: str) -> int:
    """How many labelled comments have no vote of a named person under the newest guideline."""
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT count(*) FROM comments c {_ORDERS['stale'][0]} WHERE c.dataset_id = $dataset_id"
            " AND c.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))",
            {"dataset_id": dataset_id, "imported": IMPORTED, **EVERY_ID},
        ).fetchone()
    return int(row[0]) if row else 0


def _queue(row: tuple[Any, ...]) -> Queue:
    queue_id, dataset_id, name, settings, *rest = row
    told = json.loads(settings)
    return Queue(
        queue_id, dataset_id, name, QueueSettings(**{**told, "people": tuple(told["people"])}), *rest
    )
