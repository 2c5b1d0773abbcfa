"""Comments as they are asked for: one, a page of a filtered list, or how many."""

import numpy as np

from domain.comments import Comment, CommentFilter
from domain.errors import BadInput, NotFound
from storage.database import EVERY_ID, Database
from storage.search_texts import catch_up, matching

_SELECT = """
SELECT
  c.comment_id, c.dataset_id, c.external_id, c.body, c.author, c.thread, c.posted_at, c.language,
  c.source_score, c.split, c.near_of, l.label, l.label_from, e.reason
"""

_JOINS = {
    "l.label": "LEFT JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = c.comment_id",
    "e.reason": "LEFT JOIN excluded_of($dataset_id, $low, $high) e ON e.comment_id = c.comment_id",
}

_FROM = f"FROM comments c {' '.join(_JOINS.values())}"

# What each field of a filter asks of a comment. Constants: values are parameters.
_CONDITIONS = {
    # Where a comment may have several labels, any of them.
    "label": """
      (l.label = $label OR (
        (SELECT several FROM datasets WHERE dataset_id = $dataset_id)
        AND list_contains(string_split(l.label, ' | '), $label)
      ))
    """,
    "label_from": "l.label_from = $label_from",
    "split": "c.split = $split",
    "author": "c.author = $author",
    "thread": "c.thread = $thread",
    # As the file says, else as it was found.
    "language": """
      (c.language = $language OR (c.language IS NULL AND c.comment_id IN (
        SELECT comment_id FROM text_facts WHERE dataset_id = $dataset_id AND found_language = $language
      )))
    """,
    "source": """
      (c.source = $source OR (c.source IS NULL AND c.import_id IN (
        SELECT import_id FROM imports WHERE dataset_id = $dataset_id AND file_name = $source
      )))
    """,
    "excluded": "(e.reason IS NOT NULL) = $excluded",
    "import_id": "c.import_id = $import_id",
    "since": "c.posted_at >= CAST($since AS TIMESTAMP)",
    "before": "c.posted_at < CAST($before AS TIMESTAMP)",
    "shortest": "length(c.body) >= $shortest",
    "longest": "length(c.body) <= $longest",
    "annotator": """
      c.comment_id IN (
        SELECT comment_id FROM current_votes_of($dataset_id, $low, $high) WHERE annotator = $annotator
      )
    """,
}
_FACT = "c.comment_id IN (SELECT comment_id FROM text_facts WHERE dataset_id = $dataset_id AND {})"
_FLAGS = {
    "golden": "c.comment_id IN (SELECT comment_id FROM golden_of($dataset_id))",
    "emoji": _FACT.format("is_emoji_only"),
    "broken": _FACT.format("broken_characters"),
    "entities": _FACT.format("html_entities"),
    "obfuscated": _FACT.format("obfuscated"),
    "personal": _FACT.format("personal_data"),
    "unlabelled": "l.label IS NULL",
    "repeats": "c.near_of IS NOT NULL",
    "repeated": "c.comment_id IN (SELECT near_of FROM comments WHERE dataset_id = $dataset_id)",
    "suspected": """
      c.comment_id IN (
        SELECT comment_id FROM suspects
        WHERE job_id = (
          SELECT s.job_id FROM suspects s JOIN jobs j ON j.job_id = s.job_id
          WHERE s.dataset_id = $dataset_id ORDER BY j.created_at DESC LIMIT 1
        )
      )
    """,
    "disputed": """
      c.comment_id IN (
        SELECT comment_id FROM current_votes_of($dataset_id, $low, $high)
        WHERE vote.kind = 'label' AND annotator <> '(imported)'
        GROUP BY comment_id
        HAVING count(DISTINCT vote.label) > 1
      )
    """,
}


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


def list_thread(db: Database, comment: Comment, *, most: int) -> tuple[list[Comment], list[Comment]]:
    """The last comments of its thread before it and the first after it, in the order in which they came."""
    parts = []
    with db.reading() as cursor:
        for side, order in (("<", "DESC"), (">", "")):
            rows = cursor.execute(
                f"""
                SELECT comment_id FROM comments
                WHERE dataset_id = $dataset_id AND thread = $thread AND comment_id {side} $number
                ORDER BY comment_id {order}
                LIMIT $most
                """,
                {
                    "dataset_id": comment.dataset_id, "thread": comment.thread, "number": comment.comment_id,
                    "most": most,
                },
            ).fetchall()  # fmt: skip
            parts.append(sorted(int(row[0]) for row in rows))
    before, after = (list_comments_by_id(db, comment.dataset_id, numbers) for numbers in parts)
    return before, after


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
    tables, condition, params = ready_where(db, wanted)
    with db.reading() as cursor:
        rows = cursor.execute(
            f"SELECT c.comment_id {tables} WHERE {condition} ORDER BY 1 LIMIT $limit OFFSET $offset",
            {**params, "limit": wanted.limit, "offset": wanted.offset},
        ).fetchall()
    return list_comments_by_id(db, wanted.dataset_id, [row[0] for row in rows])


def find_page(db: Database, wanted: CommentFilter) -> tuple[list[Comment], int]:
    """One page of the comments that the filter asks for, oldest first, and how many there are."""
    tables, condition, params = ready_where(db, wanted)
    with db.reading() as cursor:
        found = cursor.execute(f"SELECT c.comment_id AS n {tables} WHERE {condition}", params).fetchnumpy()[
            "n"
        ]
    end = min(wanted.offset + wanted.limit, len(found))
    if wanted.offset >= len(found):
        return [], len(found)
    # Only the smallest up to the end of the page need be in order.
    page = np.sort(np.partition(found, end - 1)[:end])[wanted.offset :].tolist()
    return list_comments_by_id(db, wanted.dataset_id, page), len(found)


def list_matching_ids(db: Database, wanted: CommentFilter, *, most: int) -> list[int]:
    """The numbers of the comments that the filter asks for, oldest first, `most` of them at most."""
    tables, condition, params = ready_where(db, wanted)
    with db.reading() as cursor:
        rows = cursor.execute(
            f"SELECT c.comment_id {tables} WHERE {condition} ORDER BY 1 LIMIT $most", {**params, "most": most}
        ).fetchall()
    return [int(row[0]) for row in rows]


def count_comments(db: Database, wanted: CommentFilter) -> int:
    """How many comments the filter asks for."""
    tables, condition, params = ready_where(db, wanted)
    with db.reading() as cursor:
        row = cursor.execute(f"SELECT count(*) {tables} WHERE {condition}", params).fetchone()
    return int(row[0]) if row else 0


def ready_where(db: Database, wanted: CommentFilter) -> tuple[str, str, dict[str, object]]:
    """As `where`, with the texts caught up that it searches."""
    if wanted.contains:
        catch_up(db, wanted.dataset_id)
    return where(wanted)


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

    Labels and exclusions are worked out only where the filter asks for them. Where it searches the texts,
    those have to be caught up with first (`storage.search_texts`).

    Raises:
        BadInput: the search is too long, or there is no such flag.
    """
    parts = ["c.dataset_id = $dataset_id"]
    params: dict[str, object] = {"dataset_id": wanted.dataset_id}
    if wanted.contains:
        found, terms = matching(wanted.contains)
        parts += [found] if found else []
        params |= terms
    for name, condition in _CONDITIONS.items():
        value = getattr(wanted, name)
        if value is not None:
            parts.append(condition)
            params[name] = value
    if wanted.flag is not None:
        if wanted.flag not in _FLAGS:
            raise BadInput(f"There is no flag '{wanted.flag[:40]}'.", hint=f"One of {', '.join(_FLAGS)}.")
        parts.append(_FLAGS[wanted.flag])
    condition = " AND ".join(parts)
    tables = "FROM comments c"
    for column, join in _JOINS.items():
        if column in condition:
            tables += f" {join}"
    if "$low" in tables + condition:
        params |= EVERY_ID
    return tables, condition, params


def list_comment_ids(db: Database, dataset_id: str) -> dict[str, int]:
    """Identity of every comment of a dataset to its number."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT external_id, comment_id FROM comments WHERE dataset_id = $dataset_id",
            {"dataset_id": dataset_id},
        ).fetchall()
    return dict(rows)
