"""Freeze the labels in force, so that training and evaluation can name what they used."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from domain.comments import Comment
from domain.errors import BadInput, Conflict, NotFound
from domain.filters import filter_of
from domain.people import actor_named
from domain.repairs import version_of
from domain.splits import SPLITS
from domain.text import TEXT_RULES_VERSION
from services.curation import texts
from services.evaluation.saved_slices import get_slice
from services.labelling.aggregation_runs import find_in_force
from services.labelling.agreement_report import frozen_agreement
from storage import comments, datasets, golden, leaks
from storage import snapshots as stored
from storage.database import Database
from storage.snapshots import Snapshot, get_snapshot, list_snapshots, rows_sha256, snapshot_folder

__all__ = [
    "FILES",
    "LeakPair",
    "Snapshot",
    "get_snapshot",
    "list_leaks",
    "list_snapshots",
    "snapshot_file",
    "take_snapshot",
    "verify_snapshot",
]

Progress = Callable[[str, float], None]

FILES = ("comments.parquet", "manifest.json")


@dataclass(frozen=True)
class LeakPair:
    """A held-out comment of a split, and a training comment that it shares something with."""

    kind: str
    split: str
    held: Comment
    learned: Comment


def take_snapshot(
    db: Database,
    dataset_id: str,
    *,
    actor: str,
    split_mode: str = "group",
    seed: int = 0,
    note: str = "",
    slice_name: str = "",
    text: str = "original",
    test_from: datetime | None = None,
    progress: Progress = lambda _what, _share: None,
) -> Snapshot:
    """Freeze every labelled comment that is not excluded; golden ones are in test, whatever their split.

    Args:
        split_mode: "group" (each comment's own split, decided when it entered), "stratified" (80/10/10 of
            each label, drawn by `seed` and frozen here; for benchmarks), "imported" (the file's), or "time"
            (what was posted last is test, what was posted before it validation).
        text: What models read: "original", or "cleaned", the text after the repairs in force.
        test_from: Of the mode "time": what was posted from then on is test; else the last tenth is.
        progress: Told how far the texts are cleaned that were not yet.
        slice_name: Only the comments of this saved slice, as it asks now.

    Raises:
        NotFound: there is no such dataset or slice.
        BadInput: nothing is labelled, only one label is in use, or no comment is in train. An imported
            split may do without: a published test set is there to be predicted. Or a split by time is
            wanted where the times do not give one, or cleaned text where no repair is in force.
    """
    who = actor_named(actor)
    dataset = datasets.get_dataset(db, dataset_id)
    if text == "cleaned":
        if not texts.steps_in_force(db, dataset_id):
            raise BadInput(
                f"No repair is in force in '{dataset_id}'.",
                hint="Put one in force first, or freeze the original.",
            )
        texts.look_at_texts(db, dataset_id, progress=progress)
    cuts = _cuts(db, dataset_id, split_mode, test_from)
    saved = get_slice(db, dataset_id, slice_name) if slice_name else None
    wanted = filter_of(dataset_id, saved.wanted) if saved else None
    rows = stored.frozen_rows(
        db, dataset, split_mode=split_mode, seed=seed, wanted=wanted, text=text, cuts=cuts
    )
    counts = _counts(rows)
    used = {label for split in counts.values() for label in split}
    if len(used) < 2:
        raise BadInput(
            f"'{dataset_id}' has {rows.num_rows:,} labelled comments under {len(used)} label(s).",
            hint="Label some comments of at least two labels first.",
        )
    if not counts["train"] and split_mode != "imported":
        raise BadInput(
            f"None of the {rows.num_rows:,} labelled comments of '{dataset_id}' is in the train split.",
            hint="Label comments of more authors or threads, or use the stratified mode.",
        )
    states = comments.count_by_state(db, dataset_id)
    guideline = datasets.find_guideline(db, dataset_id)
    linked = leaks.count_leaks(db, dataset_id, rows)
    manifest: dict[str, Any] = {
        "note": note,
        **({"slice": {"name": saved.name, "wanted": saved.wanted}} if saved else {}),
        "labels": [asdict(label) for label in datasets.get_label_set(db, dataset_id).labels],
        **({"several": True} if dataset.several else {}),
        "guideline_version": guideline[0] if guideline else 0,
        "split_mode": split_mode,
        "seed": seed,
        "group_by": dataset.group_by,
        "counts": counts,
        "label_from": dict(Counter(rows.column("label_from").to_pylist())),
        "left_out": {name: states[name] for name in ("excluded", "tied", "waiting")},
        "leaks": {kind: sum(each[kind] for each in linked.values()) for kind in leaks.KINDS},
        "leaks_by_split": linked,
        "time": _time(db, dataset_id, rows, cuts),
        "golden": {
            "rows": len(set(golden.list_golden(db, dataset_id)) & set(rows.column("comment_id").to_pylist())),
            "near_train": leaks.count_near_golden(db, dataset_id, rows),
        },
        "model_input": _model_input(db, dataset_id, text),
        "agreement": frozen_agreement(db, dataset_id),
        "aggregation": _aggregation(db, dataset_id),
        "text_rules": TEXT_RULES_VERSION,
    }
    return stored.add_snapshot(db, dataset_id, rows, manifest, who)


def list_leaks(db: Database, snapshot_id: str, kind: str, *, limit: int = 100) -> list[LeakPair]:
    """Held-out comments of a snapshot, each with the oldest training comment that it shares something with.

    Near-duplicates are those that are known today: a comment that came later may have linked two groups.

    Raises:
        NotFound: there is no such snapshot or kind of leak, or its file is gone.
    """
    snapshot = get_snapshot(db, snapshot_id)
    if kind not in leaks.KINDS:
        raise NotFound(f"There is no leak '{kind}'.", hint=f"Leaks: {', '.join(leaks.KINDS)}.")
    rows = pq.read_table(snapshot_file(db, snapshot_id, "comments.parquet"), columns=["comment_id", "split"])
    found = leaks.list_leaks(db, snapshot.dataset_id, rows, kind, limit=limit)
    numbers = sorted({number for one in found for number in (one.held, one.learned)})
    known = {one.comment_id: one for one in comments.list_comments_by_id(db, snapshot.dataset_id, numbers)}
    return [LeakPair(one.kind, one.split, known[one.held], known[one.learned]) for one in found]


def verify_snapshot(db: Database, snapshot_id: str) -> Snapshot:
    """Hash the rows in the snapshot's file once more.

    Raises:
        NotFound: there is no such snapshot, or its file is gone.
        Conflict: the file cannot be read, or its rows are not those that were frozen.
    """
    snapshot = get_snapshot(db, snapshot_id)
    file = snapshot_file(db, snapshot_id, "comments.parquet")
    try:
        found = rows_sha256(pq.read_table(file))
    except (OSError, KeyError, pa.ArrowException) as error:  # KeyError: a column is missing
        raise Conflict(
            f"The file of {snapshot_id} cannot be read: {error}",
            hint="It was damaged after it had been frozen: take a new snapshot.",
        ) from error
    if found != snapshot.sha256:
        raise Conflict(
            f"The rows of {snapshot_id} have the hash {found[:12]}…, not {snapshot.sha256[:12]}…",
            hint="The file was changed after it had been frozen: take a new snapshot.",
        )
    return snapshot


def snapshot_file(db: Database, snapshot_id: str, name: str) -> Path:
    """Where one of the snapshot's FILES lies. They are never changed.

    Raises:
        NotFound: there is no such snapshot or file, or the file is gone.
    """
    if name not in FILES:
        raise NotFound(f"A snapshot has no file '{name}'.", hint=f"Files: {', '.join(FILES)}.")
    get_snapshot(db, snapshot_id)
    file = snapshot_folder(db.home, snapshot_id) / name
    if not file.is_file():
        raise NotFound(f"The file of {snapshot_id} is gone: {file}", hint="Take a new snapshot.")
    return file


def _cuts(
    db: Database, dataset_id: str, split_mode: str, test_from: datetime | None
) -> tuple[datetime, datetime] | None:
    if split_mode != "time":
        if test_from is not None:
            raise BadInput(
                f"The mode '{split_mode}' knows no day on which test begins.", hint="Use the mode time."
            )
        return None
    cuts = stored.find_cuts(db, dataset_id, test_from=test_from)
    if cuts is None:
        raise BadInput(
            f"The times of the labelled comments of '{dataset_id}' do not give a split.",
            hint="They need times of at least three moments before the day on which test begins.",
        )
    return cuts


def _time(
    db: Database, dataset_id: str, rows: pa.Table, cuts: tuple[datetime, datetime] | None
) -> dict[str, Any]:
    """How the splits lie in time."""
    found = leaks.get_time_report(db, dataset_id, rows)
    told: dict[str, Any] = {
        "newest_training": found.newest_training and found.newest_training.isoformat(),
        "oldest_test": found.oldest_test and found.oldest_test.isoformat(),
        "held": found.held,
        "earlier": found.earlier,
    }
    if cuts is not None:
        told |= {"validation_from": cuts[0].isoformat(), "test_from": cuts[1].isoformat()}
    return told


def _model_input(db: Database, dataset_id: str, text: str) -> dict[str, Any]:
    """What models read: the text as it came, or after these steps by these functions."""
    if text == "original":
        return {"text": text}
    steps = texts.steps_in_force(db, dataset_id)
    return {"text": text, "steps": list(steps), "by": version_of(steps)}


def _aggregation(db: Database, dataset_id: str) -> dict[str, Any] | None:
    """The run in force, which gave the rows whose label is "aggregated"; None where votes give the labels."""
    run = find_in_force(db, dataset_id)
    if run is None:
        return None
    return {"id": run.aggregation_id, "name": run.name, "version": run.version, "method": run.method}


def _counts(rows: pa.Table) -> dict[str, dict[str, int]]:
    """Rows per split and label."""
    pairs = Counter(zip(rows.column("split").to_pylist(), rows.column("label").to_pylist(), strict=True))
    return {split: {label: n for (s, label), n in sorted(pairs.items()) if s == split} for split in SPLITS}
