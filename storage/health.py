"""The figures of a dataset's health, and the comments behind each; every one is counted in one table."""

from dataclasses import dataclass
from typing import Any

import duckdb

from storage.database import EVERY_ID, Database
from storage.groups import JUDGED

TOO_SHORT_LETTERS = 2  # no more letters than that, and no picture
TOO_LONG_CHARACTERS = 2_000

_REPEATS_EXACTLY = "body_kept <> comment_id"
_REPEATS_NEARLY = "near_of IS NOT NULL AND body_kept = comment_id"

# What can be wrong with comments, and how it is seen in the table below. Constants; the order is the page's.
PROBLEMS = {
    "contradictory duplicates": "is_contradictory AND NOT is_settled",
    "exact duplicates": f"{_REPEATS_EXACTLY} AND NOT is_contradictory",
    "near duplicates": f"{_REPEATS_NEARLY} AND NOT is_contradictory",
    "suspected labels": "is_suspected",
    "personal data": "personal_data",
    "obfuscated text": "obfuscated",
    "broken characters": "broken_characters",
    "html entities": "html_entities",
    "empty": "is_empty",
    "emoji only": "is_emoji_only",
    "too short": f"letters <= {TOO_SHORT_LETTERS} AND NOT is_emoji_only AND NOT is_empty",
    "too long": f"characters > {TOO_LONG_CHARACTERS}",
}
# Whom these two leave for somebody to decide: where labels contradict each other, excluding one side would
# decide by accident.
_WAITS = "is_contradictory AND NOT is_settled"
LEFT = {
    "exact duplicates": f"{_WAITS} AND {_REPEATS_EXACTLY}",
    "near duplicates": f"{_WAITS} AND {_REPEATS_NEARLY}",
}
# Of which comments there are how many.
SHARES = {
    "label": "coalesce(label, '(none)')",
    "source": "source",
    "language": "language",
    "month": "coalesce(strftime(posted_at, '%Y-%m'), '(unknown)')",
    "length": """
      CASE
        WHEN characters <= 20 THEN '1 to 20' WHEN characters <= 40 THEN '21 to 40'
        WHEN characters <= 80 THEN '41 to 80' WHEN characters <= 160 THEN '81 to 160'
        WHEN characters <= 320 THEN '161 to 320' WHEN characters <= 640 THEN '321 to 640'
        WHEN characters <= 2000 THEN '641 to 2,000' ELSE 'over 2,000'
      END
    """,
}
LENGTHS = (
    "1 to 20", "21 to 40", "41 to 80", "81 to 160", "161 to 320", "321 to 640", "641 to 2,000", "over 2,000",
)  # fmt: skip

# The comments that count, with what is known of each.
_TABLE = f"""
CREATE OR REPLACE TEMP TABLE health AS
WITH {JUDGED}
SELECT
  c.comment_id, c.posted_at, c.import_id, l.label,
  coalesce(c.source, i.file_name, '(unknown)') AS source,
  coalesce(f.found_language, '(not looked at)') AS language,
  coalesce(f.characters, length(c.body)) AS characters,
  coalesce(f.letters, length(c.body)) AS letters,
  coalesce(f.letters = 0 AND NOT f.is_emoji_only, false) 
    AND NOT regexp_matches(c.body, '[^\\s\\p{{Z}}\\p{{C}}]') AS is_empty,
  coalesce(f.is_emoji_only, false) AS is_emoji_only,
  coalesce(f.broken_characters, false) AS broken_characters,
  coalesce(f.html_entities, false) AS html_entities,
  coalesce(f.obfuscated, false) AS obfuscated,
  coalesce(f.personal_data, false) AS personal_data,
  CASE WHEN j.cluster_size > 1 THEN j.cluster END AS cluster,
  CASE WHEN j.cluster_kept <> c.comment_id THEN j.cluster_kept END AS near_of,
  j.body_kept,
  coalesce(j.is_contradictory, false) AS is_contradictory,
  coalesce(j.is_settled, false) AS is_settled,
  s.comment_id IS NOT NULL AS is_suspected
FROM comments c
LEFT JOIN text_facts f ON f.comment_id = c.comment_id AND f.dataset_id = $dataset_id
LEFT JOIN labels l ON l.comment_id = c.comment_id
LEFT JOIN judged j ON j.comment_id = c.comment_id
LEFT JOIN imports i ON i.import_id = c.import_id
LEFT JOIN (
  SELECT p.comment_id
  FROM suspects p
  JOIN labels now ON now.comment_id = p.comment_id AND now.label = p.label
  WHERE p.job_id = (
    SELECT q.job_id FROM suspects q JOIN jobs w ON w.job_id = q.job_id
    WHERE q.dataset_id = $dataset_id ORDER BY w.created_at DESC LIMIT 1
  )
) s ON s.comment_id = c.comment_id
WHERE c.dataset_id = $dataset_id
  AND c.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
"""

# Figures are as good as these texts; kept ones of other texts are none.
DEFINED_BY = (_TABLE, PROBLEMS, LEFT, SHARES)


@dataclass(frozen=True)
class Figures:
    """What was counted: `comments` that count, of which `seen` have facts; problems; comments per value.

    `left` is, of some problems, how many groups an exclusion leaves for somebody to decide; `by_import` are
    comments per import and value, for drift; `clusters` is how many groups of near-duplicates there are, and
    `contradictory` how many of those have labels that differ and nobody decided to keep.
    """

    comments: int
    seen: int
    problems: dict[str, int]
    left: dict[str, int]
    shares: dict[str, dict[str, int]]
    by_import: dict[str, list[tuple[int, str, int]]]
    clusters: int
    contradictory: int


def get_figures(db: Database, dataset_id: str) -> Figures:
    """Every figure of the health page, excluded comments left out."""
    with db.reading() as cursor:
        _make_table(cursor, dataset_id)
        counted = ", ".join(f"count(*) FILTER ({condition})" for condition in PROBLEMS.values())
        left = ", ".join(_left(problem) for problem in LEFT)
        [row] = cursor.execute(
            f"""
            SELECT count(*), count(*) FILTER (language <> '(not looked at)'), count(DISTINCT cluster),
              count(DISTINCT cluster) FILTER (is_contradictory AND NOT is_settled), {left}, {counted}
            FROM health
            """
        ).fetchall()
        by_import = {
            name: cursor.execute(
                f"SELECT import_id, {sql} AS value, count(*) FROM health GROUP BY ALL ORDER BY ALL"
            ).fetchall()
            for name, sql in SHARES.items()
        }
    shares: dict[str, dict[str, int]] = {}
    for name, rows in by_import.items():
        shares[name] = {}
        for _, value, count in rows:
            shares[name][value] = shares[name].get(value, 0) + count
    comments, seen, clusters, contradictory, *counts = row
    left_alone = dict(zip(LEFT, counts, strict=False))
    problems = dict(zip(PROBLEMS, counts[len(LEFT) :], strict=True))
    return Figures(comments, seen, problems, left_alone, shares, by_import, clusters, contradictory)


def list_problem_ids(
    db: Database, dataset_id: str, problem: str, *, limit: int
) -> list[tuple[int, int | None]]:
    """Comments with a problem, members of a group together, each with the comment that it repeats, if any."""
    with db.reading() as cursor:
        _make_table(cursor, dataset_id)
        return cursor.execute(
            f"""
            SELECT comment_id, {_repeats(problem)}
            FROM health
            WHERE {PROBLEMS[problem]}
            ORDER BY coalesce(cluster, comment_id), comment_id
            LIMIT $limit
            """,
            {"limit": limit},
        ).fetchall()


def list_share_ids(db: Database, dataset_id: str, name: str, value: str, *, limit: int) -> list[int]:
    """Comments of one value of a share, oldest first."""
    with db.reading() as cursor:
        _make_table(cursor, dataset_id)
        rows = cursor.execute(
            f"SELECT comment_id FROM health WHERE {SHARES[name]} = $value ORDER BY comment_id LIMIT $limit",
            {"value": value, "limit": limit},
        ).fetchall()
    return [int(row[0]) for row in rows]


def insert_matches(cursor: duckdb.DuckDBPyConnection, dataset_id: str, problem: str) -> int:
    """Leave a table `matches` (comment_id, duplicate_of) of the comments with a problem in this cursor.

    Returns how many groups it leaves for somebody to decide: their labels contradict each other.
    """
    _make_table(cursor, dataset_id)
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE matches AS"
        f" SELECT comment_id, {_repeats(problem)} AS duplicate_of FROM health WHERE {PROBLEMS[problem]}"
    )
    [(left,)] = cursor.execute(f"SELECT {_left(problem)} FROM health").fetchall()
    return int(left)


def _repeats(problem: str) -> str:
    return "body_kept" if problem == "exact duplicates" else "near_of"


def _left(problem: str) -> str:
    return f"count(DISTINCT cluster) FILTER ({LEFT.get(problem, 'false')})"


def _make_table(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> None:
    params: dict[str, Any] = {"dataset_id": dataset_id, **EVERY_ID}
    cursor.execute(_TABLE, params)
