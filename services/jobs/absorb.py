"""Take over what jobs left in their folders: each once, whole or not at all."""

from domain.errors import BadInput, NotFound
from domain.jobs import Job, JobState
from services.backends.registry import read_about
from services.jobs.answers import read_answers
from services.jobs.launch import folder_of
from storage import jobs
from storage.database import Database
from storage.jobs import Results
from storage.models import get_model


def absorb(db: Database) -> list[str]:
    """Take over every job that has ended since, and return their ids, oldest first.

    Safe to call at any time and from several threads: each job is taken over by one call. A job whose results
    do not fit its snapshot becomes failed, and says why.
    """
    waiting = reversed(jobs.list_jobs(db, unabsorbed=True))
    return [job.job_id for job in waiting if _absorb_one(db, job)]


def _absorb_one(db: Database, job: Job) -> bool:
    state = folder_of(db, job.job_id).state()
    if not state.is_over:
        return False
    if state.name != "succeeded":
        return jobs.update_absorbed(db, job, state, None)
    try:
        return jobs.update_absorbed(db, job, state, _results(db, job))
    except (BadInput, NotFound) as error:
        failed = JobState(
            "failed", f"The job ended well, but its results cannot be used: {error}", error.hint
        )
        return jobs.update_absorbed(db, job, failed, None)


def _results(db: Database, job: Job) -> Results:
    """What the folder of a job that succeeded holds.

    Raises:
        BadInput: a file is missing or damaged.
        NotFound: the model that was asked is unknown.
    """
    folder = folder_of(db, job.job_id).path
    model_id = job.spec["model_id"]
    about = read_about(folder / "model" if model_id is None else folder / "inputs" / "model")
    labels = tuple(about["labels"]) if model_id is None else get_model(db, model_id).labels
    return Results(
        model_id=model_id,
        name=job.spec["name"],
        backend=about["kind"],
        settings=about.get("settings", {}),
        labels=labels,
        score_kind=about["score_kind"],
        splits=tuple(job.spec["splits"]),
        answers=read_answers(folder / "predictions.parquet", label_names=labels),
    )
