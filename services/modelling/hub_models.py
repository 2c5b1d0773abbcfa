"""Models of the Hugging Face hub: what it says of one, and how its files come to this machine."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from domain.errors import BackendError, BadInput, NotFound
from services.modelling.base_files import OTHERWISE, are_whole, check_files

HUB_TIMEOUT_S = 10.0
STALLED_S = 60.0  # without a byte; the library itself would wait and try again for many minutes
LOOK_EVERY_S = 0.5

Told = Callable[[int, int], None]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_WANTED_FILES = [
    "config.json", "model.safetensors", "model-*.safetensors", "model.safetensors.index.json",
    "tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "*.model",
    "README.md", "LICENSE*",
]  # fmt: skip

# In a process of its own, which can be ended: the library's threads outlive whoever waits for them.
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
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        told = HfApi(endpoint=endpoint).model_info(
            name, revision=revision, timeout=HUB_TIMEOUT_S, files_metadata=True
        )
    except RevisionNotFoundError as error:
        raise NotFound(f"{name} has no revision {revision!r} on the hub.", hint="Leave it out.") from error
    except RepositoryNotFoundError as error:
        raise NotFound(
            f"The hub has no model {name!r}, or shows it to members only.", hint=OTHERWISE
        ) from error
    except HFValidationError as error:
        raise BadInput(f"{name!r} cannot be a name on the hub: {error}", hint=OTHERWISE) from error
    except (HfHubHTTPError, HTTPError, OfflineModeIsEnabled, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BackendError(
            f"The hub does not answer: {reason.rstrip('.')}.",
            hint=f"Try again with a network. {OTHERWISE}",
            retryable=True,
        ) from error
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


def fetch(name: str, revision: str | None, *, endpoint: str | None, told: Told) -> tuple[Path, str]:
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


def _download(found: BaseFacts, endpoint: str | None, told: Told) -> Path:
    """Fetch the files, telling how many bytes are here.

    Raises:
        BadInput: the disk is too full.
        BackendError: the hub stops sending, or does not send them all.
    """
    folder = _folder(found.name)
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < found.size_bytes:
        raise BadInput(
            f"{found.name} needs {found.size_bytes / 1e9:.1f} GB, and the disk has {free / 1e9:.1f} GB left.",
            hint="Make room, or choose a smaller base model.",
        )
    command = [
        sys.executable,
        "-c",
        _FETCH,
        found.name,
        str(found.revision),
        str(folder.parent),
        endpoint or "",
    ]
    quietly = {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}  # who got here has a network
    process = subprocess.Popen(
        [*command, *_WANTED_FILES], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, env={**os.environ, **quietly},
    )  # fmt: skip
    try:
        here, changed_at = 0, time.monotonic()
        while process.poll() is None:
            time.sleep(LOOK_EVERY_S)
            before, here = here, _bytes_in(folder / "blobs")
            changed_at = time.monotonic() if here != before else changed_at
            told(here, found.size_bytes)
            if time.monotonic() - changed_at > STALLED_S:
                raise BackendError(
                    f"The hub stopped sending {found.name}: nothing came for {STALLED_S:.0f} s, "
                    f"{here / 1e6:.0f} of {found.size_bytes / 1e6:.0f} MB are here.",
                    hint=f"Start again: it goes on with the rest. {OTHERWISE}",
                    retryable=True,
                )
    finally:
        process.kill()
        _, errors = process.communicate()
    kept = find_kept(found.name, found.revision)
    if kept is None:
        reason = (errors.strip().splitlines() or ["some files are missing"])[-1]
        raise BackendError(
            f"The hub did not send {found.name} whole: {reason.rstrip('.')}.",
            hint=f"Start again: it goes on with the rest. {OTHERWISE}",
            retryable=True,
        )
    return kept


def _bytes_in(folder: Path) -> int:
    """What lies there; a file may get another name meanwhile."""
    total = 0
    for path in folder.glob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total
