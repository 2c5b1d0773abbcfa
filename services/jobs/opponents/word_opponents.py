"""Simple models that count words: keyword lists, and TF-IDF under a logistic regression."""

import time
import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from domain.errors import BadInput
from services.backends.tfidf import new_vectorizer
from services.jobs.train_baseline import FAMILIES, fit_vectorizer
from services.modelling.settings import BaselineSettings

WORDS_PER_LABEL, MIN_COMMENTS = 50, 2
TELLING_FROM = 1.96  # standard errors; words below it may be telling by chance

Answered = dict[str, tuple[list[str], float]]


def keyword_answers(texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]) -> Answered:
    """What a list of telling words per label answers, chosen from the texts to learn from.

    Every label but the most common has a list. A comment gets the label with the most of its listed words in
    it, and the most common label where it has none; of equal labels the more common one.

    Raises:
        BadInput: the texts share no words.
    """
    started = time.perf_counter()
    lists = keyword_lists(texts, labels)
    default = Counter(labels).most_common(1)[0][0]
    tokens = CountVectorizer(binary=True).build_analyzer()
    answers = []
    for text in asked:
        words = set(tokens(text))
        hits = {label: len(words & listed) for label, listed in lists.items()}
        best = max(hits, key=lambda label: hits[label], default=default)
        answers.append(best if hits.get(best) else default)
    return {"keyword lists": (answers, time.perf_counter() - started)}


def keyword_lists(texts: Sequence[str], labels: Sequence[str]) -> dict[str, frozenset[str]]:
    """The WORDS_PER_LABEL most telling words of every label but the most common, more common labels first.

    Telling is the log odds ratio of a word occurring in a comment with and without the label, in its
    standard errors, with half a comment added to every count; at least TELLING_FROM.

    Raises:
        BadInput: no word occurs in MIN_COMMENTS comments.

    Source: Agresti (2013), Categorical Data Analysis, section 3.1 (the odds ratio with 0.5 added).
    """
    vectorizer = CountVectorizer(binary=True, min_df=MIN_COMMENTS)
    try:
        occurs = vectorizer.fit_transform(texts)
    except ValueError as error:  # what scikit-learn raises for an empty vocabulary
        raise BadInput(
            f"The {len(texts):,} training comments share no words: {error}", hint="Label more."
        ) from error
    words, names = vectorizer.get_feature_names_out(), np.array(labels, dtype=object)
    lists = {}
    for label, _ in Counter(labels).most_common()[1:]:
        told = _telling(occurs, names == label)
        best = np.argsort(-told, kind="stable")[:WORDS_PER_LABEL]
        lists[label] = frozenset(words[best[told[best] >= TELLING_FROM]].tolist())
    return lists


def regression_answers(texts: Sequence[str], labels: Sequence[str], asked: Sequence[str]) -> Answered:
    """What the two baselines answer, each with the seconds of its fit.

    Raises:
        BadInput: the texts share too few terms.
    """
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


def _telling(occurs: csr_matrix, has_label: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Log odds ratios in standard errors, shape (words,)."""
    inside = np.asarray(occurs[has_label].sum(axis=0)).ravel() + 0.5
    outside = np.asarray(occurs[~has_label].sum(axis=0)).ravel() + 0.5
    inside_not, outside_not = has_label.sum() + 1 - inside, (~has_label).sum() + 1 - outside
    ratio = np.log(inside * outside_not / (inside_not * outside))
    return np.asarray(ratio / np.sqrt(1 / inside + 1 / inside_not + 1 / outside + 1 / outside_not))
