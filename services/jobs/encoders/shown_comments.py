"""A few comments of validation to look at after each evaluation: the best, the worst, and some at random."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.labels import labels_in

SHOWN_OF_EACH = 3
SHOWN_CHARACTERS = 300
_SHOWN_LABELS = 3


def sureness(scores: NDArray[np.floating[Any]], *, several: bool) -> NDArray[np.floating[Any]]:
    """How sure each answer is, shape (n,), from probabilities of shape (n, K).

    That of the best label; of several labels, that the least sure of all is as the answer says.
    """
    if several:
        return np.asarray(np.maximum(scores, 1 - scores).min(axis=1))
    return np.asarray(scores.max(axis=1))


def pick_comments(right: NDArray[np.bool_], sure: NDArray[np.floating[Any]]) -> list[tuple[str, int]]:
    """The comments to show, each as "best", "worst" or "random" and its place.

    Args:
        right: Whether each answer is right, shape (n,).
        sure: How sure it is, shape (n,).

    Returns:
        Best: the surest right answers. Worst: the surest wrong ones, for they mislead most. Random: the same
        comments at every evaluation, so that one can see their answers change. At most SHOWN_OF_EACH of each.
    """
    surest = np.argsort(-sure, kind="stable")
    drawn = np.random.default_rng(0).permutation(len(right))
    picked = {"worst": surest[~right[surest]], "best": surest[right[surest]], "random": drawn}
    return [(kind, int(place)) for kind, places in picked.items() for place in places[:SHOWN_OF_EACH]]


def top_scores(scores: Sequence[float], labels: Sequence[str], gold: str) -> dict[str, float]:
    """The highest probabilities by label, and those of the true labels wherever they stand."""
    ordered = sorted(zip(labels, scores, strict=True), key=lambda pair: -pair[1])
    right = {gold, *labels_in(gold)}
    kept = [pair for place, pair in enumerate(ordered) if place < _SHOWN_LABELS or pair[0] in right]
    return {label: round(float(score), 4) for label, score in kept}
