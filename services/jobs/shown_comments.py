"""A few comments of validation to look at after each evaluation: the best, the worst, and some at random."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHOWN_OF_EACH = 3
SHOWN_CHARACTERS = 300
_SHOWN_LABELS = 3


def pick_comments(scores: NDArray[np.floating[Any]], gold: Sequence[int]) -> list[tuple[str, int]]:
    """The comments to show, each as "best", "worst" or "random" and its place.

    Args:
        scores: Probabilities of shape (n, K).
        gold: Places of the true labels, n of them.

    Returns:
        Best: the surest right answers. Worst: the surest wrong ones, for they mislead most. Random: the same
        comments at every evaluation, so that one can see their answers change. At most SHOWN_OF_EACH of each.
    """
    truth = np.asarray(gold)
    right, sure = scores.argmax(axis=1) == truth, scores.max(axis=1)
    surest = np.argsort(-sure, kind="stable")
    drawn = np.random.default_rng(0).permutation(len(truth))
    picked = {"worst": surest[~right[surest]], "best": surest[right[surest]], "random": drawn}
    return [(kind, int(place)) for kind, places in picked.items() for place in places[:SHOWN_OF_EACH]]


def top_scores(scores: Sequence[float], labels: Sequence[str], gold: str) -> dict[str, float]:
    """The highest probabilities by label, and that of the true label wherever it stands."""
    ordered = sorted(zip(labels, scores, strict=True), key=lambda pair: -pair[1])
    kept = [pair for place, pair in enumerate(ordered) if place < _SHOWN_LABELS or pair[0] == gold]
    return {label: round(float(score), 4) for label, score in kept}
