"""Which format a file is in, and its rows: of a table, JSON, a workbook, an archive or a folder."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from domain.text import shortened
from storage.intake import csv_rows, jsonl_rows, parquet_rows, xlsx_rows
from storage.intake.batch import Batch, FileFormat, FileLook
from storage.intake.cell_objects import cell_column, opened, reader_columns, with_cell_columns
from storage.intake.dataset_folder import data_files
from storage.intake.reading import Reading
from storage.intake.shaping import shaped
from storage.intake.unpacking import is_workbook, unpacked
from storage.intake.whole_rows import WholeRows, is_marked

KNOWN = "CSV, TSV, JSONL, JSON, Parquet, Arrow and XLSX can be read, also as .gz or .zip."
SPLIT = "split"  # the column that the files of a folder have by their names

_FOREIGN = {
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook, or a locked one",
    b"SQLite format 3": "a SQLite database",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}


_Read = Callable[[dict[str, str]], Iterator[Batch]]


def look(path: Path, reading: Reading, scratch: Path) -> FileLook:
    """Format, columns and first rows of the file."""
    if path.is_dir():
        files = data_files(path)
        seen = parquet_rows.look(files[0][0])
        total = sum(file.stat().st_size for file, _ in files)
        return replace(seen, columns=_columns_of_folder(files), bytes=total)
    source, said = _source(path, reading, scratch)
    readers: dict[str, Callable[[], FileLook]] = {
        "csv": partial(csv_rows.look, source, said),
        "jsonl": partial(jsonl_rows.look, source, said),
        "json": partial(jsonl_rows.look, source, said, is_array=True),
        "parquet": partial(parquet_rows.look, source),
        "arrow": partial(parquet_rows.look, source),
        "xlsx": partial(xlsx_rows.look, source, said),
    }
    seen = readers[format_of(source)]()
    return replace(seen, columns=with_cell_columns(seen), bytes=path.stat().st_size)


@dataclass(frozen=True)
class OpenFile:
    """The rows of a file with the fields of comments and votes, and what is known of how it is written."""

    batches: Iterator[Batch]
    columns: tuple[str, ...]
    file_format: FileFormat
    delimiter: str = ""
    quoting: str = ""

    def layout(self) -> dict[str, Any]:
        """What has to be known of the file to tell the cells of one of its lines later."""
        return {
            "columns": list(self.columns),
            "format": self.file_format,
            "delimiter": self.delimiter,
            "quoting": self.quoting,
        }


def rows_of(path: Path, columns: dict[str, str], reading: Reading, scratch: Path) -> Iterator[Batch]:
    """The rows of the file with the fields of comments and votes, as `columns` says."""
    return open_file(path, columns, reading, scratch).batches


def open_file(path: Path, columns: dict[str, str], reading: Reading, scratch: Path) -> OpenFile:
    """The file, its rows not yet read.

    Raises:
        BadInput: the file cannot be read, or lacks a column that is asked for.
    """
    if path.is_dir():
        files = data_files(path)
        present = _columns_of_folder(files)
        _check_columns(columns, present)
        return OpenFile(shaped(_rows_of_folder(files, columns), columns), present, format_of(files[0][0]))
    source, said = _source(path, reading, scratch)
    kind = format_of(source)
    before: list[Batch] = []
    if kind == "csv":
        layout = csv_rows.layout_of(source, said)
        present, read = layout.columns, _csv_reader(source, layout)
        delimiter, quoting = layout.delimiter, layout.quoting
        before = [Batch([], {"text": []}, list(layout.preamble), 0.0)]
    else:
        present, read = _reader(kind, source, said)
        delimiter, quoting = (",", "double") if kind == "xlsx" else ("", "")  # as its refused rows are shown
    _check_columns(columns, present)
    whole = WholeRows(present, kind, delimiter, quoting)
    is_whole = is_marked(present) or (kind in ("csv", "xlsx") and cell_column(columns, present) is not None)
    batches = read(reader_columns(columns, present) | (whole.asked if is_whole else {}))
    if is_marked(present):
        batches = whole.without_unmended(batches)
    batches = opened(batches, columns, present, whole if is_whole else None)
    return OpenFile(shaped(chain(before, batches), columns), present, kind, delimiter, quoting)


def format_of(path: Path) -> FileFormat:
    """The format of the file by its first bytes; its name says nothing.

    Raises:
        BadInput: a format that is not read here.
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if head.startswith(b"PAR1"):
        return "parquet"
    if parquet_rows.is_arrow(path):
        return "arrow"
    if head.startswith(b"PK\x03\x04") and is_workbook(path):
        return "xlsx"
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise BadInput(f"The file is {name}.", hint=KNOWN)
    start = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")
    if start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b"]"):
        return "json"
    return "jsonl" if start.startswith(b"{") else "csv"


def _source(path: Path, reading: Reading, scratch: Path) -> tuple[Path, Reading]:
    """The file to read, unpacked if it was packed; the part that was named is found by then."""
    source = unpacked(path, scratch, part=reading.part)
    return source, reading if source == path else replace(reading, part="")


def _reader(kind: FileFormat, source: Path, said: Reading) -> tuple[tuple[str, ...], _Read]:
    """The columns of a file that is no CSV, and what reads them."""
    if kind in ("jsonl", "json"):
        is_array = kind == "json"
        present = jsonl_rows.columns_of(source, said, is_array=is_array)
        return present, lambda columns: jsonl_rows.batches(source, columns, said, is_array=is_array)
    if kind == "xlsx":
        present = xlsx_rows.columns_of(source, said)
        return present, lambda columns: xlsx_rows.batches(source, columns, said)
    return parquet_rows.columns_of(source), lambda columns: parquet_rows.batches(source, columns)


def _csv_reader(source: Path, layout: csv_rows.CsvLayout) -> _Read:
    return lambda columns: csv_rows.batches(source, layout, columns)


def _columns_of_folder(files: list[tuple[Path, str]]) -> tuple[str, ...]:
    columns = parquet_rows.columns_of(files[0][0])
    return (*columns, SPLIT) if SPLIT not in columns and any(split for _, split in files) else columns


def _rows_of_folder(files: list[tuple[Path, str]], columns: dict[str, str]) -> Iterator[Batch]:
    """The rows of all files, numbered through; each with its split where the rows do not tell it."""
    before = 0
    for number, (path, split) in enumerate(files):
        present = parquet_rows.columns_of(path)
        by_name = [field for field, column in columns.items() if column == SPLIT and SPLIT not in present]
        asked = {field: column for field, column in columns.items() if field not in by_name}
        _check_columns(asked, present)
        last = 0
        for batch in parquet_rows.batches(path, asked):
            fields = batch.fields | {field: [split or None] * len(batch.lines) for field in by_name}
            lines = [before + line for line in batch.lines]
            findings = [replace(one, line=before + one.line) for one in batch.findings]
            last = max([last, *batch.lines[-1:], *(one.line for one in batch.findings)])
            yield Batch(lines, fields, findings, (number + batch.share) / len(files))
        before += last


def _check_columns(columns: dict[str, str], present: tuple[str, ...]) -> None:
    holder = cell_column(columns, present)
    for field, column in columns.items():
        if column not in present and not (holder and column.startswith(f"{holder}.")):
            raise BadInput(
                f"The file has no column {shortened(column)} for the {field}.",
                hint=f"It has {shortened(', '.join(present), 500)}.",
            )
