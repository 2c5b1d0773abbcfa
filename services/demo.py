"""The demo: a dataset that arrives with votes, snapshots, two models and reviewed misses."""

import csv
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.errors import BackendError
from domain.jobs import Job
from domain.labels import Vote
from services.curation import cleaning, datasets, importing, snapshots, texts
from services.evaluation import reviews
from services.jobs.managing.absorb import absorb
from services.jobs.managing.launch import get_job
from services.modelling import models, training
from storage.comments import list_comment_ids
from storage.database import Database
from storage.datasets import find_dataset
from storage.votes import add_votes

DEMO = "demo"
_SAMPLES = Path(__file__).resolve().parent.parent / "samples"
_SALT = "moderation-workbench-demo"
_LEAD = "dana"
_REVIEWED = 30
_PATIENCE_S = 600

Progress = Callable[[str, float], None]

_DEFINITIONS = {
    "allow": "May stand under a children's video.",
    "disallow": "Must not stand there; the guideline names the reasons.",
}


def load_demo(db: Database, *, actor: str, progress: Progress) -> dict[str, Any]:
    """Make the dataset `demo` from the files in samples/ and take it once around the loop.

    One that was begun and not finished goes on where it stopped; one that is whole stays as it is.
    """
    if len(_models(db)) > 1:
        return _told(db)
    progress("Importing the demo comments", 0.0)
    _curate(db, actor)
    numbers = list_comment_ids(db, DEMO)
    progress("Adding the votes of three annotators", 0.2)
    add_votes(db, DEMO, list(_votes(numbers)))
    for rule in cleaning.FIRST_RULES:
        if cleaning.preview(db, DEMO, rule).count:
            cleaning.apply_rule(db, DEMO, rule, actor=_LEAD)
    progress("Training a first model", 0.3)
    if not _models(db):
        _train(db, "baseline", "First baseline", "Before any review")
    progress("Reviewing some of its misses", 0.6)
    _review(db, _models(db)[0], numbers)
    progress("Training a second model", 0.7)
    _train(db, "baseline-weighted", "Rare labels weighted up", "After the first review")
    return _told(db)


def _told(db: Database) -> dict[str, Any]:
    return {"dataset": DEMO, "comments": len(list_comment_ids(db, DEMO)), "models": _models(db)}


def _curate(db: Database, actor: str) -> None:
    if find_dataset(db, DEMO) is None:
        datasets.create_dataset(
            db, DEMO, _DEFINITIONS, actor=actor, title="Comments under children's videos",
            definitions=_DEFINITIONS, salt=_SALT,
        )  # fmt: skip
    datasets.mark_child_data(db, DEMO, may_hold_child_data=True, actor=actor)
    written = datasets.find_guideline(db, DEMO)
    for version in (1, 2):
        if written is None or written[0] < version:
            body = (_SAMPLES / f"guideline_v{version}.md").read_text(encoding="utf-8")
            datasets.write_guideline(db, DEMO, body, actor=_LEAD)
    importing.import_file(db, _SAMPLES / "comments.csv", DEMO, actor=actor)
    texts.look_at_texts(db, DEMO)


def _models(db: Database) -> list[str]:
    """The demo's models, oldest first; none while there is no demo."""
    found = models.list_models(db, DEMO) if find_dataset(db, DEMO) else []
    return [model.model_id for model in reversed(found)]


def _votes(numbers: dict[str, int]) -> Iterator[Vote]:
    with open(_SAMPLES / "votes.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            said = row["label"]
            labels = said in _DEFINITIONS
            yield Vote(
                comment_id=numbers[row["comment_id"]],
                annotator=row["annotator"],
                kind="label" if labels else "skip" if said == "skip" else "unsure",
                label=said if labels else None,
                reason=row["reason"] or None,
                guideline_version=int(row["guideline_version"].lstrip("v")),
                seconds=float(row["seconds"]),
                client_id=f"demo:{row['comment_id']}:{row['annotator']}",
                source="import",
                voted_at=datetime.fromisoformat(row["voted_at"]).replace(tzinfo=None),
            )


def _train(db: Database, recipe: str, name: str, note: str) -> None:
    """Freeze, train, wait."""
    snapshot = snapshots.take_snapshot(db, DEMO, actor=_LEAD, note=note)
    job = training.train(db, snapshot_id=snapshot.snapshot_id, recipe=recipe, name=name, actor=_LEAD)
    _wait_for(db, job)


def _wait_for(db: Database, job: Job) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not (state := get_job(db, job.job_id).state).is_over:
        if time.monotonic() > deadline:
            raise BackendError(f"{job.job_id} did not end within {_PATIENCE_S} seconds.", hint="See its log.")
        time.sleep(0.2)
    if state.name != "succeeded":
        raise BackendError(f"{job.job_id} {state.name}: {state.message}", hint=state.hint)
    absorb(db)


def _review(db: Database, model_id: str, numbers: dict[str, int]) -> None:
    """What the makers' truth says of each miss: label wrong, guideline unclear, or model wrong."""
    with open(_SAMPLES / "truth.csv", encoding="utf-8", newline="") as file:
        truth = {numbers[row["id"]]: row for row in csv.DictReader(file)}
    run = models.list_runs(db, model_id=model_id, split="validation")[0]
    for miss in reviews.misses(db, run.run_id, limit=_REVIEWED):
        told = truth[miss.comment.comment_id]
        label, why, verdict = None, "", "model wrong"
        if told["label"] != miss.gold:
            verdict, label, why = "label wrong", told["label"], "Read again with the guideline beside it."
        elif told["hard_case"] == "sarcasm":
            verdict, why = "guideline unclear", "The guideline does not say how to read sarcasm."
        reviews.review(
            db, run_id=run.run_id, comment_id=miss.comment.comment_id, verdict=verdict, label=label, why=why,
            client_id=f"demo:{run.run_id}:{miss.comment.comment_id}", actor=_LEAD,
        )  # fmt: skip
