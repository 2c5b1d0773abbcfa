"""Excel workbooks: one sheet, row by row, with the values that its formulas had when it was saved."""

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from domain.text import shortened, visible
from storage.intake.batch import (
    MAX_COLUMNS,
    MAX_FIELD_CHARACTERS,
    Batch,
    FileLook,
    Finding,
    before_header,
    first_rows,
    refusal,
    storable,
)
from storage.intake.dialect import unique_names
from storage.intake.header_place import header_place
from storage.intake.reading import Reading
from storage.intake.unpacking import check_member

MAX_SHARED_BYTES = 200_000_000  # the texts of a workbook are held in memory
_BATCH_ROWS = 2_000
_SAMPLE_ROWS = 60
# What a library does with a file that is no workbook; a list of every way to say so.
_DAMAGE = (
    ArithmeticError, AttributeError, LookupError, NotImplementedError, OSError, RuntimeError, SyntaxError,
    TypeError, ValueError, zipfile.BadZipFile,
)  # fmt: skip


def columns_of(path: Path, reading: Reading) -> tuple[str, ...]:
    """The first row of the sheet that holds anything.

    Raises:
        BadInput: the workbook cannot be read, or has more than 200 columns.
    """
    with _rows(path, reading) as rows:
        return _top_of(rows, reading).names


def look(path: Path, reading: Reading) -> FileLook:
    """Columns and first rows of the sheet."""
    with _rows(path, reading) as found:
        top = _top_of(found, reading)
    rows, findings = first_rows(batches(path, {name: name for name in top.names}, reading))
    return FileLook(
        "xlsx", "", "", top.names, rows, path.stat().st_size, findings,
        header="yes" if top.header_line else "no", header_line=top.header_line,
    )  # fmt: skip


def batches(path: Path, columns: dict[str, str], reading: Reading) -> Iterator[Batch]:
    """The wanted columns (field name to column name) of every row; the line is the row of the sheet.

    An empty cell is None, except in the text, where it is an empty text; rows of empty cells are left out.
    """
    with _rows(path, reading) as rows:
        top = _top_of(rows, reading)
        places = {field: top.names.index(column) for field, column in columns.items()}
        lines: list[int] = []
        fields: dict[str, list[str | None]] = {field: [] for field in columns}
        findings = list(top.preamble)
        for line, cells in top.rows:
            reason = _reason_against(cells, len(top.names))
            if reason:
                findings.append(refusal(line, reason, _as_csv(cells)))
            elif any(cells):
                lines.append(line)
                for field, place in places.items():
                    cell = cells[place] if place < len(cells) else None
                    fields[field].append((cell or "") if field == "text" else cell or None)
            if len(lines) + len(findings) >= _BATCH_ROWS:
                yield Batch(lines, fields, findings, 0.5)
                lines, findings, fields = [], [], {field: [] for field in columns}
        yield Batch(lines, fields, findings, 1.0)


_Row = tuple[int, list[str | None]]


@dataclass(frozen=True)
class _Top:
    """The names of the columns, the row they stand in (0 where in none), what is above it and what below."""

    names: tuple[str, ...]
    header_line: int
    preamble: tuple[Finding, ...]
    rows: Iterator[_Row]


@contextmanager
def _rows(path: Path, reading: Reading) -> Iterator[Iterator[_Row]]:
    import openpyxl  # slow to load, and most files are no workbook

    _check_archive(path)
    book, file = None, path.open("rb")  # from a path, the library would go by its ending
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheet = _sheet(book, reading)
        sheet.reset_dimensions()  # a file may say that it has a million columns
        yield (
            (line, [_text(cell) for cell in row])
            for line, row in enumerate(sheet.iter_rows(values_only=True), 1)
        )
    except BadInput:
        raise
    except _DAMAGE as error:
        deepest = error.__cause__ or error.__context__ or error  # what the library wraps, which names no path
        why = shortened(visible(f"{type(deepest).__name__} {deepest}"), 200)
        raise BadInput(
            f"The workbook cannot be read: {why}",
            hint="Open it in a spreadsheet program and save it again, or as CSV.",
        ) from error
    finally:
        if book is not None:
            book.close()
        file.close()


def _check_archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            check_member(member)
            if "sharedstrings" in member.filename.casefold() and member.file_size > MAX_SHARED_BYTES:
                raise BadInput(
                    f"The texts of the workbook are more than {MAX_SHARED_BYTES:,} bytes.",
                    hint="Save the sheet as CSV.",
                )


def _sheet(book: Any, reading: Reading) -> Any:
    names = [sheet.title for sheet in book.worksheets]
    if reading.part and reading.part not in names:
        raise BadInput(
            f"The workbook has no sheet '{shortened(visible(reading.part))}'.",
            hint=f"It has {shortened(visible(', '.join(names)), 500)}.",
        )
    if not names:
        raise BadInput("The workbook has no sheet of cells.", hint="Save the table as CSV.")
    return book[reading.part or names[0]]


def _top_of(rows: Iterator[_Row], reading: Reading) -> _Top:
    """What stands above the rows, and the rows."""
    filled = ((line, cells) for line, cells in rows if any(cells))
    first = list(islice(filled, max(_SAMPLE_ROWS, reading.header_line)))
    if reading.header_line:
        place = sum(line < reading.header_line for line, _ in first)
    else:
        place = _guessed_place(first)
    if place == len(first):
        raise BadInput("The sheet is empty there.", hint="Name another sheet: --read part=SHEET.")
    preamble = before_header({line: _as_csv(cells) for line, cells in first[:place]})
    header_line, cells = first[place]
    while cells and cells[-1] is None:
        cells = cells[:-1]
    if len(cells) > MAX_COLUMNS:
        raise BadInput(
            f"The sheet has {len(cells)} columns; at most {MAX_COLUMNS} are read.",
            hint="Save only the columns that are needed.",
        )
    if reading.header == "no":
        names = tuple(f"column_{number}" for number in range(1, len(cells) + 1))
        return _Top(names, 0, preamble, chain(first[place:], filled))
    names = unique_names([storable(cell or "") for cell in cells])
    return _Top(names, header_line, preamble, chain(first[place + 1 :], filled))


def _guessed_place(first: list[_Row]) -> int:
    width = max((len(cells) for _, cells in first), default=0)
    return header_place([[cell or "" for cell in cells] + [""] * (width - len(cells)) for _, cells in first])


def _as_csv(cells: list[str | None]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="").writerow(cells[:MAX_COLUMNS])
    return text.getvalue()


def _reason_against(cells: list[str | None], width: int) -> str:
    if any(cells[width:]):
        return f"{len(cells)} cells, the header has {width}."
    if any(cell and len(cell) > MAX_FIELD_CHARACTERS for cell in cells):
        return f"A cell is longer than {MAX_FIELD_CHARACTERS:,} characters."
    return ""


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
