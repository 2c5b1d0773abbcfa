"""Freeze the labels in force, so that training and evaluation can name what they used."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import BadInput, Conflict, NotFound
from domain.filters import filter_of
from domain.people import actor_named
from domain.splits import SPLITS
from domain.text import TEXT_RULES_VERSION
from services.evaluation.saved_slices import get_slice
from services.labelling.aggregation_runs import find_in_force
from services.labelling.agreement_report import frozen_agreement
from storage import comments, datasets
from storage import snapshots as stored
from storage.database import Database
from storage.snapshots import Snapshot, get_snapshot, list_snapshots, rows_sha256, snapshot_folder

__all__ = [
    "FILES",
    "Snapshot",
    "get_snapshot",
    "list_snapshots",
    "snapshot_file",
    "take_snapshot",
    "verify_snapshot",
]

FILES = ("comments.parquet", "manifest.json")


def take_snapshot(
    db: Database,
    dataset_id: str,
    *,
    actor: str,
    split_mode: str = "group",
    seed: int = 0,
    note: str = "",
    slice_name: str = "",
) -> Snapshot:
    """Freeze every labelled comment that is not excluded.

    Args:
        split_mode: "group" (each comment's own split, decided when it entered), "stratified" (80/10/10 of
            each label, drawn by `seed` and frozen here; for benchmarks), or "imported" (the file's).
        slice_name: Only the comments of this saved slice, as it asks now.

    Raises:
        NotFound: there is no such dataset or slice.
        BadInput: nothing is labelled, only one label is in use, or no comment is in train. An imported
            split may do without: a published test set is there to be predicted.
    """
    who = actor_named(actor)
    dataset = datasets.get_dataset(db, dataset_id)
    saved = get_slice(db, dataset_id, slice_name) if slice_name else None
    wanted = filter_of(dataset_id, saved.wanted) if saved else None
    rows = stored.frozen_rows(db, dataset, split_mode=split_mode, seed=seed, wanted=wanted)
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
        "leaks": stored.count_leaks(db, rows),
        "agreement": frozen_agreement(db, dataset_id),
        "aggregation": _aggregation(db, dataset_id),
        "text_rules": TEXT_RULES_VERSION,
    }
    return stored.add_snapshot(db, dataset_id, rows, manifest, who)


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
