"""A whole file read as an import would read it, and nothing kept: what would go in, and what not and why."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from storage.database import Database
from storage.intake.parent import Finding, Reading, parse
from storage.known_rows import compare_known

REPORTED = 1_000

_OTHER_TEXT = "The id stands in the file before with another text."
_KNOWN_OTHERWISE = "The dataset has this id with another text."


@dataclass(frozen=True)
class FileCheck:
    """What reading the whole file gave.

    Attributes:
        accepted: Rows that would go in, those among them that the dataset has.
        known: Of these, rows that the dataset has, so that no comment is added.
        refused: Rows that would not.
        conflicts: Rows whose id stands in the file before, or in the dataset, with another text; the first
            would stay.
        reasons: Reason to rows, those of the most rows first, of the findings that are kept (100,000).
        findings: The first 1,000 rows that would be refused, or would go in with a note.
    """

    accepted: int
    known: int
    refused: int
    conflicts: int
    reasons: dict[str, int]
    findings: tuple[Finding, ...]


def check_file(
    db: Database,
    path: Path,
    *,
    dataset_id: str | None = None,
    columns: dict[str, str],
    reading: Reading | None = None,
    progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> FileCheck:
    """Read all of the file in the process with limits, and tell what came of it.

    Args:
        dataset_id: Where it is meant to go; without one, or if there is none yet, nothing is known.

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
            known = compare_known(db, dataset_id, rows)
    conflicts = known.changed + known.doubled
    reasons = Counter(one.reason for one in found)
    reasons += Counter({_OTHER_TEXT: known.doubled, _KNOWN_OTHERWISE: known.changed})
    return FileCheck(
        rows.num_rows - conflicts,
        known.same,
        parsed.refused_count,
        conflicts,
        dict(reasons.most_common(20)),
        tuple(found[:REPORTED]),
    )
