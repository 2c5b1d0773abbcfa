"""Comments that show what a label means: kept beside the guideline, never within what a model is told."""

from dataclasses import dataclass
from datetime import datetime

from domain.errors import NotFound
from storage.audit import add_entry
from storage.database import Database, now

_COLUMNS = (
    "e.example_id, e.dataset_id, e.comment_id, c.body, e.label, e.why, e.guideline_version, e.created_at,"
    " e.created_by"
)


@dataclass(frozen=True)
class GuidelineExample:
    """A comment, the label it stands for, why, and the version of the guideline it was chosen under."""

    example_id: int
    dataset_id: str
    comment_id: int
    body: str
    label: str
    why: str
    guideline_version: int
    created_at: datetime
    created_by: str


def add_guideline_example(
    db: Database,
    dataset_id: str,
    comment_id: int,
    *,
    label: str,
    why: str,
    guideline_version: int,
    actor: str,
) -> int:
    """Add an example, in place of one of the same comment, and return its number."""
    with db.writing(dataset_id) as cursor:
        cursor.execute(
            "UPDATE guideline_examples SET taken_out_at = $at, taken_out_by = $actor"
            " WHERE dataset_id = $dataset_id AND comment_id = $comment_id AND taken_out_at IS NULL",
            {"dataset_id": dataset_id, "comment_id": comment_id, "at": now(), "actor": actor},
        )
        [(number,)] = cursor.execute(
            """
            INSERT INTO guideline_examples
            SELECT nextval('guideline_example_ids'), $dataset_id, $comment_id, $label, $why, $version, $at,
              $actor, NULL, NULL
            RETURNING example_id
            """,
            {
                "dataset_id": dataset_id,
                "comment_id": comment_id,
                "label": label,
                "why": why,
                "version": guideline_version,
                "at": now(),
                "actor": actor,
            },
        ).fetchall()
        add_entry(
            cursor, actor=actor, verb="example added to the guideline", dataset_id=dataset_id,
            object_=f"comment {comment_id}", details={"label": label, "why": why},
        )  # fmt: skip
    return int(number)


def list_guideline_examples(db: Database, dataset_id: str) -> list[GuidelineExample]:
    """The examples that were not taken out, by label, oldest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM guideline_examples e
            JOIN comments c ON c.comment_id = e.comment_id
            WHERE e.dataset_id = $dataset_id AND e.taken_out_at IS NULL
            ORDER BY e.label, e.example_id
            """,
            {"dataset_id": dataset_id},
        ).fetchall()
    return [GuidelineExample(*row) for row in rows]


def update_taken_out(db: Database, dataset_id: str, example_id: int, *, actor: str) -> None:
    """Take an example out; that it was one stays known.

    Raises:
        NotFound: there is no such example, or it was taken out.
    """
    with db.writing(dataset_id) as cursor:
        rows = cursor.execute(
            "UPDATE guideline_examples SET taken_out_at = $at, taken_out_by = $actor"
            " WHERE dataset_id = $dataset_id AND example_id = $id AND taken_out_at IS NULL"
            " RETURNING comment_id",
            {"dataset_id": dataset_id, "id": example_id, "at": now(), "actor": actor},
        ).fetchall()
        if not rows:
            raise NotFound(f"There is no example {example_id} in the guideline.", hint="Reload the page.")
        add_entry(
            cursor, actor=actor, verb="example taken out of the guideline", dataset_id=dataset_id,
            object_=f"comment {rows[0][0]}", details={},
        )  # fmt: skip
