"""Votes: appended, never overwritten, each counted once by the id its client gave it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from domain.labels import Vote
from storage.database import Database, now
from storage.vote_details import add_vote_details, with_details

_COLUMNS = (
    "comment_id, annotator, kind, label, reason, guideline_version, seconds, client_id, undoes, source,"
    " voted_at"
)


def add_votes(db: Database, dataset_id: str, votes: Sequence[Vote]) -> int:
    """Append the votes whose client id is new and return how many they were.

    When it returns, the votes are on the disk, and so is the mark that says so.
    """
    if not votes:
        return 0
    numbers = [vote.comment_id for vote in votes]
    stamped = [replace(vote, voted_at=vote.voted_at or now()) for vote in votes]
    with db.writing(dataset_id) as cursor:
        cursor.register("incoming_votes", _table(stamped))
        # Votes of one comment lie in few blocks, so the comment narrows the search before the client id.
        added = cursor.execute(
            f"""
            INSERT INTO votes (vote_id, dataset_id, {_COLUMNS})
            SELECT nextval('vote_ids'), $dataset_id, {_COLUMNS}
            FROM (
              SELECT * FROM (
                SELECT DISTINCT ON (client_id) * FROM incoming_votes ORDER BY client_id, place
              ) i
              WHERE NOT EXISTS (
                SELECT 1 FROM votes v
                WHERE v.comment_id BETWEEN $low AND $high
                  AND v.comment_id = i.comment_id
                  AND v.client_id = i.client_id
              )
              ORDER BY place  -- in here, so that the numbers are given out in this order
            )
            RETURNING vote_id
            """,
            {"dataset_id": dataset_id, "low": min(numbers), "high": max(numbers)},
        ).fetchall()
        # Who has voted holds the comment no longer: where two votes are needed, the next one may have it.
        cursor.execute(
            """
            DELETE FROM leases l
            USING incoming_votes i
            WHERE l.comment_id = i.comment_id AND l.annotator = i.annotator
            """
        )
        cursor.unregister("incoming_votes")
        add_vote_details(cursor, dataset_id, votes)
    if added:
        db.vote_mark.note(max(row[0] for row in added))
    return len(added)


def list_votes(db: Database, dataset_id: str, comment_id: int) -> list[Vote]:
    """Every vote on one comment in the order in which they came, those taken back included."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM votes
            WHERE dataset_id = $dataset_id AND comment_id = $comment_id
            ORDER BY vote_id
            """,
            {"dataset_id": dataset_id, "comment_id": comment_id},
        ).fetchall()
        return with_details(cursor, dataset_id, _votes(rows))


def list_voters(db: Database, dataset_id: str) -> list[str]:
    """Everybody who has answered a comment of the dataset by hand, by name."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT DISTINCT annotator
            FROM votes
            WHERE dataset_id = $dataset_id AND annotator <> '(imported)'
            ORDER BY annotator
            """,
            {"dataset_id": dataset_id},
        ).fetchall()
    return [str(name) for (name,) in rows]


def list_last_votes(
    db: Database, dataset_id: str, annotator: str, *, limit: int | None, source: str = "desk"
) -> list[Vote]:
    """The newest votes of one annotator through one source that were not taken back, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM votes
            WHERE dataset_id = $dataset_id
              AND annotator = $annotator
              AND kind <> 'undo'
              AND source = $source
              AND client_id NOT IN (
                SELECT undoes FROM votes
                WHERE dataset_id = $dataset_id AND annotator = $annotator AND undoes IS NOT NULL
              )
            ORDER BY vote_id DESC
            LIMIT coalesce($limit, 9223372036854775807)
            """,
            {"dataset_id": dataset_id, "annotator": annotator, "limit": limit, "source": source},
        ).fetchall()
    return _votes(rows)


def list_last_client_ids(db: Database, dataset_id: str, annotator: str, *, limit: int) -> list[str]:
    """The client ids of one annotator's newest votes, undos and votes taken back included, oldest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT client_id
            FROM votes
            WHERE dataset_id = $dataset_id AND annotator = $annotator
            ORDER BY vote_id DESC
            LIMIT $limit
            """,
            {"dataset_id": dataset_id, "annotator": annotator, "limit": limit},
        ).fetchall()
    return [str(row[0]) for row in reversed(rows)]


def count_votes(db: Database, dataset_id: str, annotator: str | None = None) -> int:
    """How many votes are in force, of everybody or of one annotator."""
    with db.reading() as cursor:
        row = cursor.execute(
            """
            SELECT count(DISTINCT (comment_id, annotator))
            FROM votes
            WHERE dataset_id = $dataset_id
              AND ($annotator IS NULL OR annotator = $annotator)
              AND kind <> 'undo'
              AND client_id NOT IN (
                SELECT undoes FROM votes WHERE dataset_id = $dataset_id AND undoes IS NOT NULL
              )
            """,
            {"dataset_id": dataset_id, "annotator": annotator},
        ).fetchone()
    return int(row[0]) if row else 0


def _votes(rows: Sequence[tuple[Any, ...]]) -> list[Vote]:
    names = [name.strip() for name in _COLUMNS.split(",")]
    return [Vote(**dict(zip(names, row, strict=True))) for row in rows]


def _table(votes: Sequence[Vote]) -> pa.Table:
    text = pa.string()
    kinds = {
        "comment_id": pa.int64(), "annotator": text, "kind": text, "label": text, "reason": text,
        "guideline_version": pa.int32(), "seconds": pa.float64(), "client_id": text, "undoes": text,
        "source": text, "voted_at": pa.timestamp("us"),
    }  # fmt: skip
    columns = {name: pa.array([getattr(vote, name) for vote in votes], kind) for name, kind in kinds.items()}
    return pa.table({"place": pa.array(range(len(votes)), pa.int64()), **columns})
