"""An encoder and many texts: equal ones once, similar lengths together, each answer back in its place."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import BackendError
from domain.models import SIGMOID, Answers, ScoreKind
from services.backends.several import answers_at, sigmoid

Floats = NDArray[np.float32]
Tokens = Sequence[Sequence[int]]

TOKENS_AT_ONCE = 1_024  # padding included; more was slower on a CPU, whose caches it outgrows


class BatchedEncoder(ABC):
    """A model of which one batch of tokens can be asked; scores are softmax, or sigmoid of several labels."""

    tokens_at_once = TOKENS_AT_ONCE

    def __init__(
        self,
        labels: Sequence[str],
        tokenizer: Any,
        *,
        max_length: int,
        several: bool = False,
        workers: int = 1,
    ) -> None:
        """Take K labels in the order of the outputs; texts are cut to `max_length` tokens.

        With `several`, a text may have several labels. `workers` batches are computed at the same time, each
        in a thread of its own.
        """
        self.labels = tuple(labels)
        self.score_kind: ScoreKind = SIGMOID if several else "softmax"
        self.max_length = max_length
        self._tokenizer = tokenizer
        self._workers = workers

    @abstractmethod
    def _probabilities(self, tokens: Tokens) -> Floats:
        """The model's answer to one batch, shape (n, K).

        Raises:
            BackendError: the memory does not suffice.
        """

    def predict(self, texts: Sequence[str]) -> Answers:
        """The most probable label of each text, or those of several; the empty text has an answer too.

        Raises:
            BackendError: the model's numbers are not finite, or the memory does not suffice.
        """
        if not texts:
            return Answers(labels=[], parse_status=[])
        started = time.perf_counter()
        once, places = distinct(texts)
        tokens = self._tokenize(once)
        scores = self._scores(tokens)[places]
        milliseconds = (time.perf_counter() - started) * 1000 / len(texts)
        return Answers(
            labels=self.answers(scores),
            parse_status=["ok"] * len(texts),
            scores=scores,
            latency_ms=np.full(len(texts), milliseconds, dtype=np.float32),
            tokens=[len(tokens[place]) for place in places],
        )

    def answers(self, scores: Floats) -> list[str]:
        """What scores of shape (n, K) say."""
        if self.score_kind == SIGMOID:
            return answers_at(scores, self.labels)
        return [self.labels[index] for index in scores.argmax(axis=1).tolist()]

    def probabilities(self, logits: Floats) -> Floats:
        """The scores of shape (n, K) for logits of that shape."""
        return sigmoid(logits) if self.score_kind == SIGMOID else softmax(logits)

    def scores(self, texts: Sequence[str]) -> Floats:
        """Probabilities of shape (n, K); each row sums to 1, except where a text may have several labels.

        Raises:
            BackendError: the model's numbers are not finite, or the memory does not suffice.
        """
        once, places = distinct(texts)
        return self._scores(self._tokenize(once))[places]

    def _tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """All in one call, which the tokenizer spreads over the processors."""
        read = self._tokenizer(
            list(texts), truncation=True, max_length=self.max_length, return_attention_mask=False
        )
        ids: list[list[int]] = read["input_ids"]
        return ids

    def _scores(self, tokens: Tokens) -> Floats:
        scores = np.empty((len(tokens), len(self.labels)), dtype=np.float32)
        together = list(batches([len(ids) for ids in tokens], self.tokens_at_once))

        def answer(places: list[int]) -> None:
            scores[places] = self._probabilities([tokens[place] for place in places])

        if self._workers == 1 or len(together) == 1:
            for places in together:
                answer(places)
        else:
            with ThreadPoolExecutor(self._workers) as threads:
                # The longest first: a short one at the end keeps nobody waiting.
                list(threads.map(answer, reversed(together)))
        if not np.isfinite(scores).all():
            raise BackendError("The model's scores are not numbers.", hint="Train it again.")
        return scores


def distinct(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """Every text once, in the order in which they first come, and for each text its place among those."""
    places: dict[str, int] = {}
    found = [places.setdefault(text, len(places)) for text in texts]
    return list(places), found


def batches(lengths: Sequence[int], at_once: int) -> Iterator[list[int]]:
    """Places of texts to go through together, shortest first, at most `at_once` tokens with the padding."""
    batch: list[int] = []
    for place in np.argsort(lengths, kind="stable").tolist():
        if batch and (len(batch) + 1) * lengths[place] > at_once:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def padded(tokens: Tokens, pad: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The batch as a rectangle as wide as its longest text, and 1 where it holds no padding."""
    width = max(map(len, tokens))
    ids = np.full((len(tokens), width), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, one in enumerate(tokens):
        ids[row, : len(one)] = one
        mask[row, : len(one)] = 1
    return ids, mask


def softmax(logits: Floats) -> Floats:
    """Probabilities of shape (n, K) from logits of that shape."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)
