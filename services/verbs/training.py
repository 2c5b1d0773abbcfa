"""The verbs around jobs: what a training would take, train, predict, and what becomes of them."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.curation import datasets
from services.jobs.files.billing import bill_of
from services.jobs.managing import launch
from services.jobs.process.hosted_story import hosted_checkpoints, provider_events
from services.modelling import prediction, scoring, training
from services.modelling.estimates import sentence
from services.modelling.probing import estimate
from services.modelling.recipes import asked_recipe
from services.verbs.examples import tune_on_examples
from services.verbs.generation import estimate_on_pairs, train_on_pairs
from services.verbs.hosting import ending_of_job
from storage.database import Database

Progress = Callable[[str, float], None]


def estimate_training(
    db: Database,
    *,
    recipe: str | None = None,
    backend: str | None = None,
    base: str | None = None,
    snapshot: str | None = None,
    pairs: str | None = None,
    prompt: int | None = None,
    settings: dict[str, Any] | None = None,
    progress: Progress,
) -> Any:
    """What the training of an encoder would take, from ten tried steps; on pairs, their lengths in tokens."""
    if pairs is not None and snapshot is None:
        return estimate_on_pairs(db, pairs=pairs, base=base, prompt=prompt, settings=settings)
    if snapshot is None:
        raise BadInput("Estimate a training on what?", hint="Give --snapshot SNAPSHOT or --pairs PAIRS.")
    name, given = asked_recipe(recipe, settings, backend=backend, base=base)
    found = estimate(db, snapshot, name, given, progress=progress)
    return {"snapshot": snapshot, "recipe": name, **asdict(found), "sentence": sentence(found)}


def train_model(
    db: Database,
    *,
    actor: str,
    snapshot: str | None = None,
    examples: str | None = None,
    recipe: str | None = None,
    backend: str | None = None,
    base: str | None = None,
    name: str | None = None,
    settings: dict[str, Any] | None = None,
    pairs: str | None = None,
    task: str | None = None,
    by: str = "pairs",
    prompt: int | None = None,
) -> Any:
    """Train on a snapshot, tune a chat model on kept examples, or teach a model to write from pairs."""
    if pairs is not None and snapshot is None and examples is None:
        return train_on_pairs(
            db, pairs=pairs, task=task, by=by, base=base, prompt=prompt, name=name, settings=settings,
            actor=actor,
        )  # fmt: skip
    if pairs is not None or task is not None or prompt is not None:
        raise BadInput("A task is trained on pairs alone.", hint="Give --pairs PAIRS, and no snapshot.")
    if examples is not None and snapshot is None:
        # Examples are only ever tuned on at a provider, whatever the recipe.
        _, settings = asked_recipe("hosted", settings, backend=backend, base=base)
        return tune_on_examples(db, examples=examples, actor=actor, name=name, settings=settings)
    if snapshot is None or examples is not None:
        raise BadInput(
            "Train on what?", hint="Give --snapshot SNAPSHOT, --examples EXAMPLES or --pairs PAIRS."
        )
    chosen, given = asked_recipe(recipe, settings, backend=backend, base=base)
    return training.train(db, snapshot_id=snapshot, recipe=chosen, settings=given, name=name, actor=actor)


def predict(
    db: Database,
    *,
    model: str,
    actor: str,
    snapshot: str | None = None,
    split: str = "test",
    dataset: str | None = None,
    unlabelled: bool = False,
    file: str | None = None,
    columns: dict[str, str] | None = None,
    engine: str = "torch",
    to: str | None = None,
    progress: Progress,
) -> Any:
    """Let a model answer one split of a snapshot, the comments of a dataset, or the rows of a file.

    Where `answers` is to write them `to` a file afterwards, its ending is checked before anything starts.
    """
    if to is not None:
        scoring.check_format(Path(to).suffix)
    if sum(one is not None for one in (snapshot, dataset, file)) != 1:
        raise BadInput(
            "Predict what?", hint="Give one of --snapshot SNAPSHOT, --dataset DATASET and --file FILE."
        )
    if snapshot is not None:
        return prediction.predict(
            db, model_id=model, snapshot_id=snapshot, split=split, actor=actor, engine=engine
        )
    if dataset is not None:
        return scoring.score_comments(
            db, model_id=model, dataset_id=dataset, unlabelled=unlabelled, engine=engine, actor=actor
        )
    return scoring.score_file(
        db, model_id=model, path=Path(str(file)), columns=columns, engine=engine, actor=actor,
        progress=progress,
    )  # fmt: skip


def show_answers(db: Database, *, job: str, to: str | None = None) -> Any:
    """What a prediction of a dataset or a file left, written to a file on demand."""
    return scoring.get_scored(db, job, to=None if to is None else Path(to))


def list_or_change_jobs(
    db: Database,
    *,
    actor: str | None = None,
    dataset: str | None = None,
    job: str | None = None,
    cancel: bool = False,
    pause: bool = False,
    restart: bool = False,
) -> Any:
    """List jobs; or look at one, cancel it, pause it, or start it again."""
    if job is None and (cancel or pause or restart):
        asked = "Cancel" if cancel else "Pause" if pause else "Restart"
        raise BadInput(f"{asked} which job?", hint="Name it: jobs JOB. The list shows them.")
    if job is None:
        return launch.list_jobs(db, dataset and datasets.get_dataset(db, dataset).dataset_id)
    if cancel:
        return launch.cancel(db, job, actor or "")
    if pause:
        return launch.pause(db, job, actor or "")
    if restart:
        return launch.restart(db, job, actor or "")
    found, folder = launch.get_job(db, job), launch.folder_of(db, job)
    bill, ends = bill_of(folder, found.state), ending_of_job(db, found)
    there = {
        "events": provider_events(folder.events()),
        "checkpoints": hosted_checkpoints(folder.path),
    }
    return {"job": found, "log": folder.log_tail(), "bill": bill, "ends": ends, **there}


VERBS: dict[str, Callable[..., Any]] = {
    "estimate": estimate_training,
    "train": train_model,
    "predict": predict,
    "answers": show_answers,
    "jobs": list_or_change_jobs,
}
