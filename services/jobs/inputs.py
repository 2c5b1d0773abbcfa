"""What a job works on: a snapshot, kept examples, or a job that was found at a provider."""

from pathlib import Path
from typing import Any

from domain.errors import NotFound
from domain.examples import TRAIN, VALIDATION, ExampleSet
from storage.database import Database
from storage.example_sets import example_set_folder, get_example_set
from storage.snapshots import Snapshot, get_snapshot, snapshot_folder

TUNES_EXAMPLES, ADOPTS = "tune_examples", "adopt_hosted"


def source_of(db: Database, kind: str, source_id: str) -> Snapshot | ExampleSet | None:
    """The frozen set that a job of this kind works on; None for one that works on nothing of ours.

    Raises:
        NotFound: there is none of that name.
    """
    if kind == ADOPTS:
        return None
    return get_example_set(db, source_id) if kind == TUNES_EXAMPLES else get_snapshot(db, source_id)


def input_files(home: Path, spec: dict[str, Any]) -> dict[str, Path]:
    """The frozen files that a job is given, by the names that they have in its folder.

    Raises:
        NotFound: one is gone.
    """
    source_id = spec["snapshot_id"]
    if spec["kind"] == ADOPTS:
        return {}
    if spec["kind"] == TUNES_EXAMPLES:
        files = {name: example_set_folder(home, source_id) / name for name in (TRAIN, VALIDATION)}
        hint = "Keep the examples again."
    else:
        files = {"comments.parquet": snapshot_folder(home, source_id) / "comments.parquet"}
        hint = "Take a new snapshot."
    for file in files.values():
        if not file.exists():
            raise NotFound(f"The file of {source_id} is gone: {file}", hint=hint)
    return files
