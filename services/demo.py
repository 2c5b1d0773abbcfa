"""The demo: a dataset that arrives with votes, snapshots, two models and reviewed misses."""

import csv
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.errors import BackendError, Conflict
from domain.jobs import Job
from domain.labels import Vote
from services.curation import cleaning, datasets, importing, snapshots
from services.evaluation import reviews
from services.jobs.absorb import absorb
from services.jobs.launch import get_job
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

    Raises:
        Conflict: there is one already.
    """
    if find_dataset(db, DEMO) is not None:
        raise Conflict(f"The dataset '{DEMO}' is there already.", hint="Nothing was changed.")
    progress("Importing the demo comments", 0.0)
    datasets.create_dataset(
        db, DEMO, _DEFINITIONS, actor=actor, title="Comments under children's videos",
        definitions=_DEFINITIONS, salt=_SALT,
    )  # fmt: skip
    datasets.mark_child_data(db, DEMO, may_hold_child_data=True, actor=actor)
    for version in (1, 2):
        body = (_SAMPLES / f"guideline_v{version}.md").read_text(encoding="utf-8")
        datasets.write_guideline(db, DEMO, body, actor=_LEAD)
    importing.import_file(db, _SAMPLES / "comments.csv", DEMO, actor=actor)
    numbers = list_comment_ids(db, DEMO)
    progress("Adding the votes of three annotators", 0.2)
    add_votes(db, DEMO, list(_votes(numbers)))
    for rule in cleaning.RULES:
        cleaning.apply_rule(db, DEMO, rule, actor=_LEAD)
    progress("Training a first model", 0.3)
    first = _train(db, "baseline", "First baseline", "Before any review")
    progress("Reviewing some of its misses", 0.6)
    _review(db, first, numbers)
    progress("Training a second model", 0.7)
    second = _train(db, "baseline-weighted", "Rare labels weighted up", "After the first review")
    return {"dataset": DEMO, "comments": len(numbers), "models": [first, second]}


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


def _train(db: Database, recipe: str, name: str, note: str) -> str:
    """Freeze, train, wait; the id of the model."""
    snapshot = snapshots.take_snapshot(db, DEMO, actor=_LEAD, note=note)
    job = training.train(db, snapshot_id=snapshot.snapshot_id, recipe=recipe, name=name, actor=_LEAD)
    _wait_for(db, job)
    return next(m.model_id for m in models.list_models(db, DEMO) if m.job_id == job.job_id)


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
