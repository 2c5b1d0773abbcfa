"""Labelled comments of the train split that stand before a question: the nearest ones, of every label."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from domain.errors import BadInput
from domain.personal_data import find_personal_data
from services.backends.tfidf import new_vectorizer
from storage.intake.sketch import match_keys, shared_pieces

FILE = "examples.parquet"
POOL_PER_LABEL = 5_000  # more makes asking slow and answers no better
_SAME_FROM = 0.8  # as near-duplicates are told elsewhere
_COLUMNS = ("comment_id", "text", "label")


class Examples:
    """Labelled comments, from which each question gets the nearest; the same question always the same ones.

    Args:
        pool: Columns comment_id, text and label, as `pool_of` makes them.
        shots: How many examples a question gets, at least 1.

    Raises:
        BadInput: the pool is empty.
    """

    def __init__(self, pool: pa.Table, shots: int) -> None:
        if pool.num_rows == 0:
            raise BadInput(
                "There is no comment to show as an example.", hint="Label more, or set shots to 0."
            )
        self.pool, self._shots = pool, shots
        self._ids = pool["comment_id"].to_numpy()
        self._texts, self._labels = pool["text"].to_pylist(), pool["label"].to_pylist()
        self._keys = match_keys(self._texts)
        self._vectorizer = new_vectorizer("char_wb", (2, 4), sublinear_tf=True, max_features=100_000)
        self._features = self._vectorizer.fit_transform(self._texts)
        self.sha256 = hashlib.sha256(
            "\n".join(json.dumps(list(row.values())) for row in pool.to_pylist()).encode()
        ).hexdigest()

    def nearest(self, text: str) -> list[tuple[str, str]]:
        """(text, label) of the nearest examples by the cosine of letter sequences, the nearest last.

        Every label gets as many; where they do not divide evenly, the nearest get one more. The comment
        itself and its near-duplicates are not among them.
        """
        [key] = match_keys([text])
        order = self._by_nearness(text)
        labels = len(set(self._labels))
        quota, more = divmod(self._shots, labels)
        chosen: list[int] = []
        counts: Counter[str] = Counter()
        for place in order:
            label = self._labels[place]
            if counts[label] > quota or (counts[label] == quota and not more) or self._is_same(place, key):
                continue
            more -= counts[label] == quota
            counts[label] += 1
            chosen.append(place)
            if len(chosen) == self._shots:
                break
        chosen += self._fillers(order, set(chosen), key, wanted=self._shots - len(chosen))
        return [(self._texts[place], self._labels[place]) for place in reversed(chosen)]

    def save(self, folder: Path) -> None:
        """Keep the pool with a model; `read_examples` gives the same examples again."""
        pq.write_table(self.pool, folder / FILE, compression="zstd")

    def _by_nearness(self, text: str) -> list[int]:
        cosines: NDArray[np.float32] = (
            (self._features @ self._vectorizer.transform([text]).T).toarray().ravel()
        )
        # Rounded, so that no machine's last digit decides between two that are equally near.
        order: list[int] = np.lexsort((self._ids, -cosines.round(5))).tolist()
        return order

    def _fillers(self, order: Sequence[int], taken: set[int], key: str, *, wanted: int) -> list[int]:
        """The nearest of the rest, where a label has too few comments for its share."""
        found: list[int] = []
        for place in order:
            if len(found) >= wanted:
                break
            if place not in taken and not self._is_same(place, key):
                found.append(place)
        return found

    def _is_same(self, place: int, key: str) -> bool:
        return self._keys[place] == key or shared_pieces(self._keys[place], key) >= _SAME_FROM


def pool_of(rows: pa.Table, *, withheld: bool) -> pa.Table:
    """The comments of the train split that may stand as examples, in the order of their ids.

    Of comments with the same match key the oldest; of each label at most POOL_PER_LABEL, drawn by hash.

    Args:
        rows: Columns comment_id, text, label and split.
        withheld: Whether comments with personal data are kept back.
    """
    own = rows.filter(pc.equal(rows["split"], "train")).select(_COLUMNS).sort_by("comment_id")
    keys, seen, kept = match_keys(own["text"].to_pylist()), set[str](), []
    for place, (key, text) in enumerate(zip(keys, own["text"].to_pylist(), strict=True)):
        if key and key not in seen and not (withheld and find_personal_data(text)):
            kept.append(place)
        seen.add(key)
    return _at_most(own.take(pa.array(kept, pa.int64())))


def read_examples(folder: Path, *, shots: int, sha256: str) -> Examples:
    """The examples that were kept with a model.

    Raises:
        BadInput: they are gone, damaged, or not those that the model was made with.
    """
    try:
        examples = Examples(pq.read_table(folder / FILE, columns=list(_COLUMNS)), shots)
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"The model's {FILE} cannot be read: {error}", hint="Make the model again.") from error
    if examples.sha256 != sha256:
        raise BadInput(
            f"The model's {FILE} is not the one that it was made with.", hint="Make the model again."
        )
    return examples


def _at_most(pool: pa.Table) -> pa.Table:
    counts = Counter(pool["label"].to_pylist())
    if max(counts.values(), default=0) <= POOL_PER_LABEL:
        return pool
    places: dict[str, list[tuple[str, int]]] = {}
    for place, (number, label) in enumerate(
        zip(pool["comment_id"].to_pylist(), pool["label"].to_pylist(), strict=True)
    ):
        places.setdefault(label, []).append((hashlib.sha256(str(number).encode()).hexdigest(), place))
    drawn = sorted(place for own in places.values() for _, place in sorted(own)[:POOL_PER_LABEL])
    return pool.take(pa.array(drawn, pa.int64()))
