"""The folded texts that a search looks through: kept beside the comments, and caught up before each search.

A scan of this column takes a third of the time of one that folds as it goes (`benchmarks/searching.py`).
"""

import duckdb
import pyarrow as pa

from domain.searching import FOLD_VERSION, query_of, search_text, whole_words
from storage.database import Database

_AT_ONCE = 50_000

# What Python calls white space below 128.
_WHITE = "chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31)"

_BEHIND = """
SELECT
  (SELECT coalesce(max(comment_id), 0) FROM comments WHERE dataset_id = $dataset_id),
  (SELECT coalesce(max(comment_id), 0) FROM search_texts WHERE dataset_id = $dataset_id AND version = $v)
"""

# On ASCII, folding is lower case with spaces for white space, which SQL does with all threads.
_ADD_ASCII = f"""
INSERT INTO search_texts
SELECT dataset_id, comment_id, lower(translate(body, {_WHITE}, repeat(' ', 9))), $version
FROM comments
WHERE dataset_id = $dataset_id AND comment_id > $done AND strlen(body) = length(body)
ORDER BY comment_id
"""
_OTHERS = """
SELECT comment_id, body
FROM comments
WHERE dataset_id = $dataset_id AND comment_id > $done AND strlen(body) <> length(body)
ORDER BY comment_id
"""
_ADD_FOLDED = """
INSERT INTO search_texts
SELECT $dataset_id, comment_id, folded, $version FROM folded_texts ORDER BY comment_id
"""


def catch_up(db: Database, dataset_id: str) -> None:
    """Make the folded texts of the comments that came since the last search."""
    with db.reading() as cursor:
        newest, done = _marks(cursor, dataset_id)
    if newest > done:
        with db.writing(dataset_id, is_news=False) as cursor:
            catch_up_within(cursor, dataset_id)


def catch_up_within(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> None:
    """The same within the caller's transaction."""
    newest, done = _marks(cursor, dataset_id)
    if newest <= done:
        return
    params = {"dataset_id": dataset_id, "done": done}
    if not done:
        cursor.execute("DELETE FROM search_texts WHERE dataset_id = $dataset_id", {"dataset_id": dataset_id})
    cursor.execute(_ADD_ASCII, {**params, "version": FOLD_VERSION})
    for batch in cursor.sql(_OTHERS, params=params).to_arrow_table().to_batches(max_chunksize=_AT_ONCE):
        folded = pa.array(map(search_text, batch["body"].to_pylist()), pa.string())
        cursor.register("folded_texts", pa.table({"comment_id": batch["comment_id"], "folded": folded}))
        cursor.execute(_ADD_FOLDED, {"dataset_id": dataset_id, "version": FOLD_VERSION})
        cursor.unregister("folded_texts")


def matching(asked: str) -> tuple[str, dict[str, object]]:
    """The condition on a comment `c` that it holds what is searched for, and its parameters.

    The text is made of constants only. Empty where nothing is asked for.

    Raises:
        BadInput: the search is too long.
    """
    parts: list[str] = []
    params: dict[str, object] = {}
    for place, term in enumerate(query_of(asked)):
        has = f"contains(folded, $term{place})"  # not LIKE: % and _ stay literal
        params[f"term{place}"] = term.text
        if term.whole:
            has = f"({has} AND regexp_matches(folded, $words{place}))"
            params[f"words{place}"] = whole_words(term.text)
        parts.append(f"NOT {has}" if term.absent else has)
    if not parts:
        return "", {}
    found = f"SELECT comment_id FROM search_texts WHERE dataset_id = $dataset_id AND {' AND '.join(parts)}"
    return f"c.comment_id IN ({found})", params


def _marks(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> tuple[int, int]:
    # All of it is fetched: an unfinished answer would hold the caller's cursor.
    [(newest, done)] = cursor.execute(_BEHIND, {"dataset_id": dataset_id, "v": FOLD_VERSION}).fetchall()
    return int(newest), int(done)
