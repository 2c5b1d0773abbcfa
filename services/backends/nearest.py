"""The comments of a model's own training that are nearest to a text."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from domain.errors import BadInput
from domain.personal_data import find_personal_data

MOST_ROWS = 100_000  # more are not looked through; every k-th is taken then


@dataclass(frozen=True)
class Neighbour:
    """A training comment; `similarity` is the cosine of both texts' TF-IDF vectors, 0 to 1."""

    comment_id: int
    text: str
    label: str
    split: str
    similarity: float


class TrainingIndex:
    """The train split of a job's snapshot, ready to be searched.

    Args:
        comments: The job's inputs/comments.parquet.
        withheld: Whether comments with personal data were kept back: the model never saw them.

    Attributes:
        searched: Rows that are looked through.
        rows: Rows that the model learned from.

    Raises:
        BadInput: the file is missing or damaged.
    """

    def __init__(self, comments: Path, *, withheld: bool = False) -> None:
        try:
            table = pq.read_table(comments, columns=["comment_id", "text", "label", "split"])
        except (OSError, pa.ArrowException) as error:
            raise BadInput(
                f"The comments that the model learned from cannot be read: {error}",
                hint="They lie in the folder of its job.",
            ) from error
        table = table.filter(pc.equal(table["split"], "train"))
        if withheld:
            sent = [find_personal_data(text) is None for text in table["text"].to_pylist()]
            table = table.filter(pa.array(sent, pa.bool_()))
        self.rows = table.num_rows
        step = -(-self.rows // MOST_ROWS) or 1
        self._table = table.take(pa.array(range(0, self.rows, step), pa.int64()))
        self.searched = self._table.num_rows
        self._vectorizer = TfidfVectorizer(sublinear_tf=True, dtype=np.float32)
        self._vectors = self._fit()

    def nearest(self, text: str, most: int = 5) -> list[Neighbour]:
        """The nearest comments, nearest first; those that share no word with the text are none."""
        if self._vectors is None:
            return []
        found = (self._vectors @ self._vectorizer.transform([text]).T).toarray().ravel()
        best = np.argsort(-found, kind="stable")[:most]
        near = self._table.take(pa.array(best, pa.int64())).to_pylist()
        return [
            Neighbour(**row, similarity=min(float(found[place]), 1.0))
            for row, place in zip(near, best.tolist(), strict=True)
            if found[place] > 0
        ]

    def _fit(self) -> csr_matrix | None:
        try:
            return self._vectorizer.fit_transform(self._table["text"].to_pylist())
        except ValueError:  # what scikit-learn raises where no text has a word
            return None
