"""Labels that a model which never saw the comment holds for unlikely: one list per job, newest job first."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from domain.errors import BadInput
from domain.jobs import Job
from storage.database import EVERY_ID, Database


@dataclass(frozen=True)
class Suspects:
    """What a job found: comment_id, label, likelier, self_confidence and likelier_score of each suspect."""

    rows: pa.Table


@dataclass(frozen=True)
class Suspect:
    """A comment whose label may be wrong.

    Attributes:
        comment_id: The comment.
        body: Its text, as it came.
        label: The label that the snapshot froze.
        likelier: The label that the model holds for likelier.
        self_confidence: How likely the model holds the label, 0 to 1.
        likelier_score: How likely it holds the other one.
        in_force: The label now, which somebody may have changed since; None where there is none.
        job_id: Whose finding it is.
    """

    comment_id: int
    body: str
    label: str
    likelier: str
    self_confidence: float
    likelier_score: float
    in_force: str | None
    job_id: str


def add_suspects(cursor: duckdb.DuckDBPyConnection, job: Job, found: Suspects) -> None:
    """Add what the job found, within the caller's transaction.

    Raises:
        BadInput: a comment is not of the job's snapshot.
    """
    cursor.register("found_suspects", found.rows)
    try:
        [(strangers,)] = cursor.execute(
            """
            SELECT count(*) FROM found_suspects
            WHERE comment_id NOT IN (SELECT comment_id FROM snapshot_rows WHERE snapshot_id = $snapshot_id)
            """,
            {"snapshot_id": job.snapshot_id},
        ).fetchall()
        if strangers:
            raise BadInput(f"{strangers:,} suspects are not in {job.snapshot_id}.", hint="Start it again.")
        cursor.execute(
            """
            INSERT INTO suspects
            SELECT $job_id, $dataset_id, row_number() OVER (ORDER BY self_confidence, comment_id), comment_id,
              label, likelier, self_confidence, likelier_score
            FROM found_suspects
            """,
            {"job_id": job.job_id, "dataset_id": job.dataset_id},
        )
    finally:
        cursor.unregister("found_suspects")


def list_suspects(db: Database, dataset_id: str, job_id: str, *, limit: int) -> list[Suspect]:
    """The suspects that one job found, the most suspicious first; excluded comments are left out."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT 
              s.comment_id, c.body, s.label, s.likelier, s.self_confidence, s.likelier_score, l.label,
              s.job_id
            FROM suspects s
            JOIN comments c ON c.comment_id = s.comment_id
            LEFT JOIN labels_of($dataset_id, $low, $high) l ON l.comment_id = s.comment_id
            WHERE s.job_id = $job_id
              AND s.comment_id NOT IN (SELECT comment_id FROM excluded_of($dataset_id, $low, $high))
            ORDER BY s.place
            LIMIT $limit
            """,
            {"dataset_id": dataset_id, "job_id": job_id, "limit": limit, **EVERY_ID},
        ).fetchall()
    return [Suspect(*row) for row in rows]


def count_suspects(db: Database, job_id: str) -> int:
    """How many suspects a job found."""
    with db.reading() as cursor:
        row = cursor.execute("SELECT count(*) FROM suspects WHERE job_id = $id", {"id": job_id}).fetchone()
    return int(row[0]) if row else 0
