"""Comments for other programs: a dataset, a part of it or a snapshot, with every vote."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from domain.comments import CommentFilter
from domain.text import without_formula
from services.curation.snapshots import Snapshot, get_snapshot, snapshot_file
from services.release.writers import FORMATS, Progress, Rows, silent, write_file
from storage.comments import count_comments
from storage.database import Database
from storage.datasets import get_dataset
from storage.exports import (
    AT_ONCE,
    get_decisions_then,
    get_snapshot_details,
    get_votes_then,
    reading_comments,
)

__all__ = [
    "FORMATS", "Rows", "csv_of", "export_comments", "export_snapshot", "reading_rows", "snapshot_rows",
    "write_file",
]  # fmt: skip

_OF_SNAPSHOT = (
    "id", "text", "label", "label_from", "split", "author", "thread", "time", "posted_at", "language",
    "score", "source", "annotator_votes", "decision_in_force", "language_found",
    "language_confidence", "comment_id",
)  # fmt: skip


def export_comments(
    db: Database,
    dataset_id: str,
    path: Path,
    *,
    wanted: CommentFilter | None = None,
    progress: Progress = silent,
) -> int:
    """Write comments with the label in force, every vote, and why one is excluded if it is; return how many.

    Args:
        path: Ends in one of FORMATS. An existing file is replaced when the new one is whole.
        wanted: Which comments; all of the dataset if not given.

    Raises:
        NotFound: there is no such dataset.
        BadInput: the ending is another, the rows do not fit the format, or the place cannot be written to.
    """
    get_dataset(db, dataset_id)
    with reading_rows(db, wanted or CommentFilter(dataset_id)) as rows:
        return write_file(rows, path, progress=progress)


def export_snapshot(db: Database, snapshot_id: str, path: Path, *, progress: Progress = silent) -> int:
    """Write the frozen rows of a snapshot with the votes of the moment of the freeze; return how many.

    Raises:
        NotFound: there is no such snapshot, or its file is gone.
        BadInput: as for export_comments.
    """
    return write_file(snapshot_rows(db, get_snapshot(db, snapshot_id)), path, progress=progress)


@contextmanager
def reading_rows(db: Database, wanted: CommentFilter) -> Iterator[Rows]:
    """The comments that the filter asks for, as they are exported."""
    count = count_comments(db, wanted)
    with reading_comments(db, wanted) as reader:
        yield Rows(reader.schema, count, reader)


def snapshot_rows(db: Database, snapshot: Snapshot) -> Rows:
    """The rows of a snapshot, as they are exported.

    Raises:
        NotFound: its file is gone.
    """
    frozen = pq.read_table(snapshot_file(db, snapshot.snapshot_id, "comments.parquet"))
    frozen = frozen.rename_columns(["id" if name == "external_id" else name for name in frozen.column_names])
    more = get_snapshot_details(db, snapshot.snapshot_id)
    votes = get_votes_then(db, snapshot.dataset_id, snapshot.created_at)
    decisions = get_decisions_then(db, snapshot.dataset_id, snapshot.snapshot_id, snapshot.created_at)
    table = _beside(_beside(_beside(frozen, more), votes), decisions).select(_OF_SNAPSHOT)
    return Rows(table.schema, table.num_rows, table.to_batches(max_chunksize=AT_ONCE))


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The rows as CSV text; no cell runs as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([without_formula(name) for name in header])
    for row in rows:
        writer.writerow([without_formula(value) if isinstance(value, str) else value for value in row])
    return text.getvalue()


def _beside(table: pa.Table, more: pa.Table) -> pa.Table:
    """The table with the other columns of `more` for its comments; null where that has none."""
    places = pc.index_in(table["comment_id"], value_set=more["comment_id"].combine_chunks())
    for name in more.column_names:
        if name != "comment_id":
            table = table.append_column(name, more[name].take(places))
    return table
