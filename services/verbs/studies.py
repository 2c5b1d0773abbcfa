"""The verbs of experiments: searches, learning curves and cross-validations, with plain arguments."""

from collections.abc import Callable
from typing import Any

from services.curation.datasets import get_dataset
from services.modelling import studies
from storage.database import Database


def tune(
    db: Database,
    *,
    snapshot: str,
    actor: str,
    recipe: str = "baseline",
    settings: dict[str, Any] | None = None,
    metric: str = "macro_f1",
    label: str | None = None,
    trials: int = 20,
    seed: int = 0,
) -> Any:
    """Start a search for better settings of a recipe."""
    return studies.start_study(
        db, kind="search", snapshot_id=snapshot, actor=actor, recipe=recipe, settings=settings or {},
        metric=metric, label=label, trials=trials, seed=seed,
    )  # fmt: skip


def learning_curve(
    db: Database,
    *,
    snapshot: str,
    actor: str,
    recipe: str = "baseline",
    settings: dict[str, Any] | None = None,
    metric: str = "macro_f1",
    label: str | None = None,
    repeats: int = 0,
    seed: int = 0,
) -> Any:
    """Start a learning curve of a recipe."""
    return studies.start_study(
        db, kind="learning_curve", snapshot_id=snapshot, actor=actor, recipe=recipe, settings=settings or {},
        metric=metric, label=label, repeats=repeats, seed=seed,
    )  # fmt: skip


def cross_validate(
    db: Database,
    *,
    snapshot: str,
    actor: str,
    recipe: str = "baseline",
    settings: dict[str, Any] | None = None,
    metric: str = "macro_f1",
    label: str | None = None,
    folds: int = 5,
    seed: int = 0,
) -> Any:
    """Start a cross-validation of a recipe."""
    return studies.start_study(
        db, kind="cross_validate", snapshot_id=snapshot, actor=actor, recipe=recipe, settings=settings or {},
        metric=metric, label=label, folds=folds, seed=seed,
    )  # fmt: skip


def list_or_show(db: Database, *, dataset: str | None = None, study: str | None = None) -> Any:
    """The studies of a dataset or of all, or one with what it has found."""
    if study is not None:
        return studies.get_study(db, study)
    return studies.list_studies(db, dataset and get_dataset(db, dataset).dataset_id)


VERBS: dict[str, Callable[..., Any]] = {
    "tune": tune,
    "learning-curve": learning_curve,
    "cross-validate": cross_validate,
    "studies": list_or_show,
}
