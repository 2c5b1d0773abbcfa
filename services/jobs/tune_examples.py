"""Tune a chat model at a provider on kept examples, and let it and its base answer the held-out prompts.

    python -m services.jobs.tune_examples FOLDER

FOLDER holds spec.json, inputs/train.jsonl, inputs/validation.jsonl and inputs/provider.json. The key is read
from the environment variable that provider.json names. The script leaves model/, answers.jsonl (what each of
the two said to the same prompt), events.jsonl and metrics.jsonl there. Started again, it takes over the
provider's job that carries its client_id, and the answers under work/.
"""

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from domain.examples import TRAIN, VALIDATION
from services.backends.openai_chat import KIND, read_address
from services.backends.provider import Provider
from services.jobs.files.billing import allowed_usd, tell_bill, tell_estimate, tell_training_bill
from services.jobs.hosted.asking_both import compare
from services.jobs.hosted.tuning import MIN_VALIDATION_ROWS, PREDICT_FROM, SENT_FROM, tune
from services.jobs.process.folder import write_whole
from services.jobs.process.worker import RunningJob, run
from services.modelling.formats.questions import files_sha256, read_frozen, shared_system_prompt
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.hosted.outbound import Prices, check_cost, check_file, prices_of, training_tokens
from services.modelling.playground.side_by_side import Question, comparing_cost_usd, questions_of
from services.modelling.settings import ExampleSettings, read_settings


def train(job: RunningJob) -> None:
    """The whole training, top to bottom."""
    # 1. What to do, on which examples, and where.
    config = read_settings(ExampleSettings, job.spec["settings"])
    inputs = job.folder.path / "inputs"
    address = read_address(inputs)
    check_frozen(inputs, job.spec["snapshot_sha256"])
    examples, held_out = read_frozen(inputs / TRAIN), read_frozen(inputs / VALIDATION)
    questions = questions_of(held_out, config.compared)
    prices = prices_of(config.model, hosted_models(job.folder.path.parent.parent), charges=address.charges)

    # 2. Everything that may keep the files here. Nothing has left yet.
    job.progress(SENT_FROM, "Checks what would leave this machine.")
    files = {"training_file": inputs / TRAIN}
    if len(held_out) >= MIN_VALIDATION_ROWS:
        files["validation_file"] = inputs / VALIDATION
    hashes = check_outbound(config, prices, files, inputs / VALIDATION if held_out else None)
    check_costs(job, config, prices, questions)

    # 3. The provider trains.
    provider = Provider(address)
    model, about_job = tune(job, provider, config, files, hashes)
    tell_training_bill(job, about_job["hosted_job"]["trained_tokens"], prices)

    # 4. The same prompts to both; none of them was trained on.
    if questions:
        both = {"base": config.model, "tuned": model}
        paid = compare(
            job, provider, questions, both, config=config, prices=prices, from_share=PREDICT_FROM
        )  # fmt: skip
        tell_bill(job, f"{2 * len(questions):,} answers", paid)

    # 5. What is kept of the model: its name, and how to ask it.
    about = about_model(job, config, prices, shared_system_prompt([*examples, *held_out]))
    about |= {**about_job, "model": model, "training_rows": {"examples": len(examples)}}
    with job.new_model() as folder:
        write_whole(folder / "model.json", json.dumps(about, ensure_ascii=False, indent=2))
    shutil.rmtree(job.folder.path / "work", ignore_errors=True)


def check_frozen(inputs: Path, sha256: str) -> None:
    """Refuse files that are not the ones that were kept.

    Raises:
        BadInput: one is missing, or was changed since.
    """
    try:
        found = files_sha256((inputs / TRAIN).read_bytes(), (inputs / VALIDATION).read_bytes())
    except OSError as error:
        raise BadInput(f"The job's examples cannot be read: {error}", hint="Launch the job again.") from error
    if found != sha256:
        raise BadInput(
            f"The examples have the hash {found[:12]}…, not {sha256[:12]}…",
            hint="The files were changed after they had been kept: keep the examples again.",
        )


def check_outbound(
    config: ExampleSettings, prices: Prices, files: dict[str, Path], validation: Path | None
) -> dict[str, str]:
    """The sha256 of each file, once every byte that may leave was looked at.

    Args:
        config: Names the model.
        prices: Hold what an example may have.
        files: What is uploaded.
        validation: What is asked about afterwards, also where it is too short to be uploaded.

    Raises:
        BadInput: there is personal data, a special token, or something that the host does not take.
    """
    try:
        if validation is not None:
            check_file(validation, model=config.model, prices=prices, min_examples=0)
        return {
            name: check_file(
                path, model=config.model, prices=prices,
                validation=validation if name == "training_file" else None,
            )
            for name, path in files.items()
        }  # fmt: skip
    except BadInput as error:
        hint = "Take those rows out of the file, or edit its system prompt, then keep it as new examples."
        raise BadInput(str(error), hint=hint) from error


def check_costs(
    job: RunningJob, config: ExampleSettings, prices: Prices, questions: Sequence[Question]
) -> None:
    """Refuse what would cost more than allowed, training and answers together, and tell the estimate.

    Raises:
        Conflict: it would.
    """
    file = job.folder.path / "inputs" / TRAIN
    tokens = training_tokens(file, model=config.model, prices=prices, epochs=config.epochs)
    estimate = prices.training_cost_usd(tokens) + comparing_cost_usd(questions, config, prices)
    check_cost(estimate, allowed_usd(job.spec, config.cost_cap_usd), "the job")
    tell_estimate(job, estimate, prices=prices, tokens=tokens)


def about_model(
    job: RunningJob, config: ExampleSettings, prices: Prices, system_prompt: str | None
) -> dict[str, Any]:
    """How to ask the model, and where it comes from; it has no labels, for its answers are free text."""
    return {
        "kind": KIND,
        "labels": [],
        "score_kind": "none",
        "provider": config.provider,
        "base": config.model,
        "system_prompt": system_prompt,
        "settings": asdict(config),
        "prices": prices.as_dict(),
        "shuts_on": prices.shuts_on,
        "snapshot_id": job.spec["snapshot_id"],
        "snapshot_sha256": job.spec["snapshot_sha256"],
    }


if __name__ == "__main__":
    sys.exit(run(train, waits=False))
