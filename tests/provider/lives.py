"""How far a job has come by now, and how the API shows it."""

import json
import re

from tests.provider import training
from tests.provider.models import checkpoint_name, model_name
from tests.provider.state import Beat, Job, State, TrainedModel
from tests.provider.wire import Json

ENDED = ("succeeded", "failed", "cancelled")
ORGANIZATION = "org-workbench"


def worked_s(state: State, job: Job) -> float:
    """Virtual seconds since the job began, without its pauses."""
    until = state.now() if job.paused_at is None else job.paused_at
    return until - job.created_at - sum(length for _, length in job.pauses)


def happened(state: State, job: Job) -> list[Beat]:
    worked = worked_s(state, job)
    return [beat for beat in job.beats if beat.at_s <= worked]


def status_of(state: State, job: Job) -> str:
    reached = [beat.status for beat in happened(state, job) if beat.status][-1]
    # The SDK's list of statuses has no word for a paused job, though it can pause one.
    return "paused" if job.paused_at is not None and reached not in ENDED else reached


def moment(job: Job, beat: Beat) -> int:
    """When a beat happened, its job's pauses counted in."""
    return int(job.created_at + beat.at_s + sum(length for at_s, length in job.pauses if at_s < beat.at_s))


def settle(state: State) -> None:
    """Give every job that has ended its finish, its result file and its models."""
    for job in state.jobs.values():
        status = status_of(state, job)
        if job.is_settled or status not in ENDED:
            continue
        job.is_settled = True
        job.finished_at = moment(job, job.beats[-1])
        if status == "succeeded":
            settings = state.settings
            points = json.loads(job.result)
            content = training.result_csv(points, settings.result_columns, settings.result_encoding)
            job.result_file = state.add_file("step_metrics.csv", "fine-tune-results", content).id
            names = [model_name(job), *(checkpoint_name(job, beat) for beat in job.beats if beat.checkpoint)]
            for name in names:
                state.trained[name] = TrainedModel(name, job.base, job.finished_at, job.examples)


def shown(state: State, job: Job) -> Json:
    """The job as the API shows it now."""
    status = status_of(state, job)
    is_done = status == "succeeded"
    is_validated = any(beat.message.startswith("Files validated") for beat in happened(state, job))
    names = ("n_epochs", "batch_size", "learning_rate_multiplier")
    chosen = {name: job.settings.get(name, "auto") if is_validated else "auto" for name in names}
    method = job.settings["method"]
    own = chosen | (
        {"beta": job.settings.get("beta", 0.1) if is_validated else "auto"} if method == "dpo" else {}
    )
    seed = job.asked.get("seed")
    return {
        "id": job.id,
        "object": "fine_tuning.job",
        "created_at": int(job.created_at),
        "error": job.error if status == "failed" else None,
        "fine_tuned_model": model_name(job) if is_done else None,
        "finished_at": job.finished_at,
        "hyperparameters": chosen,
        "model": job.base,
        "organization_id": ORGANIZATION,
        "result_files": [job.result_file] if job.result_file else [],
        "seed": int(re.sub(r"\D", "", job.id)[:9] or 0) if seed is None else seed,
        "status": status,
        "trained_tokens": job.trained_tokens if is_done else None,
        "training_file": job.asked["training_file"],
        "validation_file": job.asked.get("validation_file"),
        "estimated_finish": int(job.created_at + training.JUDGED_S) if status == "running" else None,
        "integrations": job.asked.get("integrations") or [],
        "metadata": job.asked.get("metadata"),
        "user_provided_suffix": job.asked.get("suffix"),
        "method": {"type": method, method: {"hyperparameters": own}},
    }
