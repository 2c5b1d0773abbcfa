"""The comments as an encoder sees them: tokens, cut and in order, with the place of their label."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from transformers import AutoConfig, AutoTokenizer

from domain.errors import BadInput
from services.jobs.encoder_trainer import EpochOrder, Example
from services.jobs.worker import RunningJob
from services.modelling.base_models import BaseModel
from services.modelling.settings import EncoderSettings

SHORTEST_LIMIT = 8  # tokens; below this the 99th percentile says little
SHOWN_COMMENTS, SHOWN_TOKENS = 4, 48


@dataclass(frozen=True, eq=False)
class Lesson:
    """What every seed learns from and is asked about.

    Attributes:
        labels: K of them, in the order of the model's outputs.
        tokenizer: The base model's.
        max_length: Longer comments are cut to so many tokens.
        train: Tokens and place of the label of each training comment.
        validation: The same of validation, shortest first.
        weights: Of the labels in the loss, shape (K,); None counts every comment alike.
        asked: Texts of validation, in the order of the snapshot.
        gold: Their labels.
        validation_rows: Number and text of each comment of `validation`, in its order.
    """

    labels: tuple[str, ...]
    tokenizer: Any
    max_length: int
    train: list[Example]
    validation: list[Example]
    weights: torch.Tensor | None
    asked: list[str]
    gold: list[str]
    validation_rows: list[tuple[int, str]]


def prepare(config: EncoderSettings, base: BaseModel, *, rows: pa.Table, validation: pa.Table) -> Lesson:
    """The comments as tokens of the base model.

    Args:
        config: Its max_length, else the 99th percentile of training, is where comments are cut.
        base: Whose tokenizer is used.
        rows: The train split, with text and label.
        validation: The same of validation; every label is one of training.

    Raises:
        BadInput: the tokenizer's files are missing or damaged.
    """
    tokenizer, most = load_tokenizer(base)
    counts = Counter(rows["label"].to_pylist())
    labels = tuple(sorted(counts))
    lengths = [len(ids) for ids in tokenizer(rows["text"].to_pylist())["input_ids"]]
    percentile = math.ceil(np.percentile(lengths, 99))
    max_length = min(config.max_length or max(percentile, SHORTEST_LIMIT), most)

    def examples(table: pa.Table) -> list[Example]:
        tokens = tokenizer(table["text"].to_pylist(), truncation=True, max_length=max_length)["input_ids"]
        places = [labels.index(label) for label in table["label"].to_pylist()]
        return [{"input_ids": ids, "labels": place} for ids, place in zip(tokens, places, strict=True)]

    to_validate = examples(validation)
    ids, asked = validation["comment_id"].to_pylist(), validation["text"].to_pylist()
    places = sorted(range(len(asked)), key=lambda place: len(to_validate[place]["input_ids"]))
    return Lesson(
        labels=labels,
        tokenizer=tokenizer,
        max_length=max_length,
        train=examples(rows),
        validation=[to_validate[place] for place in places],
        weights=_weights(counts, labels) if config.class_weight == "balanced" else None,
        asked=asked,
        gold=validation["label"].to_pylist(),
        validation_rows=[(ids[place], asked[place]) for place in places],
    )


def load_tokenizer(base: BaseModel) -> tuple[Any, int]:
    """The base model's tokenizer, and the most tokens that the model takes.

    Raises:
        BadInput: its files are missing or damaged.
    """
    try:
        shape = AutoConfig.from_pretrained(base.folder, local_files_only=True)
        # A comment may say "[SEP]"; that is text like any other.
        tokenizer = AutoTokenizer.from_pretrained(
            base.folder, local_files_only=True, split_special_tokens=True
        )
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(
            f"The tokenizer of {base.name} cannot be read: {error}",
            hint="The folder needs tokenizer.json, or the vocabulary that this kind of model has.",
        ) from error
    return tokenizer, int(min(tokenizer.model_max_length, getattr(shape, "max_position_embeddings", 512)))


def order_of(config: EncoderSettings, lesson: Lesson, seed: int) -> EpochOrder:
    """The order in which this seed sees the comments."""
    lengths = [len(example["input_ids"]) for example in lesson.train]
    return EpochOrder(lengths, config.batch_size, seed=seed, grouped=config.group_by_length)


def show_first_batch(job: RunningJob, config: EncoderSettings, lesson: Lesson) -> None:
    """Tell the first comments as the model sees them: cut, in tokens, padded, with their label."""
    places = list(order_of(config, lesson, config.seed))[: config.batch_size]
    width = max(len(lesson.train[place]["input_ids"]) for place in places)
    shown = []
    for place in places[:SHOWN_COMMENTS]:
        ids, label = lesson.train[place]["input_ids"], lesson.labels[lesson.train[place]["labels"]]
        tokens = lesson.tokenizer.convert_ids_to_tokens(ids[:SHOWN_TOKENS])
        shown.append({"label": label, "tokens": tokens, "padding": width - len(ids)})
    message = f"The first batch: {len(places)} comments of up to {width} tokens."
    job.folder.add_event("first_batch", message=message, comments=shown)


def _weights(counts: Counter[str], labels: tuple[str, ...]) -> torch.Tensor:
    """Every label counts alike: n / (K n_label), as scikit-learn's "balanced" does."""
    return torch.tensor([counts.total() / (len(labels) * counts[label]) for label in labels])
