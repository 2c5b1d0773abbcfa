"""Answers beside id and text, as files for other programs; no cell of the CSV runs as a formula."""

import csv
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from domain.text import without_formula

CSV, PARQUET = "scored.csv", "scored.parquet"
_DIGITS = 6  # of a score in CSV


class ScoredFiles:
    """Both files as they are written; under their names once the block has ended well."""

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:
        """Write into the folder; `labels` in the order of the scores, a column each."""
        self._folder, self._labels, self._open = folder, tuple(labels), ExitStack()
        names = ["id", "text", "label", "parse_status"]
        self._schema = pa.schema(
            [*((name, pa.string()) for name in names), *((f"score {one}", pa.float32()) for one in labels)]
        )

    def add(self, comments: pa.Table, answers: pa.Table) -> None:
        """Write the comments in their order, each with the answer that carries its comment_id.

        Args:
            comments: Columns comment_id, id and text.
            answers: One for each of them, in any order: comment_id, label, parse_status and scores.
        """
        places = pc.index_in(comments["comment_id"], value_set=answers["comment_id"].combine_chunks())
        found = answers.take(places)
        scores = [
            pc.list_element(found["scores"], place) for place in range(len(self._labels))
        ]  # of a row without scores: none
        table = pa.table(
            [comments["id"], comments["text"], found["label"], found["parse_status"], *scores],
            schema=self._schema,
        )
        self._parquet.write_table(table)
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            self._csv.writerow([_cell(value) for value in row])

    def __enter__(self) -> "ScoredFiles":
        self._parquet = self._open.enter_context(
            pq.ParquetWriter(self._draft(PARQUET), self._schema, compression="zstd")
        )
        file = self._open.enter_context(open(self._draft(CSV), "w", encoding="utf-8", newline=""))
        self._csv = csv.writer(file)
        self._csv.writerow([without_formula(name) for name in self._schema.names])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        if kind is None:
            for name in (PARQUET, CSV):
                self._draft(name).replace(self._folder / name)

    def _draft(self, name: str) -> Path:
        return self._folder / f"{name}.tmp"


def _cell(value: str | float | None) -> str | float | None:
    if isinstance(value, str):
        return without_formula(value)
    return value if value is None else round(value, _DIGITS)
