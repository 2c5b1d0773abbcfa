"""Scores that another system gave, stored as a model of its own with a run for each split it answered."""

from typing import Any, Literal

import pyarrow as pa

from domain.jobs import Job, JobState
from storage.database import Database, now
from storage.models import add_model, add_run
from storage.predictions import add_predictions, incoming
from storage.snapshots import Snapshot

BACKEND = "imported"
_KEYS = {"id": "c.external_id", "text": "c.body"}


def list_keyed_rows(db: Database, snapshot_id: str, key: Literal["id", "text"]) -> pa.Table:
    """The comments of a snapshot by what a file may know them by: columns key, comment_id, split."""
    with db.reading() as cursor:
        found = cursor.sql(
            f"""
            SELECT {_KEYS[key]} AS key, s.comment_id, s.split
            FROM snapshot_rows s
            JOIN comments c ON c.comment_id = s.comment_id
            WHERE s.snapshot_id = $snapshot_id
            ORDER BY s.comment_id
            """,
            params={"snapshot_id": snapshot_id},
        )
        return found.to_arrow_table()


def list_source_scores(db: Database, snapshot_id: str) -> list[tuple[int, str, float]]:
    """Number, id and score of the comments of a snapshot that came with a score of another system."""
    with db.reading() as cursor:
        return cursor.execute(
            """
            SELECT c.comment_id, c.external_id, c.source_score
            FROM snapshot_rows s
            JOIN comments c ON c.comment_id = s.comment_id
            WHERE s.snapshot_id = $snapshot_id AND c.source_score IS NOT NULL
            ORDER BY c.comment_id
            """,
            {"snapshot_id": snapshot_id},
        ).fetchall()


def add_imported_scores(
    db: Database,
    snapshot: Snapshot,
    *,
    name: str,
    settings: dict[str, Any],
    answers: pa.Table,
    score_kind: str,
    actor: str,
) -> tuple[str, dict[str, str]]:
    """Add the model and its runs, all or nothing; returns the model's id and the run of each split.

    Args:
        answers: Columns as `storage.jobs.Results` describes them, for comments of the snapshot.
    """
    labels, splits = tuple(snapshot.labels), answers["split"].to_pylist()
    # No job made it: the scores came from outside.
    origin = Job(
        "",
        BACKEND,
        snapshot.dataset_id,
        snapshot.snapshot_id,
        {},
        JobState("succeeded"),
        None,
        now(),
        actor,
        absorbed_at=None,
    )
    with db.writing(snapshot.dataset_id) as cursor:
        model_id = add_model(
            cursor,
            origin,
            name=name,
            backend=BACKEND,
            labels=labels,
            settings=settings,
            verb="scores imported",
        )
        runs = {}
        with incoming(cursor, answers):
            for split in sorted(set(splits)):
                runs[split] = add_run(
                    cursor,
                    origin,
                    model_id=model_id,
                    split=split,
                    labels=labels,
                    score_kind=score_kind,
                    row_count=splits.count(split),
                )
                add_predictions(cursor, runs[split], split)
    return model_id, runs
