"""Tune a chat model at a provider, or take one as it is, and predict validation and test with it.

    python -m services.jobs.train_hosted FOLDER

FOLDER holds spec.json, inputs/comments.parquet (comment_id, text, label, split) and inputs/provider.json. The
key is read from the environment variable that provider.json names. The script leaves model/,
predictions.parquet, events.jsonl and metrics.jsonl there. Started again, it takes over the provider's job
that carries its client_id, and the answers under work/.
"""

import json
import math
import random
import shutil
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from domain.errors import BackendError, BadInput, Conflict
from domain.personal_data import find_personal_data
from services.backends.openai_chat import KIND, ChatClassifier, read_address
from services.backends.provider import ENDED, TRAIN_HERE, HostedEvent, HostedJob, Provider, ProviderError
from services.jobs.answers import write_answers
from services.jobs.first_look import check_training_rows, measure
from services.jobs.folder import write_whole
from services.jobs.submission import one_at_a_time, standing_jobs, submitted, uploaded
from services.jobs.worker import Cancelled, RunningJob, run
from services.modelling.formats.chat import from_comments, prompt_sha256, write_jsonl
from services.modelling.formats.result_file import curves_from_file
from services.modelling.hosted_models import hosted_models
from services.modelling.outbound import (
    Prices,
    answering_cost_usd,
    check_cost,
    check_file,
    check_texts,
    prices_of,
    training_cost_usd,
)
from services.modelling.recipes import HostedSettings
from services.modelling.settings import read_settings

MIN_VALIDATION_ROWS = 10  # a host refuses shorter files
SENT_FROM, TUNED_FROM, PREDICT_FROM = 0.02, 0.05, 0.7
STAGE = "tuning"
_FAILED_LOOKS = 10
_SLOWEST_POLL = 12  # times poll_s


def train(job: RunningJob) -> None:
    """The whole training, top to bottom."""
    # 1. What to do, on which comments, and where.
    config = read_settings(HostedSettings, job.spec["settings"])
    address = read_address(job.folder.path / "inputs")
    rows, held_out = job.comments(["train", "validation"]), job.comments(["validation", "test"])
    labels = sorted(set(labels_of(rows, "train")))
    check_training_rows(labels_of(rows, "train"))
    table = hosted_models(job.folder.path.parent.parent)
    prices = prices_of(config.model, table, charges=address.charges)

    # 2. The files, and everything that may keep them here. Nothing has left yet.
    files = write_files(job, config, rows, labels) if config.tune else {}
    job.progress(SENT_FROM, "Checks what would leave this machine.")
    hashes = check_outbound(config, prices, [rows, held_out] if config.tune else [held_out], files)
    check_costs(job, config, prices, held_out, files)

    # 3. The provider trains; whoever stops this job stops it there too.
    provider = Provider(address)
    model, about_job = config.model, dict[str, Any]()
    if config.tune:
        try:
            with one_at_a_time(job.folder.path):
                hosted = submit(job, provider, config, files, hashes)
            ended = follow(job, provider, config, hosted)
        except Cancelled:
            cancel_there(job, provider)
            raise
        model, about_job = finish(job, provider, ended)

    # 4. Its answers to comments that it was not trained on, for everything that is measured later.
    about = about_model(job, config, labels, prices) | about_job | {"model": model}
    about["training_rows"] = dict(sorted(Counter(labels_of(rows, "train")).items())) if config.tune else {}
    classifier = ChatClassifier(provider, about)
    write_answers(job, classifier, held_out, from_share=PREDICT_FROM if config.tune else SENT_FROM)
    measure(job, held_out, "validation")

    # 5. What is kept of the model: not the model, but how to ask it again in the same words.
    about["score_kind"] = classifier.score_kind
    with job.new_model() as folder:
        write_whole(folder / "model.json", json.dumps(about, ensure_ascii=False, indent=2))
    shutil.rmtree(job.folder.path / "work", ignore_errors=True)


def labels_of(rows: pa.Table, split: str) -> list[str]:
    """The labels of the comments of one split."""
    pairs = zip(rows["label"].to_pylist(), rows["split"].to_pylist(), strict=True)
    return [label for label, own in pairs if own == split]


def write_files(
    job: RunningJob, config: HostedSettings, rows: pa.Table, labels: list[str]
) -> dict[str, Path]:
    """The chat files by the provider's name for them; no validation file where it would be too short."""
    folder = job.folder.path / "work"
    folder.mkdir(exist_ok=True)
    written = {}
    for split, argument in (("train", "training_file"), ("validation", "validation_file")):
        chosen = [
            (str(row["comment_id"]), row["text"], row["label"])
            for row in rows.to_pylist()
            if row["split"] == split and row["label"] in labels and not is_withheld(config, row["text"])
        ]
        if split == "validation" and len(chosen) < MIN_VALIDATION_ROWS:
            continue
        made = from_comments(chosen, system_prompt=str(config.system_prompt), labels=labels)
        written[argument] = folder / f"{split}.jsonl"
        write_jsonl(made.examples, written[argument])
        left_out = sum(finding.code == "empty_comment" for finding in made.findings)
        told = f"{len(made.examples):,} examples of {split}; {left_out:,} empty comments were left out."
        job.folder.add_event("provider", message=told)
    return written


def is_withheld(config: HostedSettings, text: str) -> bool:
    """Whether the comment is kept back for its personal data."""
    return config.personal_data == "withhold" and find_personal_data(text) is not None


def check_outbound(
    config: HostedSettings, prices: Prices, tables: list[pa.Table], files: dict[str, Path]
) -> dict[str, str]:
    """The sha256 of each file, once every byte that may leave was looked at.

    Raises:
        BadInput: there is personal data, a special token, or something that the host does not take.
    """
    check_texts([("The system prompt", str(config.system_prompt))])
    if config.personal_data == "stop":
        texts = {row["comment_id"]: row["text"] for table in tables for row in table.to_pylist()}
        check_texts((f"Comment {number}", text) for number, text in texts.items())
    validation = files.get("validation_file")
    return {
        name: check_file(
            path, model=config.model, prices=prices,
            validation=validation if name == "training_file" else None,
        )
        for name, path in files.items()
    }  # fmt: skip


def check_costs(
    job: RunningJob, config: HostedSettings, prices: Prices, held_out: pa.Table, files: dict[str, Path]
) -> None:
    """Refuse what would cost more than allowed, training and answers together, and tell the estimate.

    Raises:
        Conflict: it would.
    """
    texts = [text for text in held_out["text"].to_pylist() if not is_withheld(config, text)]
    estimate = answering_cost_usd(
        texts, system_prompt=str(config.system_prompt), model=config.model, prices=prices
    )
    if files:
        estimate += training_cost_usd(
            files["training_file"], model=config.model, prices=prices, epochs=config.epochs
        )
    check_cost(estimate, config.cost_cap_usd, "the job")
    told = f"About ${estimate:,.2f} at the prices of {prices.as_of}." if prices.as_of else "It costs nothing."
    job.folder.add_event("provider", message=told, estimate_usd=round(estimate, 4))


def submit(
    job: RunningJob,
    provider: Provider,
    config: HostedSettings,
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
        job.folder.add_event("provider", message=f"Asks for a job under {client_id}.")

    hosted = submitted(provider, request, client_id, note=note)
    job.folder.add_event("provider", message=f"The provider's job is {hosted.id}.", hosted_job=hosted.id)
    return hosted


def follow(job: RunningJob, provider: Provider, config: HostedSettings, hosted: HostedJob) -> HostedJob:
    """The provider's job once it has ended; its events and metrics are written down as they come.

    Raises:
        Cancelled: somebody stopped this job.
        BackendError: the provider could not be asked for a long time.
    """
    seen: set[str] = set()
    share, said, pause_s, failed_looks = TUNED_FROM, "", config.poll_s, 0
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
            pause_s = config.poll_s if events else min(pause_s * 1.5, config.poll_s * _SLOWEST_POLL)
        time.sleep(random.uniform(0.8, 1.2) * pause_s)


def write_event(job: RunningJob, event: HostedEvent, since: int) -> float:
    """Write an event down, its numbers as metrics; returns the share of the job, 0 where none is told."""
    job.folder.add_event("provider", message=event.message, level=event.level, provider_event=event.id)
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
        hint = "Start again for a new job there."
        if any(word in ended.error for word in ("flagged", "unsafe", "safety", "usage policies")):
            hint = f"The provider takes no such comments, and starting again will not help. {TRAIN_HERE}"
        raise BackendError(f"{ended.id} ended at the provider as {ended.status}: {ended.error}", hint=hint)
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
    hosted = {"id": ended.id, "client_id": job.spec["client_id"], "trained_tokens": ended.trained_tokens}
    checkpoints = provider.list_checkpoints(ended.id)
    job.folder.add_event("provider", message=f"{len(checkpoints)} checkpoint(s) are kept there.")
    return ended.fine_tuned_model, {"hosted_job": hosted, "checkpoints": checkpoints}


def cancel_there(job: RunningJob, provider: Provider) -> None:
    """Stop the provider's jobs of this click, also one whose creation was never answered."""
    try:
        for hosted in standing_jobs(provider, str(job.spec["client_id"])):
            if hosted.status not in ENDED:
                provider.cancel_job(hosted.id)
                job.folder.add_event("provider", message=f"{hosted.id} was cancelled at the provider.")
    except (BackendError, Conflict) as error:
        job.folder.add_event("provider", message=f"It may go on at the provider: {error}", level="error")


def about_model(job: RunningJob, config: HostedSettings, labels: list[str], prices: Prices) -> dict[str, Any]:
    """How to ask the model again, and where it comes from."""
    return {
        "kind": KIND,
        "labels": labels,
        "score_kind": "logprob",
        "provider": config.provider,
        "base": config.model,
        "system_prompt": config.system_prompt,
        "prompt_sha256": prompt_sha256(str(config.system_prompt)),
        "settings": asdict(config),
        "prices": prices.as_dict(),
        "shuts_on": prices.shuts_on,
        "snapshot_id": job.spec["snapshot_id"],
        "snapshot_sha256": job.spec["snapshot_sha256"],
    }


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


if __name__ == "__main__":
    sys.exit(run(train, waits=False))
