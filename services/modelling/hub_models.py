"""Models of the Hugging Face hub: what it says of one, and how its files come to this machine."""

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from domain.errors import BackendError
from services.modelling import hub
from services.modelling.base_files import OTHERWISE, are_whole, check_files

_COMMIT = re.compile(r"[0-9a-f]{40}")
_WANTED_FILES = [
    "config.json", "model.safetensors", "model-*.safetensors", "model.safetensors.index.json",
    "tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "*.model",
    "README.md", "LICENSE*",
]  # fmt: skip

_FETCH = """
import sys
from huggingface_hub import snapshot_download
name, commit, cache, endpoint, *wanted = sys.argv[1:]
try:
    for patterns in ([one for one in wanted if not one.endswith(".safetensors")], wanted):  # weights last
        snapshot_download(
            name, revision=commit, cache_dir=cache, endpoint=endpoint or None, allow_patterns=patterns
        )
except Exception as error:
    sys.exit((str(error).strip().splitlines() or [type(error).__name__])[0])
"""


@dataclass(frozen=True)
class BaseFacts:
    """What is told of a base model before it is fetched.

    Attributes:
        name: As it was asked for.
        revision: The commit, whatever it was asked by; the version of a package; None for a folder.
        licence: None where its card says nothing.
        size_bytes: Of the files that a training needs.
        is_here: They are on this machine.
    """

    name: str
    revision: str | None
    licence: str | None
    size_bytes: int
    is_here: bool


def look_up(name: str, revision: str | None = None, *, endpoint: str | None = None) -> BaseFacts:
    """Ask the hub about a model; nothing is fetched.

    Raises:
        NotFound: there is no such model or revision.
        BadInput: it has no weights as safetensors, or the name can be none.
        BackendError: the hub does not answer.
    """
    from huggingface_hub import HfApi

    with hub.asking("model", name, revision, OTHERWISE):
        told = HfApi(endpoint=endpoint).model_info(
            name, revision=revision, timeout=hub.HUB_TIMEOUT_S, files_metadata=True
        )
    files = told.siblings or []
    check_files(name, [one.rfilename for one in files])
    wanted = [one for one in files if any(fnmatch(one.rfilename, pattern) for pattern in _WANTED_FILES)]
    licences = [tag.removeprefix("license:") for tag in told.tags or [] if tag.startswith("license:")]
    return BaseFacts(
        name=name,
        revision=str(told.sha),
        licence=licences[0] if licences else None,
        size_bytes=sum(one.size or 0 for one in wanted),
        is_here=find_kept(name, str(told.sha)) is not None,
    )


def fetch(name: str, revision: str | None, *, endpoint: str | None, told: hub.Told) -> tuple[Path, str]:
    """The folder of the model's files and its commit; from before where the hub does not answer.

    Raises:
        NotFound: there is no such model or revision.
        BadInput: it has no weights as safetensors, or the disk is too full for it.
        BackendError: the hub does not answer or stops sending, and the model was not fetched before.
    """
    kept = find_kept(name, revision) if revision is not None and _COMMIT.fullmatch(revision) else None
    if kept is not None:
        return kept, kept.name
    try:
        found = look_up(name, revision, endpoint=endpoint)
    except BackendError as error:
        kept = find_kept(name, revision)
        if kept is not None:
            return kept, kept.name
        raise BackendError(
            str(error).replace("answer:", f"answer, and {name} was not fetched before:", 1),
            hint=error.hint,
            retryable=True,
        ) from error
    kept = find_kept(name, found.revision)
    return kept or _download(found, endpoint, told), str(found.revision)


def find_kept(name: str, revision: str | None = None) -> Path | None:
    """The folder of a model that was fetched whole: of that revision, or without one the newest fetched."""
    folder = _folder(name)
    named = folder / "refs" / (revision or "main")
    commits = [revision] if revision else []
    if named.is_file():
        commits.append(named.read_text(encoding="utf-8").strip())
    snapshots = [folder / "snapshots" / commit for commit in commits if _COMMIT.fullmatch(commit)]
    if revision is None and (folder / "snapshots").is_dir():
        every = (folder / "snapshots").iterdir()
        snapshots += sorted(every, key=lambda path: path.stat().st_mtime, reverse=True)
    return next((path for path in snapshots if are_whole(path)), None)


def _folder(name: str) -> Path:
    """Where the library keeps a model."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / "--".join(["models", *name.split("/")])


def _download(found: BaseFacts, endpoint: str | None, told: hub.Told) -> Path:
    """Fetch the files, telling how many bytes are here.

    Raises:
        BadInput: the disk is too full.
        BackendError: the hub stops sending, or does not send them all.
    """
    folder = _folder(found.name)
    folder.mkdir(parents=True, exist_ok=True)
    hub.check_room(found.name, found.size_bytes, folder, "Or choose a smaller base model.")
    reason = hub.download(
        _FETCH,
        [found.name, str(found.revision), str(folder.parent), endpoint or "", *_WANTED_FILES],
        name=found.name,
        size_bytes=found.size_bytes,
        count=lambda: hub.bytes_in(folder / "blobs"),
        told=told,
        otherwise=OTHERWISE,
    )
    kept = find_kept(found.name, found.revision)
    if kept is None:
        raise hub.not_whole(found.name, reason, OTHERWISE)
    return kept
