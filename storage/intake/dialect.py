"""How one CSV or TSV file is written: encoding, delimiter, quoting and header, by its first records."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from domain.errors import BadInput
from storage.intake.batch import MAX_COLUMNS, Finding, storable
from storage.intake.csv_records import ONE_COLUMN, Dialect, Records, records_of
from storage.intake.encodings import encoding_of
from storage.intake.lines import encoding_reason, is_damaged, line_blocks
from storage.intake.reading import Reading

MAX_PREAMBLE_LINES = 10

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 1_000
_SAMPLE_BLOCKS = 3
_MIN_TABLE_COLUMNS = 3  # fewer may be prose with a comma in it
_ALMOST_ALL = 0.99
_LONGEST_NAME = 200
_USUAL_NAME = re.compile(
    r"[\w.:-]{0,30}(text|comment|label|tweet|message|body|content|class|toxic|score|author|user|prompt)[\w.:-]{0,30}"
    r"|id|n|index|split|date|time|lang|language|group|target|source",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class CsvLayout:
    """How one file is written; `header` is the header as it stands, empty where there is none."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    header_line: int
    preamble: tuple[Finding, ...]
    quoting: str = "double"
    header: tuple[str, ...] = ()

    @property
    def dialect(self) -> Dialect:
        return Dialect(self.delimiter, self.quoting)


def layout_of(path: Path, reading: Reading | None = None) -> CsvLayout:
    """The layout of the file; what `reading` says is not guessed.

    The delimiter is the one by which most of the first records are as wide as the header. Single-field lines
    before a table of three columns or more are a preamble, not the header.

    Raises:
        BadInput: no header, more than 200 columns, or a header that is not text in the encoding.
    """
    said = reading or Reading()
    encoding = said.encoding or encoding_of(path)
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding  # which reads it without a mark too
    lines, is_last = _first_lines(path, encoding)
    dialect, sample = _dialect(lines, said, is_last=is_last)
    if not sample.records:
        why = sample.broken[0][1] if sample.broken else "It has only blank lines."
        raise BadInput(
            f"The file has no header line that can be read. {why}",
            hint="The first line must name the columns, separated by commas, semicolons, tabs or bars.",
        )
    place = _header_place(sample.records)
    preamble = tuple(
        Finding(start + 1, "note", "Stands before the header and was skipped.", storable(record[0]))
        for start, record in zip(sample.starts[:place], sample.records[:place], strict=True)
    )
    header = sample.records[place]
    _check_header(header, sample.starts[place] + 1, encoding)
    if said.header == "no" or (not said.header and _is_data(sample.records[place:])):
        names = tuple(f"column_{number}" for number in range(1, len(header) + 1))
        return CsvLayout(encoding, dialect.delimiter, names, sample.starts[place], preamble, dialect.quoting)
    return CsvLayout(
        encoding, dialect.delimiter, unique_names(header), sample.ends[place], preamble, dialect.quoting,
        tuple(header),
    )  # fmt: skip


def unique_names(header: Sequence[str]) -> tuple[str, ...]:
    """The header with doubled names numbered, as in a, a_1, and empty ones named after their place."""
    names: list[str] = []
    taken = set(header)
    for place, name in enumerate(header):
        wanted = name or f"column_{place + 1}"
        if wanted in names or (not name and wanted in taken):
            number = 1
            while f"{wanted}_{number}" in taken:
                number += 1
            wanted = f"{wanted}_{number}"
        taken.add(wanted)
        names.append(wanted)
    return tuple(names)


def _first_lines(path: Path, encoding: str) -> tuple[list[str], bool]:
    """The lines of the first megabytes, and whether these are all."""
    lines: list[str] = []
    for block in islice(line_blocks(path, encoding), _SAMPLE_BLOCKS):
        lines += block.lines
        if block.is_last:
            return lines, True
    return lines, False


def _dialect(lines: list[str], said: Reading, *, is_last: bool) -> tuple[Dialect, Records]:
    """The dialect that fits best, and the first records by it.

    Between tabs a record ends with its line, if nearly all lines are whole: a table of that kind has no cell
    of two lines, and a quote that is not closed would swallow the next. Elsewhere quotes are what CSV has,
    unless another way fits more records, and fits nearly all.
    """
    short, is_all = lines[:_SAMPLE_LINES], is_last and len(lines) <= _SAMPLE_LINES
    quoting = said.quoting or "double"
    marks = (said.delimiter,) if said.delimiter else _DELIMITERS
    samples = {mark: records_of(short, Dialect(mark, quoting), is_last=is_all) for mark in marks}
    delimiter = max(marks, key=lambda mark: _consistency(samples[mark]))
    if not said.delimiter and not any(map(_is_table, samples.values())):
        delimiter = ONE_COLUMN
        samples[delimiter] = records_of(short, Dialect(delimiter, quoting), is_last=is_all)
    if said.quoting or delimiter == ONE_COLUMN:
        return Dialect(delimiter, quoting), samples[delimiter]
    tried = {
        quoting: records_of(lines, Dialect(delimiter, quoting), is_last=is_last)
        for quoting in _possible_quotings(lines, delimiter)
    }
    shares = {quoting: _consistency(sample)[0] for quoting, sample in tried.items()}
    best = max(tried, key=lambda quoting: shares[quoting])  # of equal ones the first
    best = best if shares[best] >= _ALMOST_ALL else "double"
    if shares.get("line", 0.0) >= _ALMOST_ALL:
        best = "line"
    return Dialect(delimiter, best), tried[best]


def _possible_quotings(lines: list[str], delimiter: str) -> list[str]:
    has_double = any('"' in line for line in lines)
    possible = ["double"]
    if has_double and any('\\"' in line for line in lines):
        possible.append("backslash")
    if not has_double and any("'" in line for line in lines):
        possible.append("single")
    if has_double and delimiter == "\t":
        possible.append("line")
    return possible


def _is_table(sample: Records) -> bool:
    return bool(sample.records) and len(sample.records[_header_place(sample.records)]) > 1


def _header_place(records: list[list[str]]) -> int:
    """Which record is the header: the first, unless one-field lines stand before a table."""
    for place, record in enumerate(records[: MAX_PREAMBLE_LINES + 1]):
        if len(record) > 1:
            is_table = len(record) >= _MIN_TABLE_COLUMNS and place < len(records) - 1
            same = sum(len(other) == len(record) for other in records[place:])
            return place if is_table and same >= 0.9 * (len(records) - place) else 0
    return 0


def _consistency(sample: Records) -> tuple[float, int]:
    """How well a dialect fits: the share of records as wide as the header, and that width if above one."""
    if not sample.records:
        return 0.0, 0
    place = _header_place(sample.records)
    width = len(sample.records[place])
    if width < 2:
        return 0.0, 0
    same = sum(len(record) == width for record in sample.records)
    share = same / (len(sample.records) + len(sample.broken))
    return (share * 0.9 if place else share), width


def _is_data(records: list[list[str]]) -> bool:
    """Whether the first record is no header: it has a number, or a cell that comes again in its column."""
    first, rest = records[0], records[1:]
    if any(_USUAL_NAME.fullmatch(cell.strip()) for cell in first):
        return False
    if any(cell.lstrip().startswith(("{", "[")) for cell in first):
        return True
    if any(_is_number(cell) or len(cell) > _LONGEST_NAME for cell in first):
        return bool(rest) or len(first) > 1
    columns = list(zip(*(record for record in rest if len(record) == len(first)), strict=True))
    return len(rest) > 1 and any(
        cell and column.count(cell) * 2 > len(column) for cell, column in zip(first, columns, strict=False)
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.strip().casefold() not in ("nan", "inf", "infinity")


def _check_header(header: list[str], line: int, encoding: str) -> None:
    if is_damaged("".join(header)):
        reason = encoding_reason("".join(header), encoding)
        raise BadInput(f"Line {line}, the header, cannot be read. {reason}", hint="Save the file as UTF-8.")
    if len(header) > MAX_COLUMNS:
        raise BadInput(
            f"The header has {len(header)} columns; at most {MAX_COLUMNS} are read.",
            hint="Export only the columns that are needed.",
        )
