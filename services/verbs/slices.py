"""The verbs of slices: where a run goes wrong most, and which parts of a dataset are always looked at."""

from collections.abc import Callable
from typing import Any

from services.curation.datasets import get_dataset
from services.evaluation import saved_slices
from services.evaluation.slicing import slices_told
from services.verbs.evaluation import run_of
from storage.database import Database


def slices(
    db: Database,
    *,
    run: str | None = None,
    model: str | None = None,
    snapshot: str | None = None,
    split: str = "test",
    label: str | None = None,
    contains: str = "",
    limit: int = 20,
) -> Any:
    """The worst slices of a run among all its comments, or among those under one frozen label."""
    return slices_told(
        db, run or run_of(db, model, snapshot, split), label=label, contains=contains, most=limit
    )


def save_slice(
    db: Database, *, dataset: str, actor: str, name: str | None = None, where: dict[str, str] | None = None
) -> Any:
    """The saved slices of a dataset; with a name, one more first, or one less if nothing is asked."""
    if name is not None:
        saved_slices.save_slice(db, dataset, name, where or {}, actor=actor)
    return saved_slices.list_saved_slices(db, get_dataset(db, dataset).dataset_id)


VERBS: dict[str, Callable[..., Any]] = {
    "slices": slices,
    "save-slice": save_slice,
}
