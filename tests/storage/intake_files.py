"""Files for the intake tests, and what came of parsing them."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from storage.intake.parent import ParsedFile, Reading, parse

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "csv_samples"


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "upload"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def parsed(path: Path, reading: Reading | None = None, **columns: str) -> ParsedFile:
    into = path.parent / "parsed"
    into.mkdir(exist_ok=True)
    return parse(path, into, columns=columns, reading=reading)


def table_of(path: Path) -> list[dict[str, Any]]:
    return pa.ipc.open_file(str(path)).read_all().to_pylist()


def rows_of(path: Path, reading: Reading | None = None, **columns: str) -> list[dict[str, Any]]:
    return table_of(parsed(path, reading, **columns).rows)


def texts_of(path: Path, text: str = "text") -> list[str]:
    return [row["body"] for row in rows_of(path, text=text)]


def outcome_of(
    path: Path, reading: Reading | None = None, **columns: str
) -> tuple[list[str], list[tuple[int, str]]]:
    result = parsed(path, reading, **columns)
    refused = [(row["line"], row["reason"]) for row in table_of(result.findings)]
    return [row["body"] for row in table_of(result.rows)], refused


def findings_of(path: Path, **columns: str) -> list[tuple[int, str]]:
    return outcome_of(path, **columns)[1]
