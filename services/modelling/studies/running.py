"""Experiments with a recipe: start them, look at what they have found, train with the best settings."""

from dataclasses import asdict, dataclass
from typing import Any

from domain.errors import BadInput, Conflict, NotFound
from domain.jobs import STUDY_KINDS, Job, StudyKind
from services.jobs.files.study_file import find_study_file
from services.jobs.managing.launch import folder_of, get_job, launch, list_jobs
from services.jobs.process.folder import Facts
from services.modelling.base_models import check_base_model
from services.modelling.commands import train_command
from services.modelling.settings import EncoderSettings, read_settings
from services.modelling.studies.plans import PLANS
from services.modelling.training import train
from services.several import refuse_several
from storage.database import Database
from storage.snapshots import get_snapshot

TITLES: dict[StudyKind, str] = {
    "search": "Search",
    "learning_curve": "Learning curve",
    "cross_validate": "Cross-validation",
}


@dataclass(frozen=True)
class Study:
    """A study as it stands.

    Attributes:
        job: The job that does it.
        found: What study.json holds; None until its first step is done.
        command: Trains with the best settings; None unless it is a search that has finished.
    """

    job: Job
    found: Facts | None
    command: str | None


def start_study(db: Database, *, kind: StudyKind, snapshot_id: str, actor: str, **plan: Any) -> Job:
    """Start a study of a recipe on a snapshot; it makes no model and never reads the test split.

    Args:
        db: The database.
        kind: One of STUDY_KINDS.
        snapshot_id: Its train and validation splits are used.
        actor: Who wants it.
        plan: What study_plans describes for that kind: recipe, settings, metric, label, seed, and trials,
            repeats or folds.

    Raises:
        NotFound: there is no such snapshot, recipe or base model.
        BadInput: there is no such kind, a part of the plan is unknown or out of range, or comments may have
            several labels.
    """
    if kind not in PLANS:
        raise BadInput(f"There is no study {kind!r}.", hint=f"Studies: {', '.join(STUDY_KINDS)}.")
    snapshot = get_snapshot(db, snapshot_id)
    refuse_several(snapshot, "Experiments")
    checked = read_settings(PLANS[kind], {**plan, "group_by": snapshot.manifest.get("group_by", "none")})
    config = checked.config()
    if isinstance(config, EncoderSettings):
        check_base_model(config.base_model)
    if checked.label is not None and checked.label not in snapshot.labels:
        raise NotFound(
            f"{snapshot_id} has no label '{checked.label}'.", hint=f"Labels: {', '.join(snapshot.labels)}."
        )
    return launch(
        db,
        kind=kind,
        dataset_id=snapshot.dataset_id,
        snapshot_id=snapshot_id,
        splits=(),
        settings=asdict(checked),
        actor=actor,
        name=f"{TITLES[kind]} of {checked.recipe}",
    )


def list_studies(db: Database, dataset_id: str | None = None) -> list[Job]:
    """The studies of a dataset, or of all, newest first."""
    return [job for job in list_jobs(db, dataset_id) if job.kind in STUDY_KINDS]


def get_study(db: Database, job_id: str) -> Study:
    """A study with what it has found so far.

    Raises:
        NotFound: there is no such job, or it is no study.
        BadInput: its file is damaged.
    """
    job = get_job(db, job_id)
    if job.kind not in STUDY_KINDS:
        raise NotFound(f"{job_id} is no study: it is {job.kind}.", hint="`studies` lists those here.")
    found = find_study_file(folder_of(db, job_id).path)
    if found is None or "best" not in found:
        return Study(job, found, None)
    best = found["best"]["settings"]
    command = train_command(job.snapshot_id, found["recipe"], name="", settings=best, actor=job.created_by)
    return Study(job, found, command)


def train_with_best(db: Database, job_id: str, *, actor: str) -> Job:
    """Start a training with the best settings of a search.

    Raises:
        NotFound: there is no such study.
        Conflict: it is no search, or has not finished.
    """
    study = get_study(db, job_id)
    if study.command is None or study.found is None:
        raise Conflict(f"{job_id} has no best settings.", hint="Wait for the end of a search, or start one.")
    found = study.found
    return train(
        db,
        snapshot_id=study.job.snapshot_id,
        recipe=found["recipe"],
        settings=found["best"]["settings"],
        name=f"{found['recipe']}, best of {job_id}",
        actor=actor,
    )
