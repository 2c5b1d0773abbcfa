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
from pathlib import Path
from typing import Any

from domain.errors import BadInput, WorkbenchError
from storage.intake.batch import MAX_LABEL_VALUES, MAX_ROWS, Batch
from storage.intake.dataset_folder import digest_of
from storage.intake.formats import look, open_file, rows_of
from storage.intake.reading import reading_of
from storage.intake.writing import ArrowFiles, sketched

_PARENT_DIED = 3
_PROGRESS_EVERY_S = 0.2


def main() -> None:
    """Read the task, do it, answer."""
    task = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _limit(task["limits"])
    gc.disable()  # millions of short lists and not one cycle among them
    try:
        path, scratch, reading = Path(task["path"]), Path(task["scratch"]), reading_of(task["reading"])
        if task["verb"] == "look":
            _say({"look": asdict(look(path, reading, scratch))})
        elif task["verb"] == "labels":
            _say({"labels": count_labels(rows_of(path, task["columns"], reading, scratch))})
        else:
            file = open_file(path, task["columns"], reading, scratch)
            told = parse(file.batches, Path(task["into"]))
            _say({"parsed": told | {"sha256": digest_of(path), "layout": file.layout()}})
    except WorkbenchError as error:
        _say({"error": error.as_dict()})
    except OSError as error:
        _say({"error": _no_room(error).as_dict()})
    except MemoryError:
        _say({"error": _too_much_memory(task["limits"]["memory_bytes"]).as_dict()})


def count_labels(batches: Iterator[Batch]) -> list[tuple[str, int]]:
    """The labels of the rows, those of the most rows first, and how many rows have each."""
    counts: Counter[str] = Counter()
    for batch in batches:
        counts.update(label for label in batch.fields.get("label", ()) if label is not None)
    return counts.most_common(MAX_LABEL_VALUES)


def parse(batches: Iterator[Batch], into: Path) -> dict[str, Any]:
    """Write the rows and findings into the folder; what `ParsedFile` needs to know of them.

    One thread does it all: a second one for the sketches was measured to be no faster (Python's global lock).
    """
    seconds = dict.fromkeys(("parse", "sketch", "write"), 0.0)
    told_at = 0.0
    with ArrowFiles(into) as files:
        for batch in _timed(batches, seconds):
            started = time.perf_counter()
            sketches = sketched(batch.fields["text"])
            done = time.perf_counter()
            files.add(batch, sketches)
            seconds["sketch"] += done - started
            seconds["write"] += time.perf_counter() - done
            if done - told_at > _PROGRESS_EVERY_S:
                told_at = done
                _say({"progress": [files.row_count, batch.share]})
    return {"row_count": files.row_count, "refused_count": files.refused_count, "seconds": seconds}


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


def _no_room(error: OSError) -> BadInput:
    return BadInput(
        f"The file cannot be read or unpacked: {error.strerror or error}.",
        hint="If the disk is full, make room; nothing of the file went in.",
    )


def _too_much_memory(limit: int) -> BadInput:
    return BadInput(
        f"Reading the file takes more than {limit >> 20:,} MiB of memory.",
        hint="Split it, or check that it is a table of comments.",
    )


if __name__ == "__main__":
    main()
