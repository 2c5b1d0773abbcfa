"""search: words found in a million comments, beside DuckDB's plain scan of the same texts in the same run."""

import time
from collections.abc import Callable, Iterator
from statistics import median

from benchmarks.figures import Figure
from benchmarks.workshop import DATASET, Workshop
from domain.comments import CommentFilter
from storage.comments import find_page
from storage.database import Database, connect
from storage.search_texts import catch_up

_TIMES = 5
_LIMIT_S = 0.3
_CATCH_UP_LIMIT_S = 30.0

# A rare word, two common ones, exact words, one that is nowhere, and one that must not be there.
_SEARCHES = ("shikeza", "you the", '"of the"', "zzzz", "zo -the")

# What the page did before, and what anybody would write first: each scan folds again, with a count beside it.
_PLAIN = "FROM comments WHERE dataset_id = $dataset_id AND contains(lower(body), lower($words))"


def figures(shop: Workshop) -> Iterator[Figure]:
    """Seconds of one page of what is found with its count, and of getting ready once."""
    for rows in shop.sizes():
        db = connect(shop.home(rows))
        try:
            ready = _timed(lambda db=db: catch_up(db, DATASET))
            ours = {words: _median(lambda words=words, db=db: _search(db, words)) for words in _SEARCHES}
            plain = [
                _median(lambda words=words, db=db: _scan(db, words)) for words in ("shikeza", "zo", "zzzz")
            ]
        finally:
            db.close()
        slowest = max(ours, key=lambda words: ours[words])
        yield Figure(
            f"search: slowest of {len(_SEARCHES)} searches, {rows:,}",
            ours[slowest],
            "s",
            limit=_LIMIT_S,
            aim=f"at most {_LIMIT_S} s",
            rival=max(plain),
            rival_name="plain scan",
            parts=", ".join(f"{words}: {taken:.3f}" for words, taken in ours.items()),
        )
        yield Figure(
            f"search: getting ready, once, {rows:,}",
            ready,
            "s",
            limit=_CATCH_UP_LIMIT_S,
            aim=f"at most {_CATCH_UP_LIMIT_S:.0f} s",
        )


def _search(db: Database, words: str) -> None:
    find_page(db, CommentFilter(DATASET, contains=words, limit=20))


def _scan(db: Database, words: str) -> None:
    params = {"dataset_id": DATASET, "words": words}
    with db.reading() as cursor:
        cursor.execute(f"SELECT comment_id {_PLAIN} ORDER BY comment_id LIMIT 20", params).fetchall()
        cursor.execute(f"SELECT count(*) {_PLAIN}", params).fetchall()


def _median(work: Callable[[], None]) -> float:
    return median(_timed(work) for _ in range(_TIMES))


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
