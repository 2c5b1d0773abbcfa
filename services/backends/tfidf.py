"""Words and letter sequences weighted by TF-IDF under a logistic regression; kept as JSON and .npz."""

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from domain.errors import BadInput
from domain.models import SIGMOID, Answers, ScoreKind
from services.backends.registry import read_about
from services.backends.several import answers_at, sigmoid

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TermTable:
    """One family of features: the terms in the order of their columns, and how rare each is.

    Attributes:
        analyzer: "word", or "char_wb" for letter sequences inside words.
        ngram_range: Shortest and longest sequence, both included.
        terms: T of them.
        idf: Inverse document frequencies, shape (T,).
    """

    analyzer: str
    ngram_range: tuple[int, int]
    terms: tuple[str, ...]
    idf: Floats


class TfidfClassifier:
    """A linear model over TF-IDF features; scores are softmax probabilities, or sigmoid of several labels."""

    def __init__(
        self,
        labels: Sequence[str],
        tables: Sequence[TermTable],
        *,
        sublinear_tf: bool,
        weights: Floats,
        intercept: Floats,
        several: bool = False,
    ) -> None:
        """Put a model together.

        Args:
            labels: K of them, at least two.
            tables: Their terms side by side are the F features.
            sublinear_tf: Whether a term counts 1 + log(n) rather than n times.
            weights: Shape (K, F).
            intercept: Shape (K,).
            several: A text may have several labels; each is a regression of its own against the rest.

        Raises:
            BadInput: the shapes do not fit each other.
        """
        features = sum(len(table.terms) for table in tables)
        if weights.shape != (len(labels), features) or intercept.shape != (len(labels),):
            raise BadInput(
                f"Weights of shape {weights.shape} do not fit {len(labels)} labels and {features} features.",
                hint="Train the model again.",
            )
        self.labels = tuple(labels)
        self.score_kind: ScoreKind = SIGMOID if several else "softmax"
        self._tables = tuple(tables)
        self._sublinear_tf = sublinear_tf
        self._weights, self._intercept = weights, intercept
        self._columns = np.ascontiguousarray(weights.T)
        self._vectorizers = [_vectorizer_of(table, sublinear_tf) for table in tables]

    def predict(self, texts: Sequence[str]) -> Answers:
        """The most probable label of each text, or those of several; the empty text has an answer too."""
        if not texts:
            return Answers(labels=[], parse_status=[])
        started = time.perf_counter()
        scores = self.scores(texts)
        if self.score_kind == SIGMOID:
            labels = answers_at(scores, self.labels)
        else:
            labels = [self.labels[index] for index in scores.argmax(axis=1).tolist()]
        milliseconds = (time.perf_counter() - started) * 1000 / len(texts)
        return Answers(
            labels=labels,
            parse_status=["ok"] * len(texts),
            scores=scores,
            latency_ms=np.full(len(texts), milliseconds, dtype=np.float32),
        )

    def scores(self, texts: Sequence[str]) -> Floats:
        """Probabilities of shape (n, K); each row sums to 1, except where a text may have several labels."""
        features = hstack([vectorizer.transform(texts) for vectorizer in self._vectorizers], format="csr")
        logits = np.asarray(features @ self._columns) + self._intercept
        return sigmoid(logits) if self.score_kind == SIGMOID else _softmax(logits)

    def contributions(self, text: str) -> dict[str, Floats]:
        """What each word of the text adds to the logits, shape (K,); with the intercept they are the logits.

        A word is what stands between spaces, in lower case. What a pair of words adds is shared between both.
        """
        words = text.lower().split()
        added: dict[str, Floats] = {word: np.zeros(len(self.labels), dtype=np.float32) for word in words}
        first = 0
        for vectorizer in self._vectorizers:
            shares = _shares_of_terms(vectorizer, words)
            counts: defaultdict[str, float] = defaultdict(float)
            for (_, term), share in shares.items():
                counts[term] += share
            values = vectorizer.transform([text])
            for (place, term), share in shares.items():
                column = vectorizer.vocabulary_[term]
                part = float(values[0, column]) * share / counts[term]
                added[words[place]] += part * self._columns[first + column]
            first += len(vectorizer.vocabulary_)
        return added

    def save(self, folder: Path, about: dict[str, Any]) -> None:
        """Write the model into an existing folder; `about` says where it comes from.

        load() gives a model with the same scores, bit for bit.
        """
        tables = [{"analyzer": table.analyzer, "ngram_range": table.ngram_range} for table in self._tables]
        described = {
            "kind": "tfidf",
            "labels": self.labels,
            "score_kind": self.score_kind,
            "sublinear_tf": self._sublinear_tf,
            "tables": tables,
            **about,
        }
        _write_json(folder / "model.json", described)
        _write_json(folder / "vocabulary.json", [table.terms for table in self._tables])
        arrays: dict[str, Any] = {f"idf_{place}": table.idf for place, table in enumerate(self._tables)}
        arrays |= {"weights": self._weights, "intercept": self._intercept}
        np.savez_compressed(folder / "weights.npz", **arrays)


def load(folder: Path) -> TfidfClassifier:
    """The model that `save` wrote.

    Raises:
        BadInput: a file is missing or damaged.
    """
    about = read_about(folder)
    try:
        vocabulary = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            tables = [
                TermTable(told["analyzer"], tuple(told["ngram_range"]), tuple(terms), arrays[f"idf_{place}"])
                for place, (told, terms) in enumerate(zip(about["tables"], vocabulary, strict=True))
            ]
            return TfidfClassifier(
                about["labels"],
                tables,
                sublinear_tf=about["sublinear_tf"],
                weights=arrays["weights"],
                intercept=arrays["intercept"],
                several=about["score_kind"] == SIGMOID,
            )
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise BadInput(f"The model in {folder.name} is damaged: {error}", hint="Train it again.") from error


def new_vectorizer(analyzer: str, ngram_range: tuple[int, int], **settings: Any) -> TfidfVectorizer:
    """The vectorizer that training fits and prediction rebuilds; 32-bit, so that a model stays small."""
    return TfidfVectorizer(analyzer=analyzer, ngram_range=ngram_range, dtype=np.float32, **settings)


def table_of(vectorizer: TfidfVectorizer) -> TermTable:
    """What a fitted vectorizer learned."""
    terms = tuple(vectorizer.get_feature_names_out().tolist())
    return TermTable(vectorizer.analyzer, vectorizer.ngram_range, terms, vectorizer.idf_.astype(np.float32))


def one_row_per_label(coefficients: Floats, intercept: Floats) -> tuple[Floats, Floats]:
    """Weights for a softmax over K labels from what the regression fitted, shapes (K, F) and (K,).

    With two labels it fits one row, the logit of the second; the softmax of (0, logit) is the same model.
    """
    if coefficients.shape[0] > 1:
        return coefficients.astype(np.float32), intercept.astype(np.float32)
    weights = np.vstack([np.zeros_like(coefficients), coefficients])
    return weights.astype(np.float32), np.array([0.0, intercept[0]], dtype=np.float32)


def _vectorizer_of(table: TermTable, sublinear_tf: bool) -> TfidfVectorizer:
    vectorizer = new_vectorizer(
        table.analyzer, table.ngram_range, sublinear_tf=sublinear_tf, vocabulary=list(table.terms)
    )
    vectorizer.idf_ = table.idf
    return vectorizer


def _shares_of_terms(vectorizer: TfidfVectorizer, words: Sequence[str]) -> dict[tuple[int, str], float]:
    """How often each word has a known term, by the word's place; a term of several words counts in parts."""
    shares: defaultdict[tuple[int, str], float] = defaultdict(float)
    if vectorizer.analyzer != "word":  # letter sequences lie within a word
        analyze = vectorizer.build_analyzer()
        for place, word in enumerate(words):
            for term in analyze(word):
                shares[place, term] += 1.0
    else:
        tokenize = vectorizer.build_tokenizer()
        tokens = [(place, token) for place, word in enumerate(words) for token in tokenize(word)]
        shortest, longest = vectorizer.ngram_range
        for length in range(shortest, longest + 1):
            for run in zip(*(tokens[start:] for start in range(length)), strict=False):
                term = " ".join(token for _, token in run)
                for place, _ in run:
                    shares[place, term] += 1.0 / length
    return {key: share for key, share in shares.items() if key[1] in vectorizer.vocabulary_}


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
