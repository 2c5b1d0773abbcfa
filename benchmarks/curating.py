"""clean: near-duplicates against datasketch and rensa, the cleaning steps, and the health page's figures."""

import csv
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_matrix

from benchmarks.figures import Figure
from benchmarks.importing import PeakMemory
from benchmarks.material import comments
from benchmarks.workshop import DATASET, Workshop
from domain.repairs import STEPS
from services.curation.contradictions import list_contradictions
from services.curation.health import health_of
from services.curation.languages import identify
from services.curation.text_worker import facts_of
from services.curation.texts import look_at_texts
from storage.database import Database, connect
from storage.health import get_figures
from storage.intake.sketch import match_keys
from storage.intake.writing import sketched
from storage.near import update_near

_DEMO = Path(__file__).resolve().parents[1] / "samples" / "comments.csv"
_SAME_FROM = 0.8
_SAMPLE = 5_000  # compared each with each
_RIVAL_ROWS = 5_000  # the rivals are slow: their seconds are counted up from so many rows
_STEPS_PER_S = 8_000
_PERMUTATIONS = 128
_BANDS = 32  # of four: what finds 99 % at 0.8, as ours does

Pairs = set[tuple[int, int]]


def figures(shop: Workshop) -> Iterator[Figure]:
    """Speed and recall of near-duplicates, the steps per second, and the health page."""
    texts = list(comments(shop.rows))
    yield from _near_duplicates(texts)
    yield from _recall()
    yield _steps(_written())
    yield from _health(shop)


def _near_duplicates(texts: list[str]) -> Iterator[Figure]:
    with PeakMemory() as memory:
        ours = _seconds(lambda: _ours(texts))
    some = texts[:_RIVAL_ROWS]
    rivals = {
        name: _seconds(lambda find=find: find(some)) * len(texts) / len(some)
        for name, find in _RIVALS.items()
    }
    fastest = min(rivals, key=lambda name: rivals[name])
    yield Figure(
        f"near-duplicates of {len(texts):,} comments", ours, "s", limit=rivals[fastest],
        aim="not slower than the faster rival", rival=rivals[fastest],
        rival_name=f"{fastest}, from {len(some):,} rows",
        parts=", ".join(f"{name} {seconds:.1f} s" for name, seconds in rivals.items()),
    )  # fmt: skip
    yield Figure(
        "near-duplicates: peak memory", memory.peak_mb, "MB", limit=4_000, aim="under 4,000 MB",
    )  # fmt: skip


def _recall() -> Iterator[Figure]:
    """Against every pair of a sample in which every third text repeats an older one but for a few letters."""
    texts = _altered(_SAMPLE)
    real = _every_pair(match_keys(texts))
    groups, links = _ours(texts)
    found = sum(groups[one] == groups[other] or (one, other) in links for one, other in real)
    yield Figure(
        f"near-duplicates: missed of {len(real):,} pairs", 100 * (1 - found / len(real)), "%", limit=2.0,
        aim="at most 2 % at Jaccard 0.8 or more", parts=_rival_recall(texts, real),
    )  # fmt: skip
    yield Figure(
        f"near-duplicates: false of {len(links):,} pairs", 100 * len(links - real) / max(len(links), 1), "%",
        limit=1.0, aim="at most 1 %",
    )  # fmt: skip


def _every_pair(keys: list[str]) -> Pairs:
    """The pairs that share 0.8 of their pieces, each text held against each, by a sparse matrix."""
    grams = [_grams(key) if key else set() for key in keys]
    number = {gram: place for place, gram in enumerate(sorted(set().union(*grams)))}
    rows = np.repeat(np.arange(len(keys)), [len(own) for own in grams])
    columns = [number[gram] for own in grams for gram in own]
    ones = np.ones(len(columns), dtype=np.int32)
    has = csr_matrix((ones, (rows, columns)), shape=(len(keys), len(number)))
    common = (has @ has.T).tocoo()
    sizes = np.array([len(own) for own in grams])
    shares = common.data / (sizes[common.row] + sizes[common.col] - common.data)
    is_pair = (shares >= _SAME_FROM) & (common.row < common.col)
    return {
        (int(one), int(other)) for one, other in zip(common.row[is_pair], common.col[is_pair], strict=True)
    }


def _altered(count: int) -> list[str]:
    draw = random.Random(9)
    texts = list(comments(count, seed=11))
    for place in range(3, count, 3):
        letters = list(texts[draw.randrange(place)])
        for _ in range(draw.randint(0, max(1, len(letters) // 25))):
            letters[draw.randrange(len(letters))] = draw.choice("aeiourst ")
        texts[place] = "".join(letters)
    return texts


def _ours(texts: list[str]) -> tuple[list[int], Pairs]:
    """The group of each text and the pairs found, through the sketch and the search of an import."""
    with tempfile.TemporaryDirectory() as folder:
        db = connect(Path(folder) / "home")
        try:
            with db.writing("x") as cursor:
                hashes, bands = sketched(texts)
                table = {
                    "comment_id": range(len(texts)),
                    "body": texts,
                    "match_key": pa.array(hashes),
                    "bands": bands,
                }
                cursor.register("made", pa.table(table))
                cursor.execute(
                    "INSERT INTO comments (comment_id, dataset_id, import_id, external_id, body, match_key,"
                    " bands, split, derived_by)"
                    " SELECT comment_id, 'x', 1, comment_id, body, match_key, bands, 'train', '' FROM made"
                )
                update_near(cursor, "x", first_comment=0)
            return _found(db)
        finally:
            db.close()


def _found(db: Database) -> tuple[list[int], Pairs]:
    with db.reading() as cursor:
        groups = cursor.execute(
            "SELECT coalesce(near_of, comment_id) FROM comments ORDER BY comment_id"
        ).fetchall()
        links = cursor.execute("SELECT older_id, comment_id FROM near_links").fetchall()
    return [row[0] for row in groups], set(links)


def _grams(text: str) -> set[str]:
    return {text[start : start + 5] for start in range(max(1, len(text) - 4))}


def _datasketch(texts: list[str]) -> Pairs:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(num_perm=_PERMUTATIONS, params=(_BANDS, _PERMUTATIONS // _BANDS))
    found: Pairs = set()
    grams = [_grams(key) for key in match_keys(texts)]
    for place, own in enumerate(grams):
        sketch = MinHash(num_perm=_PERMUTATIONS)
        sketch.update_batch([gram.encode() for gram in own])
        found |= {(other, place) for other in index.query(sketch) if _share(own, grams[other]) >= _SAME_FROM}
        index.insert(place, sketch)
    return found


def _rensa(texts: list[str]) -> Pairs:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=_SAME_FROM, num_perm=_PERMUTATIONS, num_bands=_BANDS)
    found: Pairs = set()
    grams = [_grams(key) for key in match_keys(texts)]
    for place, own in enumerate(grams):
        sketch = RMinHash(num_perm=_PERMUTATIONS, seed=42)
        sketch.update(list(own))
        found |= {(other, place) for other in index.query(sketch) if _share(own, grams[other]) >= _SAME_FROM}
        index.insert(place, sketch)
    return found


_RIVALS: dict[str, Callable[[list[str]], Pairs]] = {"datasketch": _datasketch, "rensa": _rensa}


def _share(one: set[str], other: set[str]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def _rival_recall(texts: list[str], real: Pairs) -> str:
    told = []
    for name, find in _RIVALS.items():
        missed = 100 * (1 - len(find(texts) & real) / len(real))
        told.append(f"{name} misses {missed:.1f} %")
    return ", ".join(told)


def _written() -> list[str]:
    """Comments of the demo, in the languages that people write: made-up words would all look strange."""
    with open(_DEMO, encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)]


def _steps(texts: list[str]) -> Figure:
    """All steps and the language in one process on one core, as the process that looks at texts does it."""
    numbers = pa.array(range(len(texts)), pa.int64())
    identify(texts[:200])
    facts_of(numbers[:200], texts[:200], tuple(STEPS))
    started = time.process_time()
    facts_of(numbers, texts, tuple(STEPS))
    taken = time.process_time() - started
    parts = []
    for name, step in STEPS.items():
        begun = time.process_time()
        for text in texts:
            step.repair(text)
        parts.append(f"{name} {(time.process_time() - begun) / len(texts) * 1e6:.0f} µs")
    begun = time.process_time()
    identify(texts)
    parts.append(f"language {(time.process_time() - begun) / len(texts) * 1e6:.0f} µs")
    return Figure(
        f"cleaning steps together, of {len(texts):,} comments", taken / len(texts) * 1e6, "µs",
        limit=1e6 / _STEPS_PER_S, aim=f"{_STEPS_PER_S:,} comments a second and core, processor time",
        parts=", ".join(parts),
    )  # fmt: skip


def _health(shop: Workshop) -> Iterator[Figure]:
    """All figures counted anew, and as they are kept until something changes, through a restart, too."""
    home = shop.home(shop.rows)
    db = connect(home)
    try:
        looked = _seconds(lambda: look_at_texts(db, DATASET))
        health_of(db, DATASET)
        times = [_seconds(lambda: get_figures(db, DATASET)) for _ in range(3)]
        deciding = _seconds(lambda: list_contradictions(db, DATASET))
    finally:
        db.close()
    db = connect(home)
    try:
        kept = _seconds(lambda: health_of(db, DATASET))
    finally:
        db.close()
    yield Figure(
        f"health of {shop.rows:,} comments, counted anew", float(np.median(times)), "s", limit=2.0,
        aim="under 2 s warm",
        parts=f"looking at every text once {looked:.1f} s, groups to decide {deciding:.2f} s",
    )  # fmt: skip
    yield Figure(
        f"health of {shop.rows:,} comments, after a restart", kept, "s", limit=2.0, aim="under 2 s",
    )  # fmt: skip


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
