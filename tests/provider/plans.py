"""What will become of a job: everything is decided when it is created, and time only reveals it."""

import json

from tests.provider import training
from tests.provider.files import find_file
from tests.provider.formats import BadFile, jsonl, learnable, trained_tokens
from tests.provider.models import model_name
from tests.provider.state import Beat, Job, State
from tests.provider.wire import Json


def plan(state: State, job: Job, hyperparameters: Json, outcome: str) -> None:
    """Lay out everything that will happen to the job; `outcome` names the fault that awaits it."""
    files, param = job.asked, "training_file"
    job.beats = training.opening_beats(job.id, files["training_file"])
    try:
        lines = jsonl(find_file(state, files["training_file"]).content)
        pairs = learnable(lines, job.settings["method"], files["training_file"])
        if files.get("validation_file"):
            param = "validation_file"
            told = jsonl(find_file(state, files[param]).content)
            learnable(told, job.settings["method"], files[param])
    except BadFile as error:
        _fail(
            job,
            training.QUEUED_S,
            error.code,
            f"The job failed due to an invalid {param[:-5]} file. {error}",
            param,
        )
        return
    earlier = state.trained[files["model"]].examples if files["model"] in state.trained else []
    job.examples = earlier + pairs
    job.settings |= training.settled_hyperparameters(hyperparameters, len(lines))
    job.trained_tokens = trained_tokens(lines) * job.settings["n_epochs"]
    points = training.curve(job.id, job.settings, len(lines), bool(files.get("validation_file")))
    job.result = json.dumps(points)
    job.beats += training.training_beats(points)
    _end(state, job, outcome)


def _end(state: State, job: Job, outcome: str) -> None:
    if outcome == "flagged_file":
        told = (
            f"The job failed due to an unsafe file. The file {job.asked['training_file']} was blocked "
            "because too many examples were flagged by our moderation system for: hate"
        )
        _fail(job, training.QUEUED_S, "invalid_training_file", told, "training_file")
    elif outcome == "failed_job":
        told = "The job failed due to an internal error. Please try again later."
        _fail(job, (training.STARTED_S + training.TRAINED_S) / 2, "server_error", told, None)
    elif outcome == "blocked_model":
        job.beats += training.judged_beats(is_blocked=True)
        told = "The fine-tuned model did not pass our safety checks: hate, hate/threatening"
        _fail(job, training.JUDGED_S, "moderation_checks_failed", told, None)
    else:
        name = model_name(job)
        job.beats += training.judged_beats(is_blocked=False)
        job.beats.append(Beat(training.JUDGED_S, f"New fine-tuned model created: {name}"))
        job.beats.append(Beat(training.JUDGED_S, "The job has successfully completed", "succeeded"))


def _fail(job: Job, at_s: float, code: str, message: str, param: str | None) -> None:
    job.error = {"code": code, "message": message, "param": param}
    job.beats = [beat for beat in job.beats if beat.at_s < at_s or beat.type == "moderation_checks"]
    job.beats.append(Beat(at_s, message, "failed", level="error"))
