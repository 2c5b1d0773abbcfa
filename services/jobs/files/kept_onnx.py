"""The ONNX files of an encoder, made by the first prediction that needs them and kept beside its model/.

A prediction writes into its own folder only. It gets the kept files as inputs/onnx/ and leaves those that it
used as onnx/; when it is absorbed they move to onnx/ in the folder of the job that made the model. model/
itself never changes. No lock is needed: every file is whole when it moves, by one rename.
"""

import json
import shutil
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from domain.models import Engine
from services.backends.engine_check import EngineCheck
from services.jobs.process.folder import link, write_whole
from services.plain import plain

FOLDER, COMPARED = "onnx", "check.json"
_LIBRARIES = ("onnxruntime", "torch", "transformers")


def link_kept(kept: Path, files: Path) -> None:
    """Put the kept files into `files`, which is made; what an unfinished try has made there stays."""
    files.mkdir(parents=True, exist_ok=True)
    for file in kept.iterdir() if kept.is_dir() else ():
        if file.is_file() and not (files / file.name).exists():
            link(file, files / file.name)


def leave_kept(files: Path, left: Path) -> None:
    """Move the files to where absorb looks for them; nothing where none were needed."""
    if files.is_dir():
        files.rename(left)


def take_over(left: Path, kept: Path) -> None:
    """Move what a prediction left to the model's own folder, newer in place of older.

    They only save time: where they cannot be kept, the next prediction makes them again.
    """
    if not left.is_dir():
        return
    with suppress(OSError):
        kept.mkdir(exist_ok=True)
        for file in left.iterdir():
            file.replace(kept / file.name)
    shutil.rmtree(left, ignore_errors=True)


def compared_before(files: Path, engine: Engine) -> str | None:
    """What the kept comparison says; None where there is none, of other libraries, or not of this engine."""
    try:
        kept = json.loads((files / COMPARED).read_text(encoding="utf-8"))
        if kept["libraries"] != _libraries() or (engine == "onnx-int8" and kept["other_labels"] is None):
            return None
        return str(kept["told"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # missing or damaged: it is compared again


def keep_comparison(files: Path, found: EngineCheck) -> None:
    """Write the comparison beside the files, with the libraries that it holds for."""
    told = {"told": str(found), "libraries": _libraries(), **plain(found)}
    write_whole(files / COMPARED, json.dumps(told, indent=2))


def _libraries() -> dict[str, str]:
    return {name: version(name) for name in _LIBRARIES}
