"""Runs that work one label per comment out of all votes: stored once, never changed; one may be in force."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from domain.errors import NotFound
from domain.labels import IMPORTED
from storage.audit import add_entry
from storage.database import EVERY_ID, Database, now

_BALLOTS = """
SELECT comment_id, annotator, vote.label AS label, vote.vote_id AS vote_id
FROM current_votes_of($dataset_id, $low, $high)
WHERE vote.kind = 'label'
  AND annotator <> $imported
  AND comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
ORDER BY comment_id, annotator
"""

# Comments whose aggregated label is not the one in force now, those first of which the run is surest.
_DIFFERENCES = """
FROM aggregation_rows r
LEFT JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = r.comment_id
WHERE r.aggregation_id = $aggregation_id AND r.label IS DISTINCT FROM l.label
"""


@dataclass(frozen=True)
class Aggregation:
    """A run; `found` holds its results that are about all comments, `last_vote_id` the newest vote it saw."""

    aggregation_id: str
    dataset_id: str
    name: str
    version: int
    method: str
    labels: tuple[str, ...]
    settings: dict[str, Any]
    found: dict[str, Any]
    last_vote_id: int
    row_count: int
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class AggregatedLabel:
    """One comment of a run beside the label in force now; `sureness` is the posterior of the run's label."""

    comment_id: int
    votes: int
    label: str | None
    sureness: float
    in_force: str | None
    label_from: str | None


def list_ballots(db: Database, dataset_id: str) -> pa.Table:
    """Labels of named people on comments that are not excluded: comment_id, annotator, label, vote_id."""
    with db.reading() as cursor:
        params = {"dataset_id": dataset_id, "imported": IMPORTED, **EVERY_ID}
        return cursor.sql(_BALLOTS, params=params).to_arrow_table()


def add_aggregation(
    db: Database,
    dataset_id: str,
    rows: pa.Table,
    *,
    name: str,
    method: str,
    labels: tuple[str, ...],
    settings: dict[str, Any],
    found: dict[str, Any],
    last_vote_id: int,
    actor: str,
) -> Aggregation:
    """Store a run and its rows (comment_id, votes, label, posterior); a known name is its next version."""
    with db.writing(dataset_id) as cursor:
        number, version = cursor.execute(
            """
            SELECT nextval('aggregation_ids'), coalesce(max(version), 0) + 1
            FROM aggregations
            WHERE dataset_id = $dataset_id AND name = $name
            """,
            {"dataset_id": dataset_id, "name": name},
        ).fetchall()[0]
        run = Aggregation(
            f"aggregation-{number}", dataset_id, name, int(version), method, labels, settings, found,
            last_vote_id, rows.num_rows, now(), actor,
        )  # fmt: skip
        cursor.execute(
            "INSERT INTO aggregations VALUES ($id, $dataset_id, $name, $version, $method, $labels, $settings,"
            " $found, $last_vote_id, $row_count, $at, $actor)",
            {
                "id": run.aggregation_id,
                "dataset_id": dataset_id,
                "name": name,
                "version": run.version,
                "method": method,
                "labels": json.dumps(labels),
                "settings": json.dumps(settings),
                "found": json.dumps(found),
                "last_vote_id": last_vote_id,
                "row_count": run.row_count,
                "at": run.created_at,
                "actor": actor,
            },
        )
        cursor.register("aggregated", rows)
        cursor.execute(
            "INSERT INTO aggregation_rows SELECT $id, comment_id, votes, label, posterior FROM aggregated",
            {"id": run.aggregation_id},
        )
        cursor.unregister("aggregated")
        add_entry(
            cursor,
            actor=actor,
            verb="votes aggregated",
            dataset_id=dataset_id,
            object_=run.aggregation_id,
            details={"name": name, "version": run.version, "method": method, "comments": run.row_count},
        )
    return run


def get_aggregation(db: Database, aggregation_id: str) -> Aggregation:
    """One run.

    Raises:
        NotFound: there is none of that name.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT * FROM aggregations WHERE aggregation_id = $id", {"id": aggregation_id}
        ).fetchone()
    if row is None:
        raise NotFound(
            f"There is no aggregation '{aggregation_id}'.", hint="`aggregate --dataset D --list` shows them."
        )
    return _run(row)


def list_aggregations(db: Database, dataset_id: str) -> list[Aggregation]:
    """The runs of a dataset, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT * FROM aggregations WHERE dataset_id = $dataset_id ORDER BY created_at DESC",
            {"dataset_id": dataset_id},
        ).fetchall()
    return [_run(row) for row in rows]


@dataclass(frozen=True)
class InForce:
    """What was decided of a dataset: the run that gives its labels, or None that the votes do."""

    aggregation_id: str | None
    why: str
    created_at: datetime
    created_by: str


def add_in_force(
    db: Database, dataset_id: str, aggregation_id: str | None, *, why: str, actor: str
) -> InForce:
    """Append which run gives the labels from now on; None is none, and the votes count as they do without."""
    decided = InForce(aggregation_id, why, now(), actor)
    with db.writing(dataset_id) as cursor:
        before = _in_force(cursor, dataset_id)
        cursor.execute(
            "INSERT INTO aggregations_in_force"
            " SELECT nextval('force_ids'), $dataset_id, $id, $why, $at, $actor",
            {"dataset_id": dataset_id, "id": aggregation_id, "why": why, "at": decided.created_at,
             "actor": actor},
        )  # fmt: skip
        add_entry(
            cursor,
            actor=actor,
            verb="aggregation put in force" if aggregation_id else "aggregation taken out of force",
            dataset_id=dataset_id,
            object_=aggregation_id or (before and before.aggregation_id) or "",
            details={"why": why},
        )
    return decided


def find_in_force(db: Database, dataset_id: str) -> InForce | None:
    """What was decided last; None where nothing ever was."""
    with db.reading() as cursor:
        return _in_force(cursor, dataset_id)


def count_votes_after(db: Database, run: Aggregation) -> int:
    """How many labels of named people came after the run, on its dataset."""
    with db.reading() as cursor:
        row = cursor.execute(
            """
            SELECT count(*)
            FROM votes
            WHERE dataset_id = $dataset_id
              AND vote_id > $last_vote_id
              AND kind = 'label'
              AND annotator <> $imported
            """,
            {"dataset_id": run.dataset_id, "last_vote_id": run.last_vote_id, "imported": IMPORTED},
        ).fetchone()
    return int(row[0]) if row else 0


def _in_force(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> InForce | None:
    row = cursor.execute(
        "SELECT aggregation_id, why, created_at, created_by FROM aggregations_in_force"
        " WHERE dataset_id = $dataset_id ORDER BY force_id DESC LIMIT 1",
        {"dataset_id": dataset_id},
    ).fetchone()
    return InForce(*row) if row else None


def list_differences(db: Database, run: Aggregation, *, limit: int) -> list[AggregatedLabel]:
    """Comments whose label of the run is not the one in force, those first of which the run is surest."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT r.comment_id, r.votes, r.label, list_max(r.posterior) AS sureness, l.label, l.label_from
            {_DIFFERENCES}
            ORDER BY sureness DESC, r.comment_id
            LIMIT $limit
            """,
            {**_of(run), "limit": limit},
        ).fetchall()
    return [AggregatedLabel(*row) for row in rows]


def count_differences(db: Database, run: Aggregation) -> int:
    """How many comments the run labels otherwise than they are labelled now."""
    with db.reading() as cursor:
        row = cursor.execute(f"SELECT count(*) {_DIFFERENCES}", _of(run)).fetchone()
    return int(row[0]) if row else 0


def _of(run: Aggregation) -> dict[str, object]:
    return {"dataset_id": run.dataset_id, "aggregation_id": run.aggregation_id, **EVERY_ID}


def _run(row: tuple[Any, ...]) -> Aggregation:
    aggregation_id, dataset_id, name, version, method, labels, settings, found, last, rows, at, actor = row
    return Aggregation(
        aggregation_id, dataset_id, name, version, method, tuple(json.loads(labels)), json.loads(settings),
        json.loads(found), last, rows, at, actor,
    )  # fmt: skip
