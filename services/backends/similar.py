"""Groups of texts that share words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.text import TfidfVectorizer

MOST_TEXTS = 2_000  # their distances to each other are held all at once
_APART = 0.75
_WORDS = 5


@dataclass(frozen=True)
class Group:
    """Texts alike: their places, those nearest to the middle of the group first, and the words they share."""

    places: tuple[int, ...]
    words: tuple[str, ...]


def similar_groups(texts: Sequence[str]) -> list[Group]:
    """Groups of two texts and more, the largest first; a text that is like no other is in none.

    Average linkage by the cosine of TF-IDF vectors: joined while the mean similarity of two groups is above
    0.25. Only the first 2,000 texts are looked at.

    Source: Sokal and Michener (1958), University of Kansas Science Bulletin 38, 1409-1438.
    """
    vectorizer = TfidfVectorizer(sublinear_tf=True, strip_accents="unicode")
    try:
        vectors = vectorizer.fit_transform(texts[:MOST_TEXTS])
    except ValueError:  # what scikit-learn raises where no text has a word
        return []
    known = np.flatnonzero(vectors.getnnz(axis=1))  # a text without words has no direction
    if known.size < 2:
        return []
    clusters = AgglomerativeClustering(
        n_clusters=None, distance_threshold=_APART, metric="cosine", linkage="average"
    ).fit_predict(vectors[known].toarray())
    names, found = vectorizer.get_feature_names_out(), []
    for cluster in range(clusters.max() + 1):
        places = known[clusters == cluster]
        if places.size > 1:
            middle = np.asarray(vectors[places].mean(axis=0)).ravel()
            shared = middle * np.asarray((vectors[places] > 0).sum(axis=0)).ravel()
            order = np.argsort(-(vectors[places] @ middle), kind="stable")
            words = [str(names[word]) for word in np.argsort(-shared, kind="stable")[:_WORDS] if shared[word]]
            found.append(Group(tuple(places[order].tolist()), tuple(words)))
    return sorted(found, key=lambda group: (-len(group.places), group.places))
