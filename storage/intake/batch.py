"""What the three readers hand over: batches of rows, findings, and the limits that all of them keep."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Literal

FIELDS = (
    "text",
    "label",
    "id",
    "author",
    "thread",
    "time",
    "split",
    "language",
    "source",
    "annotator",
    "score",
    "reason",
    "votes",
    "decision",
    "excluded",
)

# A column that only an export of ours has: which cells of its row an apostrophe was put before, because a
# spreadsheet would have run them as a formula.
MARKS_COLUMN = "apostrophe_before"

ABOVE_HEADER = "Stands before the header and was skipped."

ROWS_FILE = "rows.arrow"
FINDINGS_FILE = "findings.arrow"

MAX_FILE_BYTES = 4_000_000_000
MAX_DECODED_BYTES = 2_000_000_000
MAX_ROWS = 5_000_000
MAX_COLUMNS = 200
MAX_FIELD_CHARACTERS = 100_000
MAX_RAW_CHARACTERS = 2_000
LOOK_ROWS = 20
MAX_LABEL_VALUES = 200

FileFormat = Literal["csv", "jsonl", "json", "parquet", "arrow", "xlsx"]


@dataclass(frozen=True)
class Finding:
    """A row that did not go in as it stands: `refused`, or in with a `note`.

    `line` is the physical line where the record starts (the row number for Parquet, 1 is the first);
    `raw` is the beginning of what stands there.
    """

    line: int
    kind: Literal["refused", "note"]
    reason: str
    raw: str


@dataclass(frozen=True)
class FileLook:
    """What a first look at a file shows. Cells of `rows` are cut at 2,000 characters.

    `quoting` is one of `storage.intake.reading.QUOTINGS`, `header` yes or no; both are empty where the format
    has no such thing. `header_line` is where the header stands, 0 where there is none.
    """

    file_format: FileFormat
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    rows: tuple[dict[str, str | None], ...]
    bytes: int
    findings: tuple[Finding, ...]
    quoting: str = ""
    header: str = ""
    header_line: int = 0


@dataclass(frozen=True)
class Batch:
    """Rows in file order, column by column: `fields[name][i]` belongs to the record at `lines[i]`.

    `share` is the share of the file that has been read so far, 0 to 1. `votes` numbers the rows that are
    votes on one comment from 0; empty where each row is a comment of its own.
    """

    lines: Sequence[int]
    fields: dict[str, list[Any]]
    findings: list[Finding]
    share: float
    votes: Sequence[int] = ()


def refusal(line: int, reason: str, raw: str) -> Finding:
    """A finding that refuses the record at `line`."""
    return Finding(line, "refused", reason, storable(raw))


def before_header(lines: Mapping[int, str]) -> tuple[Finding, ...]:
    """A note for each line, by its number, that stands before the header and holds anything."""
    shown = {line: storable(text.rstrip("\r\n")) for line, text in lines.items() if text.strip()}
    return tuple(Finding(line, "note", ABOVE_HEADER, text) for line, text in shown.items())


def storable(text: str, length: int = MAX_RAW_CHARACTERS) -> str:
    r"""The beginning of the text, with what UTF-8 cannot hold written out, as in `\xe9`."""
    shown = []
    for character in text[:length]:
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:  # how surrogateescape keeps a byte that is not UTF-8
            shown.append(f"\\x{code - 0xDC00:02x}")
        else:
            shown.append(f"\\u{code:04x}" if 0xD800 <= code <= 0xDFFF else character)
    return "".join(shown)[:length]


def without_refused(batch: Batch, refused: dict[int, Finding]) -> Batch:
    """The batch without the rows at the places in `refused`, their findings added."""
    if not refused:
        return batch
    kept = [place not in refused for place in range(len(batch.lines))]
    return Batch(
        lines=list(compress(batch.lines, kept)),
        fields={name: list(compress(values, kept)) for name, values in batch.fields.items()},
        findings=batch.findings + list(refused.values()),
        share=batch.share,
    )


def first_rows(batches: Iterable[Batch]) -> tuple[tuple[dict[str, str | None], ...], tuple[Finding, ...]]:
    """The first 20 rows, and the findings up to there (at most 20)."""
    rows: list[dict[str, str | None]] = []
    findings: list[Finding] = []
    for batch in batches:
        wanted = min(len(batch.lines), LOOK_ROWS - len(rows))
        for place in range(wanted):
            cells = {name: values[place] for name, values in batch.fields.items()}
            rows.append({name: None if cell is None else storable(cell) for name, cell in cells.items()})
        is_enough = len(rows) == LOOK_ROWS
        last_line = batch.lines[wanted - 1] if is_enough else None
        findings += [one for one in batch.findings if last_line is None or one.line <= last_line]
        if is_enough or len(findings) >= LOOK_ROWS:
            break
    return tuple(rows), tuple(findings[:LOOK_ROWS])
