"""CSV and TSV: records with their lines; a damaged record is refused and reading goes on at the next line."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from domain.errors import BadInput
from storage.intake.batch import (
    MARKS_COLUMN,
    MAX_COLUMNS,
    MAX_FIELD_CHARACTERS,
    Batch,
    FileLook,
    Finding,
    first_rows,
    refusal,
    storable,
)
from storage.intake.lines import Block, encoding_of, encoding_reason, is_damaged, line_blocks

MAX_RECORD_LINES = 1_000
MAX_BROKEN_QUOTES = 10_000
MAX_PREAMBLE_LINES = 10

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 1_000
_SAMPLE_BLOCKS = 3
_MIN_TABLE_COLUMNS = 3  # fewer may be prose with a comma in it


@dataclass(frozen=True)
class CsvLayout:
    """How one file is written: found from its first records."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    header_line: int
    preamble: tuple[Finding, ...]


@dataclass
class _Records:
    """Records of some lines: record i is `lines[starts[i]:ends[i]]`; findings are (line, reason)."""

    records: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    used: int = 0


def layout_of(path: Path) -> CsvLayout:
    """Encoding, delimiter and header of the file.

    The delimiter is the one by which most of the first records are as wide as the header. Single-field lines
    before a table of three columns or more are a preamble, not the header.

    Raises:
        BadInput: no header, more than 200 columns, or a header that is not text in the encoding.
    """
    encoding = encoding_of(path)
    lines, is_last = _first_lines(path, encoding)
    samples = {mark: _records(lines, mark, is_last=is_last) for mark in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda mark: _consistency(samples[mark]))
    sample = samples[delimiter]
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
    return CsvLayout(encoding, delimiter, unique_names(header), sample.ends[place], preamble)


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


def look(path: Path, size: int) -> FileLook:
    """Layout and first rows of the file."""
    layout = layout_of(path)
    rows, findings = first_rows(batches(path, layout, {name: name for name in layout.columns}))
    return FileLook(
        file_format="csv",
        encoding=layout.encoding.removesuffix("-sig"),
        delimiter=layout.delimiter,
        columns=layout.columns,
        rows=rows,
        bytes=size,
        findings=(*layout.preamble, *findings),
    )


def batches(path: Path, layout: CsvLayout, columns: dict[str, str]) -> Iterator[Batch]:
    """The wanted columns (field name to column name) of every record after the header, cells as they stand.

    An empty cell is None, except in the text, where it is an empty text.

    Raises:
        BadInput: more than 10,000 records have broken quotes, or a line is too long.
    """
    places = {name: layout.columns.index(column) for name, column in columns.items()}
    scan = _Scan(layout)
    for block in line_blocks(path, layout.encoding):
        lines, records, findings = scan.read(block)
        if MARKS_COLUMN in layout.columns:
            _take_marks(records, layout.columns)
        values = {name: _column(records, place, keep_empty=name == "text") for name, place in places.items()}
        yield Batch(lines, values, findings, block.share)


def _column(records: list[list[str]], place: int, *, keep_empty: bool) -> list[str | None]:
    if keep_empty:
        return [record[place] for record in records]
    return [record[place] or None for record in records]


def _take_marks(records: list[list[str]], columns: tuple[str, ...]) -> None:
    """Take away the apostrophes that an export of ours put before what looks like a formula."""
    places = {name: place for place, name in enumerate(columns)}
    for record in records:
        for name in record[places[MARKS_COLUMN]].split():
            place = places.get(name)
            if place is not None:
                record[place] = record[place].removeprefix("'")


class _Scan:
    """Where reading stands between two blocks: lines not yet used, and how many went before them."""

    def __init__(self, layout: CsvLayout) -> None:
        self._layout = layout
        self._header_lines_left = layout.header_line
        self._waiting: list[str] = []
        self._before = 0
        self._broken = 0

    def read(self, block: Block) -> tuple[list[int], list[list[str]], list[Finding]]:
        """Line numbers, records and findings of the waiting lines and the block."""
        lines = self._waiting + self._without_header(block.lines)
        found = _records(lines, self._layout.delimiter, is_last=block.is_last)
        self._count_broken(len(found.broken))
        findings = [refusal(start + self._before + 1, reason, lines[start]) for start, reason in found.broken]
        if block.damaged or self._waiting or set(map(len, found.records)) - {len(self._layout.columns)}:
            findings += self._drop_unfit(found, lines)
            findings.sort(key=lambda finding: finding.line)
        numbers = [start + self._before + 1 for start in found.starts]
        self._waiting = lines[found.used :]
        self._before += found.used
        return numbers, found.records, findings

    def _without_header(self, lines: list[str]) -> list[str]:
        """The lines with those of the header emptied: blank lines are skipped, and the count stays right."""
        blank = min(self._header_lines_left, len(lines))
        self._header_lines_left -= blank
        return [""] * blank + lines[blank:]

    def _count_broken(self, count: int) -> None:
        self._broken += count
        if self._broken > MAX_BROKEN_QUOTES:
            raise BadInput(
                f"More than {MAX_BROKEN_QUOTES:,} records have broken quotes, up to line {self._before + 1}.",
                hint='Check how the file was exported: a quote inside a quoted field is written twice, "".',
            )

    def _drop_unfit(self, found: _Records, lines: list[str]) -> list[Finding]:
        """Take out the records that are not text or not as wide as the header."""
        findings, kept = [], []
        for place, record in enumerate(found.records):
            reason = self._reason_against(record)
            if reason:
                start = found.starts[place]
                raw = "".join(lines[start : found.ends[place]]).rstrip("\r\n")
                findings.append(refusal(start + self._before + 1, reason, raw))
            else:
                kept.append(place)
        found.records = [found.records[place] for place in kept]
        found.starts = [found.starts[place] for place in kept]
        return findings

    def _reason_against(self, record: list[str]) -> str:
        width, wanted = len(record), len(self._layout.columns)
        if width != wanted:
            return f"{width} {'field' if width == 1 else 'fields'}, the header has {wanted}."
        text = "".join(record)
        return encoding_reason(text, self._layout.encoding) if is_damaged(text) else ""


def _records(lines: list[str], delimiter: str, *, is_last: bool) -> _Records:
    """Every record of the lines; what an unfinished one at the end needs is left unused unless `is_last`.

    Where a quote breaks a record, only its first line is refused and reading starts again at the next line.
    """
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    found = _Records()
    start = 0
    while start < len(lines):
        offset = start
        reader = csv.reader(islice(lines, start, None), delimiter=delimiter, strict=True)
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


def _first_lines(path: Path, encoding: str) -> tuple[list[str], bool]:
    lines: list[str] = []
    for block in islice(line_blocks(path, encoding), _SAMPLE_BLOCKS):
        lines += block.lines
        if block.is_last or len(lines) >= _SAMPLE_LINES:
            return lines[:_SAMPLE_LINES], block.is_last and len(lines) <= _SAMPLE_LINES
    return lines, False


def _header_place(records: list[list[str]]) -> int:
    """Which record is the header: the first, unless one-field lines stand before a table."""
    for place, record in enumerate(records[: MAX_PREAMBLE_LINES + 1]):
        if len(record) > 1:
            is_table = len(record) >= _MIN_TABLE_COLUMNS and place < len(records) - 1
            same = sum(len(other) == len(record) for other in records[place:])
            return place if is_table and same >= 0.9 * (len(records) - place) else 0
    return 0


def _consistency(sample: _Records) -> tuple[float, int]:
    """How well a delimiter fits: the share of records as wide as the header, and that width if above one."""
    if not sample.records:
        return 0.0, 0
    place = _header_place(sample.records)
    width = len(sample.records[place])
    if width < 2:
        return 0.0, 0
    same = sum(len(record) == width for record in sample.records)
    share = same / (len(sample.records) + len(sample.broken))
    return (share * 0.9 if place else share), width


def _check_header(header: list[str], line: int, encoding: str) -> None:
    if is_damaged("".join(header)):
        reason = encoding_reason("".join(header), encoding)
        raise BadInput(f"Line {line}, the header, cannot be read. {reason}", hint="Save the file as UTF-8.")
    if len(header) > MAX_COLUMNS:
        raise BadInput(
            f"The header has {len(header)} columns; at most {MAX_COLUMNS} are read.",
            hint="Export only the columns that are needed.",
        )
