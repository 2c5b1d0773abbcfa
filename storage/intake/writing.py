"""The Arrow files that the child hands back: the rows with their sketches, and the findings."""

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa

from storage.intake.batch import FIELDS, FINDINGS_FILE, ROWS_FILE, Batch, Finding
from storage.intake.sketch import BANDS, Hashes, bands_of, key_hashes, match_keys

MAX_FINDINGS = 100_000  # beyond these, refused rows are only counted
_SKETCHED_CHARACTERS = 2_000_000

_COLUMN_OF = {"text": "body", "id": "external_id", "time": "posted_text", "score": "score_text"}
_FIELD_ORDER = ("id", "text", *(field for field in FIELDS if field not in ("id", "text")))

# Rows are numbered through the file; comment_row is the first of the rows that are votes on one comment.
ROWS_SCHEMA = pa.schema(
    [pa.field(name, pa.int64(), nullable=False) for name in ("line", "row", "comment_row")]
    + [
        pa.field(_COLUMN_OF.get(field, field), pa.string(), nullable=field != "text")
        for field in _FIELD_ORDER
    ]
    + [
        pa.field("match_key", pa.uint64(), nullable=False),
        pa.field("bands", pa.list_(pa.uint64()), nullable=False),
    ]
)
FINDINGS_SCHEMA = pa.schema(
    [("line", pa.int64()), ("kind", pa.string()), ("reason", pa.string()), ("raw", pa.string())]
)


def sketched(texts: list[str]) -> tuple[Hashes, pa.ListArray]:
    """The match key hash and the bands of each text; no bands for short keys."""
    hashes, found = [], []
    for part in _portions(texts):
        keys = match_keys(part)
        hashes.append(key_hashes(keys))
        found.append(bands_of(keys))
    bands = np.concatenate([part for part, _ in found])
    has_bands = np.concatenate([part for _, part in found])
    offsets = np.concatenate([[0], np.cumsum(has_bands * BANDS)]).astype(np.int32)
    return np.concatenate(hashes), pa.ListArray.from_arrays(offsets, bands[has_bands].ravel())


def _portions(texts: list[str]) -> list[list[str]]:
    """The texts in parts of a few megabytes: sketches of long ones take many times their memory."""
    if sum(map(len, texts)) <= _SKETCHED_CHARACTERS:
        return [texts]
    parts: list[list[str]] = [[]]
    size = 0
    for text in texts:
        if size and size + len(text) > _SKETCHED_CHARACTERS:
            parts.append([])
            size = 0
        parts[-1].append(text)
        size += len(text)
    return parts


class ArrowFiles:
    """Rows and findings as they are written into a folder; complete when closed without an exception."""

    def __init__(self, into: Path) -> None:
        self._rows = pa.ipc.new_file(str(into / ROWS_FILE), ROWS_SCHEMA)
        self._findings = pa.ipc.new_file(str(into / FINDINGS_FILE), FINDINGS_SCHEMA)
        self.row_count = 0
        self.refused_count = 0
        self._finding_count = 0

    def add(self, batch: Batch, sketches: tuple[Hashes, pa.ListArray]) -> None:
        """Write the rows of the batch with their sketches, and its findings."""
        self.add_findings(batch.findings)
        if not batch.lines:
            return
        hashes, bands = sketches
        count = len(batch.lines)
        rows = np.arange(self.row_count, self.row_count + count)
        first = rows - np.asarray(batch.votes, np.int64) if batch.votes else rows
        columns: list[pa.Array] = [pa.array(batch.lines, pa.int64()), pa.array(rows), pa.array(first)]
        for field in _FIELD_ORDER:
            cells: list[Any] | None = batch.fields.get(field)
            columns.append(pa.nulls(count, pa.string()) if cells is None else pa.array(cells, pa.string()))
        columns += [pa.array(hashes), bands]
        self._rows.write_batch(pa.RecordBatch.from_arrays(columns, schema=ROWS_SCHEMA))
        self.row_count += count

    def add_findings(self, findings: list[Finding]) -> None:
        """Count the findings, and write as many of them as there is room for."""
        self.refused_count += sum(finding.kind == "refused" for finding in findings)
        room = findings[: MAX_FINDINGS - self._finding_count]
        self._finding_count += len(room)
        if room:
            rows = [(one.line, one.kind, one.reason, one.raw) for one in room]
            arrays = [
                pa.array(list(cells), kind)
                for cells, kind in zip(zip(*rows, strict=True), FINDINGS_SCHEMA.types, strict=True)
            ]
            self._findings.write_batch(pa.RecordBatch.from_arrays(arrays, schema=FINDINGS_SCHEMA))

    def __enter__(self) -> "ArrowFiles":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rows.close()
        self._findings.close()
