"""An encoder with a classification head, in the folder layout of Hugging Face; weights are safetensors."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from domain.errors import BackendError, BadInput
from domain.models import Answers, ScoreKind
from services.backends.registry import read_about

Floats = NDArray[np.float32]

FILES = "hf"  # the part of a model's folder that other programs load
_TOKENS_AT_ONCE = 4_096  # padding included; more was not faster on a CPU, and a GPU has room for it

logging.disable_progress_bar()


class HuggingFaceClassifier:
    """An encoder that was trained on; scores are softmax probabilities."""

    score_kind: ScoreKind = "softmax"

    def __init__(
        self, labels: Sequence[str], model: Any, tokenizer: Any, *, max_length: int, precision: str = "auto"
    ) -> None:
        """Put a model together.

        Args:
            labels: K of them, in the order of the model's outputs.
            model: A transformers model for sequence classification with K outputs.
            tokenizer: Its tokenizer.
            max_length: Longer texts are cut to so many tokens.
            precision: "fp32", "bf16", or "auto" for bf16 where this machine computes it in hardware.

        Raises:
            BadInput: the model's outputs do not fit the labels.
        """
        if model.config.num_labels != len(labels):
            raise BadInput(
                f"The model has {model.config.num_labels} outputs for {len(labels)} labels.",
                hint="Train the model again.",
            )
        self.labels = tuple(labels)
        self.max_length = max_length
        self.precision = precision_here(precision)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        number = torch.bfloat16 if self.precision == "bf16" else torch.float32
        self._model = model.to(self._device, number).eval()
        self._tokenizer = tokenizer

    def predict(self, texts: Sequence[str]) -> Answers:
        """The most probable label of each text; every text has one, the empty text too.

        Raises:
            BackendError: the model's numbers are not finite, or the memory does not suffice.
        """
        if not texts:
            return Answers(labels=[], parse_status=[])
        started = time.perf_counter()
        tokens = self._tokenize(texts)
        scores = self._scores(tokens)
        milliseconds = (time.perf_counter() - started) * 1000 / len(texts)
        return Answers(
            labels=[self.labels[index] for index in scores.argmax(axis=1).tolist()],
            parse_status=["ok"] * len(texts),
            scores=scores,
            latency_ms=np.full(len(texts), milliseconds, dtype=np.float32),
            tokens=[len(ids) for ids in tokens],
        )

    def scores(self, texts: Sequence[str]) -> Floats:
        """Probabilities of shape (n, K); each row sums to 1.

        Raises:
            BackendError: the model's numbers are not finite, or the memory does not suffice.
        """
        return self._scores(self._tokenize(texts))

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        read = self._tokenizer(list(texts), truncation=True, max_length=self.max_length)
        ids: list[list[int]] = read["input_ids"]
        return ids

    def _scores(self, tokens: Sequence[Sequence[int]]) -> Floats:
        """Similar lengths go through together; each row comes back to the place of its text."""
        scores = np.empty((len(tokens), len(self.labels)), dtype=np.float32)
        with out_of_memory_named("Predict on a machine with more memory."), torch.inference_mode():
            for places in _batches([len(ids) for ids in tokens]):
                padded = self._tokenizer.pad(
                    {"input_ids": [tokens[place] for place in places]}, return_tensors="pt"
                ).to(self._device)
                logits = self._model(**padded).logits.float()
                scores[places] = torch.softmax(logits, dim=-1).cpu().numpy()
        if not np.isfinite(scores).all():
            raise BackendError("The model's scores are not numbers.", hint="Train it again.")
        return scores


@contextmanager
def out_of_memory_named(hint: str) -> Iterator[None]:
    """Turn every way in which torch says that the memory is full into one error with advice.

    Raises:
        BackendError: the memory did not suffice.
    """
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise BackendError(f"The memory does not suffice: {error}", hint=hint) from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):  # how torch says it on a CPU
            raise
        raise BackendError(f"The memory does not suffice: {error}", hint=hint) from error


def save_model(folder: Path, model: Any, tokenizer: Any, *, max_length: int) -> None:
    """Write what other programs load into the model's folder.

    They get these labels and, when they are told to cut texts (`truncation=True`), the scores that load()
    gives at the same precision.
    """
    model.save_pretrained(folder / FILES)
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(folder / FILES)


def save_about(folder: Path, *, labels: Sequence[str], max_length: int, about: dict[str, Any]) -> None:
    """Write model.json, which makes the folder one of ours; `about` says where the model comes from."""
    described = {
        "kind": "huggingface",
        "labels": list(labels),
        "score_kind": HuggingFaceClassifier.score_kind,
        "max_length": max_length,
        **about,
    }
    (folder / "model.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")


def load(folder: Path, *, precision: str | None = None) -> HuggingFaceClassifier:
    """The model in the folder, at the precision it was set to or the one given.

    Raises:
        BadInput: a file is missing or damaged.
    """
    about = read_about(folder)
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            folder / FILES, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        tokenizer = AutoTokenizer.from_pretrained(folder / FILES, local_files_only=True)
        chosen = precision or about.get("settings", {}).get("precision", "auto")
        return HuggingFaceClassifier(
            about["labels"], model, tokenizer, max_length=about["max_length"], precision=chosen
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise BadInput(f"The model in {folder.name} is damaged: {error}", hint="Train it again.") from error


def precision_here(wanted: str) -> str:
    """ "fp32" or "bf16": what is asked for, or for "auto" what this machine computes fastest.

    A processor without instructions for bf16 emulates it, many times slower than fp32.
    """
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if torch.ops.mkldnn._is_mkldnn_bf16_supported() else "fp32"


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts to go through together, shortest first, at most _TOKENS_AT_ONCE with the padding."""
    batch: list[int] = []
    for place in np.argsort(lengths, kind="stable").tolist():
        if batch and (len(batch) + 1) * lengths[place] > _TOKENS_AT_ONCE:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
