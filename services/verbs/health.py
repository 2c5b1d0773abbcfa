"""The verbs that say what is in a dataset, what repeats, and what the splits share."""

from collections.abc import Callable
from typing import Any

from domain.errors import BadInput
from services.curation import golden, health, snapshots, texts
from services.curation.datasets import get_dataset
from storage.database import Database

Progress = Callable[[str, float], None]


def show_health(
    db: Database,
    *,
    dataset: str,
    progress: Progress,
    figure: str | None = None,
    value: str = "",
    limit: int = 20,
) -> Any:
    """What is in a dataset and what is wrong with it; or the comments behind one figure."""
    texts.look_at_texts(db, dataset, progress=progress)
    if figure is None:
        return health.health_of(db, dataset)
    found = health.comments_of(db, dataset, figure, value, limit=limit)
    return [{"comment": comment, "repeats": old} for comment, old in found]


def show_duplicates(db: Database, *, dataset: str, group: int | None = None, limit: int = 20) -> Any:
    """Groups of near-duplicates, those that contradict themselves first; or the comments of one."""
    if group is not None:
        return health.members_of(db, dataset, group)
    return health.clusters(db, dataset, limit=limit)


def show_split(
    db: Database,
    *,
    dataset: str | None = None,
    snapshot: str | None = None,
    leak: str | None = None,
    golden_in: list[int] | None = None,
    golden_out: list[int] | None = None,
    why: str = "",
    actor: str = "",
    limit: int = 20,
) -> Any:
    """What the splits of a snapshot share; or the golden set, widened or narrowed first."""
    if snapshot is not None:
        if leak is not None:
            return snapshots.list_leaks(db, snapshot, leak, limit=limit)
        told = snapshots.get_snapshot(db, snapshot)
        names = ("split_mode", "counts", "leaks", "time", "golden")
        return {"snapshot_id": snapshot, **{name: told.manifest.get(name) for name in names}}
    if dataset is None:
        raise BadInput("Of which dataset or snapshot?", hint="Give --dataset NAME or --snapshot S.")
    if golden_in:
        golden.mark_golden(db, dataset, golden_in, why=why, actor=actor)
    if golden_out:
        golden.mark_golden(db, dataset, golden_out, is_golden=False, why=why, actor=actor)
    known = get_dataset(db, dataset)
    return {
        "dataset_id": dataset,
        "group_by": known.group_by,
        "golden": golden.list_golden(db, dataset),
        "marks": golden.list_marks(db, dataset, limit=limit),
    }


VERBS: dict[str, Callable[..., Any]] = {
    "health": show_health,
    "duplicates": show_duplicates,
    "split": show_split,
}
