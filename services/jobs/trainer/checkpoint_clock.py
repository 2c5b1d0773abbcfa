"""When a training writes its next checkpoint: seldom enough to cost it little, at least once early on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

CHECKPOINT_SHARE = 0.02  # of the time since the last one, that writing the next may take


class CheckpointClock:
    """Watches one training. Its first checkpoint is due at once, which tells what one takes."""

    def __init__(self) -> None:
        self._took_s = 0.0
        self._written_at: float | None = None

    @property
    def is_due(self) -> bool:
        """Whether writing one now takes no more than its share."""
        if self._written_at is None:
            return True
        return CHECKPOINT_SHARE * (time.monotonic() - self._written_at) >= self._took_s

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The time in this block is what a checkpoint takes."""
        started = time.monotonic()
        yield
        self._written_at = time.monotonic()
        self._took_s = self._written_at - started


def most_checkpoints(seconds: float, each_s: float) -> float:
    """How many a training of so many seconds writes at most, where each takes `each_s`."""
    return 1 + CHECKPOINT_SHARE * seconds / each_s if each_s > 0 else float("inf")
