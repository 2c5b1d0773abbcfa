"""A whole file read as an import would read it, and nothing kept: what would go in, and what not and why."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from storage.intake.parent import Finding, Reading, parse

REPORTED = 1_000


@dataclass(frozen=True)
class FileCheck:
    """What reading the whole file gave.

    Attributes:
        accepted: Rows that would go in; a row with votes of several people is as many.
        refused: Rows that would not.
        reasons: Reason to rows, those of the most rows first, of the findings that are kept (100,000).
        findings: The first 1,000 rows that would be refused, or would go in with a note.
    """

    accepted: int
    refused: int
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
    reasons = Counter(one.reason for one in found)
    return FileCheck(
        parsed.row_count, parsed.refused_count, dict(reasons.most_common(20)), tuple(found[:REPORTED])
    )
