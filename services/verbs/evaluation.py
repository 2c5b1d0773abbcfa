"""The verbs that say how good a model is: evaluate, review, compare."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errors import BadInput, NotFound
from services.evaluation import comparing, files, reports, reviews
from services.modelling import models
from services.verbs.hosting import ending_of_run, prompt_of_run
from storage.database import Database


def evaluate_run(
    db: Database,
    *,
    run: str | None = None,
    model: str | None = None,
    snapshot: str | None = None,
    split: str = "test",
) -> Any:
    """Every number of a run."""
    if run is None:
        run = _run_of(db, model, snapshot, split)
    found = reports.evaluate(db, run)
    more = {"withheld": found.withheld, "ends": ending_of_run(db, run), "prompt": prompt_of_run(db, run)}
    return {**reports.as_dict(found), **more}


def evaluate_a_file(_db: Database, *, path: str, gold: str, predicted: str, score: str | None = None) -> Any:
    """Every number of a file of predictions."""
    return files.as_dict(files.evaluate_file(Path(path), gold=gold, predicted=predicted, score=score))


def read_or_review(
    db: Database,
    *,
    run: str,
    actor: str,
    comment: int | None = None,
    verdict: str | None = None,
    label: str | None = None,
    why: str = "",
    gold: str | None = None,
    predicted: str | None = None,
    limit: int = 20,
) -> Any:
    """The misses of a run; or what one of them means."""
    if comment is None:
        return {
            "progress": reviews.progress(db, run),
            "misses": reviews.misses(db, run, gold=gold, predicted=predicted, reviewed=False, limit=limit),
        }
    if verdict is None:
        raise BadInput(
            f"What is the verdict on comment {comment}?", hint=f"One of {', '.join(reviews.VERDICTS)}."
        )
    client_id = f"command:{uuid4()}"
    reviews.review(
        db,
        run_id=run,
        comment_id=comment,
        verdict=verdict,
        label=label,
        why=why,
        client_id=client_id,
        actor=actor,
    )
    return {"run_id": run, "comment_id": comment, "verdict": verdict, "label": label}


def compare_two(db: Database, *, before: str, after: str, show: str | None = None) -> Any:
    """Two runs on the same comments."""
    if show is not None:
        return comparing.changed(db, before, after, show)
    return comparing.as_dict(comparing.compare_runs(db, before, after))


def _run_of(db: Database, model: str | None, snapshot: str | None, split: str) -> str:
    if model is None:
        raise BadInput(
            "Evaluate what?", hint="Give --run RUN, or --model MODEL [--snapshot S] [--split test]."
        )
    runs = models.list_runs(db, model_id=model, snapshot_id=snapshot, split=split)
    if not runs:
        raise NotFound(
            f"{model} has not predicted the {split} split of {snapshot or 'any snapshot'}.",
            hint="Let it: predict --model MODEL --snapshot SNAPSHOT --split SPLIT.",
        )
    return runs[0].run_id


VERBS: dict[str, Callable[..., Any]] = {
    "evaluate": evaluate_run,
    "evaluate-file": evaluate_a_file,
    "review": read_or_review,
    "compare": compare_two,
}
