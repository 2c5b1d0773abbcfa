"""How desks are set, which labels people are spared, and how much of a day's work they have behind them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from domain.desk import DeskSettings
from storage.audit import add_entry
from storage.database import Database, now


def add_desk_settings(db: Database, dataset_id: str, settings: DeskSettings, *, actor: str) -> None:
    """Let the desk of the dataset be set so from now on."""
    with db.writing(dataset_id) as cursor:
        cursor.execute(
            "INSERT INTO desk_settings"
            " SELECT nextval('desk_setting_ids'), $dataset_id, $settings, $at, $actor",
            {"dataset_id": dataset_id, "settings": json.dumps(asdict(settings)), "at": now(), "actor": actor},
        )
        add_entry(
            cursor, actor=actor, verb="desk set", dataset_id=dataset_id, object_=dataset_id,
            details=asdict(settings),
        )  # fmt: skip


def get_desk_settings(db: Database, dataset_id: str) -> DeskSettings:
    """How the desk is set; nothing is asked or limited where nobody set it."""
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT settings FROM desk_settings WHERE dataset_id = $dataset_id"
            " ORDER BY setting_id DESC LIMIT 1",
            {"dataset_id": dataset_id},
        ).fetchone()
    told: dict[str, Any] = json.loads(row[0]) if row else {}
    for name in ("severe", "masked"):
        told[name] = tuple(told.get(name, ()))
    return DeskSettings(**told)


def add_opt_out(db: Database, dataset_id: str, annotator: str, labels: Sequence[str]) -> None:
    """Spare the person comments of these labels from now on, and no others; nobody else is told."""
    with db.writing(dataset_id, is_news=False) as cursor:
        cursor.execute(
            "INSERT INTO opt_outs VALUES ($dataset_id, $annotator, $labels, $at)",
            {
                "dataset_id": dataset_id,
                "annotator": annotator,
                "labels": json.dumps(list(labels)),
                "at": now(),
            },
        )


def find_opt_out(db: Database, dataset_id: str, annotator: str) -> tuple[str, ...]:
    """The labels that the person is spared."""
    with db.reading() as cursor:
        row = cursor.execute(
            "SELECT arg_max(labels, created_at) FROM opt_outs"
            " WHERE dataset_id = $dataset_id AND annotator = $annotator",
            {"dataset_id": dataset_id, "annotator": annotator},
        ).fetchone()
    return tuple(json.loads(row[0])) if row and row[0] else ()


def list_answers_since(
    db: Database, dataset_id: str, annotator: str, since: datetime
) -> list[tuple[int, str | None, datetime]]:
    """Comment, label and time of what the person answered at the desk since then, oldest first.

    Answers taken back are in: they were read.
    """
    with db.reading() as cursor:
        rows = cursor.execute(
            """
            SELECT comment_id, label, voted_at
            FROM votes
            WHERE dataset_id = $dataset_id AND annotator = $annotator AND kind <> 'undo' AND source = 'desk'
              AND voted_at >= $since
            ORDER BY vote_id
            """,
            {"dataset_id": dataset_id, "annotator": annotator, "since": since},
        ).fetchall()
    return [(int(number), label, at) for number, label, at in rows]
