"""Records of CSV lines; a damaged one is set aside and reading goes on at the next line."""

import csv
import io
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from storage.intake.batch import MAX_FIELD_CHARACTERS

MAX_RECORD_LINES = 1_000

ONE_COLUMN = "\x1f"  # the delimiter of a file that has one column: a character that no cell holds


@dataclass(frozen=True)
class Dialect:
    """What stands between two cells, and how a cell is quoted that holds such a character."""

    delimiter: str
    quoting: str = "double"

    def options(self) -> dict[str, Any]:
        """What `csv.reader` is told."""
        if self.quoting == "none":
            return {"delimiter": self.delimiter, "quoting": csv.QUOTE_NONE}
        quote = "'" if self.quoting == "single" else '"'
        escape = "\\" if self.quoting == "backslash" else None
        return {"delimiter": self.delimiter, "quotechar": quote, "escapechar": escape}


@dataclass
class Records:
    """Records of some lines: record i is `lines[starts[i]:ends[i]]`; findings are (line, reason)."""

    records: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    used: int = 0


def records_of(lines: list[str], dialect: Dialect, *, is_last: bool) -> Records:
    """Every record of the lines; what an unfinished one at the end needs is left unused unless `is_last`.

    Where a quote breaks a record, only its first line is refused and reading starts again at the next line.
    """
    if dialect.quoting == "line":
        return _records_of_lines(lines, dialect)
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    options = dialect.options()
    found = Records()
    start = 0
    while start < len(lines):
        offset = start
        reader = csv.reader(islice(lines, start, None), strict=True, **options)
        try:
            for record in reader:
                end = offset + reader.line_num
                if end - start > MAX_RECORD_LINES:
                    raise csv.Error("too many lines")
                if record:
                    found.records.append(record)
                    found.starts.append(start)
                    found.ends.append(end)
                start = end
        except csv.Error as error:
            unfinished = str(error) == "unexpected end of data" and len(lines) - start <= MAX_RECORD_LINES
            if unfinished and not is_last:
                break
            found.broken.append((start, _quote_reason(str(error))))
            start += 1
    found.used = start
    return found


def cells_of(raw: str, delimiter: str, quoting: str) -> list[str]:
    """The cells of one record, as well as they can be told apart where it is broken."""
    dialect = Dialect(delimiter, quoting)
    lines = io.StringIO(raw, newline="").readlines()
    found = records_of(lines, dialect, is_last=True)
    if len(found.records) == 1 and not found.broken:
        return found.records[0]
    try:
        return next(csv.reader(lines, **dialect.options()), [])
    except csv.Error:
        return [raw]


def _records_of_lines(lines: list[str], dialect: Dialect) -> Records:
    """A record for each line that is not blank; what is no quoted cell keeps its quotes."""
    found = Records(used=len(lines))
    for place, line in enumerate(lines):
        cells = line.rstrip("\r\n").split(dialect.delimiter)
        if cells == [""]:
            continue
        if '"' in line:
            with suppress(csv.Error):
                cells = next(csv.reader([line], strict=True, delimiter=dialect.delimiter))
        if any(len(cell) > MAX_FIELD_CHARACTERS for cell in cells):
            found.broken.append((place, _quote_reason("field limit")))
            continue
        found.records.append(cells)
        found.starts.append(place)
        found.ends.append(place + 1)
    return found


def _quote_reason(error: str) -> str:
    if "expected after" in error:
        return "Text stands after the closing quote of a field."
    if "field limit" in error:
        return f"A field is longer than {MAX_FIELD_CHARACTERS:,} characters, or its quote is never closed."
    if error == "too many lines":
        return (
            f"A quoted field spans more than {MAX_RECORD_LINES:,} lines; its quote is probably never closed."
        )
    if error == "unexpected end of data":
        return "A quote is opened and never closed."
    return f"Not CSV: {error}."
