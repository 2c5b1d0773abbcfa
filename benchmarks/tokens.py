"""tokens: every comment of a snapshot counted, reading and keeping included, against the plainest loop."""

import time
from collections.abc import Callable, Iterator
from datetime import date

import tiktoken

from benchmarks.figures import Figure
from benchmarks.importing import PeakMemory
from benchmarks.material import comments
from benchmarks.workshop import DATASET, PERSON, Workshop, quantities
from domain.errors import NotFound
from services.curation.snapshots import take_snapshot
from services.modelling.comment_tokens import count_snapshot
from services.modelling.encodings import get_encoding
from services.modelling.tokens import budget_of_snapshot
from storage.database import connect

_ENCODING = "o200k_base"
_MODEL = "gpt-4o-mini-2024-07-18"
_TIMES_RIVAL = 1.5
_MEMORY_LIMIT_MB = 2_000
_AGAIN_S = 3.0


def figures(shop: Workshop) -> Iterator[Figure]:
    """Seconds of counting a snapshot for the first time and of another prompt's budget; peak memory."""
    if not get_encoding(_ENCODING).exact:
        raise NotFound(
            f"The file of {_ENCODING} is not in place.", hint="python -m services.modelling.encodings"
        )
    db = connect(shop.home(shop.rows))
    try:
        snapshot = take_snapshot(db, DATASET, actor=PERSON)
        before = _plain_loop_seconds(shop.rows)
        with PeakMemory() as memory:
            started = time.perf_counter()
            counted = count_snapshot(db, snapshot.snapshot_id, encoding=_ENCODING, progress=lambda *_: None)
            taken = time.perf_counter() - started
        rival = (before + _plain_loop_seconds(shop.rows)) / 2
        started = time.perf_counter()
        for prompt in ("Allow what is kind.", "Disallow what is not."):
            budget_of_snapshot(
                db, snapshot.snapshot_id, system_prompt=prompt, model=_MODEL, today=date.today()
            )
        again = (time.perf_counter() - started) / 2
    finally:
        db.close()
    yield Figure(
        f"tokens of {counted:,} comments, read and kept", taken, "s", limit=_TIMES_RIVAL * rival,
        aim=f"at most {_TIMES_RIVAL} times", rival=rival, rival_name="sum(len(encode_ordinary(x)))",
        parts=quantities({"loop before": before, "loop after": 2 * rival - before}),
    )  # fmt: skip
    yield Figure(
        "tokens: peak memory", memory.peak_mb, "MB", limit=_MEMORY_LIMIT_MB,
        aim=f"under {_MEMORY_LIMIT_MB:,} MB",
    )  # fmt: skip
    yield Figure(
        f"tokens: budget of {counted:,} with another prompt", again, "s", limit=_AGAIN_S,
        aim=f"under {_AGAIN_S:g} s",
    )  # fmt: skip


def _plain_loop_seconds(rows: int) -> float:
    """Seconds of the loop over the same texts, which are made in between and not timed."""
    encode = tiktoken.get_encoding(_ENCODING).encode_ordinary
    encode("warm")
    taken, waiting = 0.0, []
    for text in comments(rows):
        waiting.append(text)
        if len(waiting) == 20_000:
            taken += _timed(encode, waiting)
            waiting = []
    return taken + _timed(encode, waiting)


def _timed(encode: Callable[[str], list[int]], texts: list[str]) -> float:
    started = time.perf_counter()
    sum(len(encode(x)) for x in texts)
    return time.perf_counter() - started
