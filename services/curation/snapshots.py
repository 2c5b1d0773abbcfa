"""Freeze the labels in force, so that training and evaluation can name what they used."""

from collections import Counter
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import BadInput, Conflict
from domain.people import actor_named
from domain.splits import SPLITS
from domain.text import TEXT_RULES_VERSION
from storage import comments, datasets
from storage import snapshots as stored
from storage.database import Database
from storage.snapshots import Snapshot, rows_sha256, snapshot_folder


def take_snapshot(
    db: Database, dataset_id: str, *, actor: str, split_mode: str = "group", seed: int = 0, note: str = ""
) -> Snapshot:
    """Freeze every labelled comment that is not excluded.

    Args:
        split_mode: "group" (each comment's own split, decided when it entered), "stratified" (80/10/10 of
            each label, drawn by `seed` and frozen here; for benchmarks), or "imported" (the file's).

    Raises:
        BadInput: nothing is labelled, or only one label is in use.
    """
    who = actor_named(actor)
    dataset = datasets.get_dataset(db, dataset_id)
    rows = stored.frozen_rows(db, dataset, split_mode=split_mode, seed=seed)
    counts = _counts(rows)
    used = {label for split in counts.values() for label in split}
    if len(used) < 2:
        raise BadInput(
            f"'{dataset_id}' has {rows.num_rows:,} labelled comments under {len(used)} label(s).",
            hint="Label some comments of at least two labels first.",
        )
    states = comments.count_by_state(db, dataset_id)
    guideline = datasets.find_guideline(db, dataset_id)
    manifest: dict[str, Any] = {
        "note": note,
        "labels": [asdict(label) for label in datasets.get_label_set(db, dataset_id).labels],
        "guideline_version": guideline[0] if guideline else 0,
        "split_mode": split_mode,
        "seed": seed,
        "group_by": dataset.group_by,
        "counts": counts,
        "label_from": dict(Counter(rows.column("label_from").to_pylist())),
        "left_out": {name: states[name] for name in ("excluded", "tied", "waiting")},
        "leaks": stored.count_leaks(db, rows),
        "text_rules": TEXT_RULES_VERSION,
    }
    return stored.add_snapshot(db, dataset_id, rows, manifest, who)


def verify_snapshot(db: Database, snapshot_id: str) -> Snapshot:
    """Hash the rows in the snapshot's file once more.

    Raises:
        Conflict: they are not the rows that were frozen.
    """
    snapshot = stored.get_snapshot(db, snapshot_id)
    rows = pq.read_table(snapshot_folder(db.home, snapshot_id) / "comments.parquet")
    found = rows_sha256(rows)
    if found != snapshot.sha256:
        raise Conflict(
            f"The rows of {snapshot_id} have the hash {found[:12]}…, not {snapshot.sha256[:12]}…",
            hint="The file was changed after it had been frozen: take a new snapshot.",
        )
    return snapshot


def _counts(rows: pa.Table) -> dict[str, dict[str, int]]:
    """Rows per split and label."""
    pairs = Counter(zip(rows.column("split").to_pylist(), rows.column("label").to_pylist(), strict=True))
    return {split: {label: n for (s, label), n in sorted(pairs.items()) if s == split} for split in SPLITS}
