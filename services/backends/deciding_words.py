"""Which words of a text decided its label: exact where the model adds words up, else by leaving each out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from services.backends.protocol import Classifier
from services.backends.tfidf import TfidfClassifier

How = Literal["exact", "left out"]

MOST_WORDS = 80  # a text is asked about once more for each of its words
_AT_ONCE = 16


@dataclass(frozen=True)
class DecidingWords:
    """The words of a text and what each did for a label.

    Attributes:
        how: "exact": parts of the difference between the label's logit and the mean of the others'; with
            the intercept they add up to it. "left out": how far the score of the label falls without the
            word, -1 to 1.
        words: (word, amount), the largest amounts first; what is negative speaks against the label.
        left_over: Words that were not looked at, because the text is long.
    """

    how: How
    words: tuple[tuple[str, float], ...]
    left_over: int = 0


def deciding_words(classifier: Classifier, text: str, label: str) -> DecidingWords | None:
    """What each word of the text did for the label; None where the model gives no scores."""
    if isinstance(classifier, TfidfClassifier):
        return _exact(classifier, text, label)
    return _left_out(classifier, text, label)


def _exact(classifier: TfidfClassifier, text: str, label: str) -> DecidingWords:
    place = classifier.labels.index(label)
    others = [other for other in range(len(classifier.labels)) if other != place]
    amounts = {
        word: float(added[place] - added[others].mean())
        for word, added in classifier.contributions(text).items()
    }
    return DecidingWords("exact", _largest_first(amounts))


def _left_out(classifier: Classifier, text: str, label: str) -> DecidingWords | None:
    """Each word is left out wherever it stands, and the model asked again.

    Source: Li, Monroe and Jurafsky (2016), Understanding Neural Networks through Representation Erasure.
    """
    place = classifier.labels.index(label)
    words = list(dict.fromkeys(word.lower() for word in text.split()))
    looked_at = words[:MOST_WORDS]
    whole = _score(classifier, [text], place)
    if whole is None:
        return None
    amounts: dict[str, float] = {}
    for start in range(0, len(looked_at), _AT_ONCE):
        batch = looked_at[start : start + _AT_ONCE]
        without = _score(classifier, [_without(text, word) for word in batch], place)
        if without is None:
            return None
        amounts |= {word: whole[0] - score for word, score in zip(batch, without, strict=True)}
    return DecidingWords("left out", _largest_first(amounts), len(words) - len(looked_at))


def _without(text: str, word: str) -> str:
    return "".join(part for part in re.split(r"(\s+)", text) if part.lower() != word).strip()


def _score(classifier: Classifier, texts: Sequence[str], place: int) -> list[float] | None:
    scores = classifier.predict(texts).scores
    if scores is None or not np.isfinite(scores).all():
        return None
    return [float(score) for score in scores[:, place]]


def _largest_first(amounts: dict[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(amounts.items(), key=lambda one: (-abs(one[1]), one[0])))
