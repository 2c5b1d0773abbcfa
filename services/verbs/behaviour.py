"""The verbs of behaviour: test a model on a suite or on its true positives written otherwise, and read it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.curation.datasets import get_dataset
from services.evaluation import behaving
from services.evaluation.behaviour import sentence_of
from services.jobs.managing.launch import get_job
from services.modelling.models import get_model
from storage.database import Database

KINDS = ("functional", "invariance", "injection")


def behave(
    db: Database,
    *,
    model: str,
    actor: str,
    kind: str = "functional",
    path: str | None = None,
    mapping: dict[str, str] | None = None,
    left_out: list[str] | None = None,
    snapshot: str | None = None,
    unwanted: list[str] | None = None,
    comments: int | None = None,
    seed: int = 0,
) -> Any:
    """Start a test of one of KINDS; `path` is the suite, or payloads in the place of those that ship."""
    content = None if path is None else Path(path).read_bytes()
    if kind == "functional":
        if content is None or path is None:
            raise BadInput("Which suite of test cases?", hint="Give --suite FILE.csv.")
        return behaving.start_functional(
            db, model_id=model, suite=content, name=Path(path).name, mapping=mapping,
            left_out=left_out or (), actor=actor,
        )  # fmt: skip
    chosen: dict[str, Any] = {"snapshot_id": snapshot, "unwanted": unwanted or (), "comments": comments}
    if kind == "invariance":
        return behaving.start_invariance(db, model_id=model, seed=seed, actor=actor, **chosen)
    if kind == "injection":
        return behaving.start_injection(
            db, model_id=model, seed=seed, payloads=content, actor=actor, **chosen
        )
    raise BadInput(f"There is no behaviour '{kind[:40]}'.", hint=f"One of {', '.join(KINDS)}.")


def behaviour(
    db: Database, *, job: str | None = None, model: str | None = None, dataset: str | None = None
) -> Any:
    """What one job found, group by group, worst first; or the list of what was tested."""
    if job is not None:
        done = get_job(db, job)
        found = behaving.get_behaviour(db, job).found if done.state.name == "succeeded" else None
        if found is None:
            return {"job": done, "found": None, "sentence": ""}
        told = {**found.as_dict, "groups": found.worst_first}
        return {"job": done, "found": told, "sentence": sentence_of(found)}
    model_id = model and get_model(db, model).model_id
    dataset_id = dataset and get_dataset(db, dataset).dataset_id
    return [
        {
            "job_id": each.job_id,
            "model_id": each.model_id,
            "kind": each.found.kind,
            "suite": each.found.suite,
            "suite_sha256": each.found.suite_sha256,
            "sentence": sentence_of(each.found),
        }
        for each in behaving.list_behaviours(db, dataset_id, model_id=model_id)
    ]


VERBS: dict[str, Callable[..., Any]] = {
    "behave": behave,
    "behaviour": behaviour,
}
