"""The frame around every job script: lock, queue, events, cancelling, and a clear word at the end.

A script calls `run(work)` and stays prose; it is started as `python -m services.jobs.NAME FOLDER`, by the
launcher or by hand, also on another machine with a copied folder.
"""

import argparse
import fcntl
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import FrameType

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from domain.errors import BackendError, BadInput, Conflict, WorkbenchError
from domain.splits import SPLITS
from services.backends.repairing import write_reads
from services.jobs.process.folder import JobFolder
from services.jobs.process.hosted_story import stopped_told
from services.jobs.process.stopwatch import Stopwatch

_LOCK_TRIES = 40
_LOCK_PAUSE_S = 0.05
_NICENESS = 5  # people label on the same machine


class Cancelled(BaseException):
    """Somebody asked the job to stop. Not an Exception, so that no library takes it for an error."""


class Paused(BaseException):
    """Somebody asked the job to pause, and what it has done so far is kept."""


class RunningJob:
    """What a job script sees of its folder."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder
        self.spec = folder.spec()
        self.timers: defaultdict[str, Stopwatch] = defaultdict(Stopwatch)
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the work has gone on."""
        return time.monotonic() - self._started

    @property
    def several(self) -> tuple[str, ...] | None:
        """The label set where a comment may have several labels; None where each has one."""
        names = self.spec.get("several")
        return None if names is None else tuple(names)

    def progress(self, share: float, message: str, *, seconds_left: float | None = None) -> None:
        """Tell how far the work is, 0 to 1, and stop here if somebody asked for it.

        Args:
            share: Of the whole job.
            message: What is being done now.
            seconds_left: Only where the remaining work is counted in equal pieces.

        Raises:
            Cancelled: the job is to stop.
        """
        if self.folder.canceller() is not None:
            raise Cancelled
        with self.timers["own"]:
            self._tell_progress(share, message, seconds_left)

    def _tell_progress(self, share: float, message: str, seconds_left: float | None) -> None:
        left = None if seconds_left is None else round(seconds_left, 1)
        self.folder.add_event("progress", share=round(share, 4), message=message, seconds_left=left)

    def pause_if_asked(self) -> None:
        """Stop here if somebody asked for a pause; whatever is to be kept is on the disk.

        Raises:
            Paused: the job is to pause.
        """
        if self.folder.pauser() is not None:
            raise Paused

    def metric(self, **numbers: float | str | None) -> None:
        """Keep numbers along the way; `seconds` since the start comes by itself."""
        with self.timers["own"]:
            self.folder.add_metric({"seconds": round(self.seconds, 3), **numbers})

    def comments(self, splits: Sequence[str]) -> pa.Table:
        """The snapshot's rows of these splits: comment_id, text, label, split.

        Raises:
            BadInput: inputs/comments.parquet is missing or damaged, or lacks a column; a split is unknown.
        """
        unknown = sorted(set(splits) - set(SPLITS))
        if unknown:
            raise BadInput(f"There is no split {unknown[0]!r}.", hint=f"Splits: {', '.join(SPLITS)}.")
        try:
            rows = pq.read_table(
                self.folder.path / "inputs" / "comments.parquet",
                columns=["comment_id", "text", "label", "split"],
            )
        except (OSError, pa.ArrowException) as error:
            raise BadInput(
                f"The job's copy of the snapshot cannot be read: {error}", hint="Launch the job again."
            ) from error
        return rows.filter(pc.is_in(rows["split"], pa.array(splits, pa.string())))

    @contextmanager
    def new_model(self) -> Iterator[Path]:
        """An empty folder that becomes model/ once the block has ended well."""
        unfinished, finished = self.folder.path / "model.tmp", self.folder.path / "model"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        yield unfinished
        write_reads(unfinished, self.spec.get("reads"))
        unfinished.replace(finished)


def run(
    work: Callable[[RunningJob], None],
    arguments: Sequence[str] | None = None,
    *,
    waits: bool | Callable[[JobFolder], bool] = True,
) -> int:
    """Do the work of the folder named on the command line; returns the exit status, 0 when it succeeded.

    Args:
        work: The script.
        arguments: In place of the command line.
        waits: Whether it takes its turn on this machine; work that is done elsewhere need not. A function
            decides it for each folder.
    """
    parser = argparse.ArgumentParser(description="Run one job in its folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lock", type=int, default=None, help="descriptor of the lock, already held")
    asked = parser.parse_args(arguments)
    folder = JobFolder(asked.folder.resolve())
    with ExitStack() as held:
        try:
            _hold_folder(folder, asked.lock, held)
        except WorkbenchError as error:
            sys.stderr.write(f"{error} {error.hint}\n")
            return 2
        return _run_to_an_end(folder, work, waits(folder) if callable(waits) else waits)


def _run_to_an_end(folder: JobFolder, work: Callable[[RunningJob], None], waits: bool) -> int:
    """Whatever happens in the work, the folder gets one end event."""
    signal.signal(signal.SIGTERM, _raise_cancelled)
    try:
        folder.add_event("queued", pid=os.getpid())
        if folder.canceller() is not None:  # asked before there was a process to tell
            raise Cancelled
        with _turn_on_this_machine(folder) if waits else nullcontext():
            _work(folder, work)
    except Cancelled:
        who = folder.canceller() or "a signal"
        message, hint = stopped_told(folder.path, folder.events(), who)
        folder.add_event("cancelled", message=message, hint=hint)
        return 1
    except Paused:
        folder.add_event(
            "paused", message=f"Paused by {folder.pauser()}.", hint="Started again, it goes on from here."
        )
        return 1
    except WorkbenchError as error:
        retryable = isinstance(error, BackendError) and error.retryable
        folder.add_event("failed", message=str(error), hint=error.hint, retryable=retryable)
        return 1
    except Exception as error:  # noqa: BLE001 - the end of the line: what is not told here, nobody hears
        traceback.print_exc(file=sys.stderr)
        folder.add_event(
            "failed", message=f"{type(error).__name__}: {error}", hint="The log has the details."
        )
        return 1
    return 0


def _work(folder: JobFolder, work: Callable[[RunningJob], None]) -> None:
    folder.add_event("started", pid=os.getpid(), message="Has started.")
    os.nice(_NICENESS)
    started = time.monotonic()
    job = RunningJob(folder)
    job.progress(0.0, "Reads the comments.")
    work(job)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # too late to cancel
    seconds = round(time.monotonic() - started, 2)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    folder.add_event(
        "succeeded", message=f"Took {seconds:.1f} s and {peak_mb} MB.", seconds=seconds, peak_mb=peak_mb
    )


def _raise_cancelled(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough; the end event must not be cut short
    raise Cancelled


def _hold_folder(folder: JobFolder, descriptor: int | None, held: ExitStack) -> None:
    """Hold the folder's lock until this process ends, however it ends.

    Raises:
        Conflict: another process works in the folder, or one did already.
    """
    folder.spec()
    if descriptor is None:
        descriptor = os.open(folder.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        held.callback(os.close, descriptor)
        _lock_or_refuse(descriptor, folder)
    else:
        os.set_inheritable(descriptor, False)  # or a child of ours would keep the job alive
    if folder.events():
        raise Conflict(f"Somebody worked in {folder.path.name} before.", hint="Restart it as a new job.")


def _lock_or_refuse(descriptor: int, folder: JobFolder) -> None:
    for _ in range(_LOCK_TRIES):  # who looks at the state holds the lock for an instant
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_PAUSE_S)
        else:
            return
    raise Conflict(f"Another process works in {folder.path.name}.", hint="Wait until it has ended.")


@contextmanager
def _turn_on_this_machine(folder: JobFolder) -> Iterator[None]:
    """Wait for the jobs of the same home; a folder copied elsewhere has no queue to wait in."""
    lock = folder.path.parent.parent / "machine.lock"
    if folder.path.parent.name != "jobs" or not lock.exists():
        yield
        return
    with open(lock, "rb") as queue:
        fcntl.flock(queue, fcntl.LOCK_EX)  # waits; SIGTERM ends the waiting
        yield
