"""The comments as an encoder sees them: tokens, cut and in order, with the place of their label."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from transformers import AutoConfig, AutoTokenizer

from domain.errors import BadInput
from domain.labels import answer_of, count_labels
from services.jobs.process.worker import RunningJob
from services.jobs.rows.several_labels import learned_labels, targets_of
from services.jobs.trainer.kept_trainer import EpochOrder, Example
from services.modelling.base_models import BaseModel
from services.modelling.settings import EncoderSettings

SHORTEST_LIMIT = 8  # tokens; below this the 99th percentile says little
SHOWN_COMMENTS, SHOWN_TOKENS = 4, 48


@dataclass(frozen=True, eq=False)
class Lesson:
    """What every seed learns from and is asked about.

    Attributes:
        labels: K of them, in the order of the model's outputs.
        several: Whether a comment may have several of them.
        tokenizer: The base model's.
        max_length: Longer comments are cut to so many tokens.
        train: Tokens and place of the label of each training comment.
        validation: The same of validation, shortest first.
        weights: Of the labels in the loss, shape (K,); None counts every comment alike. Of several labels,
            how much more a comment with the label counts than one without it.
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
    several: bool = False

    def label_of(self, example: Example) -> str:
        """The right answer to an example, as text."""
        if not self.several:
            return self.labels[example["labels"]]
        given = zip(self.labels, example["labels"], strict=True)
        return answer_of((label for label, is_given in given if is_given), self.labels)


def prepare(
    config: EncoderSettings,
    base: BaseModel,
    *,
    rows: pa.Table,
    validation: pa.Table,
    several: Sequence[str] | None = None,
) -> Lesson:
    """The comments as tokens of the base model.

    Args:
        config: Its max_length, else the 99th percentile of training, is where comments are cut.
        base: Whose tokenizer is used.
        rows: The train split, with text and label.
        validation: The same of validation; every label is one of training.
        several: The label set where a comment may have several of it; only those that occur are learned.

    Raises:
        BadInput: the tokenizer's files are missing or damaged, or one of several labels has too few comments.
    """
    tokenizer, most = load_tokenizer(base)
    counts = Counter(rows["label"].to_pylist())
    labels = tuple(sorted(counts)) if several is None else learned_labels(rows["label"].to_pylist(), several)
    lengths = [len(ids) for ids in tokenizer(rows["text"].to_pylist())["input_ids"]]
    percentile = math.ceil(np.percentile(lengths, 99))
    max_length = min(config.max_length or max(percentile, SHORTEST_LIMIT), most)

    def examples(table: pa.Table) -> list[Example]:
        tokens = tokenizer(table["text"].to_pylist(), truncation=True, max_length=max_length)["input_ids"]
        answers = table["label"].to_pylist()
        wanted: list[Any]
        if several is None:
            wanted = [labels.index(label) for label in answers]
        else:  # as numbers with a point, which the loss takes
            wanted = targets_of(answers, labels).astype(float).tolist()
        return [{"input_ids": ids, "labels": right} for ids, right in zip(tokens, wanted, strict=True)]

    to_validate = examples(validation)
    ids, asked = validation["comment_id"].to_pylist(), validation["text"].to_pylist()
    places = sorted(range(len(asked)), key=lambda place: len(to_validate[place]["input_ids"]))
    return Lesson(
        labels=labels,
        tokenizer=tokenizer,
        max_length=max_length,
        train=examples(rows),
        validation=[to_validate[place] for place in places],
        weights=_weights(counts, labels, is_several=several is not None)
        if config.class_weight == "balanced"
        else None,
        asked=asked,
        gold=validation["label"].to_pylist(),
        validation_rows=[(ids[place], asked[place]) for place in places],
        several=several is not None,
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
        ids, label = lesson.train[place]["input_ids"], lesson.label_of(lesson.train[place])
        tokens = lesson.tokenizer.convert_ids_to_tokens(ids[:SHOWN_TOKENS])
        shown.append({"label": label, "tokens": tokens, "padding": width - len(ids)})
    message = f"The first batch: {len(places)} comments of up to {width} tokens."
    job.folder.add_event("first_batch", message=message, comments=shown)


def _weights(counts: Counter[str], labels: tuple[str, ...], *, is_several: bool) -> torch.Tensor:
    """Every label counts alike: n / (K n_label), as scikit-learn's "balanced" does.

    Of several labels each by itself: those without it by those with it.
    """
    if is_several:
        having = count_labels(counts)
        return torch.tensor([(counts.total() - having[label]) / having[label] for label in labels])
    return torch.tensor([counts.total() / (len(labels) * counts[label]) for label in labels])
