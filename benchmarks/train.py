"""train: an encoder trained by our job, against a plain script with the Trainer's defaults."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.figures import Figure
from benchmarks.labelled import labelled_rows
from benchmarks.workshop import Workshop, quantities
from services.evaluation.confusion import from_counts
from services.evaluation.metrics import report
from services.jobs.process.folder import JobFolder
from services.modelling.base_models import find_base_model
from services.modelling.settings import EncoderSettings

ROOT = Path(__file__).resolve().parents[1]
TRAIN, VALIDATION, TEST = 400, 100, 400
EPOCHS, SEEDS = 2, (0, 1, 2)
SETTINGS = EncoderSettings(epochs=EPOCHS, batch_size=16, learning_rate=2e-4, evaluations_per_epoch=1)
_TIMES_FASTER = 1.8
_OWN_SHARE_PERCENT = 3.0

# What the tutorials show: every comment padded to one length, and the Trainer as it comes; what it is told to
# learn, and how often and how fast, is the same as for our job.
PLAIN = """
import json, sys
import pyarrow.parquet as pq
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments,
                          set_seed)
rows, base, told = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
table = pq.read_table(rows).to_pylist()
labels = sorted({row["label"] for row in table})
tokenizer = AutoTokenizer.from_pretrained(base)
def examples(split):
    some = [row for row in table if row["split"] == split]
    read = tokenizer([row["text"] for row in some], padding="max_length", truncation=True, max_length=128)
    return [{"input_ids": ids, "attention_mask": mask, "labels": labels.index(row["label"])}
            for ids, mask, row in zip(read["input_ids"], read["attention_mask"], some)]
set_seed(told["seed"])
trainer = Trainer(
    model=AutoModelForSequenceClassification.from_pretrained(base, num_labels=len(labels)),
    args=TrainingArguments("plain", num_train_epochs=told["epochs"], eval_strategy="epoch",
                           save_strategy="epoch", per_device_train_batch_size=told["batch_size"],
                           learning_rate=told["learning_rate"], weight_decay=told["weight_decay"],
                           warmup_steps=told["warmup"], seed=told["seed"], report_to="none"),
    train_dataset=examples("train"), eval_dataset=examples("validation"),
)
trainer.train()
answers = trainer.predict(examples("test")).predictions.argmax(axis=-1).tolist()
json.dump([labels[place] for place in answers], open("answers.json", "w"))
"""


def figures(shop: Workshop) -> Iterator[Figure]:
    """Wall time of both, macro F1 of both on unseen comments, and our own part; over the seeds."""
    ours_s: list[float] = []
    rival_s: list[float] = []
    ours_f1: list[float] = []
    rival_f1: list[float] = []
    parts = dict.fromkeys(("seconds", "checkpoint_seconds", "own_seconds"), 0.0)
    for seed in SEEDS:
        settings = replace(SETTINGS, seed=seed)
        job = sample_job(shop.folder / f"train-job-{seed}", settings)
        ours_s.append(run_job(job))
        taken, rival_answers = _plain(shop.folder / f"plain-{seed}", job, settings)
        rival_s.append(taken)
        answers = pq.read_table(job.path / "predictions.parquet").to_pylist()
        said = {row["comment_id"]: row["label"] for row in answers}
        test = [row for row in _rows(job) if row["split"] == "test"]
        ours_f1.append(_macro_f1(test, [said[row["comment_id"]] for row in test]))
        rival_f1.append(_macro_f1(test, rival_answers))
        own = next(event for event in job.events() if event["event"] == "own_time")
        parts = {name: before + own[name] for name, before in parts.items()}
    each = ", ".join(f"{theirs / ours:.1f}" for theirs, ours in zip(rival_s, ours_s, strict=True))
    yield Figure(
        f"train on {TRAIN} comments, {EPOCHS} epochs, {len(SEEDS)} seeds", sum(ours_s), "s",
        limit=sum(rival_s) / _TIMES_FASTER, aim=f"{_TIMES_FASTER} times faster", rival=sum(rival_s),
        rival_name="Trainer's defaults", parts=f"times faster, seed by seed: {each}",
    )  # fmt: skip
    spread = max(stdev(ours_f1), stdev(rival_f1))
    yield Figure(
        f"train: macro F1 on {TEST} unseen, behind by", max(0.0, mean(rival_f1) - mean(ours_f1)), "",
        limit=spread, aim="within the spread of the seeds",
        parts=f"ours {_told(ours_f1)}; Trainer's defaults {_told(rival_f1)}",
    )  # fmt: skip
    ours = parts["own_seconds"] + parts["checkpoint_seconds"]
    yield Figure(
        "train: callbacks and writes", 100 * ours / parts["seconds"], "%", limit=_OWN_SHARE_PERCENT,
        aim=f"under {_OWN_SHARE_PERCENT:g} %", parts=quantities(parts),
    )  # fmt: skip


def sample_job(path: Path, settings: EncoderSettings) -> JobFolder:
    """The folder of a training on labelled comments, the same for every seed."""
    rows = labelled_rows()
    splits = ["train"] * TRAIN + ["validation"] * VALIDATION + ["test"] * TEST
    table = pa.table(
        {
            "comment_id": pa.array(range(1, len(splits) + 1), pa.int64()),
            "text": [text for text, _ in rows[: len(splits)]],
            "label": [label for _, label in rows[: len(splits)]],
            "split": splits,
        }
    )
    (path / "inputs").mkdir(parents=True)
    pq.write_table(table, path / "inputs" / "comments.parquet")
    spec = {
        "snapshot_id": "snapshot-1", "snapshot_sha256": "", "splits": ["validation", "test"],
        "settings": asdict(settings),
    }  # fmt: skip
    (path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    return JobFolder(path)


def run_job(job: JobFolder, script: str = "train_encoder") -> float:
    """Seconds of a job's process from start to end."""
    started = time.perf_counter()
    command = [sys.executable, "-m", f"services.jobs.{script}", str(job.path)]
    subprocess.run(command, cwd=ROOT, env=_environment(), check=True)
    return time.perf_counter() - started


def _plain(folder: Path, job: JobFolder, settings: EncoderSettings) -> tuple[float, list[str]]:
    folder.mkdir()
    base = find_base_model(SETTINGS.base_model).folder
    rows = job.path / "inputs" / "comments.parquet"
    told = json.dumps(asdict(settings))
    command = ["nice", "-n", "5", sys.executable, "-c", PLAIN, str(rows), str(base), told]  # as jobs are
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, env=_environment(), check=True, capture_output=True)
    taken = time.perf_counter() - started
    return taken, json.loads((folder / "answers.json").read_text())


def _environment() -> dict[str, str]:
    """As jobs are started: threads that wait sleep. Otherwise either side suffers where others work too."""
    return {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}


def _rows(job: JobFolder) -> list[dict[str, Any]]:
    return pq.read_table(job.path / "inputs" / "comments.parquet").to_pylist()


def _macro_f1(rows: list[dict[str, Any]], answers: list[str]) -> float:
    pairs = [(row["label"], answer, 1) for row, answer in zip(rows, answers, strict=True)]
    names = sorted({name for gold, answer, _ in pairs for name in (gold, answer)})
    return report(from_counts(names, pairs), resamples=2).macro_f1.value


def _told(scores: list[float]) -> str:
    each = ", ".join(f"{score:.3f}" for score in scores)
    return f"{mean(scores):.3f} ({each}; standard deviation {stdev(scores):.3f})"
