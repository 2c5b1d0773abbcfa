"""The verbs that say what is in a dataset, what repeats, and what the splits share."""

from collections.abc import Callable
from typing import Any

from domain.errors import BadInput
from services.curation import contradictions, golden, health, snapshots, texts
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


def show_duplicates(
    db: Database, *, dataset: str, group: int | None = None, contradicting: bool = False, limit: int = 20
) -> Any:
    """Groups of near-duplicates, those that contradict themselves first; or the comments of one.

    With `contradicting`, only the groups that wait for a decision, each label with who gave it.
    """
    if contradicting:
        found = [group] if group is not None else _waiting(db, dataset, limit)
        return [contradictions.get_contradiction(db, dataset, one, limit=limit) for one in found]
    if group is not None:
        return health.members_of(db, dataset, group)
    return health.clusters(db, dataset, limit=limit)


def settle_or_list(
    db: Database,
    *,
    dataset: str,
    actor: str,
    group: int | None = None,
    label: str | None = None,
    keep: bool = False,
    exclude: bool = False,
    why: str = "",
    undo: int | None = None,
) -> Any:
    """Decide about a group whose labels contradict each other; or take that back, or list all of it."""
    if undo is not None:
        return contradictions.undo(db, undo, dataset_id=dataset, actor=actor)
    if group is None:
        return contradictions.list_settlements(db, get_dataset(db, dataset).dataset_id)
    if (label is not None) + keep + exclude != 1:
        raise BadInput(
            f"What is to become of group {group}?", hint="Give one of --label NAME, --keep and --exclude."
        )
    if exclude:
        return contradictions.exclude_group(db, dataset, group, actor=actor)
    if keep:
        return contradictions.keep_labels(db, dataset, group, why=why, actor=actor)
    return contradictions.decide_label(db, dataset, group, label=label or "", why=why, actor=actor)


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


def _waiting(db: Database, dataset: str, limit: int) -> list[int]:
    return [one.cluster for one in contradictions.list_contradictions(db, dataset, limit=limit)]


VERBS: dict[str, Callable[..., Any]] = {
    "health": show_health,
    "duplicates": show_duplicates,
    "settle": settle_or_list,
    "split": show_split,
}
