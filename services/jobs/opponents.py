"""Simple models trained beside an encoder, so that nobody deploys one that they beat."""

import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.sparse import hstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from domain.errors import BadInput
from services.backends.tfidf import new_vectorizer
from services.evaluation.confusion import from_counts
from services.evaluation.metrics import Report, report
from services.jobs.train_baseline import FAMILIES, fit_vectorizer
from services.jobs.worker import RunningJob
from services.modelling.settings import BaselineSettings


@dataclass(frozen=True)
class Opponent:
    """A simple model and how it did on validation; `predicted` is in the order of the comments."""

    name: str
    accuracy: float
    macro_f1: float
    seconds: float
    predicted: tuple[str, ...]


def measured(gold: Sequence[str], predicted: Sequence[str]) -> Report:
    """Every number of these answers; the intervals are rough, the evaluation has better ones."""
    pairs = Counter(zip(gold, predicted, strict=True))
    names = sorted({label for pair in pairs for label in pair})
    return report(from_counts(names, [(*pair, count) for pair, count in pairs.items()]), resamples=50)


def train_opponents(job: RunningJob, rows: pa.Table, validation: pa.Table) -> list[Opponent]:
    """The majority label, and TF-IDF with logistic regression, plain and weighted; strongest first.

    Each is told as a metric, and the strongest, by macro F1, in an event.

    Args:
        job: Told of each.
        rows: The train split, with text and label.
        validation: The same of validation, at least one row.
    """
    texts, labels = rows["text"].to_pylist(), rows["label"].to_pylist()
    asked, gold = validation["text"].to_pylist(), validation["label"].to_pylist()
    most_common = Counter(labels).most_common(1)[0][0]
    answers = {"majority label": ([most_common] * len(gold), 0.0)}
    try:
        answers |= _regressions(texts, labels, asked)
    except BadInput as error:  # the comments share no words; that leaves the majority to beat
        job.folder.add_event("opponents", message=f"TF-IDF was left out: {error}")
    opponents = []
    for name, (predicted, seconds) in answers.items():
        found = measured(gold, predicted)
        opponent = Opponent(name, found.accuracy.value, found.macro_f1.value, seconds, tuple(predicted))
        job.metric(
            stage=f"beside it: {name}",
            accuracy=opponent.accuracy,
            macro_f1=opponent.macro_f1,
            fit_seconds=seconds,
        )
        opponents.append(opponent)
    opponents.sort(key=lambda one: (one.macro_f1, one.accuracy), reverse=True)
    best = opponents[0]
    job.folder.add_event(
        "opponents",
        message=f"To beat on validation: {best.name}, macro F1 {best.macro_f1:.3f}, accuracy "
        f"{best.accuracy:.3f}, after {best.seconds:.1f} s.",
    )
    return opponents


def _regressions(
    texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]
) -> dict[str, tuple[list[str], float]]:
    """What the two baselines answer, each with the seconds of its fit."""
    settings, started = BaselineSettings(), time.perf_counter()
    learned, answered = [], []
    for name, (analyzer, ngram_range) in FAMILIES.items():
        vectorizer = new_vectorizer(
            analyzer,
            ngram_range,
            min_df=settings.min_df,
            max_features=settings.max_features,
            sublinear_tf=settings.sublinear_tf,
        )
        learned.append(fit_vectorizer(vectorizer, list(texts), name))
        answered.append(vectorizer.transform(asked))
    features, to_answer = hstack(learned, format="csr"), hstack(answered, format="csr")
    counting = time.perf_counter() - started
    answers = {}
    for name, weight in (("TF-IDF", None), ("TF-IDF, rare labels weighted up", "balanced")):
        started = time.perf_counter()
        regression = LogisticRegression(
            C=settings.c, class_weight=weight, max_iter=settings.max_iterations, random_state=settings.seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            regression.fit(features, np.array(labels, dtype=object))
        answers[name] = (regression.predict(to_answer).tolist(), counting + time.perf_counter() - started)
    return answers
