"""Tune a chat model at a provider, or take one as it is, and predict validation and test with it.

    python -m services.jobs.train_hosted FOLDER

FOLDER holds spec.json, inputs/comments.parquet (comment_id, text, label, split) and inputs/provider.json. The
key is read from the environment variable that provider.json names. The script leaves model/,
predictions.parquet, events.jsonl and metrics.jsonl there. Started again, it takes over the provider's job
that carries its client_id, and the answers under work/.
"""

import json
import shutil
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from domain.personal_data import find_personal_data
from services.backends.openai_chat import KIND, ChatClassifier, read_address
from services.backends.provider import Provider
from services.jobs.files.answers import write_answers
from services.jobs.files.billing import allowed_usd, tell_estimate, tell_training_bill
from services.jobs.hosted.tuning import MIN_VALIDATION_ROWS, PREDICT_FROM, SENT_FROM, tune
from services.jobs.process.folder import write_whole
from services.jobs.process.worker import RunningJob, run
from services.jobs.rows.first_look import check_training_rows, measure
from services.modelling.formats.chat import from_comments, prompt_sha256, write_jsonl
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.hosted.outbound import (
    SYSTEM_PROMPT,
    Prices,
    check_cost,
    check_file,
    check_texts,
    check_tokens,
    prices_of,
    training_tokens,
)
from services.modelling.recipes import HostedSettings
from services.modelling.settings import read_settings

if TYPE_CHECKING:
    from services.backends.few_shot import Examples


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
    examples = choose_examples(config, rows)
    provider = Provider(address)
    about = about_model(job, config, labels, prices, examples)
    check_costs(job, config, ChatClassifier(provider, about, examples), held_out, files)

    # 3. The provider trains.
    if config.tune:
        model, about_job = tune(job, provider, config, files, hashes)
        tell_training_bill(job, about_job["hosted_job"]["trained_tokens"], prices)
        about |= about_job | {"model": model}
        about["training_rows"] = dict(sorted(Counter(labels_of(rows, "train")).items()))

    # 4. Its answers to comments that it was not trained on, for everything that is measured later.
    classifier = ChatClassifier(provider, about, examples)
    write_answers(job, classifier, held_out, from_share=PREDICT_FROM if config.tune else SENT_FROM)
    measure(job, held_out, "validation")

    # 5. What is kept of the model: not the model, but how to ask it again in the same words.
    about["score_kind"] = classifier.score_kind
    with job.new_model() as folder:
        write_whole(folder / "model.json", json.dumps(about, ensure_ascii=False, indent=2))
        if examples is not None:
            examples.save(folder)
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
    check_texts([(SYSTEM_PROMPT, str(config.system_prompt))])
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


def choose_examples(config: HostedSettings, rows: pa.Table) -> "Examples | None":
    """What stands before each question, looked at as everything else that leaves; None where nothing does.

    Raises:
        BadInput: an example holds personal data or a special token, or there is none.
    """
    if not config.shots:
        return None
    # Here, because it loads a library that no other question needs.
    from services.backends.few_shot import Examples, pool_of

    pool = pool_of(rows, withheld=config.personal_data == "withhold")
    texts = [(f"Comment {row['comment_id']}", row["text"]) for row in pool.to_pylist()]
    if config.personal_data == "stop":
        check_texts(texts)
    check_tokens([(SYSTEM_PROMPT, str(config.system_prompt)), *texts])
    return Examples(pool, config.shots)


def check_costs(
    job: RunningJob,
    config: HostedSettings,
    classifier: ChatClassifier,
    held_out: pa.Table,
    files: dict[str, Path],
) -> None:
    """Refuse what would cost more than allowed, training and answers together, and tell the estimate.

    Raises:
        Conflict: it would.
    """
    texts = [text for text in held_out["text"].to_pylist() if not is_withheld(config, text)]
    prices, tokens = classifier.prices, 0
    if files:
        tokens = training_tokens(
            files["training_file"], model=config.model, prices=prices, epochs=config.epochs
        )
    usd = classifier.estimate_usd(texts) + prices.training_cost_usd(tokens)
    check_cost(usd, allowed_usd(job.spec, config.cost_cap_usd), "the job")
    tell_estimate(job, usd, prices=prices, tokens=tokens)


def about_model(
    job: RunningJob,
    config: HostedSettings,
    labels: list[str],
    prices: Prices,
    examples: "Examples | None",
) -> dict[str, Any]:
    """How to ask the model again, and where it comes from."""
    return {
        "model": config.model,
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
        "examples_sha256": None if examples is None else examples.sha256,
        "training_rows": {},
        "snapshot_id": job.spec["snapshot_id"],
        "snapshot_sha256": job.spec["snapshot_sha256"],
    }


if __name__ == "__main__":
    sys.exit(run(train, waits=False))
