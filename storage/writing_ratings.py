"""What people said of written texts: appended; the newest of each person on each text counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import Database, now


@dataclass(frozen=True)
class Rating:
    """One person's word on one text; relevance and fluency from 1 to 5."""

    pair_id: int
    system: str
    relevance: int
    fluency: int
    same_meaning: bool
    toxic: bool
    created_by: str = ""
    job_id: str = ""


def add_ratings(
    db: Database, *, dataset_id: str, pair_set_id: str, job_id: str, ratings: Sequence[Rating], actor: str
) -> None:
    """Add what one person said of several texts; all of it or nothing."""
    with db.writing(dataset_id) as cursor:
        for one in ratings:
            cursor.execute(
                """
                INSERT INTO writing_ratings
                VALUES (
                  nextval('writing_rating_ids'), $dataset_id, $pair_set_id, $job_id, $pair_id, $system,
                  $relevance, $fluency, $same_meaning, $toxic, $at, $actor
                )
                """,
                {
                    "dataset_id": dataset_id,
                    "pair_set_id": pair_set_id,
                    "job_id": job_id,
                    "pair_id": one.pair_id,
                    "system": one.system,
                    "relevance": one.relevance,
                    "fluency": one.fluency,
                    "same_meaning": one.same_meaning,
                    "toxic": one.toxic,
                    "at": now(),
                    "actor": actor,
                },
            )


def list_ratings(db: Database, *, pair_set_id: str, job_id: str | None = None) -> list[Rating]:
    """What counts on the texts of a job, or on those of all jobs that worked on the pairs, oldest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT pair_id, system, relevance, fluency, same_meaning, toxic, created_by, job_id
            FROM writing_ratings
            WHERE pair_set_id = $pair_set_id AND ($job_id IS NULL OR job_id = $job_id)
            QUALIFY row_number() OVER (
              PARTITION BY job_id, pair_id, system, created_by ORDER BY rating_id DESC
            ) = 1
            ORDER BY rating_id
            """,
            {"pair_set_id": pair_set_id, "job_id": job_id},
        ).fetchall()
    return [Rating(*row) for row in rows]
