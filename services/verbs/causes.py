"""The verbs about misses and their causes, and about the scores of the service that is being replaced."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errors import BadInput
from services.curation.snapshots import get_snapshot
from services.evaluation import causes, readings
from services.evaluation.looks import note_look
from services.modelling.imported_scores import Columns, import_scores, keep_scores
from storage.database import Database


def read_blind(
    db: Database,
    *,
    run: str,
    actor: str,
    comment: int | None = None,
    says: str | None = None,
    second: bool = False,
    size: int = readings.SIZE,
    limit: int = 5,
) -> Any:
    """The next comments of a blind reading, which is drawn if there is none; or what one of them is."""
    reading = readings.start(db, run, actor=actor, size=size)
    note_look(db, run, station="blind reading", actor=actor)
    if comment is None:
        desk = readings.desk_of(db, run, actor=actor, second=second, limit=limit)
        # Not the whole comment: its label in force would lead the reader.
        queue = [{"comment_id": one.comment_id, "body": one.body, "author": one.author} for one in desk.queue]
        answers = [*readings.labels_of(db, reading), *readings.NO_LABEL]
        return {"run_id": run, "done": desk.done, "waiting": desk.waiting, "answers": answers, "queue": queue}
    if says is None:
        raise BadInput(
            f"What is comment {comment}?",
            hint=f"One of {', '.join((*readings.labels_of(db, reading), *readings.NO_LABEL))}.",
        )
    said = readings.said_as(db, reading, comment, says, f"command:{uuid4()}")
    readings.record(db, run, [said], actor=actor)
    return {"run_id": run, "comment_id": comment, "kind": said.kind, "label": said.label}


def tell_causes(db: Database, *, run: str, actor: str, put_in_force: bool = False) -> Any:
    """What a blind reading found, with the run's numbers before and after the repair of labels."""
    note_look(db, run, station="causes", actor=actor)
    changed = causes.put_in_force(db, run, actor=actor) if put_in_force else []
    return {**causes.as_dict(causes.findings(db, run)), "put_in_force": changed}


def bring_scores(
    db: Database,
    *,
    snapshot: str,
    name: str,
    actor: str,
    path: str | None = None,
    key: str = "id",
    by_text: bool = False,
    scores: dict[str, str] | None = None,
    label: str | None = None,
    spellings: dict[str, str] | None = None,
    scale: float = 1.0,
    flags_from: float = 0.5,
) -> Any:
    """Scores of another system become a model on the comments they belong to.

    Without a file they are those that the comments were imported with, for the label that `scores` names.
    """
    if path is None:
        meant = next(iter(scores or {}), get_snapshot(db, snapshot).labels[-1])
        return keep_scores(
            db, snapshot, label=meant, name=name, actor=actor, scale=scale, flags_from=flags_from
        )
    columns = Columns(
        key,
        key_is="text" if by_text else "id",
        scores=scores or {},
        label=label,
        spellings=spellings or {},
        scale=scale,
        flags_from=flags_from,
    )
    return import_scores(db, Path(path), snapshot, columns, name=name, actor=actor)


VERBS: dict[str, Callable[..., Any]] = {
    "cause": read_blind,
    "causes": tell_causes,
    "import-scores": bring_scores,
}
