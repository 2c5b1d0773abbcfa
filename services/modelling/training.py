"""Train a model on a snapshot, by a named recipe."""

from dataclasses import asdict
from typing import Any

from domain.errors import BadInput
from domain.jobs import Job, JobKind
from domain.text import shortened
from services.jobs.managing.launch import launch
from services.jobs.rows.first_look import check_training_counts, no_validation
from services.modelling.base_models import check_base_model
from services.modelling.hosted.hosting import prepare
from services.modelling.recipes import EncoderSettings, HostedSettings, get_recipe, settings_of
from services.several import refuse_several
from storage.database import Database
from storage.snapshots import Snapshot, get_snapshot

# A new model answers these at once; the test split is looked at when the model is evaluated.
ANSWERED = ("validation", "test")
MAX_NAME = 100  # characters


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
        name: Of the model, at most MAX_NAME characters; by default the recipe's and the snapshot's.
        actor: Who wants it.

    Raises:
        NotFound: there is no such snapshot, recipe, base model or provider.
        Conflict: the comments may not leave this machine, or the provider takes no training any more.
        BadInput: a setting is unknown or out of range, the name is too long, the base model is of no use, the
            snapshot holds too few comments to learn from, or its comments may have several labels and the
            recipe is hosted.
    """
    given_name = checked_name(name or "")
    chosen = get_recipe(recipe)
    snapshot = get_snapshot(db, snapshot_id)
    checked = settings_of(chosen, settings)
    if chosen.kind == "train_hosted":
        refuse_several(snapshot, "Hosted models")
    _check_counts(snapshot, chosen.kind)
    if isinstance(checked, EncoderSettings):
        check_base_model(checked.base_model)
    if isinstance(checked, HostedSettings):
        checked = prepare(db, snapshot, checked)
    return launch(
        db,
        kind=chosen.kind,
        dataset_id=snapshot.dataset_id,
        snapshot_id=snapshot_id,
        splits=ANSWERED,
        settings=asdict(checked),
        actor=actor,
        name=given_name or f"{chosen.name} on {snapshot_id}",
        recipe=chosen.name,
        provider=checked.provider if isinstance(checked, HostedSettings) else None,
    )


def _check_counts(snapshot: Snapshot, kind: JobKind) -> None:
    """Refuse here what the job would refuse after its wait."""
    counts = snapshot.manifest.get("counts")
    if counts is None or snapshot.several:  # the job counts each of several labels by itself
        return
    check_training_counts(counts["train"])
    if kind == "train_encoder" and not set(counts["validation"]) & set(counts["train"]):
        raise no_validation(snapshot.snapshot_id)


def checked_name(name: str) -> str:
    """The name of a model without white space around it; empty where none was given.

    Raises:
        BadInput: it is too long.
    """
    kept = name.strip()
    if len(kept) > MAX_NAME:
        raise BadInput(
            f"The name '{shortened(kept)}' has {len(kept):,} characters.",
            hint=f"Give the model a name of at most {MAX_NAME} characters.",
        )
    return kept
