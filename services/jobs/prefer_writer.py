"""Train a model that writes on people's preferences: DPO, of decoders as TRL has it, else by our own loss.

    python -m services.jobs.prefer_writer FOLDER

FOLDER holds spec.json, inputs/pairs.parquet, inputs/start/ and inputs/preferences.jsonl (pair_id, chosen,
rejected), which ratings of texts side by side have made. It leaves what every job that writes leaves. Pairs
that people rated are not among those that it is measured on.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

from datasets import Dataset
from transformers import Seq2SeqTrainingArguments, set_seed
from trl import DPOConfig, DPOTrainer

from domain.pairs import PAIRS_FILE
from services.generation.asking import asked
from services.generation.frozen_pairs import read_kept
from services.generation.settings import PreferenceSettings
from services.jobs.process.worker import RunningJob, run
from services.jobs.trainer.kept_trainer import EpochOrder, KeptTrainer
from services.jobs.writers.dpo import DpoTrainer
from services.jobs.writers.writing_report import rated_pairs
from services.jobs.writers.writing_training import (
    AFTER_FROM,
    TRAIN_FROM,
    Start,
    arguments_of,
    finish,
    fit,
    start_again,
)
from services.jobs.writers.writing_watch import WritingWatch
from services.modelling.settings import read_settings

PREFERENCES = "preferences.jsonl"


def train(job: RunningJob) -> None:
    """The whole training, top to bottom."""
    # 1. What to do, with which model, what people preferred, and what the model writes before.
    config = read_settings(PreferenceSettings, job.spec["settings"])
    lines = (job.folder.path / "inputs" / PREFERENCES).read_text(encoding="utf-8").splitlines()
    preferred = [json.loads(line) for line in lines]
    rated = {one["pair_id"] for one in preferred}
    start = start_again(job, config.judged, without=rated)
    by_id = {one.pair_id: one for one in read_kept(job.folder.path / "inputs" / PAIRS_FILE)}
    lessons = [
        {
            "prompt": asked(start.about["prompt"], start.panel.source_of(by_id[one["pair_id"]])),
            "chosen": one["chosen"],
            "rejected": one["rejected"],
        }
        for one in preferred
    ]

    # 2. The training.
    set_seed(config.seed)
    prefers = prefers_in_encoder_decoder if start.writer.has_encoder else prefers_in_decoder
    trainer = prefers(job, start, config, lessons)
    trainer.order = EpochOrder(
        [1] * len(trainer.train_dataset), config.batch_size, seed=config.seed, grouped=False
    )
    fit(job, trainer, f"Halve batch_size (it is {config.batch_size}).")
    if not start.writer.has_encoder:
        start.writer.tokenizer.padding_side = "left"

    # 3. It becomes a model of its own, and writes the same texts again.
    known = {**start.about.get("rated_pairs", {})}
    known[job.spec["snapshot_id"]] = sorted(rated | rated_pairs(start.about, job))
    made = {
        **start.about,
        "settings": asdict(config),
        "started_from": config.start,
        "rated_pairs": known,  # no model that comes of this one is measured on them
    }
    finish(job, start, "the model that people preferred", made)


class KeptDpo(KeptTrainer, DPOTrainer):  # type: ignore[misc]
    """TRL's DPO, which can be paused."""


def prefers_in_encoder_decoder(
    job: RunningJob, start: Start, config: PreferenceSettings, lessons: list[dict[str, str]]
) -> KeptTrainer:
    """Our own trainer."""
    return DpoTrainer(
        job=job,
        writer=start.writer,
        lessons=lessons,
        beta=config.beta,
        args=Seq2SeqTrainingArguments(
            **arguments(job, config), optim="adamw_torch_fused", remove_unused_columns=False
        ),
        callbacks=[WritingWatch(job, shares=(TRAIN_FROM, AFTER_FROM))],
    )


def prefers_in_decoder(
    job: RunningJob, start: Start, config: PreferenceSettings, lessons: list[dict[str, str]]
) -> KeptTrainer:
    """TRL's; a text goes on after its prompt with a space."""
    spaced = [{**one, "chosen": f" {one['chosen']}", "rejected": f" {one['rejected']}"} for one in lessons]
    return KeptDpo(
        job=job,
        model=start.writer.model,
        args=DPOConfig(**arguments(job, config), beta=config.beta, bf16=False),
        train_dataset=Dataset.from_list(spaced),
        processing_class=start.writer.tokenizer,
        callbacks=[WritingWatch(job, shares=(TRAIN_FROM, AFTER_FROM))],
    )


def arguments(job: RunningJob, config: PreferenceSettings) -> dict[str, Any]:
    """Our settings in the words of the Trainer."""
    return {
        **arguments_of(job, seed=config.seed, learning_rate=config.learning_rate),
        "num_train_epochs": config.epochs,
        "per_device_train_batch_size": config.batch_size,
        "dataloader_pin_memory": False,
        "logging_steps": 1,
    }


if __name__ == "__main__":
    sys.exit(run(train))
