"""Comments as they are asked for: one, a page of a filtered list, or how many."""

import pyarrow as pa

from domain.comments import Comment, CommentFilter
from domain.errors import NotFound
from storage.database import EVERY_ID, Database

_SELECT = """
SELECT
  c.comment_id, c.dataset_id, c.external_id, c.body, c.author, c.thread, c.posted_at, c.language,
  c.source_score, c.split, c.near_of, l.label, l.label_from, e.reason
"""

_FROM = """
FROM comments c
LEFT JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = c.comment_id
LEFT JOIN excluded_of($dataset_id, $low, $high) e ON e.comment_id = c.comment_id
"""


def get_comment(db: Database, comment_id: int) -> Comment:
    """One comment.

    Raises:
        NotFound: there is none of that number.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT dataset_id FROM comments WHERE comment_id = $comment_id", {"comment_id": comment_id}
        ).fetchone()
    if row is None:
        raise NotFound(f"There is no comment {comment_id}.", hint="The link may be of another installation.")
    return list_comments_by_id(db, str(row[0]), [comment_id])[0]


def list_comments_by_id(db: Database, dataset_id: str, comment_ids: list[int]) -> list[Comment]:
    """The comments of those numbers, in that order; unknown numbers are left out."""
    if not comment_ids:
        return []
    with db.reading() as cursor:
        rows = cursor.execute(
            # The stretch of numbers is said too: with it, whole blocks of the table need not be read.
            f"{_SELECT} {_FROM} WHERE c.dataset_id = $dataset_id AND c.comment_id BETWEEN $low AND $high"
            " AND c.comment_id IN $ids",
            {"dataset_id": dataset_id, "ids": comment_ids, "low": min(comment_ids), "high": max(comment_ids)},
        ).fetchall()
    found = {row[0]: Comment(*row) for row in rows}
    return [found[number] for number in comment_ids if number in found]


def list_known_ids(db: Database, dataset_id: str, comment_ids: list[int]) -> set[int]:
    """Those of the numbers that are comments of the dataset."""
    if not comment_ids:
        return set()
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT comment_id
            FROM comments
            WHERE dataset_id = $dataset_id AND comment_id BETWEEN $low AND $high AND comment_id IN $ids
            """,
            {"dataset_id": dataset_id, "ids": comment_ids, "low": min(comment_ids), "high": max(comment_ids)},
        ).fetchall()
    return {int(row[0]) for row in rows}


def list_comments(db: Database, wanted: CommentFilter) -> list[Comment]:
    """One page of the comments that the filter asks for, oldest first."""
    tables, condition, params = where(wanted)
    with db.reading() as cursor:
        rows = cursor.execute(
            f"SELECT c.comment_id {tables} WHERE {condition} ORDER BY 1 LIMIT $limit OFFSET $offset",
            {**params, "limit": wanted.limit, "offset": wanted.offset},
        ).fetchall()
    return list_comments_by_id(db, wanted.dataset_id, [row[0] for row in rows])


def list_matching_ids(db: Database, wanted: CommentFilter, *, most: int) -> list[int]:
    """The numbers of the comments that the filter asks for, oldest first, `most` of them at most."""
    tables, condition, params = where(wanted)
    with db.reading() as cursor:
        rows = cursor.execute(
            f"SELECT c.comment_id {tables} WHERE {condition} ORDER BY 1 LIMIT $most", {**params, "most": most}
        ).fetchall()
    return [int(row[0]) for row in rows]


def count_comments(db: Database, wanted: CommentFilter) -> int:
    """How many comments the filter asks for."""
    tables, condition, params = where(wanted)
    with db.reading() as cursor:
        row = cursor.execute(f"SELECT count(*) {tables} WHERE {condition}", params).fetchone()
    return int(row[0]) if row else 0


def count_by_state(db: Database, dataset_id: str) -> dict[str, int]:
    """How many comments there are: all, excluded, labelled, tied, waiting (neither labelled nor excluded)."""
    with db.reading() as cursor:
        row = cursor.execute(
            """
            SELECT
              count(*),
              count(e.comment_id),
              count(l.label) FILTER (e.comment_id IS NULL),
              count(*) FILTER (l.label_from = 'tied' AND e.comment_id IS NULL),
              count(*) FILTER (l.label IS NULL AND e.comment_id IS NULL)
            FROM comments c
            LEFT JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = c.comment_id
            LEFT JOIN excluded_of($dataset_id, $low, $high) e ON e.comment_id = c.comment_id
            WHERE c.dataset_id = $dataset_id
            """,
            {"dataset_id": dataset_id, **EVERY_ID},
        ).fetchone()
    names = ("comments", "excluded", "labelled", "tied", "waiting")
    return dict(zip(names, map(int, row or (0,) * 5), strict=True))


def count_by_label(db: Database, dataset_id: str) -> dict[str, int]:
    """How many comments stand under each label in force, excluded ones left out."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT label, count(*)
            FROM labels_of($dataset_id, $low, $high)
            WHERE label IS NOT NULL
              AND comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
            GROUP BY label
            ORDER BY label
            """,
            {"dataset_id": dataset_id, **EVERY_ID},
        ).fetchall()
    return {str(label): int(n) for label, n in rows}


def where(wanted: CommentFilter) -> tuple[str, str, dict[str, object]]:
    """Tables, condition and parameters of a filter; the text is made of constants only.

    Labels and exclusions are worked out only where the filter asks for them.
    """
    parts = ["c.dataset_id = $dataset_id"]
    params: dict[str, object] = {"dataset_id": wanted.dataset_id}
    if wanted.contains:
        parts.append("contains(lower(c.body), lower($contains))")  # not ILIKE: % and _ stay literal
        params["contains"] = wanted.contains
    for name in ("split", "author", "import_id"):
        value = getattr(wanted, name)
        if value is not None:
            parts.append(f"c.{name} = ${name}")
            params[name] = value
    if wanted.label is None and wanted.excluded is None:
        return "FROM comments c", " AND ".join(parts), params
    if wanted.label is not None:
        # Where a comment may have several labels, any of them.
        parts.append(
            "(l.label = $label OR ((SELECT several FROM datasets WHERE dataset_id = $dataset_id)"
            " AND list_contains(string_split(l.label, ' | '), $label)))"
        )
        params["label"] = wanted.label
    if wanted.excluded is not None:
        parts.append("(e.reason IS NOT NULL) = $excluded")
        params["excluded"] = wanted.excluded
    return _FROM, " AND ".join(parts), {**params, **EVERY_ID}


def get_comments_table(db: Database, dataset_id: str) -> pa.Table:
    """Every comment of a dataset for export, with its label in force and why it is excluded if it is."""
    with db.reading() as cursor:
        return cursor.sql(
            f"""
            SELECT
              c.external_id AS id, c.body AS text, c.author, c.thread, c.posted_at, c.language, l.label,
              l.label_from, c.split, c.source_score AS score, e.reason AS excluded_for
            {_FROM}
            WHERE c.dataset_id = $dataset_id
            ORDER BY c.comment_id
            """,
            params={"dataset_id": dataset_id, **EVERY_ID},
        ).to_arrow_table()


def list_comment_ids(db: Database, dataset_id: str) -> dict[str, int]:
    """Identity of every comment of a dataset to its number."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT external_id, comment_id FROM comments WHERE dataset_id = $dataset_id",
            {"dataset_id": dataset_id},
        ).fetchall()
    return dict(rows)
