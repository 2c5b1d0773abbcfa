"""Train the TF-IDF baseline on the train split, and predict validation and test with it.

    python -m services.jobs.train_baseline FOLDER

FOLDER holds spec.json and inputs/comments.parquet (comment_id, text, label, split). The script leaves model/,
predictions.parquet, events.jsonl and metrics.jsonl there, and touches nothing else.
"""

import platform
import sys
import warnings
from dataclasses import asdict
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.callback import CallbackContext
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from domain.errors import BadInput
from services.backends.tfidf import TfidfClassifier, new_vectorizer, one_row_per_label, table_of
from services.jobs.files.answers import write_answers
from services.jobs.process.tracking import track
from services.jobs.process.worker import RunningJob, run
from services.jobs.rows.first_look import check_training_rows, measure
from services.jobs.rows.several_labels import learned_labels, targets_of, training_rows
from services.modelling.recipes import BaselineSettings, baseline_settings

# Where each stage begins, as a share of the whole job, measured on 20,000 short comments.
WORDS_FROM, LETTERS_FROM, FIT_FROM, PREDICT_FROM = 0.02, 0.1, 0.3, 0.85

FAMILIES = {"words": ("word", (1, 2)), "letter sequences": ("char_wb", (2, 5))}


def train(job: RunningJob) -> None:
    """The whole training, top to bottom."""
    # 1. What to do, and on which comments.
    config = baseline_settings(job.spec["settings"])
    rows = job.comments(["train"])
    texts, labels = rows["text"].to_pylist(), rows["label"].to_pylist()
    if job.several is None:
        check_training_rows(labels)

    # 2. The model, put together from what was learned.
    classifier = fit_baseline(job, config, texts, labels)
    with job.new_model() as folder:
        classifier.save(folder, about_model(job, config, labels))

    # 3. Its answers to comments that it was not trained on, for everything that is measured later.
    held_out = job.comments(["validation", "test"])
    write_answers(job, classifier, held_out, from_share=PREDICT_FROM)
    measure(job, held_out, "validation")
    track(job)


def fit_baseline(
    job: RunningJob, config: BaselineSettings, texts: list[str], labels: list[str]
) -> TfidfClassifier:
    """A baseline fitted on these texts; studies fit theirs by it too.

    Raises:
        BadInput: the texts share too few terms, or one of several labels has too few comments.
    """
    several = None if job.several is None else learned_labels(labels, job.several)
    # Texts become numbers: words and pairs of words, and sequences of 2 to 5 letters, which see through
    # misspellings.
    vectorizers, features = [], []
    for (name, (analyzer, ngram_range)), share in zip(
        FAMILIES.items(), (WORDS_FROM, LETTERS_FROM), strict=True
    ):
        job.progress(share, f"Counts {name} in {len(texts):,} comments.")
        vectorizer = new_vectorizer(
            analyzer,
            ngram_range,
            min_df=config.min_df,
            max_features=config.max_features,
            sublinear_tf=config.sublinear_tf,
        )
        features.append(fit_vectorizer(vectorizer, texts, name))
        vectorizers.append(vectorizer)
        job.metric(stage=name, terms=len(vectorizer.vocabulary_))

    # A linear model on top, which reports each step of its solver.
    names = several or tuple(sorted(set(labels)))
    job.progress(FIT_FROM, f"Fits {len(names)} labels.")
    together = hstack(features, format="csr")
    if several:  # each against the rest, with the same settings
        targets = targets_of(labels, several)
        fitted = [fit_regression(job, config, together, column) for column in targets.T]
        weights = np.vstack([one.coef_ for one in fitted]).astype(np.float32)
        intercept = np.concatenate([one.intercept_ for one in fitted]).astype(np.float32)
    else:
        regression = fit_regression(job, config, together, np.array(labels, dtype=object))
        names = tuple(regression.classes_.tolist())
        weights, intercept = one_row_per_label(regression.coef_, regression.intercept_)
    return TfidfClassifier(
        names,
        [table_of(vectorizer) for vectorizer in vectorizers],
        sublinear_tf=config.sublinear_tf,
        weights=weights,
        intercept=intercept,
        several=several is not None,
    )


def fit_vectorizer(vectorizer: TfidfVectorizer, texts: list[str], name: str) -> csr_matrix:
    """The features of the texts, shape (n, terms).

    Raises:
        BadInput: no term occurs often enough.
    """
    try:
        return vectorizer.fit_transform(texts)
    except ValueError as error:  # what scikit-learn raises for an empty vocabulary
        raise BadInput(
            f"The {len(texts):,} training comments share no {name}: {error}",
            hint=f"Lower min_df (it is {vectorizer.min_df}), or label more comments.",
        ) from error


def fit_regression(
    job: RunningJob, config: BaselineSettings, features: csr_matrix, labels: NDArray[Any]
) -> LogisticRegression:
    """A regression fitted on labels of shape (n,); a solver stopped early is told as a metric, not hidden."""
    regression = LogisticRegression(
        C=config.c,
        class_weight=config.class_weight,
        max_iter=config.max_iterations,
        random_state=config.seed,
    )
    regression.set_callbacks(SolverSteps(job, config.max_iterations))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(features, labels)
    iterations = int(regression.n_iter_.max())
    job.metric(stage="fit", iteration=iterations, converged=iterations < config.max_iterations)
    return regression


def about_model(job: RunningJob, config: BaselineSettings, labels: list[str]) -> dict[str, Any]:
    """Where the model comes from, for whoever finds its folder."""
    return {
        "snapshot_id": job.spec["snapshot_id"],
        "snapshot_sha256": job.spec["snapshot_sha256"],
        "settings": asdict(config),
        "training_rows": dict(sorted(training_rows(job, labels).items())),
        "libraries": {
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
        },
    }


class SolverSteps:
    """Told by scikit-learn of each step of the solver."""

    def __init__(self, job: RunningJob, most: int) -> None:
        self._job = job
        self._most = most

    def setup(self, estimator: LogisticRegression, context: object) -> None:
        """Asked for by the callback protocol."""

    def teardown(self, estimator: LogisticRegression, context: object) -> None:
        """Asked for by the callback protocol."""

    def on_fit_task_begin(self, estimator: LogisticRegression, context: object) -> None:
        """Asked for by the callback protocol."""

    def on_fit_task_end(self, estimator: LogisticRegression, context: CallbackContext) -> None:
        """One step is done. The solver stops when it converges, so the share is a lower bound."""
        if context.task_name != "lbfgs-iter":
            return
        step = context.task_id + 1
        share = FIT_FROM + (PREDICT_FROM - FIT_FROM) * min(step / self._most, 1.0)
        self._job.progress(share, f"Fits: step {step} of at most {self._most}.")
        self._job.metric(stage="fit", iteration=step)


if __name__ == "__main__":
    sys.exit(run(train))
