"""How models behaved on suites and on their true positives written otherwise: appended, never changed."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from domain.behaviour import Behaviour, behaviour_of
from domain.errors import NotFound
from domain.jobs import Job
from storage.audit import add_entry
from storage.database import Database, now

_COLUMNS = "job_id, dataset_id, model_id, snapshot_id, found, created_at, created_by"


@dataclass(frozen=True)
class Measured:
    """One behaviour with where it comes from; `snapshot_id` None for a functional suite."""

    job_id: str
    dataset_id: str
    model_id: str
    snapshot_id: str | None
    found: Behaviour
    created_at: datetime
    created_by: str


def add_behaviour(cursor: duckdb.DuckDBPyConnection, job: Job, found: Behaviour) -> None:
    """Add what the job found, within the caller's transaction, and tell the log."""
    cursor.execute(
        """
        INSERT INTO behaviours
          (job_id, dataset_id, model_id, kind, snapshot_id, suite, suite_sha256, found, created_at,
           created_by)
        VALUES ($job_id, $dataset_id, $model_id, $kind, $snapshot_id, $suite, $sha256, $found, $at, $actor)
        """,
        {
            "job_id": job.job_id,
            "dataset_id": job.dataset_id,
            "model_id": job.spec["model_id"],
            "kind": found.kind,
            "snapshot_id": None if found.kind == "functional" else job.snapshot_id,
            "suite": found.suite,
            "sha256": found.suite_sha256,
            "found": json.dumps(found.as_dict),
            "at": now(),
            "actor": job.created_by,
        },
    )
    add_entry(
        cursor,
        actor=job.created_by,
        verb="behaviour tested",
        dataset_id=job.dataset_id,
        object_=job.spec["model_id"],
        details={"job_id": job.job_id, "kind": found.kind, "suite_sha256": found.suite_sha256},
    )


def get_behaviour(db: Database, job_id: str) -> Measured:
    """What one job found.

    Raises:
        NotFound: it found nothing of the kind.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM behaviours WHERE job_id = $id", {"id": job_id}
        ).fetchone()
    if row is None:
        raise NotFound(f"'{job_id}' tested no behaviour.", hint="`behave --model MODEL` lists what did.")
    return _measured(row)


def list_behaviours(
    db: Database, dataset_id: str | None = None, *, model_id: str | None = None
) -> list[Measured]:
    """The behaviours of a dataset or a model, or all, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM behaviours
            WHERE ($dataset_id IS NULL OR dataset_id = $dataset_id)
              AND ($model_id IS NULL OR model_id = $model_id)
            ORDER BY created_at DESC, length(job_id) DESC, job_id DESC
            """,
            {"dataset_id": dataset_id, "model_id": model_id},
        ).fetchall()
    return [_measured(row) for row in rows]


def _measured(row: tuple[Any, ...]) -> Measured:
    told = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return Measured(found=behaviour_of(json.loads(told.pop("found"))), **told)
