"""A job is a folder: what is read from it, and what may be written into it from outside.

spec.json             what to do; written once, by the launcher
inputs/               what it works on: comments.parquet; model/ to ask; provider.json where it is asked
lock                  held by the job's process as long as it lives
events.jsonl          queued, started, progress, and one end: succeeded, failed, cancelled or paused
metrics.jsonl         numbers along the way
shown.jsonl           comments of validation to look at, with their scores, from each evaluation
log.txt               what the process printed, tracebacks included
cancel, pause         somebody asked it to stop, or to stop such that it can go on
exit                  the signal that ended the process, where its launcher was there to see it
predictions.parquet   results; each under a temporary name until it is whole
suspects.parquet      labels that may be wrong, of a job that looked for them
scored.csv, .parquet  the same beside id and text, where comments outside of a snapshot were asked about
written.parquet       what models wrote, and what they were measured beside; report.json its numbers
model/
onnx/                 an encoder's ONNX files: of a model's job, kept from the first prediction that made them
work/                 checkpoints of a training under way; gone when it has succeeded
"""

import fcntl
import json
import os
import shutil
import signal
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.errors import BadInput, Conflict
from domain.jobs import ENDS, JobState
from domain.text import sentence
from services.jobs.process.hosted_story import is_hosted, killed_told, stopped_told

CANCEL_PATIENCE_S = 5.0
_LOG_TAIL_BYTES = 20_000

Facts = dict[str, Any]


class JobFolder:
    """The folder of one job. Every method reads the disk anew."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def spec(self) -> Facts:
        """What the job was told to do.

        Raises:
            BadInput: spec.json is missing or is not a JSON object.
        """
        try:
            spec = json.loads((self.path / "spec.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadInput(
                f"The job folder {self.path.name} has no readable spec.json: {error}",
                hint="Launch the job again.",
            ) from error
        if not isinstance(spec, dict):
            raise BadInput(
                f"spec.json of {self.path.name} is not a JSON object.", hint="Launch the job again."
            )
        return spec

    def events(self) -> list[Facts]:
        """What happened, oldest first; each has `at` (UTC) and `event`."""
        return _lines(self.path / "events.jsonl")

    def metrics(self) -> list[Facts]:
        """Numbers along the way, oldest first; each has `seconds` since the start."""
        return _lines(self.path / "metrics.jsonl")

    def shown(self) -> list[Facts]:
        """Comments to look at from each evaluation, oldest first."""
        return _lines(self.path / "shown.jsonl")

    def state(self) -> JobState:
        """How far the job is, from its lock and its events.

        The lock is looked at before the events: a job that ends in between has written its end already.
        """
        held = self.is_held()
        events = self.events()
        end = next((event for event in reversed(events) if event["event"] in ENDS), None)
        if end is not None:
            share = 1.0 if end["event"] == "succeeded" else _share(events)
            return JobState(end["event"], end.get("message", ""), end.get("hint", ""), share)
        if not held:
            return self._state_without_end(events)
        if all(event["event"] == "queued" for event in events):
            return JobState("queued", "Waits for its turn on this machine." if events else "Is starting.")
        latest = events[-1]
        return JobState(
            "running", latest.get("message", ""), share=_share(events), seconds_left=_seconds_left(latest)
        )

    def is_held(self) -> bool:
        """Whether a process works in the folder, or waits to."""
        try:
            lock = os.open(self.path / "lock", os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two who look do not see each other
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that the job's process printed; empty if none."""
        try:
            with open(self.path / "log.txt", "rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - _LOG_TAIL_BYTES))
                text = log.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def cancel(self, actor: str) -> None:
        """Ask the job to stop; asked again after CANCEL_PATIENCE_S, its process is killed.

        Raises:
            Conflict: the job has ended.
        """
        state = self.state()
        if state.is_over:
            raise Conflict(
                f"{self.path.name} has ended already: {state.name}.", hint="Nothing is left to stop."
            )
        asked_at = self._asked_at()
        if asked_at is None:
            write_whole(self.path / "cancel", json.dumps({"at": _now(), "by": actor}))
            self._signal(signal.SIGTERM)
        elif time.time() - asked_at >= CANCEL_PATIENCE_S:
            self._signal(signal.SIGKILL)

    def canceller(self) -> str | None:
        """Who asked the job to stop, or None where nobody did."""
        return self._asked_by("cancel")

    def pause(self, actor: str) -> None:
        """Ask a training to write a checkpoint at its next step and end there.

        Raises:
            Conflict: the job has not begun, or has ended.
        """
        state = self.state()
        if state.name != "running":
            hint = "Cancel it instead; started again it begins." if state.name == "queued" else ""
            raise Conflict(f"{self.path.name} cannot be paused: it is {state.name}.", hint=hint)
        write_whole(self.path / "pause", json.dumps({"at": _now(), "by": actor}))

    def pauser(self) -> str | None:
        """Who asked the job to pause, or None where nobody did."""
        return self._asked_by("pause")

    def note_exit(self, status: int) -> None:
        """Keep the signal that ended the job's process, from the status that its launcher was told."""
        if status < 0:
            write_whole(self.path / "exit", json.dumps({"signal": -status}))

    def add_event(self, event: str, **facts: Any) -> None:
        """Append an event; an end is on the disk when this returns."""
        _append(self.path / "events.jsonl", {"at": _now(), "event": event, **facts}, synced=event in ENDS)

    def add_metric(self, facts: Facts) -> None:
        """Append a line of numbers."""
        _append(self.path / "metrics.jsonl", facts, synced=False)

    def add_shown(self, facts: Facts) -> None:
        """Append the comments to look at of one evaluation."""
        _append(self.path / "shown.jsonl", facts, synced=False)

    def _state_without_end(self, events: list[Facts]) -> JobState:
        """The process is gone: it was killed, either on request or by something else."""
        share, canceller = _share(events), self.canceller()
        if canceller is not None:
            return JobState("cancelled", *stopped_told(self.path, events, canceller), share)
        last = events[-1].get("message") if events else None
        if is_hosted(self.path) and events:
            return JobState("died", *killed_told(events, last or "", seen=self._was_killed()), share)
        if self._was_killed():
            return JobState(
                "died",
                f"The job's process was killed from outside; its last word: {sentence(last or 'none')} A "
                "system does that where the memory is full.",
                "Close other programs and start it again; or train anew with half the batch_size, or a lower "
                "max_length.",
                share,
            )
        if not events:
            message = "The job's process never began."
        else:
            message = f"The job's process is gone; its last word: {events[-1].get('message') or 'none'}"
        return JobState("died", message, "See the log, then restart the job.", share)

    def _asked_by(self, file: str) -> str | None:
        try:
            return str(json.loads((self.path / file).read_text(encoding="utf-8"))["by"])
        except FileNotFoundError:
            return None

    def _was_killed(self) -> bool:
        """Whether the launcher saw the process end by SIGKILL; nobody here sends that but on request."""
        try:
            told = json.loads((self.path / "exit").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False
        return bool(told["signal"] == signal.SIGKILL)

    def _asked_at(self) -> float | None:
        try:
            return (self.path / "cancel").stat().st_mtime
        except FileNotFoundError:
            return None

    def _signal(self, number: signal.Signals) -> None:
        """Reach the process that holds the lock; it alone wrote the first event, so the number is its own."""
        events = self.events()
        if not events or not self.is_held():
            return
        try:
            os.kill(int(events[0]["pid"]), number)
        except ProcessLookupError:
            return  # it ended in this moment, which is what was wanted


def write_whole(path: Path, text: str) -> None:
    """Write a small file such that a reader finds all of it or none."""
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def link(source: str | Path, target: str | Path) -> str | Path:
    """A second name for a file that never changes; a copy where the disk knows no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _append(path: Path, facts: Facts, *, synced: bool) -> None:
    line = json.dumps(facts, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace") + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, line)
        if synced:
            os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _lines(path: Path) -> list[Facts]:
    """Every whole line; a torn one, left by a crash or still being written, is passed over."""
    try:
        whole, _, _ = path.read_bytes().rpartition(b"\n")
    except FileNotFoundError:
        return []
    read = []
    for line in whole.split(b"\n"):
        with suppress(ValueError):
            read.append(json.loads(line))
    return [facts for facts in read if isinstance(facts, dict)]


def _share(events: list[Facts]) -> float:
    return next((float(event["share"]) for event in reversed(events) if "share" in event), 0.0)


def _seconds_left(event: Facts) -> float | None:
    if event.get("seconds_left") is None:
        return None
    age = (datetime.now(UTC) - datetime.fromisoformat(event["at"])).total_seconds()
    return round(max(0.0, float(event["seconds_left"]) - age), 1)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
