"""The verbs of the labelling desk behind a single vote: queues, suspects, decisions, examples."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from domain.errors import BadInput, NotFound
from domain.queues import Queue, QueueSettings
from services.curation.datasets import get_dataset, get_label_set
from services.labelling import adjudication, guideline_examples, queues, suspects
from services.labelling.suggestions import effect_of_suggestions
from storage.database import Database

QUEUE_ACTIONS = ("list", "create", "next", "show", "close")


def queue(
    db: Database,
    *,
    action: str,
    actor: str,
    queue: str | None = None,
    dataset: str | None = None,
    name: str = "",
    settings: dict[str, Any] | None = None,
    wanted: int = 5,
    show_all: bool = False,
) -> Any:
    """List the queues of a dataset, make one, see how far one is or what it hands out next, or close it."""
    if action not in QUEUE_ACTIONS:
        raise BadInput(f"A queue cannot be '{action}'.", hint=f"One of {', '.join(QUEUE_ACTIONS)}.")
    if action in ("list", "create"):
        if dataset is None:
            raise BadInput("Of which dataset?", hint="Give --dataset NAME.")
        if action == "list":
            found = queues.list_queues(db, dataset, closed=show_all)
            return [_standing(db, each, actor) for each in found]
        made = queues.create_queue(db, dataset, name, _settings(db, dataset, settings or {}), actor=actor)
        return _standing(db, made, actor)
    if queue is None:
        raise BadInput("Which queue?", hint="`queue list --dataset D` shows them.")
    if action == "next":
        return queues.next_in_queue(db, queue, actor=actor, wanted=wanted)
    if action == "close":
        queues.close_queue(db, queue, actor=actor)
    checks = [
        {"annotator": each.annotator, "kind": each.kind, "as_expected": each.as_expected}
        for each in queues.list_checks(db, queue, actor=actor)
    ]
    standing = _standing(db, queues.get_queue(db, queue), actor)
    return {**standing, "checks": checks, "suggestions": effect_of_suggestions(db, queue)}


def suspects_of(
    db: Database, *, actor: str = "", snapshot: str | None = None, dataset: str | None = None, folds: int = 5,
    seed: int = 0, job: str | None = None, limit: int = 20,
) -> Any:  # fmt: skip
    """Look for labels that may be wrong in a snapshot; or list what the newest search of a dataset found."""
    if snapshot is not None:
        return suspects.start_search(db, snapshot_id=snapshot, folds=folds, seed=seed, actor=actor)
    if job is not None:
        return suspects.suspects_of_job(db, job, limit=limit)
    if dataset is None:
        raise BadInput("Suspects of what?", hint="Give --snapshot S to look for them, or --dataset D.")
    return suspects.newest_suspects(db, dataset, limit=limit)


def adjudicate(
    db: Database,
    *,
    dataset: str,
    actor: str,
    comment: int | None = None,
    label: str | None = None,
    why: str = "",
    take_back: bool = False,
    limit: int = 5,
) -> Any:
    """Disagreements that this person may decide; or a decision on one, or its taking back."""
    wanted = get_dataset(db, dataset).dataset_id
    if comment is None:
        return {
            "counts": adjudication.count_disputes(db, wanted, actor=actor),
            "overturned": adjudication.overturn_rate(db, wanted),
            "disputes": adjudication.next_disputes(db, wanted, actor=actor, limit=limit),
        }
    if take_back:
        adjudication.take_back(db, wanted, comment, why=why, actor=actor)
        return {"comment_id": comment, "label": None, "why": why}
    adjudication.decide(db, wanted, comment, label=label or "", why=why, actor=actor)
    return {"comment_id": comment, "label": get_label_set(db, wanted).named(label or ""), "why": why}


def example(
    db: Database,
    *,
    dataset: str,
    actor: str,
    comment: int | None = None,
    label: str | None = None,
    why: str = "",
    out: int | None = None,
) -> Any:
    """The examples beside a guideline; on demand a comment becomes one, or one is taken out, first."""
    if comment is not None:
        guideline_examples.add_example(db, dataset, comment, actor=actor, label=label, why=why)
    elif out is not None:
        guideline_examples.take_out(db, dataset, out, actor=actor)
    return guideline_examples.list_examples(db, dataset)


def _settings(db: Database, dataset: str, given: dict[str, Any]) -> QueueSettings:
    known = {field.name for field in fields(QueueSettings)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise NotFound(
            f"A queue has no setting '{unknown[0]}'.", hint=f"Settings: {', '.join(sorted(known))}."
        )
    needed = {"votes_needed": get_dataset(db, dataset).votes_needed}
    told = {**needed, **given, "people": tuple(given.get("people") or ())}
    label = told.get("label")
    return QueueSettings(**{**told, "label": label and (get_label_set(db, dataset).named(label) or label)})


def _standing(db: Database, queue: Queue, actor: str) -> dict[str, Any]:
    return {"queue": queue, "counts": queues.count_queue(db, queue.queue_id, actor=actor)}


VERBS: dict[str, Callable[..., Any]] = {
    "queue": queue,
    "suspects": suspects_of,
    "adjudicate": adjudicate,
    "example": example,
}
