"""The process that reads a foreign file: `python -m storage.intake.child`, started by `parent.py` only.

It takes one JSON line on its standard input, answers in JSON lines on its standard output (`progress`,
then `look`, `parsed` or `error`), and ends when its input does, because its parent has then died. It sets its
own limits first, and never opens the database.
"""

import json
import os
import resource
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict
from hashlib import file_digest
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from domain.errors import BadInput, WorkbenchError
from domain.text import shortened
from storage.intake import csv_rows, jsonl_rows, parquet_rows
from storage.intake.batch import MAX_ROWS, Batch, FileFormat, FileLook
from storage.intake.writing import ArrowFiles, sketched

_PROGRESS_EVERY_S = 0.2
_BATCHES_AHEAD = 2

_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive, perhaps an Excel workbook",
    b"\x1f\x8b": "compressed with gzip",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite format 3": "a SQLite database",
}


def main() -> None:
    """Read the task, do it, answer."""
    task = json.loads(sys.stdin.buffer.readline())
    _limit(task["limits"])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        path = Path(task["path"])
        if task["verb"] == "look":
            _say({"look": asdict(look(path))})
        else:
            _say({"parsed": parse(path, Path(task["into"]), task["columns"])})
    except WorkbenchError as error:
        _say({"error": error.as_dict()})
    except MemoryError:
        _say({"error": _too_much_memory(task["limits"]["memory_bytes"]).as_dict()})


def look(path: Path) -> FileLook:
    """Format, columns and first rows of the file."""
    readers = {"csv": csv_rows.look, "jsonl": jsonl_rows.look, "parquet": parquet_rows.look}
    return readers[format_of(path)](path, path.stat().st_size)


def parse(path: Path, into: Path, columns: dict[str, str]) -> dict[str, Any]:
    """Write the rows and findings of the file into the folder; what `ParsedFile` needs to know of them.

    While this thread reads ahead, another one sketches.
    """
    seconds = dict.fromkeys(("parse", "sketch", "write"), 0.0)
    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    progress = _Progress()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as sketcher, ArrowFiles(into) as files:
        waiting: deque[tuple[Batch, Any]] = deque()
        for batch in _timed(_batches(path, columns), seconds):
            waiting.append((batch, sketcher.submit(sketched, batch.fields["text"])))
            if len(waiting) > _BATCHES_AHEAD:
                _write(files, *waiting.popleft(), seconds)
            progress.tell(files.row_count, batch.share)
        while waiting:
            _write(files, *waiting.popleft(), seconds)
    return {
        "row_count": files.row_count,
        "refused_count": files.refused_count,
        "sha256": sha256,
        "seconds": seconds,
    }


def format_of(path: Path) -> FileFormat:
    """The format of the file by its first bytes; its name says nothing.

    Raises:
        BadInput: a format that is not read here.
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if head.startswith(b"PAR1"):
        return "parquet"
    for magic, name in _FOREIGN.items():
        if head.startswith(magic):
            raise BadInput(f"The file is {name}.", hint="CSV, TSV, JSONL and Parquet can be read.")
    start = head.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n")
    if start.startswith(b"[") and start[1:].lstrip().startswith(b"{"):
        raise BadInput(
            "The file is one JSON array.",
            hint="Write one object a line (JSONL), without brackets around them.",
        )
    return "jsonl" if start.startswith(b"{") else "csv"


def _batches(path: Path, columns: dict[str, str]) -> Iterator[Batch]:
    kind = format_of(path)
    if kind == "csv":
        layout = csv_rows.layout_of(path)
        _check_columns(columns, layout.columns)
        yield Batch([], {"text": []}, list(layout.preamble), 0.0)
        yield from map(_empty_as_null, csv_rows.batches(path, layout, columns))
    elif kind == "jsonl":
        _check_columns(columns, jsonl_rows.columns_of(path))
        yield from jsonl_rows.batches(path, columns)
    else:
        _check_columns(columns, parquet_rows.columns_of(path))
        yield from parquet_rows.batches(path, columns)


def _check_columns(columns: dict[str, str], present: tuple[str, ...]) -> None:
    for field, column in columns.items():
        if column not in present:
            raise BadInput(
                f"The file has no column {shortened(column)} for the {field}.",
                hint=f"It has {shortened(', '.join(present), 500)}.",
            )


def _empty_as_null(batch: Batch) -> Batch:
    """An empty cell says nothing, except in the text, where it is an empty text."""
    fields = {
        name: cells if name == "text" else [cell or None for cell in cells]
        for name, cells in batch.fields.items()
    }
    return Batch(batch.lines, fields, batch.findings, batch.share)


def _timed(batches: Iterator[Batch], seconds: dict[str, float]) -> Iterator[Batch]:
    """The batches, with the time of making them counted and the number of rows watched."""
    count = 0
    while True:
        started = time.perf_counter()
        batch = next(batches, None)
        seconds["parse"] += time.perf_counter() - started
        if batch is None:
            return
        count += len(batch.lines)
        if count > MAX_ROWS:
            raise BadInput(f"The file has more than {MAX_ROWS:,} rows.", hint="Split it.")
        yield batch


def _write(files: ArrowFiles, batch: Batch, sketches: Future[Any], seconds: dict[str, float]) -> None:
    done = sketches.result()
    seconds["sketch"] += done[2]
    started = time.perf_counter()
    files.add(batch, done)
    seconds["write"] += time.perf_counter() - started


class _Progress:
    """Tells the parent how far the work is, a few times a second."""

    def __init__(self) -> None:
        self._told_at = 0.0

    def tell(self, rows: int, share: float) -> None:
        if time.monotonic() - self._told_at > _PROGRESS_EVERY_S:
            self._told_at = time.monotonic()
            _say({"progress": [rows, share]})


def _say(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(message).encode("ascii") + b"\n")
    sys.stdout.buffer.flush()


def _limit(limits: dict[str, int]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file_bytes"], limits["file_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.killpg(0, signal.SIGKILL)  # with the process that sketches


def _too_much_memory(limit: int) -> BadInput:
    return BadInput(
        f"Reading the file takes more than {limit >> 20:,} MiB of memory.",
        hint="Split it, or check that it is a table of comments.",
    )


if __name__ == "__main__":
    main()
