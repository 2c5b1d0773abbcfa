"""The process that answers now, as the dashboard sees it: started when first needed, and anew if it ended."""

import atexit
import functools
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from domain.errors import BackendError, WorkbenchError, from_dict
from services.jobs.managing.child import child_environment

WITHIN_S = 300.0
_IDLE_S = 600.0
_LOOK_S = 0.2
_ENDS_WITHIN_S = 5.0
_LAST = {"answer", "error", "gone"}  # after one of these nothing more comes of a question
_ROOT = Path(__file__).resolve().parents[3]

Facts = dict[str, Any]
# Told the place of a question and what goes on; may raise, and then all questions are taken back.
Progress = Callable[[int, Facts], None]
# Told the place of a question and its answer, or the error in its place.
Arrived = Callable[[int, Facts | WorkbenchError], None]


class Answering:
    """Answers through a process of its own. Safe to use from several threads.

    Args:
        idle_s: The process ends when nobody has asked for so long.
    """

    def __init__(self, *, idle_s: float = _IDLE_S) -> None:
        self._idle_s = idle_s
        self._starting = threading.Lock()
        self._numbers = itertools.count(1)
        self._child: _Child | None = None

    def ask(
        self, questions: Sequence[Facts], *, arrived: Arrived, progress: Progress, within_s: float = WITHIN_S
    ) -> None:
        """Ask all at once and tell each answer as it comes; returns when the last has come.

        Args:
            questions: As `services.jobs.answer_now` takes them.
            arrived: Called once for each question, in the thread that asks.
            progress: Called several times a second.
            within_s: What has not come then is an error, and taken back.
        """
        inbox: SimpleQueue[Facts] = SimpleQueue()
        waiting = {self._put(question, inbox): place for place, question in enumerate(questions)}
        begun: set[int] = set()
        end = time.monotonic() + within_s
        try:
            while waiting and time.monotonic() < end:
                message = _next(inbox)
                if message is None:
                    progress(next(iter(waiting.values())), {})
                    continue
                number = message["number"]
                place = waiting[number]
                if not message.keys() & _LAST:
                    begun.add(number)
                    progress(place, message)
                    continue
                del waiting[number]
                if (
                    message.get("gone") == 0 and number not in begun
                ):  # it had just ended for want of questions
                    waiting[self._put(questions[place], inbox)] = place
                else:
                    arrived(place, _answer(message))
            for place in waiting.values():
                arrived(place, _too_late(within_s))
        finally:
            self._take_back(waiting)

    @property
    def process_id(self) -> int | None:
        """Of the process that answers; None where there is none at the moment."""
        child = self._child
        return child.process.pid if child and not child.is_gone else None

    def close(self) -> None:
        """End the process, if there is one; the next question starts another."""
        with self._starting:
            if self._child is not None:
                self._child.close()
            self._child = None

    def _put(self, question: Facts, inbox: "SimpleQueue[Facts]") -> int:
        number = next(self._numbers)
        with self._starting:
            if self._child is None or not self._child.put({**question, "number": number}, inbox):
                if self._child is not None:
                    self._child.close()
                self._child = _Child(self._idle_s)
                self._child.put({**question, "number": number}, inbox)
        return number

    def _take_back(self, numbers: dict[int, int]) -> None:
        child = self._child
        for number in numbers:
            if child is not None:
                child.take_back(number)


class _Child:
    """One process and the questions that it was given."""

    def __init__(self, idle_s: float) -> None:
        # Not closed by a block: both live as long as this object.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services.jobs.answer_now", "--idle-s", str(idle_s)],
            cwd=_ROOT,
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            start_new_session=True,
        )
        self._lock = threading.Lock()
        self._inboxes: dict[int, SimpleQueue[Facts]] = {}
        self.is_gone = False
        self._listener = threading.Thread(target=self._listen, name="answers", daemon=True)
        self._listener.start()

    def put(self, question: Facts, inbox: "SimpleQueue[Facts]") -> bool:
        """Hand a question over; False where the process is gone."""
        with self._lock:
            if self.is_gone or not self._write(question):
                return False
            self._inboxes[question["number"]] = inbox
            return True

    def take_back(self, number: int) -> None:
        """Nobody waits for that answer any more."""
        with self._lock:
            if self._inboxes.pop(number, None) is not None and not self.is_gone:
                self._write({"kind": "cancel", "number": number})

    def close(self) -> None:
        """End the process: by closing its input, and if that does not help, by force."""
        assert self.process.stdin is not None
        with self._lock, suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self._listener.join(_ENDS_WITHIN_S)

    def _write(self, facts: Facts) -> bool:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(facts).encode() + b"\n")
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):  # it ended, or its input was closed here
            return False
        return True

    def _listen(self) -> None:
        """Hand each answer to whoever asked, until the process ends; then tell everybody."""
        assert self.process.stdout is not None and self.process.stdin is not None
        with self.process.stdout as said:
            for line in said:
                message = json.loads(line)
                is_last = bool(message.keys() & _LAST)
                with self._lock:
                    inbox = self._inboxes.get(message["number"])
                    if is_last:
                        self._inboxes.pop(message["number"], None)
                if inbox is not None:
                    inbox.put(message)
        status, said_last = self.process.wait(), self._last_words()
        with self._lock:
            self.is_gone = True
            left, self._inboxes = self._inboxes, {}
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        for number, inbox in left.items():
            inbox.put({"number": number, "gone": status, "said": said_last})

    def _last_words(self) -> str:
        """The end of what it complained of; nothing more comes."""
        with self._complaints as complaints:
            complaints.seek(0)
            lines = complaints.read(1 << 20).decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:300] if lines else ""


def _next(inbox: "SimpleQueue[Facts]") -> Facts | None:
    try:
        return inbox.get(timeout=_LOOK_S)
    except Empty:
        return None


def _answer(message: Facts) -> Facts | WorkbenchError:
    """The last word on a question."""
    if "gone" in message:
        return _died(message)
    return from_dict(message) if "error" in message else dict(message["answer"])


def _died(message: Facts) -> BackendError:
    status = message["gone"]
    reason = f"signal {-status}" if status < 0 else f"exit code {status}"
    memory = " Its memory may not have sufficed." if status == -9 else ""
    last = f": {message['said']}" if message["said"] else "."
    return BackendError(
        f"The process that answers ended before it was done ({reason}){last}{memory}",
        hint="Ask again: a new one is started. If it ends again, ask fewer models at once.",
        retryable=True,
    )


def _too_late(within_s: float) -> BackendError:
    return BackendError(
        f"No answer came within {within_s:.0f} s.",
        hint="Ask again with fewer texts, or one model at a time.",
        retryable=True,
    )


_making = threading.Lock()


def answering() -> Answering:
    """The one of this process."""
    with _making:
        return _answering()


@functools.cache
def _answering() -> Answering:
    one = Answering()
    atexit.register(one.close)
    return one
