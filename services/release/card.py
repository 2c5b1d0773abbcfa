"""The release card: everything that has to be known of a release a year later, as facts."""

import hashlib
import json
import platform
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from domain.errors import NotFound
from domain.models import Model
from services.evaluation import clusters, comparing, reports
from services.evaluation.intervals import SMALL_N, Proportion, as_number
from services.evaluation.reports import Evaluation
from services.evaluation.reviews import progress_of_model
from services.evaluation.slices import slices
from services.modelling.models import model_folder
from services.plain import plain
from services.release.card_behaviour import behaviour_facts
from services.release.frozen import threshold_facts
from services.release.gate import Verdict, as_dict
from services.release.judges import last_day
from storage.database import Database
from storage.datasets import find_guideline, get_dataset
from storage.models import get_model
from storage.releases import Release
from storage.snapshots import Snapshot, get_snapshot

# Of the card: 2 knows behaviour, and the threshold that clauses were judged at; 3 that authors repeat, in the
# clauses only; 4 in every interval but those of slices and differences.
FORMAT = 4
_WORST = 5
_LIBRARIES = ("duckdb", "numpy", "pyarrow", "scikit-learn", "scipy", "torch", "transformers")
_ROOT = Path(__file__).resolve().parents[2]


def card_facts(db: Database, release: Release, verdict: Verdict) -> dict[str, Any]:
    """Everything the card says beside the approval and the log's head, as JSON can carry it.

    Raises:
        NotFound: the model's files are gone.
    """
    evaluation = reports.evaluate(db, verdict.run_id)
    model, snapshot = get_model(db, release.model_id), get_snapshot(db, verdict.snapshot_id)
    told: dict[str, Any] = plain(
        {
            "format": FORMAT,
            "release_id": release.release_id,
            "dataset_id": release.dataset_id,
            "dataset_title": get_dataset(db, release.dataset_id).title,
            "proposal": {"by": release.created_by, "at": release.created_at.isoformat(), "why": release.why},
            "verdict": as_dict(verdict),
            "model": _model(db, model),
            "data": _data(snapshot),
            "guideline": _guideline(db, snapshot),
            "threshold": threshold_facts(db, model.model_id, verdict.threshold),
            "results": results(evaluation),
            "clusters": clusters.as_dict(evaluation.clustering),
            "comparison": comparison(db, verdict.rival_run, verdict.run_id),
            "known_failures": _failures(db, evaluation),
            "behaviour": behaviour_facts(db, model, snapshot.snapshot_id),
            "expiry": _expiry(db, model),
            "files": file_hashes(db, model.model_id),
            "versions": _versions(),
        }
    )
    return told


def card_text(card: dict[str, Any]) -> str:
    """The card as JSON, the same text for the same card: this is what is frozen and hashed."""
    return json.dumps(card, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def text_sha256(text: str) -> str:
    """The hash of a card's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def results(evaluation: Evaluation) -> dict[str, Any]:
    """Every number of the evaluation, as a card keeps it and a check counts it again."""
    told: dict[str, Any] = plain(reports.as_dict(evaluation))
    return told


def comparison(
    db: Database, before: str | None, after: str, *, clusters: bool = True
) -> dict[str, Any] | None:
    """The comparison with the run that was in production; None where there was none to compare with."""
    if before is None:
        return None
    found = comparing.compare_runs(db, before, after, clusters=clusters)
    told: dict[str, Any] = plain(comparing.as_dict(found))
    return told


def file_hashes(db: Database, model_id: str) -> dict[str, str]:
    """The sha256 of each of the model's files, by its path in the model's folder.

    Raises:
        NotFound: the files are gone.
    """
    folder = model_folder(db, model_id)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def _model(db: Database, model: Model) -> dict[str, Any]:
    learned_from = get_snapshot(db, model.snapshot_id)
    return {
        "model_id": model.model_id,
        "name": model.name,
        "backend": model.backend,
        "labels": model.labels,
        "settings": model.settings,
        "job_id": model.job_id,
        "trained_on": {"snapshot_id": learned_from.snapshot_id, "sha256": learned_from.sha256},
        "trained_by": model.created_by,
        "trained_at": model.created_at.isoformat(),
    }


def _data(snapshot: Snapshot) -> dict[str, Any]:
    names = ("split_mode", "seed", "counts", "label_from", "left_out", "leaks", "note")
    return {
        "snapshot_id": snapshot.snapshot_id,
        "sha256": snapshot.sha256,
        "rows": snapshot.row_count,
        "taken_by": snapshot.created_by,
        "taken_at": snapshot.created_at.isoformat(),
        "labels": snapshot.labels,
        **{name: snapshot.manifest.get(name) for name in names},
    }


def _guideline(db: Database, snapshot: Snapshot) -> dict[str, Any] | None:
    version = int(snapshot.manifest["guideline_version"])
    found = find_guideline(db, snapshot.dataset_id, version) if version else None
    return {"version": version, "sha256": text_sha256(found[1])} if found else None


def _failures(db: Database, evaluation: Evaluation) -> dict[str, Any]:
    """Where it is wrong most: cells of the confusion matrix, the worst slices, and what reviewers said."""
    table, run = evaluation.table, evaluation.run
    columns = (*table.labels, None)
    cells = [
        {"gold": gold, "predicted": predicted, "comments": int(table.counts[i, j])}
        for i, gold in enumerate(table.labels)
        for j, predicted in enumerate(columns)
        if i != j and table.counts[i, j]
    ]
    cells.sort(key=lambda cell: -int(str(cell["comments"])))
    shares = [(each.by, each.name, each.share(None)) for each in slices(db, run.run_id)]
    large = [(by, name, share) for by, name, share in shares if share is not None and share.n >= SMALL_N]
    read = progress_of_model(db, run.model_id, run.snapshot_id)
    return {
        "confusion": cells[:_WORST],
        "worst_slices": [_slice(*each) for each in sorted(large, key=lambda each: each[2].value)[:_WORST]],
        "misses": read.misses,
        "reviewed": read.verdicts,
    }


def _slice(by: str, name: str, share: Proportion) -> dict[str, Any]:
    return {"by": by, "name": name, "accuracy": as_number(share)}


def _expiry(db: Database, model: Model) -> str | None:
    """The last day as ISO text; None where no provider can end it."""
    try:
        ends = last_day(db, model)
    except NotFound:
        return "unknown"
    return ends.isoformat() if ends else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _versions() -> dict[str, str]:
    """What the numbers were made with; a library that is not installed is not among them."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {str(project["name"]): str(project["version"]), "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
