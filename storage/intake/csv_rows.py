"""CSV and TSV: records with their lines; a damaged record is refused and reading goes on at the next line."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from domain.errors import BadInput
from storage.intake.batch import MARKS_COLUMN, Batch, FileLook, Finding, first_rows, refusal
from storage.intake.csv_records import ONE_COLUMN, Records, records_of
from storage.intake.dialect import CsvLayout, layout_of, unique_names
from storage.intake.lines import Block, encoding_reason, is_damaged, line_blocks
from storage.intake.reading import Reading

__all__ = ["CsvLayout", "batches", "layout_of", "look", "unique_names"]

MAX_BROKEN_QUOTES = 10_000


def look(path: Path, reading: Reading) -> FileLook:
    """Layout and first rows of the file."""
    layout = layout_of(path, reading)
    rows, findings = first_rows(batches(path, layout, {name: name for name in layout.columns}))
    return FileLook(
        file_format="csv",
        encoding=layout.encoding.removesuffix("-sig"),
        delimiter="" if layout.delimiter == ONE_COLUMN else layout.delimiter,
        columns=layout.columns,
        rows=rows,
        bytes=path.stat().st_size,
        findings=(*layout.preamble, *findings),
        quoting=layout.quoting,
        header="yes" if layout.header else "no",
        header_line=layout.header_line,
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
            place = places.get(unquote(name))
            if place is not None:
                record[place] = record[place].removeprefix("'")


class _Scan:
    """Where reading stands between two blocks: lines not yet used, and how many went before them."""

    def __init__(self, layout: CsvLayout) -> None:
        self._layout = layout
        self._dialect = layout.dialect
        # Of one column, a comment may be the same word.
        self._header = list(layout.header) if len(layout.header) > 1 else []
        self._lines_before_left = layout.lines_before
        self._waiting: list[str] = []
        self._before = 0
        self._broken = 0

    def read(self, block: Block) -> tuple[list[int], list[list[str]], list[Finding]]:
        """Line numbers, records and findings of the waiting lines and the block."""
        lines = self._waiting + self._without_header(block.lines)
        found = records_of(lines, self._dialect, is_last=block.is_last)
        self._count_broken(len(found.broken))
        findings = [refusal(start + self._before + 1, reason, lines[start]) for start, reason in found.broken]
        is_ragged = bool(set(map(len, found.records)) - {len(self._layout.columns)})
        if block.damaged or self._waiting or is_ragged or self._header in found.records:
            findings += self._drop_unfit(found, lines)
            findings.sort(key=lambda finding: finding.line)
        numbers = [start + self._before + 1 for start in found.starts]
        self._waiting = lines[found.used :]
        self._before += found.used
        return numbers, found.records, findings

    def _without_header(self, lines: list[str]) -> list[str]:
        """The lines with those of the header emptied: blank lines are skipped, and the count stays right."""
        blank = min(self._lines_before_left, len(lines))
        self._lines_before_left -= blank
        return [""] * blank + lines[blank:]

    def _count_broken(self, count: int) -> None:
        self._broken += count
        if self._broken > MAX_BROKEN_QUOTES:
            raise BadInput(
                f"More than {MAX_BROKEN_QUOTES:,} records have broken quotes, up to line {self._before + 1}.",
                hint='Check how the file was exported: a quote inside a quoted field is written twice, "".',
            )

    def _drop_unfit(self, found: Records, lines: list[str]) -> list[Finding]:
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
            named = "the header has" if self._layout.header else "the first line has"
            return f"{width} {'field' if width == 1 else 'fields'}, {named} {wanted}."
        if record == self._header:
            return "The header again."
        text = "".join(record)
        return encoding_reason(text, self._layout.encoding) if is_damaged(text) else ""
