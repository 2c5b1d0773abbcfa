"""Several labels on a text: each has a probability of its own, and the answer is those of at least 0.5."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.labels import answer_of

CUT = 0.5

Floats = NDArray[np.float32]


def sigmoid(logits: Floats) -> Floats:
    """Probabilities of shape (n, K) from logits of that shape, each label by itself."""
    # By the sign, so that no power overflows.
    powers = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1, powers) / (1 + powers), dtype=np.float32)


def answers_at(scores: Floats, labels: Sequence[str]) -> list[str]:
    """The answer to each row of scores, shape (n, K): its labels from CUT up, in the order given, or none."""
    ways, rows = np.unique(scores >= CUT, axis=0, return_inverse=True)
    told = [answer_of((labels[place] for place in np.flatnonzero(way).tolist()), labels) for way in ways]
    return [told[row] for row in rows.ravel()]
