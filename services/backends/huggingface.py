"""An encoder with a classification head, in the folder layout of Hugging Face; weights are safetensors."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from domain.errors import BackendError, BadInput
from domain.models import SIGMOID
from services.backends.encoder_batches import BatchedEncoder, Floats, Tokens
from services.backends.first_token import only_first_token
from services.backends.registry import read_about

FILES = "hf"  # the part of a model's folder that other programs load
_TOKENS_ON_GPU = 16_384  # padding included

logging.disable_progress_bar()


class HuggingFaceClassifier(BatchedEncoder):
    """An encoder that was trained on, asked with torch."""

    def __init__(
        self,
        labels: Sequence[str],
        model: Any,
        tokenizer: Any,
        *,
        max_length: int,
        precision: str = "auto",
        several: bool = False,
    ) -> None:
        """Put a model together.

        Args:
            labels: K of them, in the order of the model's outputs.
            model: A transformers model for sequence classification with K outputs.
            tokenizer: Its tokenizer.
            max_length: Longer texts are cut to so many tokens.
            precision: "fp32", "bf16", or "auto" for bf16 where this machine computes it in hardware.
            several: A text may have several labels.

        Raises:
            BadInput: the model's outputs do not fit the labels.
        """
        if model.config.num_labels != len(labels):
            raise BadInput(
                f"The model has {model.config.num_labels} outputs for {len(labels)} labels.",
                hint="Train the model again.",
            )
        super().__init__(labels, tokenizer, max_length=max_length, several=several)
        self.precision = precision_here(precision)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self._device.type == "cuda":
            self.tokens_at_once = _TOKENS_ON_GPU
        number = torch.bfloat16 if self.precision == "bf16" else torch.float32
        self._model = model.to(self._device, number).eval()

    def _probabilities(self, tokens: Tokens) -> Floats:
        with out_of_memory_named("Predict on a machine with more memory."), torch.inference_mode():
            batch = self._tokenizer.pad({"input_ids": list(tokens)}, return_tensors="pt").to(self._device)
            logits = self._model(**batch).logits.float()
            several = self.score_kind == SIGMOID
            probabilities: Floats = (logits.sigmoid() if several else logits.softmax(dim=-1)).cpu().numpy()
        return probabilities


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


def save_about(
    folder: Path, *, labels: Sequence[str], max_length: int, about: dict[str, Any], several: bool = False
) -> None:
    """Write model.json, which makes the folder one of ours; `about` says where the model comes from."""
    described = {
        "kind": "huggingface",
        "labels": list(labels),
        "score_kind": SIGMOID if several else "softmax",
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
            about["labels"],
            only_first_token(model),
            tokenizer,
            max_length=about["max_length"],
            precision=chosen,
            several=about["score_kind"] == SIGMOID,
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
