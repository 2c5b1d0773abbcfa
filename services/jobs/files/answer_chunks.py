"""A prediction in chunks: their order, what is kept of those done, and how long the rest will take."""

import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def longest_first(comments: pa.Table) -> pa.Table:
    """The comments by the length of their text, equal texts beside each other.

    Similar lengths in a chunk need little padding and equal texts are answered once; what fills the memory
    does so at the start, and the time left is not told too small.
    """
    ordered = comments.append_column("length", pc.utf8_length(comments["text"]))
    by = [("length", "descending"), ("text", "ascending"), ("comment_id", "ascending")]
    return ordered.sort_by(by).drop_columns("length").combine_chunks()


class KeptChunks:
    """The answers of the chunks that are done, each a file that is whole or not there."""

    def __init__(self, folder: Path | None) -> None:
        """Keep them in `folder`; with None, keep nothing."""
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def find(self, number: int, batch: pa.RecordBatch) -> pa.Table | None:
        """The answers to the chunk of that number, if an earlier try of the job asked for just them."""
        if self._folder is None or not (file := self._file(number)).exists():
            return None
        try:
            rows = pq.read_table(file)
        except (OSError, pa.ArrowException):
            return None  # the disk was torn from under it; it is asked about again
        asked = pa.chunked_array([batch.column("comment_id")])
        return rows if rows["comment_id"].equals(asked) else None

    def add(self, number: int, rows: pa.Table) -> None:
        """Keep the answers to the chunk of that number."""
        if self._folder is not None:
            file = self._file(number)
            unfinished = file.with_suffix(".tmp")
            pq.write_table(rows, unfinished, compression="zstd")
            unfinished.replace(file)

    def _file(self, number: int) -> Path:
        assert self._folder is not None
        return self._folder / f"chunk-{number:06}.parquet"


class Pace:
    """How far a prediction is, in letters: long comments take longer than short ones."""

    def __init__(self, work: int) -> None:
        """`work` is that of all texts, as work_in() counts it."""
        self._all, self._done, self._asked = work, 0, 0
        self._started = time.monotonic()

    @property
    def share(self) -> float:
        """0 to 1."""
        return self._done / self._all if self._all else 1.0

    @property
    def seconds_left(self) -> float | None:
        """As long as it takes at the pace so far; None until something was asked about."""
        if self._asked == 0:
            return None
        return (time.monotonic() - self._started) / self._asked * (self._all - self._done)

    def did(self, batch: pa.RecordBatch, *, asked: bool) -> None:
        """Count a chunk as done; what was found again says nothing of the pace."""
        work = work_in(batch.column("text"))
        self._done += work
        self._asked += work if asked else 0


def work_in(texts: pa.Array | pa.ChunkedArray) -> int:
    """Letters, and a few for each comment, for an empty one takes time too."""
    return int(pc.sum(pc.utf8_length(texts)).as_py() or 0) + 8 * len(texts)
