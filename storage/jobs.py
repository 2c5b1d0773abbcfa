"""Jobs: one row each, and what the app took over from their folders."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from domain.behaviour import Behaviour
from domain.errors import NotFound
from domain.jobs import Job, JobState
from storage.behaviours import add_behaviour
from storage.comment_scores import CommentScores, add_comment_scores
from storage.database import Database, now
from storage.models import add_model, add_run
from storage.predictions import add_predictions, count_rows_checked, incoming
from storage.spending import Cost, Ledger, update_settled
from storage.suspects import Suspects, add_suspects

_COLUMNS = (
    "job_id, kind, dataset_id, snapshot_id, spec, state, message, restart_of, created_at, created_by,"
    " absorbed_at"
)


@dataclass(frozen=True)
class Results:
    """What a job that succeeded brings.

    Attributes:
        model_id: The model that it asked; None where it made one, which the next three describe.
        name: Of the model.
        backend: Kind of the model.
        settings: How the model was made.
        labels: In the order of the scores.
        score_kind: What the scores are.
        splits: Those that had to be answered in full.
        answers: Columns split, comment_id, label, parse_status, scores, latency_ms, tokens, cost_usd; None
            where it answered no comments.
    """

    model_id: str | None
    name: str
    backend: str
    settings: dict[str, Any]
    labels: tuple[str, ...]
    score_kind: str
    splits: tuple[str, ...]
    answers: pa.Table | None


def add_job(
    db: Database,
    *,
    dataset_id: str,
    spec: dict[str, Any],
    actor: str,
    prepare: Callable[[dict[str, Any]], None],
    reserve: Callable[[Ledger, str], float] | None = None,
) -> str:
    """Add a job and return its id.

    Args:
        db: The database.
        dataset_id: Whose job it is.
        spec: Holds kind, snapshot_id and restart_of; job_id and created_by are added to it.
        actor: Who wants the job.
        prepare: Called with the whole spec before anybody can see the row; if it fails, there is no job.
        reserve: Called with the ledger and the job's id, in the same transaction; what it returns is what the
            job may spend, allowed_usd in its spec.
    """
    with db.writing(dataset_id) as cursor:
        [(number,)] = cursor.execute("SELECT nextval('job_ids')").fetchall()
        job_id = f"job-{number}"
        whole = {"job_id": job_id, "created_by": actor, **spec}
        if reserve is not None:
            whole["allowed_usd"] = reserve(Ledger(cursor), job_id)
        cursor.execute(
            """
            INSERT INTO jobs
            VALUES (
              $job_id, $kind, $dataset_id, $snapshot_id, $spec, 'queued', '', $restart_of, $at, $actor, NULL
            )
            """,
            {
                "job_id": job_id,
                "kind": spec["kind"],
                "dataset_id": dataset_id,
                "snapshot_id": spec["snapshot_id"],
                "spec": json.dumps(whole),
                "restart_of": spec["restart_of"],
                "at": now(),
                "actor": actor,
            },
        )
        prepare(whole)
    return job_id


def get_job(db: Database, job_id: str) -> Job:
    """One job, as it was absorbed; until then its state is "queued" and its folder knows better.

    Raises:
        NotFound: there is none of that name.
    """
    with db.reading() as cursor:
        row = cursor.execute(f"SELECT {_COLUMNS} FROM jobs WHERE job_id = $id", {"id": job_id}).fetchone()
    if row is None:
        raise NotFound(f"There is no job '{job_id}'.", hint="The list of jobs names those here.")
    return _job(row)


def list_jobs(db: Database, dataset_id: str | None = None, *, unabsorbed: bool = False) -> list[Job]:
    """The jobs of a dataset, or of all, newest first; on demand only those whose end was not taken over."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM jobs
            WHERE ($dataset_id IS NULL OR dataset_id = $dataset_id)
              AND (NOT $unabsorbed OR absorbed_at IS NULL)
            ORDER BY created_at DESC, length(job_id) DESC, job_id DESC
            """,
            {"dataset_id": dataset_id, "unabsorbed": unabsorbed},
        ).fetchall()
    return [_job(row) for row in rows]


def update_absorbed(
    db: Database,
    job: Job,
    state: JobState,
    results: Results | Behaviour | CommentScores | Suspects | None,
    *,
    cost: Cost | None = None,
) -> bool:
    """Take over how the job ended, with what it brought: all in one transaction, once.

    Args:
        cost: What it cost, in the place of what was reserved for it.

    Returns:
        Whether this call did it; False where the job had been absorbed before.

    Raises:
        BadInput: the answers do not fit the snapshot; nothing was taken over.
    """
    with db.writing(job.dataset_id) as cursor:
        done = cursor.execute(
            """
            UPDATE jobs SET state = $state, message = $message, absorbed_at = $at
            WHERE job_id = $job_id AND absorbed_at IS NULL
            RETURNING job_id
            """,
            {
                "state": state.name,
                "message": f"{state.message} {state.hint}".strip(),
                "at": now(),
                "job_id": job.job_id,
            },
        ).fetchall()
        if not done:
            return False
        if cost is not None:
            update_settled(cursor, job.job_id, cost)
        if isinstance(results, Behaviour):
            add_behaviour(cursor, job, results)
        elif isinstance(results, CommentScores):
            add_comment_scores(cursor, job, results)
        elif isinstance(results, Suspects):
            add_suspects(cursor, job, results)
        elif results is not None:
            _add_results(cursor, job, results)
    return True


def _add_results(cursor: duckdb.DuckDBPyConnection, job: Job, results: Results) -> None:
    model_id = results.model_id or add_model(
        cursor,
        job,
        name=results.name,
        backend=results.backend,
        labels=results.labels,
        settings=results.settings,
    )
    if results.answers is None:
        return
    with incoming(cursor, results.answers):
        for split, row_count in count_rows_checked(cursor, job.snapshot_id, results.splits).items():
            run_id = add_run(
                cursor,
                job,
                model_id=model_id,
                split=split,
                labels=results.labels,
                score_kind=results.score_kind,
                row_count=row_count,
            )
            add_predictions(cursor, run_id, split)


def _job(row: tuple[Any, ...]) -> Job:
    job_id, kind, dataset_id, snapshot_id, spec, state, message, restart_of, *rest = row
    told = JobState(state, message, share=1.0 if state == "succeeded" else 0.0)
    return Job(job_id, kind, dataset_id, snapshot_id, json.loads(spec), told, restart_of, *rest)
