"""The files of a base model: whether they may be read, what they weigh, and under which licence."""

import hashlib
import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from domain.errors import BadInput, NotFound

OFFLINE = "minilm"
OTHERWISE = f"Choose another base model, or '{OFFLINE}', which needs no network."

_INDEX = "model.safetensors.index.json"
_WEIGHTS = ("model.safetensors", _INDEX)
_TOKENIZERS = ("tokenizer*", "vocab*", "*.model")
_UNSAFE = (".bin", ".pt", ".pth", ".pkl", ".ckpt", ".h5", ".msgpack")


def check_folder(name: str, folder: Path) -> None:
    """Refuse a folder that can be no model, or needs code of its own.

    Raises:
        NotFound: there is no such folder.
        BadInput: it has no weights as safetensors, no configuration, or asks for code of its own.
    """
    if not folder.is_dir():
        raise NotFound(f"There is no folder {name!r}.", hint="Give the whole path of a model's folder.")
    check_files(name, [path.name for path in folder.iterdir()])
    for file in ("config.json", "tokenizer_config.json"):
        if "auto_map" in _read_json(name, folder / file):
            raise BadInput(f"{name} needs code of its own: its {file} has an auto_map.", hint=OTHERWISE)


def check_files(name: str, files: Collection[str]) -> None:
    """Whether these files can be a model: weights as safetensors, and a configuration.

    Raises:
        BadInput: they cannot.
    """
    if not any(file in files for file in _WEIGHTS):
        unsafe = sorted(file for file in files if file.endswith(_UNSAFE))
        told = f"only as {', '.join(unsafe)}" if unsafe else "nowhere"
        raise BadInput(
            f"{name} has its weights {told}, not as model.safetensors.",
            hint=f"Files of other kinds may run code when they are read. {OTHERWISE}",
        )
    if "config.json" not in files:
        raise BadInput(f"{name} has no config.json.", hint=OTHERWISE)


def are_whole(folder: Path) -> bool:
    """Whether configuration, tokenizer and all files of weights are there; a broken fetch leaves some out."""
    try:
        if (folder / _INDEX).exists():
            named = set(json.loads((folder / _INDEX).read_text(encoding="utf-8"))["weight_map"].values())
        else:
            named = {_WEIGHTS[0]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    has_tokenizer = any(True for pattern in _TOKENIZERS for _ in folder.glob(pattern))
    return has_tokenizer and all((folder / name).exists() for name in {*named, "config.json"})


def weights_sha256(folder: Path) -> str:
    """Over the weights' files in the order of their names."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("model*.safetensors")):
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                whole.update(block)
    return whole.hexdigest()


def licence_of(folder: Path) -> str | None:
    """The licence in the head of the model card; None where it says nothing."""
    card = folder / "README.md"
    if not card.exists():
        return None
    head = card.read_text(encoding="utf-8", errors="replace").split("\n---", 1)[0]
    found = re.search(r"^license:\s*[\"']?([\w.+-]+)", head, re.MULTILINE)
    return found.group(1) if found else None


def _read_json(name: str, path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path.name} of {name} cannot be read: {error}", hint=OTHERWISE) from error
    if not isinstance(read, dict):
        raise BadInput(f"{path.name} of {name} is not a JSON object.", hint=OTHERWISE)
    return read
