"""Rows as files for other programs; no cell of a table runs as a formula, and none loses a letter by that."""

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import BadInput
from domain.text import without_formula
from storage.intake.parent import MARKS_COLUMN

# Told (what is going on, share from 0 to 1); may raise to stop the export, and then no file was touched.
Progress = Callable[[str, float], None]

_EXCEL_REFUSES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_EXCEL_CELL_LIMIT = 32_767
_EXCEL_ROW_LIMIT = 1_048_575


@dataclass(frozen=True)
class Rows:
    """Rows on their way out: their columns, how many there are, and batches that can be taken once."""

    schema: pa.Schema
    count: int
    batches: Iterable[pa.RecordBatch]


def silent(_what: str, _share: float) -> None:
    """Progress that nobody wants to hear of."""


def write_file(rows: Rows, path: Path, *, progress: Progress = silent) -> int:
    """Write the rows in the format that the path's ending names; return how many they were.

    Args:
        path: Ends in one of FORMATS. An existing file is replaced when the new one is whole.

    Raises:
        BadInput: the ending is another, the rows do not fit the format, or the place cannot be written to.
    """
    if path.suffix not in _WRITERS:
        raise BadInput(f"'{path.suffix}' is no format to export to.", hint=f"One of {', '.join(FORMATS)}.")
    draft = path.with_name(f".{path.name}.draft")
    try:
        _WRITERS[path.suffix](Rows(rows.schema, rows.count, told(rows, progress)), draft)
        draft.replace(path)
    except OSError as error:
        raise not_writable(path, error) from error
    finally:
        draft.unlink(missing_ok=True)
    return rows.count


def told(rows: Rows, progress: Progress) -> Iterator[pa.RecordBatch]:
    """The batches, and before each how far it is."""
    done = 0
    for batch in rows.batches:
        progress(f"{done:,} of {rows.count:,} rows written", done / max(rows.count, 1))
        yield batch
        done += batch.num_rows


def not_writable(path: Path, error: OSError) -> BadInput:
    """What a full disk or a folder that is not there is told as."""
    return BadInput(f"{path} cannot be written: {error.strerror or error}.", hint="Choose another place.")


def _values(rows: Rows) -> Iterator[list[Any]]:
    for batch in rows.batches:
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield [
                value.isoformat(timespec="seconds") if isinstance(value, datetime) else value for value in row
            ]


def _write_csv(rows: Rows, path: Path) -> None:
    """A column of its own says which cells got an apostrophe, so that an import can take it off again."""
    names = rows.schema.names
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, MARKS_COLUMN])
        for row in _values(rows):
            safe = [without_formula(value) if isinstance(value, str) else value for value in row]
            marked = (
                quote(name) for name, cell, value in zip(names, safe, row, strict=True) if cell is not value
            )
            writer.writerow([*safe, " ".join(marked)])


def _write_jsonl(rows: Rows, path: Path) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for row in _values(rows):
            cells = [str(cell) if _is_no_json(cell) else cell for cell in row]
            file.write(
                json.dumps(dict(zip(rows.schema.names, cells, strict=True)), ensure_ascii=False) + "\n"
            )


def _is_no_json(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _write_xlsx(rows: Rows, path: Path) -> None:
    import openpyxl  # slow to load, and most sessions never write a worksheet
    from openpyxl.cell import WriteOnlyCell

    if rows.count > _EXCEL_ROW_LIMIT:
        raise BadInput(f"{rows.count:,} rows do not fit a worksheet.", hint="Export CSV or Parquet.")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("comments")
    sheet.append(rows.schema.names)
    for row in _values(rows):
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


def _write_parquet(rows: Rows, path: Path) -> None:
    with pq.ParquetWriter(path, rows.schema, compression="zstd") as writer:
        for batch in rows.batches:
            writer.write_batch(batch)


_WRITERS: dict[str, Callable[[Rows, Path], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".xlsx": _write_xlsx,
    ".parquet": _write_parquet,
}
FORMATS = tuple(_WRITERS)
