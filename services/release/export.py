"""Comments as files for other programs; no cell of a table runs as a formula."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import BadInput
from domain.text import without_formula
from services.curation.snapshots import snapshot_file
from storage.comments import get_comments_table
from storage.database import Database
from storage.datasets import get_dataset

_EXCEL_REFUSES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_EXCEL_CELL_LIMIT = 32_767
_EXCEL_ROW_LIMIT = 1_048_575


def export_comments(db: Database, dataset_id: str, path: Path) -> int:
    """Write every comment with its label in force and why it is excluded; return how many.

    Args:
        path: Ends in .csv, .jsonl, .xlsx or .parquet. An existing file is replaced when the new one is whole.

    Raises:
        BadInput: the ending is another, the rows do not fit the format, or the place cannot be written to.
    """
    get_dataset(db, dataset_id)
    return write_table(get_comments_table(db, dataset_id), path)


def export_snapshot(db: Database, snapshot_id: str, path: Path) -> int:
    """Write the frozen rows of a snapshot (comment_id, text, label, split); return how many.

    Args:
        path: As for export_comments. Of these formats, CSV and XLSX mark what would run as a formula.

    Raises:
        NotFound: there is no such snapshot, or its file is gone.
        BadInput: as for export_comments.
    """
    file = snapshot_file(db, snapshot_id, "comments.parquet")
    return write_table(pq.read_table(file, columns=["comment_id", "text", "label", "split"]), path)


def write_table(table: pa.Table, path: Path) -> int:
    """Write the table in the format that the path's ending names; return its number of rows."""
    if path.suffix not in _WRITERS:
        raise BadInput(f"'{path.suffix}' is no format to export to.", hint=f"One of {', '.join(_WRITERS)}.")
    draft = path.with_name(f".{path.name}.draft")
    try:
        _WRITERS[path.suffix](table, draft)
        draft.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"{path} cannot be written: {reason}.", hint="Choose another place.") from error
    finally:
        draft.unlink(missing_ok=True)
    return int(table.num_rows)


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The rows as CSV text; no cell runs as a formula."""
    text = io.StringIO(newline="")
    _write_rows(text, header, rows)
    return text.getvalue()


def _rows(table: pa.Table) -> Iterator[list[Any]]:
    for batch in table.to_batches(max_chunksize=10_000):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield [
                value.isoformat(timespec="seconds") if isinstance(value, datetime) else value for value in row
            ]


def _write_csv(table: pa.Table, path: Path) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        _write_rows(file, table.column_names, _rows(table))


def _write_rows(file: TextIO, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(file)
    writer.writerow([without_formula(name) for name in header])
    for row in rows:
        writer.writerow([without_formula(value) if isinstance(value, str) else value for value in row])


def _write_jsonl(table: pa.Table, path: Path) -> None:
    with open(path, "w", encoding="utf-8") as file:
        for row in _rows(table):
            file.write(json.dumps(dict(zip(table.column_names, row, strict=True)), ensure_ascii=False) + "\n")


def _write_xlsx(table: pa.Table, path: Path) -> None:
    import openpyxl  # slow to load, and most sessions never write a worksheet
    from openpyxl.cell import WriteOnlyCell

    if table.num_rows > _EXCEL_ROW_LIMIT:
        raise BadInput(f"{table.num_rows:,} rows do not fit a worksheet.", hint="Export CSV or Parquet.")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("comments")
    sheet.append(table.column_names)
    for row in _rows(table):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=_excel_text(value) if isinstance(value, str) else value)
            if isinstance(value, str):
                cell.data_type = "s"  # text, also where it begins like a formula
            cells.append(cell)
        sheet.append(cells)
    book.save(path)


def _excel_text(value: str) -> str:
    return _EXCEL_REFUSES.sub("�", without_formula(value))[:_EXCEL_CELL_LIMIT]


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


_WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".xlsx": _write_xlsx,
    ".parquet": _write_parquet,
}
