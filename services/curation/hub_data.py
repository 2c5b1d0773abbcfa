"""Data sets of the Hugging Face hub at one commit: files of rows come here, and no script of theirs runs."""

import glob
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path, PurePosixPath

from domain.errors import BackendError, BadInput
from domain.text import shortened
from services.modelling import hub
from storage.intake.parent import MAX_FILE_BYTES

OTHERWISE = "Or download its files by hand and import those."

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TABLES = (".parquet", ".arrow")
_OTHERS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
_NO_ROWS = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")

_FETCH = """
import sys
from huggingface_hub import snapshot_download
name, commit, into, endpoint, *wanted = sys.argv[1:]
try:
    snapshot_download(
        name, repo_type="dataset", revision=commit, local_dir=into, endpoint=endpoint or None,
        allow_patterns=wanted,
    )
except Exception as error:
    sys.exit((str(error).strip().splitlines() or [type(error).__name__])[0])
"""


@dataclass(frozen=True)
class HubFile:
    """A file of rows; the hash is given for large ones only."""

    name: str
    size_bytes: int
    sha256: str | None


@dataclass(frozen=True)
class HubData:
    """What the hub says of a data set, and the files of it that would be read.

    Attributes:
        revision: The commit, whatever it was asked by.
        licence: None where its card says nothing.
        files: All Parquet or Arrow files, or one of another kind.
        parts: What to choose among with `part`, where there is more than that.
    """

    name: str
    revision: str
    licence: str | None
    files: tuple[HubFile, ...]
    parts: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)

    @property
    def label(self) -> str:
        """What an import of it is called: with the commit, so that anybody can fetch the same."""
        return f"{self.name}@{self.revision}"


def look_up(
    name: str, revision: str | None = None, *, part: str = "", endpoint: str | None = None
) -> HubData:
    """Ask the hub about a data set; nothing is fetched.

    Args:
        revision: A commit, branch or tag; else what is newest.
        part: Only the files below this folder, or this file.

    Raises:
        NotFound: there is no such data set or revision.
        BadInput: it has no files of rows there, or several that are no tables.
        BackendError: the hub does not answer.
    """
    from huggingface_hub import HfApi

    with hub.asking("data set", name, revision, OTHERWISE):
        told = HfApi(endpoint=endpoint).dataset_info(
            name, revision=revision, timeout=hub.HUB_TIMEOUT_S, files_metadata=True
        )
    if not _COMMIT.fullmatch(str(told.sha)):
        raise BackendError(f"The hub tells no commit of {name}.", hint=OTHERWISE)
    listed = [
        HubFile(one.rfilename, one.size or 0, getattr(one.lfs, "sha256", None))
        for one in told.siblings or []
        if one.rfilename.endswith((*_TABLES, *_OTHERS)) and PurePosixPath(one.rfilename).name not in _NO_ROWS
    ]
    files, parts = _chosen(name, listed, part)
    licences = [tag.removeprefix("license:") for tag in told.tags or [] if tag.startswith("license:")]
    found = HubData(name, str(told.sha), licences[0] if licences else None, files, parts)
    if found.size_bytes > MAX_FILE_BYTES:
        raise BadInput(
            f"{name} has {found.size_bytes:,} bytes of rows; at most {MAX_FILE_BYTES:,} are read.",
            hint=f"Name a part of it: {shortened(', '.join(parts), 300)}." if parts else OTHERWISE,
        )
    return found


def fetch(found: HubData, into: Path, *, endpoint: str | None = None, told: hub.Told) -> Path:
    """Fetch the files into a folder, which must exist; returns what to import: that folder, or the one file.

    Raises:
        BadInput: the disk is too full, or a file is not the one that the hub names.
        BackendError: the hub stops sending, or does not send them all.
    """
    hub.check_room(found.name, found.size_bytes, into, OTHERWISE)
    wanted = [glob.escape(file.name) for file in found.files]
    reason = hub.download(
        _FETCH,
        [found.name, found.revision, str(into), endpoint or "", *wanted],
        name=found.name,
        size_bytes=found.size_bytes,
        count=lambda: hub.bytes_in(into, "**/*"),
        told=told,
        otherwise=OTHERWISE,
    )
    for file in found.files:
        path = into / file.name
        if not path.is_file() or (file.size_bytes and path.stat().st_size != file.size_bytes):
            raise hub.not_whole(found.name, reason, OTHERWISE)
        if file.sha256 and _sha256(path) != file.sha256:
            raise BadInput(
                f"{shortened(file.name)} is not the file that the hub names.", hint="Fetch it again."
            )
    return into if found.files[0].name.endswith(_TABLES) else into / found.files[0].name


@contextmanager
def fetched(
    name: str, revision: str | None, *, part: str, inside: Path, told: hub.Told, endpoint: str | None = None
) -> Iterator[tuple[Path, HubData]]:
    """The data set at its commit in a folder of its own below `inside`, which is gone afterwards.

    Raises:
        BadInput: the revision is no commit; or as for `look_up` and `fetch`.
    """
    found = look_up(name, revision, part=part, endpoint=endpoint)
    check_pinned(revision, found)
    with tempfile.TemporaryDirectory(prefix="hub-", dir=inside) as folder:
        yield fetch(found, Path(folder), endpoint=endpoint, told=told), found


def check_pinned(revision: str | None, found: HubData) -> None:
    """Refuse what names no commit: the same words would bring other rows next week."""
    if revision is None or not _COMMIT.fullmatch(revision):
        raise BadInput(
            f"'{revision or 'The newest'}' of {found.name} is {found.revision} today.",
            hint=f"Name the commit, so that others get the same rows: --revision {found.revision}.",
        )


def _chosen(name: str, listed: list[HubFile], part: str) -> tuple[tuple[HubFile, ...], tuple[str, ...]]:
    """The files that are read together, and the parts to choose among."""
    inside = [file for file in listed if not part or file.name == part or file.name.startswith(f"{part}/")]
    unsafe = [file.name for file in inside if ".." in PurePosixPath(file.name).parts or file.name[0] in "/\\"]
    if unsafe:
        raise BadInput(f"{name} names a file outside of itself: '{shortened(unsafe[0])}'.", hint=OTHERWISE)
    tables = [file for file in inside if file.name.endswith(_TABLES)]
    parts = sorted({file.name.rpartition("/")[0] for file in listed if "/" in file.name})
    if tables:
        return tuple(tables), tuple(parts) if len(parts) > 1 else ()
    if len(inside) == 1:
        return tuple(inside), tuple(file.name for file in listed) if len(listed) > 1 else ()
    if inside:
        names = shortened(", ".join(file.name for file in inside), 500)
        raise BadInput(f"{name} has {len(inside)} files of rows.", hint=f"Name one: {names}.")
    raise BadInput(
        f"{name} has no Parquet, CSV or JSONL file{f' below {shortened(part)!r}' if part else ''} there.",
        hint="A loading script is never run; where the hub has made Parquet of it, that is the revision"
        " refs/convert/parquet.",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
