"""Take over what jobs left in their folders: each once, whole or not at all."""

from domain.behaviour import Behaviour
from domain.errors import BadInput, NotFound
from domain.jobs import STUDY_KINDS, WRITES, Job, JobState
from domain.models import SIGMOID
from services.backends.registry import read_about
from services.jobs.files.answers import read_answers
from services.jobs.files.behaviour_file import read_behaviour
from services.jobs.files.billing import bill_of
from services.jobs.files.kept_onnx import FOLDER as ONNX
from services.jobs.files.kept_onnx import take_over
from services.jobs.files.study_file import find_study_file
from services.jobs.files.suspects_file import read_suspects
from services.jobs.managing.inputs import BEHAVES, SCORES, SUSPECTS
from services.jobs.managing.launch import folder_of
from storage import jobs
from storage.comment_scores import CommentScores
from storage.database import Database
from storage.jobs import Results
from storage.models import get_model
from storage.spending import Cost
from storage.suspects import Suspects


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
    cost = _cost(db, job, state)
    if state.name != "succeeded":
        return jobs.update_absorbed(db, job, state, None, cost=cost)
    try:
        taken = jobs.update_absorbed(db, job, state, _results(db, job), cost=cost)
    except (BadInput, NotFound) as error:
        failed = JobState(
            "failed", f"The job ended well, but its results cannot be used: {error}", error.hint
        )
        return jobs.update_absorbed(db, job, failed, None, cost=cost)
    if taken and job.kind in ("predict", SCORES):
        beside = db.home / "jobs" / get_model(db, job.spec["model_id"]).job_id
        take_over(folder_of(db, job.job_id).path / ONNX, beside / ONNX)
    return taken


def _cost(db: Database, job: Job, state: JobState) -> Cost | None:
    """What counts against the caps from now on; None where nothing was reserved."""
    if job.spec.get("allowed_usd") is None:
        return None
    bill = bill_of(folder_of(db, job.job_id), state)
    return None if bill is None else Cost(bill.counted_usd or 0.0, bill.estimated_usd, bill.billed_usd)


def _results(db: Database, job: Job) -> Results | Behaviour | CommentScores | Suspects | None:
    """What the folder of a job that succeeded holds; None for a study, and for the rows of a file.

    Raises:
        BadInput: a file is missing or damaged.
        NotFound: the model that was asked is unknown.
    """
    folder = folder_of(db, job.job_id).path
    if job.kind in STUDY_KINDS:
        if find_study_file(folder) is None:
            raise NotFound(f"{job.job_id} left no study.", hint="Start it again.")
        return None
    if job.kind == WRITES:
        return None
    if job.kind == BEHAVES:
        return read_behaviour(folder)
    if job.kind == SUSPECTS:
        return Suspects(read_suspects(folder))
    if job.kind == SCORES:
        return _comment_scores(db, job)
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
        # A model that was made elsewhere, or answers in free text, answered no comments.
        answers=read_answers(
            folder / "predictions.parquet", label_names=labels, several=about["score_kind"] == SIGMOID
        )
        if job.spec["splits"]
        else None,
    )


def _comment_scores(db: Database, job: Job) -> CommentScores | None:
    """The answers to the dataset's own comments; None where the job was asked about a file.

    Raises:
        BadInput: a file is missing or damaged.
        NotFound: the model is unknown.
    """
    model, folder = get_model(db, job.spec["model_id"]), folder_of(db, job.job_id).path
    score_kind = read_about(folder / "inputs" / "model")["score_kind"]
    answers = read_answers(
        folder / "predictions.parquet", label_names=model.labels, several=score_kind == SIGMOID
    )
    if job.spec["settings"]["asked_of"] == "file":
        return None
    return CommentScores(model.model_id, str(score_kind), answers)
