"""Simple models on the frozen embeddings of the encoder's own base: what it knows before any training."""

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from transformers import AutoModel

from domain.errors import BadInput
from services.backends.huggingface import out_of_memory_named
from services.jobs.opponents.opponents import measured
from services.jobs.rows.several_labels import Answered
from services.modelling.base_models import BaseModel

NEIGHBOURS, STRENGTHS = (1, 3, 5, 9, 15, 25), (1.0, 10.0, 100.0)
HELD_OUT_SHARE = 0.2  # of the training comments, by which k and C are chosen
MOST_LEARNED = 20_000  # comments; a longer list is drawn from, so that this stays a matter of a minute
_TEXTS_AT_ONCE, _ROWS_AT_ONCE = 64, 1_000
_MAX_STEPS = 500

Floats = NDArray[np.float32]
Names = NDArray[np.object_]
Fit = Callable[[Any, Floats, Names, Floats], list[str]]


class EmbeddingOpponents:
    """Logistic regression and nearest neighbours on mean-pooled embeddings of a base model."""

    def __init__(self, base: BaseModel, tokenizer: Any, max_length: int, *, seed: int = 0) -> None:
        """`tokenizer` and `max_length` are those of the encoder; `seed` draws the part held out."""
        self._base, self._tokenizer, self._max_length, self._seed = base, tokenizer, max_length, seed

    def __call__(self, texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]) -> Answered:
        """What they answer; the embedding of all comments is in the seconds of each.

        Raises:
            BadInput: the base model's weights are damaged.
            BackendError: the memory does not suffice.
        """
        draw = np.random.default_rng(self._seed)
        places = draw.permutation(len(texts))[:MOST_LEARNED]
        names = np.array([labels[place] for place in places], dtype=object)
        started = time.perf_counter()
        vectors = self.embed([*(texts[place] for place in places), *asked])
        learned, to_answer = vectors[: len(places)], vectors[len(places) :]
        embedding = time.perf_counter() - started
        answers: Answered = {}
        for title, candidates, fit in (
            ("frozen embeddings, logistic regression", STRENGTHS, _regress),
            ("frozen embeddings, nearest neighbours", NEIGHBOURS, _vote),
        ):
            started = time.perf_counter()
            best = chosen(candidates, fit, learned, names)
            predicted = fit(best, learned, names, to_answer)
            answers[title] = (predicted, embedding + time.perf_counter() - started)
        return answers

    def embed(self, texts: Sequence[str]) -> Floats:
        """The mean of the last layer over the tokens of each text, of length 1, shape (n, hidden)."""
        try:
            model = AutoModel.from_pretrained(
                self._base.folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise BadInput(
                f"{self._base.name} cannot be read: {error}", hint="Choose another base model."
            ) from error
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = model.to(device).eval()
        tokens = self._tokenizer(list(texts), truncation=True, max_length=self._max_length)["input_ids"]
        shortest_first = np.argsort([len(ids) for ids in tokens], kind="stable")
        found = np.empty((len(texts), model.config.hidden_size), dtype=np.float32)
        with out_of_memory_named("Train on a machine with more memory."), torch.inference_mode():
            for places in np.array_split(shortest_first, -(-len(texts) // _TEXTS_AT_ONCE)):
                padded = self._tokenizer.pad(
                    {"input_ids": [tokens[place] for place in places.tolist()]}, return_tensors="pt"
                ).to(device)
                mask = padded["attention_mask"][..., None].float()
                hidden = model(**padded).last_hidden_state
                mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
                found[places] = torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
        if not np.isfinite(found).all():
            raise BadInput(
                f"The embeddings of {self._base.name} are not numbers.", hint="Choose another base model."
            )
        return found


def chosen(candidates: Sequence[Any], fit: Fit, learned: Floats, names: Names) -> Any:
    """The candidate with the best macro F1 on the last fifth of the comments, which are in a drawn order."""
    held = max(1, int(len(names) * HELD_OUT_SHARE))
    rows, answers = slice(None, -held), slice(-held, None)
    if len(set(names[rows])) < 2:
        return candidates[0]

    def score(candidate: Any) -> float:
        predicted = fit(candidate, learned[rows], names[rows], learned[answers])
        return float(measured(names[answers].tolist(), predicted).macro_f1.value)

    return max(candidates, key=score)


def _regress(strength: float, learned: Floats, names: Names, asked: Floats) -> list[str]:
    regression = LogisticRegression(C=strength, max_iter=_MAX_STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(learned, names)
    return [str(label) for label in regression.predict(asked)]


def _vote(neighbours: int, learned: Floats, names: Names, asked: Floats) -> list[str]:
    """The label that the nearest comments have, each with the weight of its cosine."""
    labels, codes = np.unique(names, return_inverse=True)
    k, answers = min(neighbours, len(names)), []
    for first in range(0, len(asked), _ROWS_AT_ONCE):
        cosines = asked[first : first + _ROWS_AT_ONCE] @ learned.T
        nearest = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        votes = np.zeros((len(cosines), len(labels)))
        weights = np.maximum(np.take_along_axis(cosines, nearest, axis=1), 0) + 1e-6
        np.add.at(votes, (np.arange(len(cosines))[:, None], codes[nearest]), weights)
        answers += labels[votes.argmax(axis=1)].tolist()
    return answers
