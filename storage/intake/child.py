"""The process that reads a foreign file: `python -m storage.intake.child`, started by `parent.py` only.

It takes one JSON line on its standard input and answers in JSON lines on its standard output: `progress`,
then `look`, `labels`, `parsed` or `error`. It ends when its input does, because its parent has then died. It
sets its own limits first, and never opens the database.
"""

import gc
import json
import os
import resource
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import file_digest
from pathlib import Path
from typing import Any

from domain.errors import BadInput, WorkbenchError
from domain.text import shortened
from storage.intake import csv_rows, jsonl_rows, parquet_rows
from storage.intake.batch import MAX_LABEL_VALUES, MAX_ROWS, Batch, FileFormat, FileLook
from storage.intake.shaping import shaped
from storage.intake.writing import ArrowFiles, sketched

_PARENT_DIED = 3
_PROGRESS_EVERY_S = 0.2

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
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit(task["limits"])
    gc.disable()  # millions of short lists and not one cycle among them
    try:
        path = Path(task["path"])
        if task["verb"] == "look":
            _say({"look": asdict(look(path))})
        elif task["verb"] == "labels":
            _say({"labels": count_labels(path, task["columns"])})
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


def count_labels(path: Path, columns: dict[str, str]) -> list[tuple[str, int]]:
    """The values of the label column, those of the most rows first, and how many rows have each."""
    counts: Counter[str] = Counter()
    for batch in shaped(_batches(path, columns), columns):
        counts.update(label for label in batch.fields.get("label", ()) if label is not None)
    return counts.most_common(MAX_LABEL_VALUES)


def parse(path: Path, into: Path, columns: dict[str, str]) -> dict[str, Any]:
    """Write the rows and findings of the file into the folder; what `ParsedFile` needs to know of them.

    One thread does it all: a second one for the sketches was measured to be no faster (Python's global lock).
    """
    seconds = dict.fromkeys(("parse", "sketch", "write"), 0.0)
    told_at = 0.0
    with ArrowFiles(into) as files:
        for batch in _timed(shaped(_batches(path, columns), columns), seconds):
            started = time.perf_counter()
            sketches = sketched(batch.fields["text"])
            done = time.perf_counter()
            files.add(batch, sketches)
            seconds["sketch"] += done - started
            seconds["write"] += time.perf_counter() - done
            if done - told_at > _PROGRESS_EVERY_S:
                told_at = done
                _say({"progress": [files.row_count, batch.share]})
    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
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
        yield from csv_rows.batches(path, layout, columns)
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
    os._exit(_PARENT_DIED)


def _too_much_memory(limit: int) -> BadInput:
    return BadInput(
        f"Reading the file takes more than {limit >> 20:,} MiB of memory.",
        hint="Split it, or check that it is a table of comments.",
    )


if __name__ == "__main__":
    main()
