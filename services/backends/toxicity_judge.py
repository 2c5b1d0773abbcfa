"""A classifier as a judge of toxicity: one of the workbench, or one that pairs themselves have taught."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import hstack
from sklearn.linear_model import LogisticRegression

from domain.errors import BadInput
from services.backends.protocol import Classifier
from services.backends.tfidf import TfidfClassifier, new_vectorizer, one_row_per_label, table_of
from services.generation.toxicity import NEUTRAL, TOXIC, unwanted_label, unwanted_scores

# What each judge looks at. They are taught by different halves of the pairs, so that the one does not repeat
# the faults of the other.
WORDS, LETTERS = (("word", (1, 2)),), (("char_wb", (2, 5)),)
FEWEST = 20  # texts of each kind


class ToxicityJudge:
    """How likely a text is of the unwanted label, 0 to 1."""

    def __init__(self, classifier: Classifier, unwanted: str | None = None, *, name: str) -> None:
        """Ask a classifier of any kind about one of its labels; None takes the one that looks unwanted.

        Raises:
            BadInput: the classifier has no such label.
        """
        self.unwanted = unwanted_label(classifier.labels, unwanted, name=name)
        self.name = f"{name}, '{self.unwanted}'"
        self._classifier = classifier

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The score of each text, shape (n,)."""
        answers = self._classifier.predict(list(texts))
        scores = [None] * len(texts) if answers.scores is None else answers.scores.tolist()
        return unwanted_scores(answers.labels, scores, self._classifier.labels, self.unwanted)


def taught_judge(
    toxic: Sequence[str], neutral: Sequence[str], *, looks_at: Sequence[tuple[str, tuple[int, int]]]
) -> TfidfClassifier:
    """A judge taught by the sources of pairs, which are toxic, and by their references, which are not.

    Raises:
        BadInput: there are too few texts.
    """
    if min(len(toxic), len(neutral)) < FEWEST:
        raise BadInput(
            f"{len(toxic)} sources and {len(neutral)} references are too few to teach a judge.",
            hint=f"At least {FEWEST} of each; or name a model: --setting reward=model-3.",
        )
    texts, labels = [*toxic, *neutral], [TOXIC] * len(toxic) + [NEUTRAL] * len(neutral)
    vectorizers = [
        new_vectorizer(analyzer, span, min_df=2, max_features=50_000, sublinear_tf=True)
        for analyzer, span in looks_at
    ]
    try:
        features = hstack([one.fit_transform(texts) for one in vectorizers], format="csr")
    except ValueError as error:  # what scikit-learn raises for an empty vocabulary
        raise BadInput(f"The pairs share no words: {error}", hint="Keep more pairs.") from error
    regression = LogisticRegression(C=4.0, max_iter=300).fit(features, np.array(labels, dtype=object))
    weights, intercept = one_row_per_label(regression.coef_, regression.intercept_)
    return TfidfClassifier(
        tuple(regression.classes_.tolist()),
        [table_of(one) for one in vectorizers],
        sublinear_tf=True,
        weights=weights,
        intercept=intercept,
    )
