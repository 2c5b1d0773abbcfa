"""A whole file read as an import would read it, and nothing kept: what would go in, and what not and why."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from storage.intake.parent import Finding, Reading, parse

REPORTED = 1_000

_OTHER_TEXT = "The id stands in the file before with another text."


@dataclass(frozen=True)
class FileCheck:
    """What reading the whole file gave.

    Attributes:
        accepted: Rows that would go in.
        refused: Rows that would not.
        conflicts: Rows whose id stands in the file before with another text; the first would stay.
        reasons: Reason to rows, those of the most rows first, of the findings that are kept (100,000).
        findings: The first 1,000 rows that would be refused, or would go in with a note.
    """

    accepted: int
    refused: int
    conflicts: int
    reasons: dict[str, int]
    findings: tuple[Finding, ...]


def check_file(
    path: Path,
    *,
    columns: dict[str, str],
    reading: Reading | None = None,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> FileCheck:
    """Read all of the file in the process with limits, and tell what came of it.

    Raises:
        BadInput: the file as a whole cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        parsed = parse(
            path,
            Path(folder),
            columns=columns,
            reading=reading,
            on_progress=lambda rows, share: progress(f"{rows:,} rows read", share),
        )
        with pa.memory_map(str(parsed.findings)) as source:
            found = [Finding(**row) for row in pa.ipc.open_file(source).read_all().to_pylist()]
        with pa.memory_map(str(parsed.rows)) as source:
            rows = pa.ipc.open_file(source).read_all().select(["row", "comment_row", "external_id", "body"])
            rows = rows.filter(pc.equal(rows["row"], rows["comment_row"]))
            accepted, conflicts = rows.num_rows, _conflicts(rows)
    reasons = Counter(one.reason for one in found)
    if conflicts:
        reasons[_OTHER_TEXT] = conflicts
    return FileCheck(
        accepted - conflicts,
        parsed.refused_count,
        conflicts,
        dict(reasons.most_common(20)),
        tuple(found[:REPORTED]),
    )


def _conflicts(rows: pa.Table) -> int:
    """How many rows have an id that came before with another text."""
    ids = pc.value_counts(rows["external_id"].drop_null())
    several = ids.field("values").filter(pc.greater(ids.field("counts"), 1))
    doubled = rows.filter(pc.is_in(rows["external_id"], value_set=several))
    first: dict[str, str] = {}
    pairs = zip(doubled["external_id"].to_pylist(), doubled["body"].to_pylist(), strict=True)
    return sum(first.setdefault(name, body) != body for name, body in pairs)
