"""A piece of a longer job, and what is kept of a piece once it is done."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.jobs.process.folder import write_whole
from services.jobs.process.worker import RunningJob

FIT = "fit"  # where a piece keeps what it needs only until it is done, such as checkpoints


class JobPart(RunningJob):
    """The job as one of its pieces sees it: its progress runs from 0 to 1, its many numbers stay untold."""

    def __init__(self, whole: RunningJob, *, shares: tuple[float, float], told: str) -> None:
        """`shares` is where the piece begins and ends in the whole job; `told` names it."""
        super().__init__(whole.folder)
        self._whole, self._shares, self._told = whole, shares, told

    def progress(self, share: float, message: str, *, seconds_left: float | None = None) -> None:
        """Tell how far the piece is; seconds that only the piece has left say nothing of the whole.

        Raises:
            Cancelled: the job is to stop.
        """
        begin, end = self._shares
        self._whole.progress(begin + (end - begin) * share, f"{self._told}: {message}")

    def metric(self, **numbers: float | str | None) -> None:
        """Not kept: a study tells the result of a piece, not each of its steps."""


def done_once(folder: Path, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` returns; where an earlier try of the job did it already, what it returned then.

    Args:
        folder: The piece's own, below the job's work/; what lies in its `fit` is removed in the end.
        work: Returns what JSON can carry.
    """
    kept = folder / "done.json"
    if kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    folder.mkdir(parents=True, exist_ok=True)
    found = work()
    write_whole(kept, json.dumps(found))
    shutil.rmtree(folder / FIT, ignore_errors=True)
    return found
