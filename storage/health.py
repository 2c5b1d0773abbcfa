"""The figures of a dataset's health, and the comments behind each; every one is counted in one table."""

from dataclasses import dataclass
from typing import Any

import duckdb

from storage.database import EVERY_ID, Database

TOO_SHORT_LETTERS = 2  # no more letters than that, and no picture
TOO_LONG_CHARACTERS = 2_000

# What can be wrong with comments, and how it is seen in the table below. Constants; the order is the page's.
PROBLEMS = {
    "contradictory duplicates": "is_contradictory",
    "exact duplicates": "body_oldest < comment_id",
    "near duplicates": "near_of IS NOT NULL AND coalesce(body_oldest = comment_id, true)",
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

# The comments that count, with what is known of each. Only members of a group of near-duplicates are compared
# letter by letter, and only their labels are held against each other.
_TABLE = """
CREATE OR REPLACE TEMP TABLE health AS
WITH clusters AS (
  SELECT DISTINCT near_of AS cluster FROM comments WHERE dataset_id = $dataset_id AND near_of IS NOT NULL
), members AS (
  SELECT c.comment_id, k.cluster, hash(c.body) AS body_hash
  FROM comments c
  JOIN clusters k ON k.cluster = coalesce(c.near_of, c.comment_id)
  WHERE c.dataset_id = $dataset_id
    AND c.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
), labels AS (
  SELECT comment_id, label FROM labels_of($dataset_id, $low, $high)
), judged AS (
  SELECT
    m.comment_id,
    m.cluster,
    count(*) OVER (PARTITION BY m.cluster) AS cluster_size,
    min(m.comment_id) OVER (PARTITION BY m.cluster, m.body_hash) AS body_oldest,
    min(l.label) OVER (PARTITION BY m.cluster) < max(l.label) OVER (PARTITION BY m.cluster)
      AS is_contradictory
  FROM members m
  LEFT JOIN labels l ON l.comment_id = m.comment_id
)
SELECT
  c.comment_id, c.posted_at, c.import_id, l.label,
  coalesce(i.file_name, '(unknown)') AS source,
  coalesce(f.found_language, '(not looked at)') AS language,
  coalesce(f.characters, length(c.body)) AS characters,
  coalesce(f.letters, length(c.body)) AS letters,
  coalesce(f.letters = 0 AND NOT f.is_emoji_only, false) AND NOT regexp_matches(c.body, '[^\\s\\p{Z}\\p{C}]')
    AS is_empty,
  coalesce(f.is_emoji_only, false) AS is_emoji_only,
  coalesce(f.broken_characters, false) AS broken_characters,
  coalesce(f.html_entities, false) AS html_entities,
  coalesce(f.obfuscated, false) AS obfuscated,
  coalesce(f.personal_data, false) AS personal_data,
  CASE WHEN j.cluster_size > 1 THEN j.cluster END AS cluster,
  CASE WHEN j.cluster_size > 1 AND j.cluster <> c.comment_id THEN j.cluster END AS near_of,
  j.body_oldest,
  coalesce(j.is_contradictory, false) AS is_contradictory,
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


@dataclass(frozen=True)
class Figures:
    """What was counted: `comments` that count, of which `seen` have facts; problems; comments per value.

    `by_import` are comments per import and value, for drift; `clusters` is how many groups of near-duplicates
    there are, and `contradictory` how many of those have labels that differ.
    """

    comments: int
    seen: int
    problems: dict[str, int]
    shares: dict[str, dict[str, int]]
    by_import: dict[str, list[tuple[int, str, int]]]
    clusters: int
    contradictory: int


@dataclass(frozen=True)
class Cluster:
    """A group of comments that are nearly the same; its number is that of its oldest comment."""

    cluster: int
    comments: int
    labels: tuple[str, ...]
    splits: tuple[str, ...]
    body: str

    @property
    def is_contradictory(self) -> bool:
        return len(self.labels) > 1


def get_figures(db: Database, dataset_id: str) -> Figures:
    """Every figure of the health page, excluded comments left out."""
    with db.reading() as cursor:
        _make_table(cursor, dataset_id)
        counted = ", ".join(f"count(*) FILTER ({condition})" for condition in PROBLEMS.values())
        [row] = cursor.execute(
            f"""
            SELECT count(*), count(*) FILTER (language <> '(not looked at)'), count(DISTINCT cluster),
              count(DISTINCT cluster) FILTER (is_contradictory), {counted}
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
    problems = dict(zip(PROBLEMS, row[4:], strict=True))
    return Figures(row[0], row[1], problems, shares, by_import, row[2], row[3])


def list_problem_ids(
    db: Database, dataset_id: str, problem: str, *, limit: int
) -> list[tuple[int, int | None]]:
    """Comments with a problem, members of a group together, each with the comment that it repeats, if any."""
    repeats = "body_oldest" if problem == "exact duplicates" else "near_of"
    with db.reading() as cursor:
        _make_table(cursor, dataset_id)
        return cursor.execute(
            f"""
            SELECT comment_id, {repeats}
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


def list_clusters(db: Database, dataset_id: str, *, limit: int) -> list[Cluster]:
    """Groups of near-duplicates: those whose labels contradict each other first, then the largest."""
    with db.reading() as cursor:
        _make_table(cursor, dataset_id)
        rows = cursor.execute(
            """
            SELECT g.*, c.body
            FROM (
              SELECT h.cluster, count(*) AS n, list_sort(list(DISTINCT h.label)) AS labels,
                list_sort(list(DISTINCT x.split)) AS splits
              FROM health h
              JOIN comments x ON x.comment_id = h.comment_id
              WHERE h.cluster IS NOT NULL
              GROUP BY h.cluster
              ORDER BY bool_or(h.is_contradictory) DESC, n DESC, h.cluster
              LIMIT $limit
            ) g
            JOIN comments c ON c.comment_id = g.cluster
            ORDER BY len(g.labels) > 1 DESC, g.n DESC, g.cluster
            """,
            {"limit": limit},
        ).fetchall()
    return [
        Cluster(number, n, tuple(label for label in labels or () if label), tuple(splits), body)
        for number, n, labels, splits, body in rows
    ]


def list_members(db: Database, dataset_id: str, cluster: int, *, limit: int) -> list[int]:
    """The comments of a group, excluded ones left out, oldest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT comment_id
            FROM comments
            WHERE dataset_id = $dataset_id AND coalesce(near_of, comment_id) = $cluster
              AND comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
            ORDER BY comment_id
            LIMIT $limit
            """,
            {"dataset_id": dataset_id, "cluster": cluster, "limit": limit, **EVERY_ID},
        ).fetchall()
    return [int(row[0]) for row in rows]


def insert_matches(cursor: duckdb.DuckDBPyConnection, dataset_id: str, problem: str) -> None:
    """Leave a table `matches` (comment_id, duplicate_of) of the comments with a problem in this cursor."""
    repeats = "body_oldest" if problem == "exact duplicates" else "near_of"
    _make_table(cursor, dataset_id)
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE matches AS"
        f" SELECT comment_id, {repeats} AS duplicate_of FROM health WHERE {PROBLEMS[problem]}"
    )


def _make_table(cursor: duckdb.DuckDBPyConnection, dataset_id: str) -> None:
    params: dict[str, Any] = {"dataset_id": dataset_id, **EVERY_ID}
    cursor.execute(_TABLE, params)
