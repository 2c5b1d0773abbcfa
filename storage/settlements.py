"""Decisions about groups whose labels contradict each other: who gave each label, and what was decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from domain.errors import Conflict, NotFound
from storage.audit import add_entry
from storage.comments import list_comments_by_id
from storage.database import Database, now

# The label of each vote in force on some comments, by whom, and the decision in force on them, if any.
_GIVERS = """
SELECT comment_id, annotator, vote.label, NULL AS why, false AS is_decision
FROM current_votes_of($dataset_id, $low, $high)
WHERE comment_id IN $ids AND vote.kind = 'label'
UNION ALL
SELECT comment_id, newest.created_by, newest.label, newest.why, true
FROM (
  SELECT comment_id, arg_max(a, adjudication_id) AS newest
  FROM adjudications a
  WHERE dataset_id = $dataset_id AND comment_id IN $ids
  GROUP BY comment_id
)
WHERE newest.label IS NOT NULL
ORDER BY comment_id, is_decision, annotator
"""

# Only what is still the newest decision on its comment goes back: to the decision before it, or the votes.
_GO_BACK = """
INSERT INTO adjudications
SELECT
  nextval('adjudication_ids'), $dataset_id, r.comment_id,
  CASE WHEN r.label_from = 'adjudicated' THEN r.label END, $why, $at, $actor
FROM settlement_rows r
JOIN (
  SELECT comment_id, max(adjudication_id) AS adjudication_id
  FROM adjudications
  WHERE dataset_id = $dataset_id
  GROUP BY comment_id
) newest ON newest.adjudication_id = r.adjudication_id
WHERE r.settlement_id = $settlement_id
"""


@dataclass(frozen=True)
class Giver:
    """Somebody gave a comment a label: by a vote, or by a decision, which says why."""

    comment_id: int
    person: str
    label: str
    why: str | None
    is_decision: bool


@dataclass(frozen=True)
class Settlement:
    """One decision: the group got one label, which `changed` comments; or (label None) the labels stay."""

    settlement_id: int
    dataset_id: str
    cluster: int
    label: str | None
    changed: int
    why: str
    created_at: datetime
    created_by: str
    undone_at: datetime | None
    undone_by: str | None


def list_givers(db: Database, dataset_id: str, comment_ids: Sequence[int]) -> list[Giver]:
    """Who gave these comments their labels: votes in force, then the decision in force."""
    if not comment_ids:
        return []
    with db.reading() as cursor:
        rows = cursor.execute(
            _GIVERS,
            {
                "dataset_id": dataset_id,
                "ids": list(comment_ids),
                "low": min(comment_ids),
                "high": max(comment_ids),
            },
        ).fetchall()
    return [Giver(*row) for row in rows]


def add_settlement(
    db: Database,
    dataset_id: str,
    cluster: int,
    members: Sequence[int],
    *,
    label: str | None,
    why: str,
    actor: str,
) -> Settlement:
    """Give every labelled member this label by decision, or (label None) say that their labels stay."""
    known = [
        (one.comment_id, one.label, one.label_from)
        for one in list_comments_by_id(db, dataset_id, list(members))
        if one.label is not None
    ]
    changed = [number for number, has, _ in known if label is not None and has != label]
    with db.writing(dataset_id) as cursor:
        decisions = _decide(cursor, dataset_id, changed, label=label, why=why, actor=actor)
        [(settlement_id,)] = cursor.execute(
            """
            INSERT INTO settlements
            SELECT
              nextval('settlement_ids'), $dataset_id, $cluster, $label, $changed, $why, $at, $actor,
              NULL, NULL
            RETURNING settlement_id
            """,
            {
                "dataset_id": dataset_id,
                "cluster": cluster,
                "label": label,
                "changed": len(changed),
                "why": why,
                "at": now(),
                "actor": actor,
            },
        ).fetchall()
        cursor.executemany(
            "INSERT INTO settlement_rows VALUES (?, ?, ?, ?, ?)",
            [(settlement_id, number, has, how, decisions.get(number)) for number, has, how in known],
        )
        add_entry(
            cursor,
            actor=actor,
            verb="contradiction decided" if label is not None else "contradiction kept",
            dataset_id=dataset_id,
            object_=f"group {cluster}",
            details={"label": label, "why": why, "changed": changed[:100], "count": len(changed)},
        )
    return get_settlement(db, settlement_id)


def update_settlement_undone(db: Database, settlement_id: int, actor: str) -> Settlement:
    """Take a decision back: its comments have the labels of before, unless somebody decided since.

    Raises:
        NotFound: there is no such decision.
        Conflict: it was taken back already.
    """
    found = get_settlement(db, settlement_id)
    if found.undone_at is not None:
        raise Conflict(f"Decision {settlement_id} was undone by {found.undone_by} already.")
    told = {"at": now(), "actor": actor, "settlement_id": settlement_id}
    with db.writing(found.dataset_id) as cursor:
        cursor.execute(
            _GO_BACK,
            {**told, "dataset_id": found.dataset_id, "why": f"Decision {settlement_id} taken back."},
        )
        cursor.execute(
            "UPDATE settlements SET undone_at = $at, undone_by = $actor WHERE settlement_id = $settlement_id",
            told,
        )
        add_entry(
            cursor,
            actor=actor,
            verb="contradiction open again",
            dataset_id=found.dataset_id,
            object_=f"group {found.cluster}",
            details={"settlement": settlement_id},
        )
    return get_settlement(db, settlement_id)


def get_settlement(db: Database, settlement_id: int) -> Settlement:
    """One decision.

    Raises:
        NotFound: there is none of that number.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT * FROM settlements WHERE settlement_id = $id", {"id": settlement_id}
        ).fetchone()
    if row is None:
        raise NotFound(f"There is no decision {settlement_id}.", hint="`settle` lists those that were made.")
    return Settlement(*row)


def list_settlements(db: Database, dataset_id: str) -> list[Settlement]:
    """The decisions of a dataset, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT * FROM settlements WHERE dataset_id = $dataset_id ORDER BY settlement_id DESC",
            {"dataset_id": dataset_id},
        ).fetchall()
    return [Settlement(*row) for row in rows]


def _decide(
    cursor: duckdb.DuckDBPyConnection,
    dataset_id: str,
    comment_ids: Sequence[int],
    *,
    label: str | None,
    why: str,
    actor: str,
) -> dict[int, int]:
    """Append a decision on each comment; returns their numbers."""
    if not comment_ids:
        return {}
    rows = cursor.execute(
        """
        INSERT INTO adjudications
        SELECT nextval('adjudication_ids'), $dataset_id, unnest($ids::BIGINT[]), $label, $why, $at, $actor
        RETURNING comment_id, adjudication_id
        """,
        {
            "dataset_id": dataset_id,
            "ids": list(comment_ids),
            "label": label,
            "why": why,
            "at": now(),
            "actor": actor,
        },
    ).fetchall()
    return {int(number): int(decision) for number, decision in rows}
