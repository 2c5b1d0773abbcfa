"""One job as it stands at this moment, with what it left behind so far."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from domain.jobs import Job
from domain.models import Run
from services.jobs.managing.launch import folder_of, get_job
from services.jobs.managing.watched import Watched, watched_training
from services.jobs.process.folder import CANCEL_PATIENCE_S, Facts, JobFolder
from services.jobs.process.hosted_story import hosted_checkpoints, provider_events
from storage.database import Database
from storage.models import list_models, list_runs


@dataclass(frozen=True)
class Followed:
    """A job and everything that can be told of it now.

    Attributes:
        metrics: Numbers along the way, oldest first; each has `seconds` since the start.
        log: The last lines that its process printed.
        asked_by: Who asked it to stop; None where nobody did.
        may_kill: It was asked to stop so long ago that asking again kills it.
        model_id: The model that it made or asked; None until it is known.
        runs: What it answered; empty until the job has ended and its results were taken in.
        watched: The training of an encoder in full; None for every other job.
        paused_by: Who asked it to pause; None where nobody did.
        provider_events: What the provider told, the newest first; empty for a job that asks none.
        checkpoints: Those that the provider keeps, once the model is there.
    """

    job: Job
    metrics: list[Facts]
    log: str
    asked_by: str | None
    may_kill: bool
    model_id: str | None
    runs: tuple[Run, ...]
    watched: Watched | None = None
    paused_by: str | None = None
    provider_events: list[Facts] = field(default_factory=list)
    checkpoints: list[Facts] = field(default_factory=list)

    @property
    def is_settled(self) -> bool:
        """Whether nothing about it will change any more."""
        return self.job.state.is_over and self.job.absorbed_at is not None


def follow(db: Database, job_id: str) -> Followed:
    """The job as it stands now.

    Raises:
        NotFound: there is no such job.
    """
    job, folder = get_job(db, job_id), folder_of(db, job_id)
    runs, model_id = _brought(db, job)
    asked_by = folder.canceller()
    return Followed(
        job=job,
        metrics=folder.metrics(),
        log=folder.log_tail(),
        asked_by=asked_by,
        may_kill=asked_by is not None and not job.state.is_over and _asked_s_ago(folder) >= CANCEL_PATIENCE_S,
        model_id=model_id,
        runs=runs,
        watched=watched_training(folder) if job.kind == "train_encoder" else None,
        paused_by=folder.pauser(),
        provider_events=provider_events(folder.events()),
        checkpoints=hosted_checkpoints(folder.path),
    )


def _brought(db: Database, job: Job) -> tuple[tuple[Run, ...], str | None]:
    """The runs and the model of a job whose results were taken in; before that, only the model it asks."""
    asked: str | None = job.spec["model_id"]
    if job.absorbed_at is None or job.state.name != "succeeded":
        return (), asked
    made = [model.model_id for model in list_models(db, job.dataset_id) if model.job_id == job.job_id]
    runs = [run for run in list_runs(db, job.dataset_id) if run.job_id == job.job_id]
    return tuple(runs), asked or next(iter(made), None)


def _asked_s_ago(folder: JobFolder) -> float:
    asked = json.loads((folder.path / "cancel").read_text(encoding="utf-8"))
    return (datetime.now(UTC) - datetime.fromisoformat(asked["at"])).total_seconds()
