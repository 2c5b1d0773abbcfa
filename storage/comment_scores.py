"""What models say of a dataset's comments outside of any snapshot; of each comment the newest answer."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from domain.errors import BadInput
from domain.jobs import Job
from storage.database import Database
from storage.predictions import incoming


@dataclass(frozen=True)
class CommentScores:
    """What a job found of comments of its dataset.

    Attributes:
        model_id: The model that it asked.
        score_kind: What the scores are.
        answers: Columns comment_id, label, parse_status and scores, these in the order of the model's labels;
            other columns are passed over.
    """

    model_id: str
    score_kind: str
    answers: pa.Table


def add_comment_scores(cursor: duckdb.DuckDBPyConnection, job: Job, found: CommentScores) -> None:
    """Keep the answers in place of older ones of the same model, within the caller's transaction.

    Raises:
        BadInput: an answer names no comment of the dataset, or a comment has several.
    """
    whose = {"dataset_id": job.dataset_id, "model_id": found.model_id}
    with incoming(cursor, found.answers):
        _refuse_strangers(cursor, job)
        cursor.execute(
            """
            DELETE FROM comment_scores
            WHERE dataset_id = $dataset_id
              AND model_id = $model_id
              AND comment_id IN (SELECT comment_id FROM answers)
            """,
            whose,
        )
        cursor.execute(
            """
            INSERT INTO comment_scores
              (dataset_id, model_id, comment_id, job_id, label, parse_status, score_kind, scores)
            SELECT $dataset_id, $model_id, comment_id, $job_id, label, parse_status, $score_kind, scores
            FROM answers
            ORDER BY comment_id
            """,
            {**whose, "job_id": job.job_id, "score_kind": found.score_kind},
        )


def list_comment_scores(db: Database, dataset_id: str, model_id: str) -> pa.Table:
    """What the model says of comments of the dataset, in the order of comment_id.

    Returns:
        Columns comment_id, label, parse_status, score_kind and scores; no rows where it was never asked.
    """
    with db.reading() as cursor:
        return cursor.sql(
            """
            SELECT comment_id, label, parse_status, score_kind, scores
            FROM comment_scores
            WHERE dataset_id = $dataset_id AND model_id = $model_id
            ORDER BY comment_id
            """,
            params={"dataset_id": dataset_id, "model_id": model_id},
        ).to_arrow_table()


def count_comment_scores(db: Database, dataset_id: str) -> dict[str, int]:
    """How many comments of the dataset each model has an answer to; models without any are left out."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT model_id, count(*)
            FROM comment_scores
            WHERE dataset_id = $dataset_id
            GROUP BY model_id
            ORDER BY model_id
            """,
            {"dataset_id": dataset_id},
        ).fetchall()
    return {str(model_id): int(count) for model_id, count in rows}


def _refuse_strangers(cursor: duckdb.DuckDBPyConnection, job: Job) -> None:
    [(answers, comments, strangers)] = cursor.execute(
        """
        SELECT count(*), count(DISTINCT a.comment_id), count(*) FILTER (c.comment_id IS NULL)
        FROM answers a
        LEFT JOIN comments c ON c.comment_id = a.comment_id AND c.dataset_id = $dataset_id
        """,
        {"dataset_id": job.dataset_id},
    ).fetchall()
    if strangers or answers != comments:
        raise BadInput(
            f"Of {answers:,} answers {strangers:,} name no comment of '{job.dataset_id}', and "
            f"{answers - comments:,} name one twice.",
            hint="The job worked on something else; start it again.",
        )
