"""Reads a foreign file in a child process with limits; nothing of the file is parsed in this one."""

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from domain.errors import BadInput, Conflict, NotFound, from_dict
from storage.intake.batch import (
    ABOVE_HEADER,
    FIELDS,
    FINDINGS_FILE,
    MARKS_COLUMN,
    MAX_FILE_BYTES,
    MAX_RAW_CHARACTERS,
    ROWS_FILE,
    FileLook,
    Finding,
)
from storage.intake.csv_records import cells_of
from storage.intake.id_columns import ID_COLUMN, id_fields
from storage.intake.label_columns import LABEL_COLUMN, label_fields
from storage.intake.reading import ENCODINGS, MAX_HEADER_LINE, QUOTINGS, Reading, reading_of
from storage.intake.shaping import is_field
from storage.intake.vote_columns import COUNT_COLUMN, VOTE_COLUMN, vote_fields
from storage.intake.whole_rows import mark_of

__all__ = [
    "ABOVE_HEADER", "COUNT_COLUMN", "ENCODINGS", "FIELDS", "ID_COLUMN", "LABEL_COLUMN", "MARKS_COLUMN",
    "MAX_FILE_BYTES", "MAX_HEADER_LINE", "MAX_RAW_CHARACTERS", "QUOTINGS", "VOTE_COLUMN", "FileLook",
    "Finding", "ParsedFile", "Reading", "cells_of", "count_labels", "id_fields", "is_field", "label_fields",
    "look_at", "mark_of", "parse", "reading_of", "vote_fields",
]  # fmt: skip

Progress = Callable[[int, float], None]

_ROOT = Path(__file__).resolve().parents[2]
_POLL_S = 0.1
_MAX_ANSWER_BYTES = 128 << 20
_LIMITS = {"memory_bytes": 2 << 30, "cpu_s": 1_200, "file_bytes": 4 << 30}
_LOOK_WALL_S = 60.0
_PARSE_WALL_S = 1_800.0


@dataclass(frozen=True)
class ParsedFile:
    """What the child made of a file.

    `rows` and `findings` are Arrow IPC files. `seconds` are those of each part of the work: parse, sketch and
    write. `layout` says how the file is written: columns, format, delimiter and quoting.
    """

    rows: Path
    findings: Path
    row_count: int
    refused_count: int
    sha256: str
    seconds: dict[str, float]
    layout: dict[str, Any]


def look_at(path: Path, reading: Reading | None = None) -> FileLook:
    """Format, columns and the first 20 rows of a file, or of the folder of a data set.

    Raises:
        BadInput: the file cannot be read as any format that is known here.
    """
    told = _run(_task("look", path, reading), wall_s=_LOOK_WALL_S)["look"]
    told["columns"], told["rows"] = tuple(told["columns"]), tuple(told["rows"])
    told["findings"] = tuple(Finding(**finding) for finding in told["findings"])
    return FileLook(**told)


def count_labels(path: Path, *, columns: dict[str, str], reading: Reading | None = None) -> dict[str, int]:
    """How many rows of the file have each value of the label column: at most 200 values, frequent first.

    Raises:
        BadInput: the file as a whole cannot be read.
    """
    task = _task("labels", path, reading) | {"columns": columns}
    return dict(_run(task, wall_s=_PARSE_WALL_S)["labels"])


def parse(
    path: Path,
    into: Path,
    *,
    columns: dict[str, str],
    reading: Reading | None = None,
    on_progress: Progress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> ParsedFile:
    """Read the whole file into Arrow files in the folder `into`, which must exist.

    Args:
        path: The file; its name is never used.
        into: Where the child writes; left without the two files when anything goes wrong.
        columns: Field name to column name in the file; the text must be among them. Beside those of `FIELDS`
            there are `id:` and a part of the id, `label:` and a label, `vote:` and an annotator, `count:` and
            a label.
        reading: What is known of how the file is written; the rest is found out.
        on_progress: Called with the rows written and the share of the file read, a few times a second.
        is_cancelled: Asked ten times a second; the child is killed when it says yes.

    Raises:
        BadInput: the file as a whole cannot be read; single rows that cannot are findings.
        Conflict: the import was cancelled.
    """
    unknown = sorted(name for name in columns if not is_field(name))
    if unknown or "text" not in columns:
        problem = f"There is no field {unknown[0]}." if unknown else "No column is chosen for the text."
        raise BadInput(problem, hint=f"The fields are {', '.join(FIELDS)}; the text is needed.")
    task = _task("parse", path, reading) | {"into": str(into.resolve()), "columns": columns}
    rows, findings = into / ROWS_FILE, into / FINDINGS_FILE
    try:
        told = _run(task, wall_s=_PARSE_WALL_S, on_progress=on_progress, is_cancelled=is_cancelled)["parsed"]
    except BaseException:  # also what on_progress and is_cancelled raise
        rows.unlink(missing_ok=True)
        findings.unlink(missing_ok=True)
        raise
    return ParsedFile(rows, findings, **told)


def _task(verb: str, path: Path, reading: Reading | None) -> dict[str, Any]:
    try:
        size = sum(each.stat().st_size for each in path.iterdir()) if path.is_dir() else path.stat().st_size
    except OSError as error:
        raise NotFound(f"'{path.name}' cannot be read: {error.strerror}.", hint="Check the path.") from error
    if size > MAX_FILE_BYTES:
        raise BadInput(f"The file has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read.", hint="Split it.")
    return {"verb": verb, "path": str(path.resolve()), "reading": (reading or Reading()).as_dict()}


def _run(
    task: dict[str, Any],
    *,
    wall_s: float,
    on_progress: Progress | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """The child's answer to the task."""
    end = time.monotonic() + wall_s
    with (
        tempfile.TemporaryDirectory(prefix="unpacked-", ignore_cleanup_errors=True) as scratch,
        tempfile.TemporaryFile() as complaints,
        _child(complaints) as process,
    ):
        assert process.stdin is not None
        asked = task | {"limits": _LIMITS, "scratch": scratch}
        process.stdin.write(json.dumps(asked).encode("ascii") + b"\n")
        process.stdin.flush()  # and stays open: its end would tell the child that we have died
        for message in _messages(process):
            if is_cancelled is not None and is_cancelled():
                raise Conflict("The import was cancelled.")
            if time.monotonic() > end:
                raise BadInput(f"Reading the file took more than {wall_s:.0f} s.", hint="Split it.")
            if "progress" in message and on_progress is not None:
                on_progress(*message["progress"])
            if "error" in message:
                raise from_dict(message["error"])
            if message.keys() & {"look", "labels", "parsed"}:
                return message
        raise _died(process.wait(), complaints)


@contextmanager
def _child(complaints: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """The child process, dead at the end whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "storage.intake.child"],
        cwd=_ROOT,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _environment() -> dict[str, str]:
    """No keys and tokens of ours; one thread for number libraries, whose pools would count as memory."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {"LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _messages(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """What the child says, line by line; an empty message whenever it is silent for a tenth of a second."""
    assert process.stdout is not None
    waiting = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if not selector.select(_POLL_S):
                yield {}
                continue
            said = os.read(process.stdout.fileno(), 1 << 20)
            if not said:
                return
            *lines, waiting = (waiting + said).split(b"\n")
            if len(waiting) > _MAX_ANSWER_BYTES:
                raise BadInput("The first rows of the file are too large to show.", hint="Check the file.")
            yield from map(json.loads, lines)


def _died(exit_code: int, complaints: IO[bytes]) -> BadInput:
    complaints.seek(0)
    lines = complaints.read(1 << 20).decode("utf-8", "replace").strip().splitlines()
    reason = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
    last = f": {lines[-1][:300]}" if lines else ""
    return BadInput(
        f"The process that read the file ended before it was done ({reason}){last}",
        hint="The file may be damaged or need more memory than is allowed; split it or export it again.",
    )
