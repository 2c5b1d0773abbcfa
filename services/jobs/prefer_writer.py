"""Train a decoder on people's preferences: DPO, as TRL has it.

    python -m services.jobs.prefer_writer FOLDER

FOLDER holds spec.json, inputs/pairs.parquet, inputs/start/ and inputs/preferences.jsonl (pair_id, chosen,
rejected), which ratings of texts side by side have made. It leaves what every job that writes leaves. Pairs
that people rated are not among those that it is measured on.
"""

import json
import sys
from dataclasses import asdict

import torch
from datasets import Dataset
from transformers import set_seed
from trl import DPOConfig, DPOTrainer

from domain.errors import BadInput
from domain.pairs import PAIRS_FILE
from services.backends.huggingface import out_of_memory_named
from services.backends.writer import load_writer
from services.generation.asking import asked
from services.generation.frozen_pairs import read_kept
from services.generation.settings import PreferenceSettings
from services.generation.table import System
from services.jobs.worker import RunningJob, run
from services.jobs.writing_report import leave_report, pairs_for, panel_for, prompts_of, write_all
from services.jobs.writing_watch import WritingWatch
from services.modelling.settings import read_settings

PREFERENCES = "preferences.jsonl"
# Where each stage begins, as a share of the whole job.
BEFORE_FROM, TRAIN_FROM, AFTER_FROM, MEASURE_FROM = 0.04, 0.15, 0.85, 0.93


def train(job: RunningJob) -> None:
    """The whole training, top to bottom."""
    # 1. What to do, with which model, and what people preferred.
    config = read_settings(PreferenceSettings, job.spec["settings"])
    writer, about = load_writer(job.folder.path / "inputs" / "start")
    if writer.has_encoder:
        raise BadInput(
            "DPO here is for decoders, and the model at the start is an encoder-decoder.",
            hint="Train it by rewards instead: --by reward.",
        )
    lines = (job.folder.path / "inputs" / PREFERENCES).read_text(encoding="utf-8").splitlines()
    preferred = [json.loads(line) for line in lines]
    rated = {one["pair_id"] for one in preferred}
    learned = pairs_for(job, "train")
    tested = [one for one in pairs_for(job, "test") if one.pair_id not in rated][: config.judged]
    if not tested:
        raise BadInput("People rated every pair of the test split.", hint="Keep more pairs to measure on.")
    panel = panel_for(job, learned, clean=about["clean"])
    by_id = {one.pair_id: one for one in read_kept(job.folder.path / "inputs" / PAIRS_FILE)}
    lessons = [
        {
            "prompt": asked(about["prompt"], panel.source_of(by_id[one["pair_id"]])),
            "chosen": f" {one['chosen']}",
            "rejected": f" {one['rejected']}",
        }
        for one in preferred
    ]

    # 2. What it writes before.
    prompts = prompts_of(tested, panel, about["prompt"])
    before = write_all(job, writer, prompts, shares=(BEFORE_FROM, TRAIN_FROM), told="Writes as it starts")

    # 3. The training.
    set_seed(config.seed)
    trainer = DPOTrainer(
        model=writer.model,
        args=DPOConfig(
            output_dir=str(job.folder.path / "work"),
            num_train_epochs=config.epochs,
            per_device_train_batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            beta=config.beta,
            use_cpu=not torch.cuda.is_available(),
            bf16=False,
            dataloader_pin_memory=False,
            save_strategy="no",
            logging_steps=1,
            seed=config.seed,
            disable_tqdm=True,
            report_to="none",
        ),
        train_dataset=Dataset.from_list(lessons),
        processing_class=writer.tokenizer,
        callbacks=[WritingWatch(job, shares=(TRAIN_FROM, AFTER_FROM))],
    )
    with out_of_memory_named(f"Halve batch_size (it is {config.batch_size})."):
        trainer.train()
    writer.tokenizer.padding_side = "left"

    # 4. It becomes a model of its own, and writes the same texts again.
    with job.new_model() as folder:
        writer.save(folder, {**about, "settings": asdict(config), "started_from": config.start})
    after = write_all(
        job, writer, prompts, shares=(AFTER_FROM, MEASURE_FROM), told="Writes what it has learned"
    )
    job.progress(MEASURE_FROM, "Measures what was written.")
    leave_report(
        job, panel, tested,
        [System("the model before", "model", tuple(before)),
         System("the model that people preferred", "model", tuple(after))],
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(run(train))
