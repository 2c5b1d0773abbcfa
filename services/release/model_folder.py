"""A model as a folder that other programs load, with a card that says what it is and how to make it again."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import BackendError, BadInput, from_dict
from domain.models import SIGMOID, Model
from services.backends.registry import read_about
from services.jobs.process.folder import write_whole
from services.modelling.models import get_model, model_folder
from services.modelling.plain_script import FILE_NAME, plain_script
from services.modelling.settings import EncoderSettings, read_settings
from services.release.model_card import card_facts, card_text
from storage.database import Database

Progress = Callable[[str, float], None]

HASHES, CARD = "hashes.json", "README.md"
_ROOT = Path(__file__).resolve().parents[2]
_STANDALONE = _ROOT / "services" / "backends" / "standalone_tfidf.py"
_LONGEST_S = 3_600.0  # a hang, not a slow machine
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "VIRTUAL_ENV")


@dataclass(frozen=True)
class ExportedModel:
    """What was written: the file names with their sizes, and what the ONNX copies say beside the model."""

    model_id: str
    folder: Path
    files: dict[str, int]
    onnx: dict[str, Any] | None


def export_model(
    db: Database, model_id: str, folder: Path, *, onnx: bool = False, int8: bool = False, progress: Progress
) -> ExportedModel:
    """Write the model into a new folder; it is there whole or not at all.

    Args:
        db: The database.
        model_id: A model that lives on this machine.
        folder: Must not exist, or be empty.
        onnx: Add an ONNX file, for an encoder.
        int8: Add its 8-bit copy too.
        progress: Told what is being done, and its share.

    Raises:
        NotFound: there is no such model, or its files are gone.
        BadInput: the folder cannot be written, or the model has no such files.
        BackendError: the ONNX files do not compute what the model computes.
    """
    model, source = get_model(db, model_id), model_folder(db, model_id)
    _check(model, folder, onnx=onnx or int8)
    draft = folder.with_name(f".{folder.name}.draft")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        progress("Copies the model", 0.1)
        _copy(model, source, draft)
        checked = None
        if onnx or int8:
            progress("Writes it as ONNX and compares", 0.2)
            checked = _add_onnx(db, model, source, draft / "onnx", int8=int8)
        progress("Writes the card", 0.9)
        facts = card_facts(db, model, onnx=checked)
        write_whole(draft / "card.json", json.dumps(facts, ensure_ascii=False, indent=2))
        write_whole(draft / CARD, card_text(facts))
        files = _hash(draft)
        if folder.is_dir():
            folder.rmdir()  # empty, as was checked; not, and it stays
        draft.replace(folder)
    except OSError as error:
        raise BadInput(
            f"{folder} cannot be written: {error.strerror or error}.", hint="Choose another place."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return ExportedModel(model_id, folder, files, checked)


def _check(model: Model, folder: Path, *, onnx: bool) -> None:
    if model.backend not in ("huggingface", "tfidf"):
        raise BadInput(
            f"{model.model_id} lives elsewhere ({model.backend}): there are no files to export.",
            hint="Export a model that was trained here.",
        )
    if onnx and model.backend != "huggingface":
        raise BadInput(
            f"{model.model_id} is no encoder: it has no ONNX file.",
            hint="Export it without ONNX; its own script needs numpy and scikit-learn.",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} exists already.", hint="Name a folder that does not exist, or is empty.")


def _copy(model: Model, source: Path, draft: Path) -> None:
    """What other programs load at the top, what only we need (model.json) beside it."""
    if model.backend == "huggingface":
        shutil.copytree(source / "hf", draft, dirs_exist_ok=True)
        if read_about(source)["score_kind"] != SIGMOID:  # the script knows one label per comment
            config = read_settings(EncoderSettings, model.settings)
            write_whole(draft / FILE_NAME, plain_script(config))
    else:
        for name in ("vocabulary.json", "weights.npz"):
            shutil.copy2(source / name, draft / name)
        shutil.copy2(_STANDALONE, draft / "predict.py")
    shutil.copy2(source / "model.json", draft / "model.json")


def _add_onnx(db: Database, model: Model, source: Path, target: Path, *, int8: bool) -> dict[str, Any]:
    """The ONNX files, written by a process of its own; returns how they compare."""
    target.mkdir()
    comments = db.home / "jobs" / model.job_id / "inputs" / "comments.parquet"
    command = [sys.executable, "-m", "services.jobs.export_onnx", *map(str, (source, target, comments))]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    try:
        done = subprocess.run(
            [*command, *(["--int8"] if int8 else [])],
            cwd=_ROOT,
            env={"OMP_WAIT_POLICY": "PASSIVE", **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BackendError("The ONNX export does not end.", hint="Export without it.") from error
    if (target / "error.json").exists():
        raise from_dict(json.loads((target / "error.json").read_text(encoding="utf-8")))
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["without a word"])[-1]
        raise BackendError(f"The ONNX export ended with {done.returncode}: {last}", hint="Export without it.")
    checked: dict[str, Any] = json.loads((target / "check.json").read_text(encoding="utf-8"))
    return checked


def _hash(draft: Path) -> dict[str, int]:
    """Write HASHES, the sha256 of every other file; returns the sizes in bytes, HASHES included."""
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    hashes = {str(path.relative_to(draft)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    write_whole(draft / HASHES, json.dumps(hashes, indent=2))
    return {str(path.relative_to(draft)): path.stat().st_size for path in [*files, draft / HASHES]}
