"""Try ten steps of the real model on real comments, to tell what a training would take.

    python -m services.jobs.probe_encoder FOLDER

FOLDER holds spec.json and inputs/comments.parquet, as for a training. The script leaves probe.json there.
"""

import json
import math
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pyarrow as pa
import torch
from transformers import set_seed

from domain.errors import BackendError, BadInput
from services.backends.huggingface import out_of_memory_named, precision_here
from services.jobs.encoders.encoder_losses import classification_loss
from services.jobs.encoders.lesson import Lesson, order_of, prepare
from services.jobs.encoders.new_encoder import new_model
from services.jobs.opponents.embedding_opponents import EmbeddingOpponents
from services.jobs.opponents.word_opponents import keyword_answers, regression_answers
from services.jobs.process.folder import write_whole
from services.jobs.process.worker import RunningJob, run
from services.jobs.rows.first_look import check_training_rows
from services.jobs.train_encoder import EVALUATED_AT_ONCE
from services.jobs.trainer.checkpoints import checkpoint_bytes
from services.jobs.trainer.kept_trainer import Example, trained_weights
from services.modelling.base_models import OFFLINE, BaseModel, find_base_model
from services.modelling.settings import EncoderSettings, read_settings

SAMPLED = 4_000  # comments whose lengths are looked at, of training and of validation each
OPPONENTS_SAMPLED = 600
STEPS = 10
WARM_UP_STEPS = 2
EVALUATION_BATCHES = 4
_BYTES_PER_TOKEN = 40  # a whole number in a list of Python, twice over for a while

Batches = Sequence[Sequence[Example]]


def probe(job: RunningJob) -> None:
    """The whole probe, top to bottom."""
    # 1. A sample of the comments, as tokens.
    config = read_settings(EncoderSettings, job.spec["settings"])
    rows, validation = job.comments(["train"]), job.comments(["validation"])
    check_training_rows(rows["label"].to_pylist())
    base = find_here(config)
    job.progress(0.1, "Counts tokens.")
    lesson = prepare(config, base, rows=sampled(rows), validation=sampled(validation))

    # 2. The model.
    job.progress(0.2, "Loads the base model.")
    set_seed(config.seed)
    model = new_model(config, base, lesson)
    disk_bytes = checkpoint_bytes(model)
    loaded_s = job.seconds
    stepper = Stepper(config, lesson, model)
    batches = in_batches(
        [lesson.train[place] for place in order_of(config, lesson, config.seed)], config.batch_size
    )
    with out_of_memory_named(f"Halve batch_size (it is {config.batch_size}), or lower max_length."):
        # 3. Ten steps, over batches from short to long; the longest first, to warm up and to tell the memory.
        tried = spread(batches, STEPS)
        for _ in range(WARM_UP_STEPS):
            stepper.step(tried[-1])
        steps = []
        for number, batch in enumerate(tried):
            job.progress(0.3 + 0.3 * number / STEPS, f"Step {number + 1} of {STEPS}.")
            steps.append((padded_tokens(batch), stepper.step(batch)))

        # 4. Validation, a checkpoint, and the simple models beside it.
        job.progress(0.6, "Answers some of validation.")
        asked = in_batches(lesson.validation, EVALUATED_AT_ONCE)
        answers = [
            (padded_tokens(batch), stepper.answer(batch)) for batch in spread(asked, EVALUATION_BATCHES)
        ]
        checkpoint_s = stepper.checkpoint(job.folder.path)
    job.progress(0.7, "Trains the simple models on some comments.")
    opponents_s = opponent_seconds(base, lesson, sampled(rows, OPPONENTS_SAMPLED))

    # 5. What that comes to for all comments.
    write_whole(
        job.folder.path / "probe.json",
        json.dumps(
            {
                "train_rows": rows.num_rows,
                "validation_rows": validation.num_rows,
                "answered_rows": job.comments(["validation", "test"]).num_rows,
                "max_length": lesson.max_length,
                "load_seconds": loaded_s,
                "step_seconds": mean_seconds(steps, batches),
                "step_spread": spread_of(steps),
                "evaluation_seconds": mean_seconds(answers, asked) * len(asked) * share_sampled(validation),
                "checkpoint_seconds": checkpoint_s,
                "opponents_seconds": opponents_s * rows.num_rows,
                "memory_mb": peak_mb() + tokens_mb(lesson, rows) + best_mb(model),
                "gpu_memory_mb": gpu_peak_mb(),
                "disk_bytes": disk_bytes,
                "precision": precision_here(config.precision),
                "threads": torch.get_num_threads(),
            }
        ),
    )


class Stepper:
    """A model and its optimizer, one timed step at a time; the steps are those of the Trainer."""

    def __init__(self, config: EncoderSettings, lesson: Lesson, model: Any) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model, self._tokenizer = model.to(self._device), lesson.tokenizer
        self._loss = classification_loss(lesson.weights, config.focal_gamma)
        self._weights = [weight for weight in self._model.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(self._weights, lr=1e-8, fused=True)
        self._bf16 = precision_here(config.precision) == "bf16"

    def step(self, batch: Sequence[Example]) -> float:
        """Seconds of forward, backward and optimizer."""
        self._model.train()
        started = time.perf_counter()
        given = self._padded(batch)
        labels = torch.tensor([example["labels"] for example in batch], device=self._device)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            loss = self._loss(self._model(**given), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        loss.item()  # a GPU works on in the background
        return time.perf_counter() - started

    def answer(self, batch: Sequence[Example]) -> float:
        """Seconds of one pass without learning."""
        self._model.eval()
        started = time.perf_counter()
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            self._model(**self._padded(batch)).logits.float().cpu()
        return time.perf_counter() - started

    def checkpoint(self, folder: Path) -> float:
        """Seconds of writing the weights and what the optimizer remembers."""
        draft = folder / "checkpoint.tmp"
        started = time.perf_counter()
        torch.save([self._model.state_dict(), self._optimizer.state_dict()], draft)
        seconds = time.perf_counter() - started
        os.remove(draft)
        return seconds

    def _padded(self, batch: Sequence[Example]) -> Any:
        ids = [{"input_ids": example["input_ids"]} for example in batch]
        return self._tokenizer.pad(ids, return_tensors="pt").to(self._device)


def find_here(config: EncoderSettings) -> BaseModel:
    """The base model, if it is on this machine: a probe downloads nothing.

    Raises:
        BadInput: it was not fetched yet, or is damaged.
        NotFound: there is no such folder or package.
    """
    huggingface_hub.constants.HF_HUB_OFFLINE = True
    try:
        return find_base_model(config.base_model, revision=config.base_revision)
    except BackendError as error:
        raise BadInput(
            f"{config.base_model} is not on this machine yet, and an estimate downloads nothing.",
            hint="A training fetches it first, which needs a network; after that, ask again. Base model "
            f"'{OFFLINE}' needs none.",
        ) from error


def sampled(table: pa.Table, most: int = SAMPLED) -> pa.Table:
    """At most so many rows, drawn by a fixed seed."""
    if table.num_rows <= most:
        return table
    return table.take(np.sort(np.random.default_rng(0).permutation(table.num_rows)[:most]))


def share_sampled(table: pa.Table) -> float:
    """How many times more rows there are than were sampled."""
    return max(1.0, float(table.num_rows) / SAMPLED)


def in_batches(examples: Sequence[Example], size: int) -> list[Sequence[Example]]:
    """The examples in their order, so many at a time."""
    return [examples[first : first + size] for first in range(0, len(examples), size)]


def spread(batches: Batches, count: int) -> list[Sequence[Example]]:
    """So many of the batches, from the smallest to the largest at equal distances."""
    ordered = sorted(batches, key=padded_tokens)
    return [ordered[round(place)] for place in np.linspace(0, len(ordered) - 1, count)]


def padded_tokens(batch: Sequence[Example]) -> int:
    """Tokens that the model computes for a batch, padding included."""
    return len(batch) * max(len(example["input_ids"]) for example in batch)


def mean_seconds(timed: Sequence[tuple[int, float]], batches: Batches) -> float:
    """Seconds of an average batch, from a line through the timed ones: a fixed part, and one per token."""
    sizes, seconds = (np.array(column, dtype=float) for column in zip(*timed, strict=True))
    wanted = np.array([padded_tokens(batch) for batch in batches], dtype=float)
    if np.ptp(sizes) == 0:
        return float(np.median(seconds))
    slope, fixed = np.polyfit(sizes, seconds, 1)
    if slope <= 0 or fixed < 0:  # noise; then in proportion to the tokens
        slope, fixed = seconds.sum() / sizes.sum(), 0.0
    return float(np.mean(fixed + slope * wanted))


def spread_of(timed: Sequence[tuple[int, float]]) -> float:
    """How far single steps stray from what their size would take, as a share: the noise of this machine."""
    per_token = np.array([seconds / size for size, seconds in timed[len(timed) // 2 :]])
    return float(np.std(per_token) / np.mean(per_token))


def opponent_seconds(base: BaseModel, lesson: Lesson, rows: pa.Table) -> float:
    """Seconds of the simple models per training comment."""
    texts, labels = rows["text"].to_pylist(), rows["label"].to_pylist()
    started = time.perf_counter()
    for family in (
        keyword_answers,
        regression_answers,
        EmbeddingOpponents(base, lesson.tokenizer, lesson.max_length),
    ):
        try:
            family(texts, labels, texts[: math.ceil(len(texts) / 8)])
        except BadInput:  # they share no words, or too few; the training leaves it out as well
            continue
    return (time.perf_counter() - started) / len(texts)


def peak_mb() -> int:
    """The most memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def tokens_mb(lesson: Lesson, rows: pa.Table) -> int:
    """What the tokens of the comments that were not sampled would take."""
    mean = np.mean([len(example["input_ids"]) for example in lesson.train])
    return int((rows.num_rows - len(lesson.train)) * mean * _BYTES_PER_TOKEN // 2**20)


def best_mb(model: Any) -> int:
    """What the best weights so far take, which a training keeps beside those that learn."""
    return int(sum(weight.nbytes for _, weight in trained_weights(model)) // 2**20)


def gpu_peak_mb() -> int | None:
    """The most memory of the GPU, where there is one."""
    return int(torch.cuda.max_memory_allocated() // 2**20) if torch.cuda.is_available() else None


if __name__ == "__main__":
    sys.exit(run(probe))
