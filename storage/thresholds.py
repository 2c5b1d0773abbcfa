"""Frozen thresholds, and the looks at test that each was granted once: both appended, never changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.errors import NotFound
from storage.audit import add_entry
from storage.database import Database, now

_COLUMNS = (
    "threshold_id, dataset_id, model_id, snapshot_id, run_id, unwanted, rule, upper_score, lower_score,"
    " base_rate, volume, seconds_per_review, temperature, tally, why, created_at, created_by"
)
_LOOK_COLUMNS = "look_id, dataset_id, snapshot_id, threshold_id, run_id, tally, created_at, created_by"


@dataclass(frozen=True)
class NewThreshold:
    """A threshold as it is chosen; `lower_score` equals `upper_score` where there is no band for a human.

    `tally` counts what it does to the comments of `run_id`, a validation run of the model on the snapshot.
    """

    dataset_id: str
    model_id: str
    snapshot_id: str
    run_id: str
    unwanted: tuple[str, ...]
    rule: str
    upper_score: float
    lower_score: float
    base_rate: float
    volume: float
    seconds_per_review: float
    temperature: float | None
    tally: dict[str, int]
    why: str


@dataclass(frozen=True)
class Threshold(NewThreshold):
    """A threshold as it was frozen, with who froze it and when."""

    threshold_id: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class Look:
    """What one threshold did to the test split, as it was told once, and to whom."""

    look_id: int
    dataset_id: str
    snapshot_id: str
    threshold_id: str
    run_id: str
    tally: dict[str, int]
    created_at: datetime
    created_by: str


def add_threshold(db: Database, chosen: NewThreshold, actor: str) -> Threshold:
    """Append the threshold and return it with its id."""
    given: dict[str, object] = {
        **vars(chosen),
        "unwanted": json.dumps(chosen.unwanted),
        "tally": json.dumps(chosen.tally),
        "at": now(),
        "actor": actor,
    }
    with db.writing(chosen.dataset_id) as cursor:
        row = cursor.execute(
            f"""
            INSERT INTO thresholds ({_COLUMNS})
            VALUES (
              'threshold-' || nextval('threshold_ids'), $dataset_id, $model_id, $snapshot_id, $run_id,
              $unwanted, $rule, $upper_score, $lower_score, $base_rate, $volume, $seconds_per_review,
              $temperature, $tally, $why, $at, $actor
            )
            RETURNING {_COLUMNS}
            """,
            given,
        ).fetchall()[0]
        frozen = _threshold(row)
        told: dict[str, object] = {
            "model_id": frozen.model_id,
            "snapshot_id": frozen.snapshot_id,
            "rule": frozen.rule,
        }
        told |= {"upper_score": frozen.upper_score, "lower_score": frozen.lower_score}
        add_entry(
            cursor,
            actor=actor,
            verb="threshold frozen",
            dataset_id=frozen.dataset_id,
            object_=frozen.threshold_id,
            details={**told, "unwanted": list(frozen.unwanted), "why": frozen.why},
        )
    return frozen


def get_threshold(db: Database, threshold_id: str) -> Threshold:
    """One frozen threshold.

    Raises:
        NotFound: there is none of that name.
    """
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT {_COLUMNS} FROM thresholds WHERE threshold_id = $id", {"id": threshold_id}
        ).fetchone()
    if row is None:
        raise NotFound(
            f"There is no threshold '{threshold_id}'.", hint="The list of thresholds names those here."
        )
    return _threshold(row)


def list_thresholds(
    db: Database, dataset_id: str | None = None, *, model_id: str | None = None
) -> list[Threshold]:
    """The frozen thresholds of a dataset or a model, or all, newest first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            f"""
            SELECT {_COLUMNS}
            FROM thresholds
            WHERE ($dataset_id IS NULL OR dataset_id = $dataset_id)
              AND ($model_id IS NULL OR model_id = $model_id)
            ORDER BY created_at DESC, length(threshold_id) DESC, threshold_id DESC
            """,
            {"dataset_id": dataset_id, "model_id": model_id},
        ).fetchall()
    return [_threshold(row) for row in rows]


def add_look(db: Database, frozen: Threshold, *, run_id: str, tally: dict[str, int], actor: str) -> Look:
    """Record that a threshold's result on test was looked at; the first look stays the only one."""
    with db.writing(frozen.dataset_id) as cursor:
        cursor.execute(
            f"""
            INSERT INTO test_looks ({_LOOK_COLUMNS})
            SELECT
              nextval('test_look_ids'), $dataset_id, $snapshot_id, $threshold_id, $run_id, $tally, $at, $actor
            WHERE NOT EXISTS (SELECT 1 FROM test_looks WHERE threshold_id = $threshold_id)
            """,
            {
                "dataset_id": frozen.dataset_id,
                "snapshot_id": frozen.snapshot_id,
                "threshold_id": frozen.threshold_id,
                "run_id": run_id,
                "tally": json.dumps(tally),
                "at": now(),
                "actor": actor,
            },
        )
    found = find_look(db, frozen.threshold_id)
    if found is None:
        raise NotFound(f"The look at test of {frozen.threshold_id} was not kept.")
    return found


def find_look(db: Database, threshold_id: str) -> Look | None:
    """The one look at test that a threshold has had, if it has."""
    with db.reading() as cursor:
        row = cursor.execute(
            f"SELECT {_LOOK_COLUMNS} FROM test_looks WHERE threshold_id = $id", {"id": threshold_id}
        ).fetchone()
    return _look(row) if row else None


def count_looks(db: Database, snapshot_ids: Sequence[str]) -> dict[str, int]:
    """How often thresholds were held against the test splits of some snapshots, by whom, most first."""
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT created_by, count(*)
            FROM test_looks
            WHERE snapshot_id IN $snapshots
            GROUP BY created_by
            ORDER BY count(*) DESC, created_by
            """,
            {"snapshots": list(snapshot_ids)},
        ).fetchall()
    return {str(who): int(n) for who, n in rows}


def _threshold(row: tuple[Any, ...]) -> Threshold:
    told = dict(zip(_COLUMNS.split(", "), row, strict=True))
    unwanted, tally = tuple(json.loads(told.pop("unwanted"))), json.loads(told.pop("tally"))
    return Threshold(unwanted=unwanted, tally=tally, **told)


def _look(row: tuple[Any, ...]) -> Look:
    told = dict(zip(_LOOK_COLUMNS.split(", "), row, strict=True))
    return Look(tally=json.loads(told.pop("tally")), **told)
