"""How one CSV or TSV file is written: encoding, delimiter, quoting and header, by its first records."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from domain.column_names import is_usual_name
from domain.errors import BadInput
from storage.intake.batch import MAX_COLUMNS, Finding, before_header
from storage.intake.csv_records import ONE_COLUMN, Dialect, Records, records_of
from storage.intake.encodings import encoding_of
from storage.intake.header_place import header_place
from storage.intake.lines import encoding_reason, is_damaged, line_blocks
from storage.intake.reading import Reading

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 1_000
_SAMPLE_BLOCKS = 3
_ALMOST_ALL, _HALF = 0.99, 0.5
_LONGEST_NAME = 200


@dataclass(frozen=True)
class CsvLayout:
    """How one file is written; `header` is the header as it stands, empty where there is none.

    `lines_before` are those before the first row, with the header; `header_line` is the one it begins on, 0
    where there is none.
    """

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    lines_before: int
    preamble: tuple[Finding, ...]
    quoting: str = "double"
    header: tuple[str, ...] = ()
    header_line: int = 0

    @property
    def dialect(self) -> Dialect:
        return Dialect(self.delimiter, self.quoting)


def layout_of(path: Path, reading: Reading | None = None) -> CsvLayout:
    """The layout of the file; what `reading` says is not guessed.

    The delimiter is the one by which most of the first records are as wide as the header, one that gives a
    header with usual names before others. Lines before a table are a preamble, as `header_place` finds it.

    Raises:
        BadInput: no header, more than 200 columns, or a header that is not text in the encoding.
    """
    said = reading or Reading()
    encoding = said.encoding or encoding_of(path)
    encoding = "utf-8-sig" if encoding == "utf-8" else encoding  # which reads it without a mark too
    lines, is_last = _first_lines(path, encoding)
    first = max(said.header_line - 1, 0)
    before, lines[:first] = lines[:first], [""] * min(first, len(lines))  # blank lines are passed over
    dialect, sample = _dialect(lines, said, is_last=is_last)
    if not sample.records:
        raise _no_header(sample, said)
    place = _place(sample, dialect.delimiter, said)
    skipped = dict(enumerate(before, 1)) if said.header_line else _records_before(sample, lines, place)
    preamble = before_header(skipped)
    header = sample.records[place]
    _check_header(header, sample.starts[place] + 1, encoding)
    if said.header == "no" or (not said.header and _is_data(sample.records[place:])):
        names = tuple(f"column_{number}" for number in range(1, len(header) + 1))
        return CsvLayout(encoding, dialect.delimiter, names, sample.starts[place], preamble, dialect.quoting)
    return CsvLayout(
        encoding, dialect.delimiter, unique_names(header), sample.ends[place], preamble, dialect.quoting,
        tuple(header), sample.starts[place] + 1,
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
    delimiter = max(marks, key=lambda mark: _consistency(samples[mark], mark, said))
    if not said.delimiter and not any(_is_table(samples[mark], mark, said) for mark in marks):
        delimiter = ONE_COLUMN
        samples[delimiter] = records_of(short, Dialect(delimiter, quoting), is_last=is_all)
    if said.quoting or delimiter == ONE_COLUMN:
        return Dialect(delimiter, quoting), samples[delimiter]
    tried = {
        quoting: records_of(lines, Dialect(delimiter, quoting), is_last=is_last)
        for quoting in _possible_quotings(lines, delimiter)
    }
    shares = {quoting: _consistency(sample, delimiter, said)[1] for quoting, sample in tried.items()}
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


def _place(sample: Records, delimiter: str, said: Reading) -> int:
    """Which record is the header; where its line was said, all before it is gone already."""
    return 0 if said.header_line else header_place(sample.records, delimiter)


def _is_table(sample: Records, delimiter: str, said: Reading) -> bool:
    return bool(sample.records) and len(sample.records[_place(sample, delimiter, said)]) > 1


def _consistency(sample: Records, delimiter: str, said: Reading) -> tuple[bool, float, int]:
    """How well a dialect fits: is a name usual, what share of records is as wide as the header, how wide."""
    if not sample.records:
        return False, 0.0, 0
    place = _place(sample, delimiter, said)
    header, rows = sample.records[place], sample.records[place:]
    if len(header) < 2:
        return False, 0.0, 0
    share = sum(len(record) == len(header) for record in rows) / (len(rows) + len(sample.broken))
    is_named = share >= _HALF and any(map(is_usual_name, header))
    return is_named, (share * 0.9 if place else share), len(header)


def _records_before(sample: Records, lines: list[str], place: int) -> dict[int, str]:
    """Line to what stands there, for the records before the header."""
    ends = zip(sample.starts[:place], sample.ends[:place], strict=True)
    return {start + 1: "".join(lines[start:end]) for start, end in ends}


def _no_header(sample: Records, said: Reading) -> BadInput:
    hint = "The first line must name the columns, separated by commas, semicolons, tabs or bars."
    if said.header_line and not sample.broken:
        return BadInput(f"No line from {said.header_line} on names the columns.", hint="Say another line.")
    why = sample.broken[0][1] if sample.broken else "It has only blank lines."
    return BadInput(f"The file has no header line that can be read. {why}", hint=hint)


def _is_data(records: list[list[str]]) -> bool:
    """Whether the first record is no header: it has a number, or a cell that comes again in its column."""
    first, rest = records[0], records[1:]
    if any(map(is_usual_name, first)):
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
