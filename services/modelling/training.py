"""Train a model on a snapshot, by a named recipe."""

from dataclasses import asdict
from typing import Any

from domain.jobs import Job
from services.jobs.launch import launch
from services.modelling.recipes import baseline_settings, get_recipe
from storage.database import Database
from storage.snapshots import get_snapshot

# A new model answers these at once; the test split is looked at when the model is evaluated.
ANSWERED = ("validation", "test")


def train(
    db: Database,
    *,
    snapshot_id: str,
    recipe: str = "baseline",
    settings: dict[str, Any] | None = None,
    name: str | None = None,
    actor: str,
) -> Job:
    """Start training on the snapshot's train split; the model and its runs are there once it is absorbed.

    Args:
        db: The database.
        snapshot_id: What to train on.
        recipe: One of recipes.RECIPES.
        settings: Where they differ from the recipe's.
        name: Of the model; by default the recipe's and the snapshot's.
        actor: Who wants it.

    Raises:
        NotFound: there is no such snapshot or recipe.
        BadInput: a setting is unknown or out of range.
    """
    chosen = get_recipe(recipe)
    snapshot = get_snapshot(db, snapshot_id)
    checked = asdict(baseline_settings({**chosen.settings, **(settings or {})}))
    return launch(
        db,
        kind=chosen.kind,
        dataset_id=snapshot.dataset_id,
        snapshot_id=snapshot_id,
        splits=ANSWERED,
        settings=checked,
        actor=actor,
        name=(name or "").strip() or f"{recipe} on {snapshot_id}",
    )
