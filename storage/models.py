"""Models and their runs: one row per model, one per model and split of a snapshot that it answered."""

import json
from typing import Any

import duckdb

from domain.errors import NotFound
from domain.jobs import Job
from domain.models import Engine, Model, Run
from storage.audit import add_entry
from storage.database import Database, now

_MODEL_COLUMNS = (
    "model_id, dataset_id, job_id, snapshot_id, name, backend, labels, settings, created_at, created_by"
)
_RUN_COLUMNS = (
    "run_id, dataset_id, model_id, snapshot_id, split, job_id, score_kind, labels, row_count, created_at,"
    " created_by"
)


def add_model(
    cursor: duckdb.DuckDBPyConnection,
    job: Job,
    *,
    name: str,
    backend: str,
    labels: tuple[str, ...],
    settings: dict[str, Any],
    verb: str = "model trained",
) -> str:
    """Add the model that the job made, within the caller's transaction, and return its id."""
    model_id = _next_id(cursor, "model")
    cursor.execute(
        f"INSERT INTO models ({_MODEL_COLUMNS}) VALUES ($model_id, $dataset_id, $job_id, $snapshot_id, $name,"
        " $backend, $labels, $settings, $at, $actor)",
        {
            "model_id": model_id,
            "dataset_id": job.dataset_id,
            "job_id": job.job_id,
            "snapshot_id": job.snapshot_id,
            "name": name,
            "backend": backend,
            "labels": json.dumps(labels),
            "settings": json.dumps(settings),
            "at": now(),
            "actor": job.created_by,
        },
    )
    told = {"name": name, "backend": backend, "job_id": job.job_id, "snapshot_id": job.snapshot_id}
    add_entry(
        cursor,
        actor=job.created_by,
        verb=verb,
        dataset_id=job.dataset_id,
        object_=model_id,
        details=told,
    )
    return model_id


def add_run(
    cursor: duckdb.DuckDBPyConnection,
    job: Job,
    *,
    model_id: str,
    split: str,
    labels: tuple[str, ...],
    score_kind: str,
    row_count: int,
) -> str:
    """Add a run of the job, within the caller's transaction, and return its id."""
    run_id = _next_id(cursor, "run")
    cursor.execute(
        f"INSERT INTO runs ({_RUN_COLUMNS}) VALUES ($run_id, $dataset_id, $model_id, $snapshot_id, $split,"
        " $job_id, $score_kind, $labels, $row_count, $at, $actor)",
        {
            "run_id": run_id,
            "dataset_id": job.dataset_id,
            "model_id": model_id,
            "snapshot_id": job.snapshot_id,
            "split": split,
            "job_id": job.job_id,
            "score_kind": score_kind,
            "labels": json.dumps(labels),
            "row_count": row_count,
            "at": now(),
            "actor": job.created_by,
        },
    )
    return run_id


def get_model(db: Database, model_id: str) -> Model:
    """One model.

    Raises:
        NotFound: there is none of that name.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT {_MODEL_COLUMNS} FROM models WHERE model_id = $id", {"id": model_id}
        ).fetchone()
    if row is None:
        raise NotFound(f"There is no model '{model_id}'.", hint="The list of models names those here.")
    return _model(row)


def list_models(db: Database, dataset_id: str | None = None) -> list[Model]:
    """The models of a dataset, or of all, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_MODEL_COLUMNS}
            FROM models
            WHERE $dataset_id IS NULL OR dataset_id = $dataset_id
            ORDER BY created_at DESC, length(model_id) DESC, model_id DESC
            """,
            {"dataset_id": dataset_id},
        ).fetchall()
    return [_model(row) for row in rows]


def get_run(db: Database, run_id: str) -> Run:
    """One run.

    Raises:
        NotFound: there is none of that name.
    """
    with db.reading() as cursor:
        row = cursor.execute(f"SELECT {_RUN_COLUMNS} FROM runs WHERE run_id = $id", {"id": run_id}).fetchone()
    if row is None:
        raise NotFound(f"There is no run '{run_id}'.", hint="The list of runs names those here.")
    return _run(row)


def list_runs(
    db: Database,
    dataset_id: str | None = None,
    *,
    model_id: str | None = None,
    snapshot_id: str | None = None,
    split: str | None = None,
) -> list[Run]:
    """The runs that fit what is given, newest first; what is None asks for nothing."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_RUN_COLUMNS}
            FROM runs
            WHERE ($dataset_id IS NULL OR dataset_id = $dataset_id)
              AND ($model_id IS NULL OR model_id = $model_id)
              AND ($snapshot_id IS NULL OR snapshot_id = $snapshot_id)
              AND ($split IS NULL OR split = $split)
            ORDER BY created_at DESC, length(run_id) DESC, run_id DESC
            """,
            {"dataset_id": dataset_id, "model_id": model_id, "snapshot_id": snapshot_id, "split": split},
        ).fetchall()
    return [_run(row) for row in rows]


def list_engines(db: Database, model_id: str) -> dict[str, Engine]:
    """What computed each run of the model, by run id: what its job was told, "torch" where nothing was."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT r.run_id, coalesce(j.spec ->> '$.settings.engine', 'torch')
            FROM runs r
            LEFT JOIN jobs j ON j.job_id = r.job_id
            WHERE r.model_id = $model_id
            """,
            {"model_id": model_id},
        ).fetchall()
    return dict(rows)


def find_recipe(db: Database, model_id: str) -> str | None:
    """The recipe that the model's job was started with; None where it was not noted, or there was none."""
    with db.reading() as cursor:
        row = cursor.execute(
            """
            SELECT j.spec ->> '$.recipe'
            FROM models m
            JOIN jobs j ON j.job_id = m.job_id
            WHERE m.model_id = $model_id
            """,
            {"model_id": model_id},
        ).fetchone()
    return row[0] if row else None


def _next_id(cursor: duckdb.DuckDBPyConnection, noun: str) -> str:
    [(number,)] = cursor.execute("SELECT nextval($sequence)", {"sequence": f"{noun}_ids"}).fetchall()
    return f"{noun}-{number}"


def _model(row: tuple[Any, ...]) -> Model:
    told = dict(zip(_MODEL_COLUMNS.split(", "), row, strict=True))
    labels, settings = tuple(json.loads(told.pop("labels"))), json.loads(told.pop("settings"))
    return Model(labels=labels, settings=settings, **told)


def _run(row: tuple[Any, ...]) -> Run:
    told = dict(zip(_RUN_COLUMNS.split(", "), row, strict=True))
    return Run(labels=tuple(json.loads(told.pop("labels"))), **told)
