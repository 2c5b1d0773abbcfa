"""Which comments of a snapshot belong together: a study trains on all of them or asks about all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from domain.errors import BadInput
from domain.text import match_key
from services.jobs.process.worker import RunningJob

LARGEST_SHARE = 0.1  # of all comments, that a group tied by equal texts may hold


@dataclass(frozen=True, eq=False)
class Groups:
    """The group of each comment, shape (n,), whole numbers from 0; and how they came about, in words."""

    of: NDArray[np.int64]
    told: str


def groups_of(job: RunningJob, rows: pa.Table, group_by: str) -> Groups:
    """The groups of these comments, in their order.

    Whole authors (or threads) stay together where the snapshot holds them, and so do comments of the same
    text, unless that would tie many together: a word that everybody says is no sign of a common origin.

    Args:
        job: Whose snapshot it is.
        rows: Its comments: comment_id and text.
        group_by: What the dataset keeps together: author, thread, or none.

    Raises:
        BadInput: the snapshot's file cannot be read.
    """
    names: list[str | None] = [None] * rows.num_rows
    if group_by != "none":
        names = _frozen(job, rows, group_by)
    texts: list[str | None] = [match_key(text) for text in rows["text"].to_pylist()]
    tied = _components([names, texts])
    with_texts = np.bincount(tied).max() <= max(LARGEST_SHARE * rows.num_rows, 1)
    found = tied if with_texts else _components([names])
    parts = []
    if any(name is not None for name in names):
        parts.append(f"all comments of one {group_by}")
    if with_texts:
        parts.append("comments of the same text")
    kept = " and ".join(parts)
    whole = f"{kept[0].upper()}{kept[1:]} stay together" if kept else "No comments are kept together"
    return Groups(found, f"{whole}; near-duplicates are not frozen in a snapshot and may be parted.")


def stratified_order(labels: Sequence[str], groups: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Where each comment stands in a drawn order, strictly between 0 and 1.

    All comments up to a share s are about s of the comments of every label, are whole groups, and are among
    those up to any larger share. A group belongs to the label that most of its comments have.

    Args:
        labels: Of n comments.
        groups: Of the same, shape (n,).
        seed: Of the draw.
    """
    draw = np.random.default_rng(seed)
    _, of = np.unique(groups, return_inverse=True)
    names = np.array(sorted(set(labels)), dtype=object)
    counts = np.zeros((of.max() + 1, len(names)), dtype=np.int64)
    np.add.at(counts, (of, np.searchsorted(names, np.array(labels, dtype=object))), 1)
    main, sizes = counts.argmax(axis=1), counts.sum(axis=1)
    middle = np.empty(len(sizes))
    for label in range(len(names)):
        own = draw.permutation(np.flatnonzero(main == label))
        ends = np.cumsum(sizes[own])
        middle[own] = (ends - sizes[own] / 2) / max(ends[-1:].sum(), 1)
    return np.asarray(middle[of])


def _frozen(job: RunningJob, rows: pa.Table, column: str) -> list[str | None]:
    """The column of the snapshot, in the order of the rows; None throughout where it is not frozen."""
    file = job.folder.path / "inputs" / "comments.parquet"
    try:
        if column not in pq.read_schema(file).names:
            return [None] * rows.num_rows
        table = pq.read_table(file, columns=["comment_id", column])
    except (OSError, pa.ArrowException) as error:
        raise BadInput(
            f"The job's copy of the snapshot cannot be read: {error}", hint="Launch the job again."
        ) from error
    named = dict(zip(table["comment_id"].to_pylist(), table[column].to_pylist(), strict=True))
    return [named[comment_id] or None for comment_id in rows["comment_id"].to_pylist()]


def _components(keys: list[list[str | None]]) -> NDArray[np.int64]:
    """Rows that share a key, directly or over others, get the same number; None is shared with nobody."""
    count = len(keys[0])
    nodes: dict[tuple[int, str], int] = {}
    pairs = []
    for kind, column in enumerate(keys):
        for row, key in enumerate(column):
            if key is not None:
                pairs.append((row, nodes.setdefault((kind, key), count + len(nodes))))
    size = count + len(nodes)
    first, second = zip(*pairs, strict=True) if pairs else ((), ())
    graph = coo_matrix((np.ones(len(pairs)), (first, second)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1][:count], dtype=np.int64)
