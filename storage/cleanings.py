"""Exclusions of comments: by a rule, with a reason, and undone as a whole. Nothing is deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from domain.errors import Conflict, NotFound
from storage.database import EVERY_ID, Database, now
from storage.health import insert_matches

# Each rule finds (comment_id, duplicate_of) among the comments that are not excluded yet. This one looks at
# every comment; the others, by the name that the health page has for their problem, at what is known of it.
_RULES = {
    "empty": r"""
        SELECT c.comment_id, NULL::BIGINT AS duplicate_of
        FROM comments c
        WHERE c.dataset_id = $dataset_id AND NOT regexp_matches(c.body, '[^\s\p{Z}\p{C}]')
    """,
}
_BY_PROBLEM = {
    "exact duplicate": "exact duplicates",
    "near duplicate": "near duplicates",
    "contradictory duplicate": "contradictory duplicates",
    "emoji only": "emoji only",
    "too short": "too short",
    "too long": "too long",
}
RULES: tuple[str, ...] = (*_RULES, *_BY_PROBLEM)


@dataclass(frozen=True)
class Cleaning:
    """One application of a rule; it left `left_groups` alone, whose labels contradict each other."""

    cleaning_id: int
    dataset_id: str
    reason: str
    excluded: int
    created_at: datetime
    created_by: str
    undone_at: datetime | None
    undone_by: str | None
    left_groups: int = 0


def count_matches(db: Database, dataset_id: str, rule: str) -> tuple[int, int]:
    """How many comments the rule would exclude now, and how many groups it would leave for deciding."""
    with db.reading() as cursor:
        left = _find(cursor, dataset_id, rule)
        [(count,)] = cursor.execute("SELECT count(*) FROM matches").fetchall()
    return int(count), left


def list_matches(db: Database, dataset_id: str, rule: str, *, limit: int) -> list[tuple[int, int | None]]:
    """Comments that the rule would exclude now, each with the comment it repeats, if any."""
    with db.reading() as cursor:
        _find(cursor, dataset_id, rule)
        return cursor.execute(
            "SELECT comment_id, duplicate_of FROM matches ORDER BY comment_id LIMIT $limit", {"limit": limit}
        ).fetchall()


def add_cleaning(db: Database, dataset_id: str, rule: str, actor: str) -> Cleaning:
    """Exclude every comment that the rule finds now."""
    with db.writing(dataset_id) as cursor:
        left = _find(cursor, dataset_id, rule)
        cleaning_id = _add_matches(cursor, dataset_id, rule, actor, left=left)
    return get_cleaning(db, cleaning_id)


def add_cleaning_of(
    db: Database, dataset_id: str, reason: str, comment_ids: Sequence[int], actor: str
) -> Cleaning:
    """Exclude these comments for a reason."""
    with db.writing(dataset_id) as cursor:
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE matches AS"
            " SELECT unnest($ids::BIGINT[]) AS comment_id, NULL::BIGINT AS duplicate_of",
            {"ids": list(comment_ids)},
        )
        cleaning_id = _add_matches(cursor, dataset_id, reason, actor, left=0)
    return get_cleaning(db, cleaning_id)


def _add_matches(
    cursor: duckdb.DuckDBPyConnection, dataset_id: str, reason: str, actor: str, *, left: int
) -> int:
    cleaning_id = int(cursor.execute("SELECT nextval('cleaning_ids')").fetchall()[0][0])
    params = {"dataset_id": dataset_id, "cleaning_id": cleaning_id}
    # The cleaning row comes last: until then its exclusions are not in force.
    cursor.execute(
        """
        INSERT INTO exclusions (cleaning_id, dataset_id, comment_id, duplicate_of)
        SELECT $cleaning_id, $dataset_id, comment_id, duplicate_of FROM matches
        """,
        params,
    )
    cursor.execute(
        """
        INSERT INTO cleanings
        SELECT $cleaning_id, $dataset_id, $reason, count(*), $created_at, $actor, NULL, NULL, $left
        FROM exclusions WHERE cleaning_id = $cleaning_id
        """,
        {**params, "reason": reason, "created_at": now(), "actor": actor, "left": left},
    )
    return cleaning_id


def update_undone(db: Database, cleaning_id: int, actor: str) -> Cleaning:
    """Take a cleaning back: its comments count again.

    Raises:
        NotFound: there is no such cleaning.
        Conflict: it was taken back already.
    """
    cleaning = get_cleaning(db, cleaning_id)
    if cleaning.undone_at is not None:
        raise Conflict(f"Cleaning {cleaning_id} was undone by {cleaning.undone_by} already.")
    with db.writing(cleaning.dataset_id) as cursor:
        cursor.execute(
            "UPDATE cleanings SET undone_at = $at, undone_by = $actor WHERE cleaning_id = $cleaning_id",
            {"at": now(), "actor": actor, "cleaning_id": cleaning_id},
        )
    return get_cleaning(db, cleaning_id)


def get_cleaning(db: Database, cleaning_id: int) -> Cleaning:
    """One cleaning.

    Raises:
        NotFound: there is none of that number.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT * FROM cleanings WHERE cleaning_id = $id", {"id": cleaning_id}
        ).fetchone()
    if row is None:
        raise NotFound(f"There is no cleaning {cleaning_id}.")
    return Cleaning(*row)


def list_cleanings(db: Database, dataset_id: str) -> list[Cleaning]:
    """The cleanings of a dataset, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT * FROM cleanings WHERE dataset_id = $dataset_id ORDER BY cleaning_id DESC",
            {"dataset_id": dataset_id},
        ).fetchall()
    return [Cleaning(*row) for row in rows]


def _find(cursor: duckdb.DuckDBPyConnection, dataset_id: str, rule: str) -> int:
    """Leave a table `matches` (comment_id, duplicate_of) in this cursor; return how many groups it leaves."""
    if rule in _BY_PROBLEM:
        return insert_matches(cursor, dataset_id, _BY_PROBLEM[rule])
    if rule not in _RULES:
        raise NotFound(f"There is no cleaning rule '{rule}'.", hint=f"Rules: {', '.join(RULES)}.")
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE matches AS
        SELECT comment_id, duplicate_of FROM ({_RULES[rule]})
        WHERE comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
        """,
        {"dataset_id": dataset_id, **EVERY_ID},
    )
    return 0
