"""Saved slices: filters with a name, and which comments of a run each holds."""

import json
from dataclasses import dataclass
from datetime import datetime

from domain.errors import NotFound
from storage.audit import add_entry
from storage.database import Database, now

# What a slice can ask of a comment, and how SQL says it. Constants: values are parameters.
CONDITIONS = {
    "contains": "contains(lower(c.body), lower($contains))",  # not ILIKE: % and _ stay literal
    "language": "c.language = $language",
    "author": "c.author = $author",
    "thread": "c.thread = $thread",
    "import": "c.import_id = CAST($import AS BIGINT)",
    "since": "c.posted_at >= CAST($since AS TIMESTAMP)",
    "before": "c.posted_at < CAST($before AS TIMESTAMP)",
}


@dataclass(frozen=True)
class SavedSlice:
    """A filter with its name: each of CONDITIONS that it asks for, and what it asks."""

    dataset_id: str
    name: str
    wanted: dict[str, str]
    created_at: datetime
    created_by: str


def add_saved_slice(
    db: Database, dataset_id: str, name: str, wanted: dict[str, str], actor: str
) -> SavedSlice:
    """Save the filter under the name, in place of an older one; without conditions the name is taken away."""
    saved = SavedSlice(dataset_id, name, wanted, now(), actor)
    with db.writing(dataset_id) as cursor:
        cursor.execute(
            "INSERT INTO saved_slices VALUES ($dataset_id, $name, $wanted, $created_at, $created_by)",
            {**vars(saved), "wanted": json.dumps(wanted)},
        )
        details: dict[str, object] = {"name": name, "wanted": wanted}
        add_entry(
            cursor,
            actor=actor,
            verb="slice saved",
            dataset_id=dataset_id,
            object_=dataset_id,
            details=details,
        )
    return saved


def list_saved_slices(db: Database, dataset_id: str) -> list[SavedSlice]:
    """The saved slices of a dataset, by name."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT dataset_id, name, wanted, created_at, created_by
            FROM saved_slices
            WHERE dataset_id = $dataset_id
            QUALIFY row_number() OVER (PARTITION BY name ORDER BY created_at DESC, rowid DESC) = 1
            ORDER BY name
            """,
            {"dataset_id": dataset_id},
        ).fetchall()
    found = [SavedSlice(dataset, name, json.loads(wanted), at, by) for dataset, name, wanted, at, by in rows]
    return [each for each in found if each.wanted]


def list_members(db: Database, run_id: str, wanted: dict[str, str]) -> list[int]:
    """Numbers of the comments of a run that the filter asks for, rising.

    Raises:
        NotFound: it asks for something that is not known of comments.
    """
    if strangers := sorted(set(wanted) - set(CONDITIONS)):
        raise NotFound(
            f"A slice cannot ask for '{strangers[0][:40]}'.", hint=f"It knows {', '.join(CONDITIONS)}."
        )
    conditions = " AND ".join(["p.run_id = $run_id", *(CONDITIONS[name] for name in wanted)])
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT c.comment_id
            FROM predictions p
            JOIN comments c ON c.comment_id = p.comment_id
            WHERE {conditions}
            ORDER BY c.comment_id
            """,
            {"run_id": run_id, **wanted},
        ).fetchall()
    return [int(row[0]) for row in rows]
