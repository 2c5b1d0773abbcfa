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
from services.modelling.tokens.comment_tokens import count_snapshot
from services.modelling.tokens.encodings import get_encoding
from services.modelling.tokens.snapshots import budget_of_snapshot
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
            f"The file of {_ENCODING} is not in place.", hint="python -m services.modelling.tokens.encodings"
        )
    db = connect(shop.home(shop.rows))
    try:
        snapshot = take_snapshot(db, DATASET, actor=PERSON)
        before = _plain_loop_seconds(shop.rows)
        with PeakMemory() as memory:
            started, worked = time.perf_counter(), time.process_time()
            counted = count_snapshot(db, snapshot.snapshot_id, encoding=_ENCODING, progress=lambda *_: None)
            taken, worked = time.perf_counter() - started, time.process_time() - worked
        worked -= memory.work_s
        after = _plain_loop_seconds(shop.rows)
        started = time.perf_counter()
        for prompt in ("Allow what is kind.", "Disallow what is not."):
            budget_of_snapshot(
                db, snapshot.snapshot_id, system_prompt=prompt, model=_MODEL, today=date.today()
            )
        again = (time.perf_counter() - started) / 2
    finally:
        db.close()
    # Processor seconds too, of all threads but the one that looks at the memory: where others use the
    # processors, wall clocks say little.
    for name, ours, loops in (
        ("wall clock", taken, (before[0], after[0])),
        ("processor", worked, (before[1], after[1])),
    ):
        rival = sum(loops) / 2
        yield Figure(
            f"tokens of {counted:,} comments, read and kept, {name}", ours, "s", limit=_TIMES_RIVAL * rival,
            aim=f"at most {_TIMES_RIVAL} times", rival=rival, rival_name="sum(len(encode_ordinary(x)))",
            parts=quantities({"loop before": loops[0], "loop after": loops[1]}),
        )  # fmt: skip
    yield Figure(
        "tokens: peak memory", memory.peak_mb, "MB", limit=_MEMORY_LIMIT_MB,
        aim=f"under {_MEMORY_LIMIT_MB:,} MB",
    )  # fmt: skip
    yield Figure(
        f"tokens: budget of {counted:,} with another prompt", again, "s", limit=_AGAIN_S,
        aim=f"under {_AGAIN_S:g} s",
    )  # fmt: skip


def _plain_loop_seconds(rows: int) -> tuple[float, float]:
    """Wall and processor seconds of the loop over the same texts, which are made in between and not timed."""
    encode = tiktoken.get_encoding(_ENCODING).encode_ordinary
    encode("warm")
    wall, processor, waiting = 0.0, 0.0, []
    for text in comments(rows):
        waiting.append(text)
        if len(waiting) == 20_000:
            spent = _timed(encode, waiting)
            wall, processor, waiting = wall + spent[0], processor + spent[1], []
    spent = _timed(encode, waiting)
    return wall + spent[0], processor + spent[1]


def _timed(encode: Callable[[str], list[int]], texts: list[str]) -> tuple[float, float]:
    started, worked = time.perf_counter(), time.process_time()
    sum(len(encode(x)) for x in texts)
    return time.perf_counter() - started, time.process_time() - worked
