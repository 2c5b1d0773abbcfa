"""Runs as they are stored, without a job: comments, labels, a snapshot and answers."""

import pyarrow as pa

from domain.jobs import Job, JobState
from domain.labels import Vote
from services.curation.datasets import create_dataset
from services.curation.snapshots import take_snapshot
from storage import models, predictions, votes
from storage.database import now


def labelled_dataset(db, labelled, *, dataset_id="kids", labels=("allow", "disallow"), split="test"):
    """A dataset of (text, label) pairs labelled by ana, all in one split; the comment ids in that order."""
    create_dataset(db, dataset_id, labels, actor="ana")
    with db.writing(dataset_id) as cursor:
        ids = [
            cursor.execute(
                """
                INSERT INTO comments
                SELECT
                  nextval('comment_ids'), $dataset_id, 1, $place, $body, $author, NULL, NULL, NULL, 'en',
                  NULL, $split, hash($body), [], NULL, $split, 'test', NULL
                RETURNING comment_id
                """,
                {
                    "dataset_id": dataset_id,
                    "place": f"c{place}",
                    "body": body,
                    "author": f"author-{place}",
                    "split": split,
                },
            ).fetchone()[0]
            for place, (body, _) in enumerate(labelled)
        ]
    relabel(db, dict(zip(ids, (label for _, label in labelled), strict=True)), dataset_id=dataset_id)
    return ids


def relabel(db, labels, *, dataset_id="kids", annotator="ana", round_=1):
    """Votes of one annotator, newest in force."""
    given = [
        Vote(number, annotator, "label", f"{annotator}:{round_}:{number}", label)
        for number, label in labels.items()
    ]
    votes.add_votes(db, dataset_id, given)


def stored_run(
    db,
    answers,
    *,
    dataset_id="kids",
    snapshot_id=None,
    name="baseline",
    split="test",
    scores=None,
    withheld=(),
):
    """The id of a run that answered {comment id: label or None}, on a new snapshot unless one is named.

    Those `withheld` were never asked about, for their personal data.
    """
    frozen = snapshot_id or take_snapshot(db, dataset_id, actor="ana", split_mode="imported").snapshot_id
    order = ("allow", "disallow")
    job = Job(
        "job-1",
        "predict",
        dataset_id,
        frozen,
        {},
        JobState("succeeded"),
        None,
        now(),
        "ana",
        absorbed_at=None,
    )
    with db.writing(dataset_id) as cursor:
        model_id = models.add_model(cursor, job, name=name, backend="scripted", labels=order, settings={})
        run_id = models.add_run(
            cursor,
            job,
            model_id=model_id,
            split=split,
            labels=order,
            score_kind="softmax" if scores else "none",
            row_count=len(answers),
        )
        with predictions.incoming(cursor, _table(answers, split, scores or {}, withheld)):
            predictions.add_predictions(cursor, run_id, split)
    return run_id


def _table(answers, split, scores, withheld):
    count = len(answers)
    return pa.table(
        {
            "split": pa.array([split] * count, pa.string()),
            "comment_id": pa.array(list(answers), pa.int64()),
            "label": pa.array(list(answers.values()), pa.string()),
            "parse_status": [
                "filtered" if number in withheld else "invalid" if label is None else "ok"
                for number, label in answers.items()
            ],
            "scores": pa.array([scores.get(number) for number in answers], pa.list_(pa.float32())),
            "latency_ms": pa.array([0.0 if number in withheld else None for number in answers], pa.float32()),
            "tokens": pa.array([0 if number in withheld else None for number in answers], pa.int32()),
            "cost_usd": pa.nulls(count, pa.float64()),
        }
    )
