"""What every tuning at a provider shares: files go up, one job is made there, it is followed, and finished.

A job script calls `tune`. Started again, it finds the files and the job there; nothing is made twice.
"""

import math
import random
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.errors import BackendError, BadInput, Conflict
from services.backends.provider import ENDED, Provider
from services.backends.provider_errors import TRAIN_HERE, ProviderError
from services.backends.provider_replies import HostedEvent, HostedJob
from services.jobs.hosted.submission import one_at_a_time, standing_jobs, submitted, uploaded
from services.jobs.process.worker import Cancelled, RunningJob
from services.modelling.formats.result_file import curves_from_file
from services.modelling.settings import TuningSettings

MIN_VALIDATION_ROWS = 10  # a host refuses shorter files
SENT_FROM, TUNED_FROM, PREDICT_FROM = 0.02, 0.05, 0.7
STAGE = "tuning"
_FAILED_LOOKS = 10
_SLOWEST_POLL = 12  # times poll_s


def tune(
    job: RunningJob,
    provider: Provider,
    config: TuningSettings,
    files: dict[str, Path],
    hashes: dict[str, str],
) -> tuple[str, dict[str, Any]]:
    """The name of the new model and what is to be told of it; whoever stops this job stops it there too.

    Args:
        job: Its spec holds the client_id that names the click.
        provider: The client.
        config: The base model and how it is tuned.
        files: By the provider's name for each: training_file, and validation_file where there is one.
        hashes: The sha256 of each file, which makes an upload findable.

    Raises:
        Cancelled: somebody stopped this job.
        BackendError: the provider refused, or its job ended without a model.
    """
    try:
        with one_at_a_time(job.folder.path):
            hosted = submit(job, provider, config, files, hashes)
        ended = follow(job, provider, config.poll_s, hosted)
    except Cancelled:
        cancel_there(job, provider)
        raise
    return finish(job, provider, ended)


def submit(
    job: RunningJob,
    provider: Provider,
    config: TuningSettings,
    files: dict[str, Path],
    hashes: dict[str, str],
) -> HostedJob:
    """The provider's job for this click, created or found."""
    job.progress(SENT_FROM, "Uploads the examples.")
    ids = {name: uploaded(provider, path, hashes[name]) for name, path in files.items()}
    chosen = {
        "n_epochs": config.epochs or "auto",
        "batch_size": config.batch_size or "auto",
        "learning_rate_multiplier": config.learning_rate_multiplier or "auto",
    }
    request: dict[str, Any] = {**ids, "model": config.model, "seed": config.seed}
    request["method"] = {"type": "supervised", "supervised": {"hyperparameters": chosen}}
    if config.suffix:
        request["suffix"] = config.suffix
    client_id = str(job.spec["client_id"])
    job.progress(TUNED_FROM, "Creates the job at the provider.")

    def note() -> None:
        job.folder.add_event("provider", message=f"Asks for a job under {client_id}.", asked_for=client_id)

    hosted = submitted(provider, request, client_id, note=note)
    job.folder.add_event("provider", message=f"The provider's job is {hosted.id}.", hosted_job=hosted.id)
    return hosted


def follow(job: RunningJob, provider: Provider, poll_s: float, hosted: HostedJob) -> HostedJob:
    """The provider's job once it has ended; its events and metrics are written down as they come.

    Raises:
        Cancelled: somebody stopped this job.
        BackendError: the provider could not be asked for a long time.
    """
    seen: set[str] = set()
    share, said, pause_s, failed_looks = TUNED_FROM, "", poll_s, 0
    while True:
        try:
            current = provider.get_job(hosted.id)
            events = provider.new_events(hosted.id, seen)
        except ProviderError as error:
            failed_looks += 1
            if not error.retryable or failed_looks >= _FAILED_LOOKS:
                raise
            job.progress(share, f"Cannot look at {hosted.id} now: {error}")
        else:
            failed_looks = 0
            for event in events:
                share, said = max(share, write_event(job, event, hosted.created_at)), event.message
                seen.add(event.id)
            job.progress(share, f"{current.status.replace('_', ' ')}: {said}".removesuffix(": "))
            if current.status in ENDED:
                return current
            pause_s = poll_s if events else min(pause_s * 1.5, poll_s * _SLOWEST_POLL)
        time.sleep(random.uniform(0.8, 1.2) * pause_s)


def write_event(job: RunningJob, event: HostedEvent, since: int) -> float:
    """Write an event down, its numbers as metrics; returns the share of the job, 0 where none is told."""
    told = {"message": event.message, "level": event.level, "told_at": event.created_at}
    job.folder.add_event("provider", provider_event=event.id, **told)
    if event.type != "metrics":
        return 0.0
    numbers = {name: finite(value) for name, value in event.data.items() if is_number(value)}
    step, total = numbers.get("step"), numbers.pop("total_steps", None)
    if step is None:
        return 0.0
    job.metric(**{"stage": STAGE, "seconds": event.created_at - since, **numbers})
    return TUNED_FROM + (PREDICT_FROM - TUNED_FROM) * min(step / total, 1.0) if total else 0.0


def finish(job: RunningJob, provider: Provider, ended: HostedJob) -> tuple[str, dict[str, Any]]:
    """The name of the new model, and what is to be told of it; fills in metrics that came as no event.

    Raises:
        BackendError: the provider's job failed, was cancelled there, or left no model.
    """
    if ended.status != "succeeded" or not ended.fine_tuned_model:
        job.folder.add_event(
            "provider", message=f"It ended there as {ended.status}.", hosted_end=ended.status
        )
        hint = "Start again for a new job there."
        if any(word in ended.error for word in ("flagged", "unsafe", "safety", "usage policies")):
            hint = f"The provider takes no such comments, and starting again will not help. {TRAIN_HERE}"
        raise BackendError(f"{ended.id} ended at the provider as {ended.status}: {ended.error}", hint=hint)
    job.folder.add_event("provider", message="It has made its model.", hosted_end=ended.status)
    told = {line.get("step") for line in job.folder.metrics() if line.get("stage") == STAGE}
    for file_id in ended.result_files:
        try:
            curves = asdict(curves_from_file(provider.read_file(file_id)))
        except (BackendError, BadInput) as error:
            job.folder.add_event("provider", message=f"The result file cannot be read: {error}")
            continue
        missed = curves.pop("not_finite_count")
        for place, step in enumerate(curves["steps"]):
            if step not in told:
                numbers = {name: column[place] for name, column in curves.items() if name != "steps"}
                numbers = {name: value for name, value in numbers.items() if value is not None}
                job.metric(**{"stage": STAGE, "step": step, **numbers})
        found = f"The result file has {len(curves['steps']):,} steps; {missed:,} values were no number."
        job.folder.add_event("provider", message=found)
    hosted = {"id": ended.id, "client_id": ended.client_id, "trained_tokens": ended.trained_tokens}
    checkpoints = provider.list_checkpoints(ended.id)
    job.folder.add_event("provider", message=f"{len(checkpoints)} checkpoint(s) are kept there.")
    return ended.fine_tuned_model, {"hosted_job": hosted, "checkpoints": checkpoints}


def cancel_there(job: RunningJob, provider: Provider) -> None:
    """Stop the provider's jobs of this click, also one whose creation was never answered."""
    try:
        for hosted in standing_jobs(provider, str(job.spec["client_id"])):
            if hosted.status not in ENDED:
                provider.cancel_job(hosted.id)
                job.folder.add_event(
                    "provider",
                    message=f"{hosted.id} was cancelled at the provider.",
                    hosted_job=hosted.id,
                    hosted_end="cancelled",
                )
    except (BackendError, Conflict) as error:
        job.folder.add_event("provider", message=f"It may go on at the provider: {error}", level="error")


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
