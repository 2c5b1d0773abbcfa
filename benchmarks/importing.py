"""import: a file of comments through the whole import, against DuckDB's own read_csv of the same file."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from benchmarks.figures import Figure
from benchmarks.workshop import DATASET, PERSON, Workshop, quantities
from services.curation.importing import import_file
from storage.database import connect
from storage.imports import Import

_SAMPLE_EVERY_S = 0.02
_TIMES_RIVAL = 10
_MEMORY_LIMIT_MB = 2_000


def figures(shop: Workshop) -> Iterator[Figure]:
    """Seconds of the import and its peak memory."""
    file = shop.file(shop.rows)
    before = _read_csv_seconds(file, shop.folder / "rival.duckdb")
    with PeakMemory() as memory:
        started = time.perf_counter()
        done = _import(file, shop.folder / "imported")
        taken = time.perf_counter() - started
    rival = (before + _read_csv_seconds(file, shop.folder / "rival.duckdb")) / 2
    yield Figure(
        f"import {shop.rows:,} comments ({file.stat().st_size / 1e6:.0f} MB)",
        taken,
        "s",
        limit=_TIMES_RIVAL * rival,
        aim=f"at most {_TIMES_RIVAL} times",
        rival=rival,
        rival_name="DuckDB read_csv into a table",
        parts=quantities(done.seconds),
    )
    yield Figure(
        "import: peak memory of process and child",
        memory.peak_mb,
        "MB",
        limit=_MEMORY_LIMIT_MB,
        aim=f"under {_MEMORY_LIMIT_MB:,} MB",
        parts=f"{memory.own_peak_mb:,.0f} MB this process, {memory.child_peak_mb:,.0f} MB the child",
    )


def _import(file: Path, home: Path) -> Import:
    db = connect(home)
    try:
        return import_file(db, file, DATASET, actor=PERSON)
    finally:
        db.close()


def _read_csv_seconds(file: Path, database: Path) -> float:
    """Seconds of `CREATE TABLE ... AS SELECT * FROM read_csv(...)` in a new file with the threads we use."""
    database.unlink(missing_ok=True)
    started = time.perf_counter()
    with duckdb.connect(str(database), config={"threads": str(min(4, os.cpu_count() or 1))}) as connection:
        connection.execute("CREATE TABLE comments AS SELECT * FROM read_csv($file)", {"file": str(file)})
    taken = time.perf_counter() - started
    database.unlink()
    return taken


class PeakMemory:
    """The largest resident memory of this process and its children together, while the block runs, in MB.

    Looking takes processor time too; `work_s` tells how much, once the block has ended.
    """

    def __init__(self) -> None:
        self.peak_mb = self.own_peak_mb = self.child_peak_mb = self.work_s = 0.0
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._sampler.join()

    def _sample(self) -> None:
        while not self._over.wait(_SAMPLE_EVERY_S):
            own = _resident_mb(os.getpid())
            children = sum(map(_resident_mb, _descendants(os.getpid())))
            self.own_peak_mb = max(self.own_peak_mb, own)
            self.child_peak_mb = max(self.child_peak_mb, children)
            self.peak_mb = max(self.peak_mb, own + children)
        self.work_s = time.thread_time()


def _resident_mb(pid: int) -> float:
    try:
        told = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return 0.0
    line = next((line for line in told.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1]) / 1024


def _descendants(pid: int) -> list[int]:
    try:
        lists = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return []
    children = [int(child) for told in lists for child in told.split()]
    return [*children, *(below for child in children for below in _descendants(child))]
