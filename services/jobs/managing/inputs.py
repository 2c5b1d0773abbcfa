"""What a job works on: a snapshot, kept examples, pairs, comments of any kind, or a job at a provider."""

from pathlib import Path
from typing import Any

from domain.errors import NotFound
from domain.examples import TRAIN, VALIDATION, ExampleSet
from domain.jobs import WRITING_KINDS
from domain.pairs import PAIRS_FILE, PairSet
from storage.asked import FILE as ASKED_FILE
from storage.asked import asked_folder
from storage.database import Database
from storage.example_sets import example_set_folder, get_example_set
from storage.pairs import get_pair_set, pair_set_folder
from storage.snapshots import Snapshot, get_snapshot, snapshot_folder

TUNES_EXAMPLES, ADOPTS, BEHAVES, SCORES = "tune_examples", "adopt_hosted", "behave", "score"
SUSPECTS = "find_suspects"
SUITE = "suite-"  # how the name of a suite begins, which brings its own texts


def source_of(db: Database, kind: str, source_id: str) -> Snapshot | ExampleSet | PairSet | None:
    """The frozen set that a job of this kind works on; None for one that works on nothing of ours.

    Raises:
        NotFound: there is none of that name.
    """
    if kind in (ADOPTS, SCORES) or (kind == BEHAVES and source_id.startswith(SUITE)):
        return None
    if kind in WRITING_KINDS:
        return get_pair_set(db, source_id)
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
    elif spec["kind"] in WRITING_KINDS:
        folder, hint = pair_set_folder(home, source_id), "Keep the pairs again."
        files = {PAIRS_FILE: folder / PAIRS_FILE}
        if spec.get("preferences"):
            files["preferences.jsonl"] = folder / spec["preferences"]
    elif spec["kind"] == SCORES:
        files, hint = {"comments.parquet": asked_folder(home, source_id) / ASKED_FILE}, "Predict again."
    else:
        files, hint = {}, "Take a new snapshot."
        if not source_id.startswith(SUITE):
            files["comments.parquet"] = snapshot_folder(home, source_id) / "comments.parquet"
        if spec["kind"] == BEHAVES and spec["settings"]["suite_sha256"]:
            files["suite.csv"] = suite_file(home, spec["settings"]["suite_sha256"])
    for file in files.values():
        if not file.exists():
            raise NotFound(f"The file of {source_id} is gone: {file}", hint=hint)
    return files


def suite_file(home: Path, sha256: str) -> Path:
    """Where a suite is kept, by the hash of its bytes."""
    return home / "suites" / f"{SUITE}{sha256[:16]}.csv"
