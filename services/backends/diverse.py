"""Texts in an order in which each differs from those before: one of every kind, then the next of each."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.feature_extraction.text import HashingVectorizer

_MOST_KINDS = 200
_FEATURES = 2**12


def diverse_order(texts: Sequence[str], *, seed: int = 0) -> list[int]:
    """Places of the texts, the most typical of each kind first; kinds are clusters of words and letters.

    Args:
        seed: Of the clusters.

    Source: Xu, Akella and Zhang (2007), ECIR, 246-257, for asking the middles of clusters.
    """
    if len(texts) < 3:
        return list(range(len(texts)))
    kinds = max(2, min(_MOST_KINDS, round(sqrt(len(texts)))))
    hashed = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=_FEATURES)
    clusters = MiniBatchKMeans(kinds, random_state=seed, n_init=1, max_iter=20, batch_size=1_024)
    away = clusters.fit_transform(hashed.transform(texts))
    kind = away.argmin(axis=1)
    distance = away[np.arange(len(texts)), kind]
    by_kind = np.lexsort((distance, kind))
    starts = np.concatenate([[0], np.flatnonzero(np.diff(kind[by_kind])) + 1])
    sizes = np.diff(np.concatenate([starts, [len(texts)]]))
    within = np.arange(len(texts)) - np.repeat(starts, sizes)
    # Of equally deep texts, those of the largest kinds first: they say most of what there is.
    order = np.lexsort((-np.repeat(sizes, sizes), within))
    return [int(place) for place in by_kind[order]]
