"""Reviews of misses and adjudications: appended, each with who and why."""

from dataclasses import dataclass
from datetime import datetime

from storage.audit import add_entry
from storage.database import Database, now

# An adjudication is the review's own if it bears its time, name and label: both were written together.
_TAKE_BACK = """
INSERT INTO adjudications
SELECT
  nextval('adjudication_ids'), $dataset_id, $comment_id, NULL, coalesce(nullif($why, ''), $verdict), $at,
  $actor
FROM (
  SELECT * FROM adjudications
  WHERE dataset_id = $dataset_id AND comment_id = $comment_id
  ORDER BY adjudication_id DESC
  LIMIT 1
) a
JOIN (
  SELECT * FROM reviews
  WHERE run_id = $run_id AND comment_id = $comment_id AND review_id < $review_id
  ORDER BY review_id DESC
  LIMIT 1
) r ON r.label = a.label AND r.created_by = a.created_by AND r.created_at = a.created_at
"""


@dataclass(frozen=True)
class Review:
    """What a person said of one miss of one run."""

    review_id: int
    dataset_id: str
    run_id: str
    comment_id: int
    verdict: str
    label: str | None
    why: str
    client_id: str
    created_at: datetime
    created_by: str


def add_review(
    db: Database,
    dataset_id: str,
    *,
    run_id: str,
    comment_id: int,
    verdict: str,
    label: str | None,
    why: str,
    client_id: str,
    actor: str,
) -> bool:
    """Append the review, with an adjudication where it gives a label; False if its client id is known.

    A review without a label takes back the adjudication that the review before it, of the same miss, made;
    one that somebody made since stays in force.
    """
    params = {
        "dataset_id": dataset_id,
        "run_id": run_id,
        "comment_id": comment_id,
        "verdict": verdict,
        "label": label,
        "why": why,
        "client_id": client_id,
        "at": now(),
        "actor": actor,
    }
    with db.writing(dataset_id) as cursor:
        added = cursor.execute(
            """
            INSERT INTO reviews
            SELECT
              nextval('review_ids'), $dataset_id, $run_id, $comment_id, $verdict, $label, $why, $client_id,
              $at, $actor
            WHERE NOT EXISTS (SELECT 1 FROM reviews WHERE client_id = $client_id)
            RETURNING review_id
            """,
            params,
        ).fetchall()
        if added and label is not None:
            names = ("dataset_id", "comment_id", "label", "why", "at", "actor")
            cursor.execute(
                """
                INSERT INTO adjudications
                SELECT nextval('adjudication_ids'), $dataset_id, $comment_id, $label, $why, $at, $actor
                """,
                {name: params[name] for name in names},
            )
            add_entry(
                cursor,
                actor=actor,
                verb="label adjudicated",
                dataset_id=dataset_id,
                object_=f"comment {comment_id}",
                details={"label": label, "why": why, "run_id": run_id},
            )
        elif added:
            taken_back = {**params, "review_id": int(added[0][0])}
            del taken_back["client_id"], taken_back["label"]
            cursor.execute(_TAKE_BACK, taken_back)
    return bool(added)


def list_reviews(db: Database, run_id: str) -> list[Review]:
    """The newest review of each comment of a run."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT *
            FROM reviews
            WHERE run_id = $run_id
            QUALIFY row_number() OVER (PARTITION BY comment_id ORDER BY review_id DESC) = 1
            ORDER BY review_id
            """,
            {"run_id": run_id},
        ).fetchall()
    return [Review(*row) for row in rows]


def list_adjudications(
    db: Database, dataset_id: str, comment_id: int
) -> list[tuple[str | None, str, str, datetime]]:
    """Every adjudication of one comment, oldest first: label (None: taken back), why, who, when."""
    with db.reading() as cursor:
        return cursor.execute(
            """
            SELECT label, why, created_by, created_at
            FROM adjudications
            WHERE dataset_id = $dataset_id AND comment_id = $comment_id
            ORDER BY adjudication_id
            """,
            {"dataset_id": dataset_id, "comment_id": comment_id},
        ).fetchall()


def count_verdicts(db: Database, dataset_id: str) -> dict[str, int]:
    """How many misses of the dataset were given each verdict."""
    with db.reading() as cursor:
        rows = cursor.execute(
            "SELECT verdict, count(*) FROM reviews WHERE dataset_id = $dataset_id GROUP BY verdict",
            {"dataset_id": dataset_id},
        ).fetchall()
    return {str(verdict): int(n) for verdict, n in rows}
