"""A trained encoder as ONNX files, asked with onnxruntime: in 32 bits, or in 8 with a second look."""

import os
import warnings
from collections.abc import Sequence
from operator import ne
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from domain.errors import BackendError, BadInput
from domain.models import SIGMOID, Engine
from services.backends import huggingface
from services.backends.encoder_batches import BatchedEncoder, Floats, Tokens, padded
from services.backends.engine_check import EngineCheck
from services.backends.first_token import only_first_token
from services.backends.registry import read_about
from services.backends.several import CUT
from services.evaluation.intervals import Proportion

FILE, FILE_INT8 = "model.onnx", "model-int8.onnx"

# Where the two best labels in 8 bits are nearer than this, the text is asked about again in 32 bits. Of 2,500
# unseen tweets 15 got another label in 8 bits, none of them with a margin above 0.11; 6 in 100 were close.
CLOSE = 0.2
MOST_DIFFERENCE = 1e-3  # of a probability, between the file and torch; more is another model

_OPSET = 17


class OnnxClassifier(BatchedEncoder):
    """The encoder in onnxruntime. In 8 bits a score also depends, a little, on the texts in its batch."""

    tokens_at_once = 512  # 3 % less work than with 1,024, 15 % less than with 2,048

    def __init__(
        self,
        labels: Sequence[str],
        session: onnxruntime.InferenceSession,
        tokenizer: Any,
        *,
        max_length: int,
        several: bool = False,
        judge: "OnnxClassifier | None" = None,
    ) -> None:
        """Put a model together; `judge` is asked again wherever the answer is a CLOSE call."""
        super().__init__(
            labels, tokenizer, max_length=max_length, several=several, workers=os.cpu_count() or 1
        )
        self._session, self._judge = session, judge
        self._inputs = [one.name for one in session.get_inputs()]
        self.asked_again = 0

    def _scores(self, tokens: Tokens) -> Floats:
        scores = super()._scores(tokens)
        if self._judge is not None:
            near = nearest_cut(scores) if self.score_kind == SIGMOID else margins(scores)
            close = np.flatnonzero(near < CLOSE).tolist()
            scores[close] = self._judge._scores([tokens[place] for place in close])
            self.asked_again += len(close)
        return scores

    def _probabilities(self, tokens: Tokens) -> Floats:
        ids, mask = padded(tokens, self._tokenizer.pad_token_id or 0)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        logits = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        return self.probabilities(logits)


def margins(scores: Floats) -> Floats:
    """How far the best label lies before the second, shape (n,), 0 to 1."""
    ordered = np.sort(scores, axis=1)
    return np.asarray(ordered[:, -1] - ordered[:, -2], dtype=np.float32)


def nearest_cut(scores: Floats) -> Floats:
    """How far the score of the least sure of several labels lies from being cut the other way, (n,), 0 to 1.

    Twice the distance to the cut, the margin of that label over "not that label".
    """
    return np.asarray(2 * np.abs(scores - CUT).min(axis=1), dtype=np.float32)


def export(folder: Path, target: Path, *, int8: bool = False) -> None:
    """Write the model of `folder` as FILE into `target`, and on demand its 8-bit copy as FILE_INT8.

    The inputs are what the tokenizer returns, with a free number of texts and tokens; the output is `logits`.

    Raises:
        BadInput: the model is damaged.
        BackendError: this kind of model cannot be written as ONNX.
    """
    model, tokenizer = _read(folder)
    # Of different lengths, so that what the padding does is recorded too.
    example = tokenizer(["one", "two and three"], padding=True, return_tensors="pt")
    inputs = [name for name in tokenizer.model_input_names if name in example]
    axes = {**{name: {0: "texts", 1: "tokens"} for name in inputs}, "logits": {0: "texts"}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the exporter's age, and shapes that are left free
            torch.onnx.export(
                _Logits(model, inputs), tuple(example[name] for name in inputs), str(target / FILE),
                input_names=inputs, output_names=["logits"], dynamic_axes=axes, opset_version=_OPSET,
                dynamo=False,
            )  # fmt: skip
    except (RuntimeError, ValueError, torch.onnx.errors.OnnxExporterError) as error:
        raise BackendError(
            f"{folder.name} cannot be written as ONNX: {error}", hint="Export it without ONNX."
        ) from error
    if int8:
        _quantize(target / FILE, target / FILE_INT8)


def complete(folder: Path, files: Path, engine: Engine) -> bool:
    """Add to `files` what `engine` needs of the model of `folder` and is not there; False if nothing was.

    Each file comes whole or not at all, and one that is there is not written again.

    Raises:
        BadInput: the model is damaged.
        BackendError: this kind of model cannot be written as ONNX.
    """
    int8 = engine == "onnx-int8"
    if (files / FILE).exists() and (not int8 or (files / FILE_INT8).exists()):
        return False
    with TemporaryDirectory(dir=files.parent) as unfinished:
        draft = Path(unfinished)
        if (files / FILE).exists():
            _quantize(files / FILE, draft / FILE_INT8)
        else:
            export(folder, draft, int8=int8)
        for file in draft.iterdir():
            file.replace(files / file.name)
    return True


def load(folder: Path, files: Path, engine: Engine) -> OnnxClassifier:
    """The model of `folder`, asked through the files that export() wrote.

    Args:
        folder: One of our model folders.
        files: Holds FILE, and FILE_INT8 for the engine "onnx-int8".
        engine: "onnx" or "onnx-int8"; the latter asks again in 32 bits what is close.
    """
    about = read_about(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder / huggingface.FILES, local_files_only=True)

    def classifier(name: str, judge: OnnxClassifier | None = None) -> OnnxClassifier:
        return OnnxClassifier(
            about["labels"], _session(files / name), tokenizer, max_length=about["max_length"], judge=judge,
            several=about["score_kind"] == SIGMOID,
        )  # fmt: skip

    exact = classifier(FILE)
    return exact if engine == "onnx" else classifier(FILE_INT8, exact)


def check(folder: Path, files: Path, texts: Sequence[str]) -> EngineCheck:
    """Compare the files with torch on these texts, at least one.

    Raises:
        BackendError: the 32-bit file does not compute what the model computes.
    """
    expected = huggingface.load(folder, precision="fp32").scores(texts)
    exact = load(folder, files, "onnx")
    difference = float(np.abs(exact.scores(texts) - expected).max())
    if difference > MOST_DIFFERENCE:
        raise BackendError(
            f"The ONNX file differs from the model by {difference:.2g} in a probability.",
            hint="Export it without ONNX.",
        )
    if not (files / FILE_INT8).exists():
        return EngineCheck(len(texts), difference)
    careful = load(folder, files, "onnx-int8")
    hasty = OnnxClassifier(
        exact.labels, _session(files / FILE_INT8), exact._tokenizer, max_length=exact.max_length,
        several=exact.score_kind == SIGMOID,
    )  # fmt: skip
    rough = hasty.scores(texts)
    return EngineCheck(
        len(texts),
        difference,
        difference_int8=float(np.abs(rough - expected).max()),
        other_labels=_others(exact.answers(rough), exact.answers(expected)),
        other_labels_close=_others(exact.answers(careful.scores(texts)), exact.answers(expected)),
        close=careful.asked_again,
    )


class _Logits(torch.nn.Module):  # type: ignore[misc]
    """The model as a function of plain tensors, which is all that the exporter understands."""

    def __init__(self, model: torch.nn.Module, inputs: Sequence[str]) -> None:
        super().__init__()
        self.model, self.inputs = model, tuple(inputs)

    def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
        return self.model(**dict(zip(self.inputs, tensors, strict=True))).logits


def _read(folder: Path) -> tuple[Any, Any]:
    read_about(folder)
    try:
        model = AutoModelForSequenceClassification.from_pretrained(
            folder / huggingface.FILES, local_files_only=True, use_safetensors=True, dtype=torch.float32,
            attn_implementation="eager",  # the others cannot be written down for every length
        )  # fmt: skip
        tokenizer = AutoTokenizer.from_pretrained(folder / huggingface.FILES, local_files_only=True)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise BadInput(f"The model in {folder.name} is damaged: {error}", hint="Train it again.") from error
    return only_first_token(model.eval()), tokenizer


def _quantize(source: Path, target: Path) -> None:
    """8-bit weights for the matrix products, which take the time; the embeddings keep their 32 bits."""
    quantize_dynamic(
        source, target, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul"],
        reduce_range=True,  # 7 of the 8 bits: processors without VNNI overflow otherwise, without a word
    )  # fmt: skip


def _session(file: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # batches go side by side instead: a small one is not worth dividing
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _others(answers: Sequence[str], expected: Sequence[str]) -> Proportion:
    return Proportion(sum(map(ne, answers, expected)), len(answers))
