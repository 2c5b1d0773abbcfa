"""Try ten steps of a training before it starts, in a process of their own, to tell what it would take."""

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from domain.errors import BackendError, BadInput
from domain.jobs import JobState
from domain.people import actor_named
from services.curation.snapshots import get_snapshot, snapshot_file
from services.jobs.managing.child import start_beside
from services.jobs.process.folder import JobFolder, write_whole
from services.modelling.base_models import check_base_model
from services.modelling.estimates import Estimate, estimated
from services.modelling.recipes import EncoderSettings, get_recipe, settings_of
from services.several import refuse_several
from storage.database import Database

_SCRIPT = "probe_encoder"
_LOOK_EVERY_S = 0.2
_PATIENCE_S = 900
# What a probe depends on; all else, such as the epochs, is arithmetic.
_PROBED = (
    "base_model",
    "base_revision",
    "batch_size",
    "max_length",
    "precision",
    "lora_rank",
    "group_by_length",
)
_starting = threading.Lock()


@dataclass(frozen=True)
class Probe:
    """Where the trying stands: no state before it has begun, an estimate once it has succeeded."""

    state: JobState | None
    estimate: Estimate | None


def find_probe(db: Database, snapshot_id: str, recipe: str, settings: dict[str, Any] | None = None) -> Probe:
    """What is known of that training so far, from a probe of the same comments, base and batch.

    Raises:
        NotFound: there is no such snapshot or recipe.
        BadInput: a setting cannot be used, or the recipe trains no encoder.
    """
    config = _encoder_settings(recipe, settings)
    refuse_several(get_snapshot(db, snapshot_id), "Estimates of time and memory")
    folder = _folder(db, snapshot_id, config)
    if not (folder.path / "spec.json").exists():
        return Probe(None, None)
    state = folder.state()
    if state.name != "succeeded":
        return Probe(state, None)
    told = json.loads((folder.path / "probe.json").read_text(encoding="utf-8"))
    return Probe(state, estimated(told, config, shutil.disk_usage(folder.path).free))


def start_probe(db: Database, snapshot_id: str, recipe: str, settings: dict[str, Any] | None = None) -> None:
    """Begin to try, unless the same is being tried; what was tried before is tried anew.

    Raises:
        NotFound: there is no such snapshot or recipe, or the base model's folder is gone.
        BadInput: a setting cannot be used, or the recipe trains no encoder.
    """
    config = _encoder_settings(recipe, settings)
    check_base_model(config.base_model)
    folder, rows = _folder(db, snapshot_id, config), snapshot_file(db, snapshot_id, "comments.parquet")
    with _starting:
        if folder.is_held():
            return
        shutil.rmtree(folder.path, ignore_errors=True)
        (folder.path / "inputs").mkdir(parents=True)
        shutil.copy2(rows, folder.path / "inputs" / "comments.parquet")
        spec = {"snapshot_id": snapshot_id, "settings": asdict(config)}
        write_whole(folder.path / "spec.json", json.dumps(spec))
        start_beside(folder, _SCRIPT)


def cancel_probe(
    db: Database, snapshot_id: str, recipe: str, settings: dict[str, Any] | None = None, *, actor: str
) -> None:
    """Stop trying.

    Raises:
        Conflict: it has ended.
    """
    _folder(db, snapshot_id, _encoder_settings(recipe, settings)).cancel(actor_named(actor))


def estimate(
    db: Database,
    snapshot_id: str,
    recipe: str,
    settings: dict[str, Any] | None = None,
    *,
    progress: Callable[[str, float], None],
) -> Estimate:
    """What that training would take; tried now unless it was before.

    Args:
        db: The database.
        snapshot_id: What it would train on.
        recipe: Of an encoder.
        settings: Where they differ from the recipe's.
        progress: Told what is done, and its share; where it raises, the trying stops.

    Raises:
        NotFound: there is no such snapshot or recipe.
        BadInput: a setting cannot be used, the recipe trains no encoder, or the base model is not here.
        BackendError: the trying failed.
    """
    probe = find_probe(db, snapshot_id, recipe, settings)
    if probe.estimate is None and not (probe.state and not probe.state.is_over):
        start_probe(db, snapshot_id, recipe, settings)
    deadline = time.monotonic() + _PATIENCE_S
    try:
        while (probe := find_probe(db, snapshot_id, recipe, settings)).estimate is None:
            state = probe.state or JobState("queued")
            if state.is_over or time.monotonic() > deadline:
                raise BackendError(f"Nothing could be tried: {state.message}", hint=state.hint)
            progress(state.message, state.share)
            time.sleep(_LOOK_EVERY_S)
    except ConnectionError:  # who asked is gone
        _stop(_folder(db, snapshot_id, _encoder_settings(recipe, settings)))
        raise
    return probe.estimate


def _encoder_settings(recipe: str, settings: dict[str, Any] | None) -> EncoderSettings:
    config = settings_of(get_recipe(recipe), settings)
    if not isinstance(config, EncoderSettings):
        raise BadInput(
            f"The recipe '{recipe}' trains no encoder; there is nothing to try.",
            hint="A baseline takes seconds. What a provider takes, its price list tells.",
        )
    return config


def _folder(db: Database, snapshot_id: str, config: EncoderSettings) -> JobFolder:
    """Where the same comments, base and batch are tried; another program version tries anew."""
    told = [
        get_snapshot(db, snapshot_id).sha256,
        os.cpu_count(),
        *(getattr(config, name) for name in _PROBED),
    ]
    name = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24]
    return JobFolder(Path(db.home) / "estimates" / name)


def _stop(folder: JobFolder) -> None:
    if not folder.state().is_over:
        folder.cancel("nobody")
