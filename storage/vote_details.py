"""What an answer says beside its label: severity, the words that decided, a suggestion that was there."""

import json
from collections.abc import Sequence
from dataclasses import replace

import duckdb

from domain.labels import Vote
from domain.queues import Queue
from storage.database import EVERY_ID, Database


def add_vote_details(cursor: duckdb.DuckDBPyConnection, dataset_id: str, votes: Sequence[Vote]) -> None:
    """Keep what these votes say beside their label, each once, within the caller's transaction."""
    for vote in votes:
        if vote.severity is None and not vote.spans and vote.suggested is None:
            continue
        cursor.execute(
            """
            INSERT INTO vote_details
            SELECT $dataset_id, $comment_id, $annotator, $client_id, $severity, $spans, $suggested, $shown
            WHERE NOT EXISTS (
              SELECT 1 FROM vote_details WHERE comment_id = $comment_id AND client_id = $client_id
            )
            """,
            {
                "dataset_id": dataset_id,
                "comment_id": vote.comment_id,
                "annotator": vote.annotator,
                "client_id": vote.client_id,
                "severity": vote.severity,
                "spans": json.dumps(vote.spans) if vote.spans else None,
                "suggested": vote.suggested,
                "shown": vote.shown,
            },
        )


def with_details(cursor: duckdb.DuckDBPyConnection, dataset_id: str, votes: Sequence[Vote]) -> list[Vote]:
    """The votes with what they say beside their label."""
    rows = cursor.execute(
        """
        SELECT client_id, severity, spans, suggested, shown
        FROM vote_details
        WHERE dataset_id = $dataset_id AND comment_id IN $comments
        """,
        {"dataset_id": dataset_id, "comments": sorted({vote.comment_id for vote in votes}) or [-1]},
    ).fetchall()
    details = {
        str(client_id): {
            "severity": severity,
            "spans": tuple((int(start), int(end)) for start, end in json.loads(spans or "[]")),
            "suggested": suggested,
            "shown": bool(shown),
        }
        for client_id, severity, spans, suggested, shown in rows
    }
    return [replace(vote, **details.get(vote.client_id, {})) for vote in votes]


def count_suggestions(db: Database, queue: Queue) -> dict[bool, tuple[int, int]]:
    """Of labels in force, by whether a suggestion was shown: how many are as it said, and of how many."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT d.shown, count(*) FILTER (v.vote.label = d.suggested), count(*)
            FROM vote_details d
            JOIN current_votes_of($dataset_id, $low, $high) v
              ON v.comment_id = d.comment_id AND v.vote.client_id = d.client_id
            WHERE d.suggested IS NOT NULL
              AND d.comment_id IN (SELECT comment_id FROM queue_items WHERE queue_id = $queue_id)
            GROUP BY d.shown
            """,
            {"dataset_id": queue.dataset_id, "queue_id": queue.queue_id, **EVERY_ID},
        ).fetchall()
    return {bool(shown): (int(same), int(n)) for shown, same, n in rows}
