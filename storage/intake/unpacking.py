"""What is packed is unpacked into a folder of the reading process, and counted while it comes out."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from domain.errors import BadInput
from domain.text import shortened, visible
from storage.intake.batch import MAX_DECODED_BYTES

MAX_MEMBERS = 1_000
MAX_RATIO = 200  # text becomes three to thirty times smaller
RATIO_COUNTS_FROM = 50_000_000

_STEP = 1 << 20
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_NOT_DATA = ("__macosx/", ".ds_store", "thumbs.db")
_DAMAGE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)


def unpacked(path: Path, scratch: Path, *, part: str = "") -> Path:
    """The file itself, or what a `.gz` or `.zip` file holds, in `scratch`; no name in it is used as a path.

    Args:
        part: The file of the archive that is wanted, where it holds several.

    Raises:
        BadInput: the archive is damaged, locked, holds another one, or unpacks to far more than itself.
    """
    head = _head(path)
    if head.startswith(_GZIP):
        out = scratch / "unpacked"
        with gzip.open(path, "rb") as packed:
            _copy(packed, out, path.stat().st_size)
    elif head.startswith(_ZIP) and not is_workbook(path):
        out = scratch / "unpacked"
        with _archive(path) as archive:
            member = _member(archive, part)
            check_member(member)
            with archive.open(member) as packed:
                _copy(packed, out, member.compress_size)
    else:
        return path
    inner = _head(out)
    if inner.startswith(_GZIP) or (inner.startswith(_ZIP) and not is_workbook(out)):
        raise BadInput("The archive holds another archive.", hint="Unpack it, and import the file within.")
    return out


def is_workbook(path: Path) -> bool:
    """Whether a ZIP file is an Excel workbook."""
    with _archive(path) as archive:
        return "xl/workbook.xml" in archive.NameToInfo


def check_member(member: zipfile.ZipInfo) -> None:
    """Refuse a file of an archive by what the archive declares of it.

    Raises:
        BadInput: it is locked, or becomes too large.
    """
    if member.flag_bits & 1:
        raise BadInput(
            "The archive is locked with a password.", hint="Unpack it, and import the file within."
        )
    _check_size(member.file_size, member.compress_size)


def _check_size(size: int, packed: int) -> None:
    is_bomb = size > RATIO_COUNTS_FROM and size > MAX_RATIO * max(1, packed)
    if is_bomb or size > MAX_DECODED_BYTES:
        why = f"more than {MAX_RATIO} times its size" if is_bomb else f"more than {MAX_DECODED_BYTES:,} bytes"
        raise BadInput(
            f"The archive unpacks to {why}.", hint="Unpack it yourself, look at it, and import what is good."
        )


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise _damaged(error) from error
    if len(archive.infolist()) > MAX_MEMBERS:
        archive.close()
        raise BadInput(f"The archive holds more than {MAX_MEMBERS:,} files.", hint="Pack only the one.")
    return archive


def _member(archive: zipfile.ZipFile, part: str) -> zipfile.ZipInfo:
    found = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not any(each in member.filename.casefold() for each in _NOT_DATA)
    ]
    if part:
        found = [member for member in found if part == member.filename]
    if len(found) != 1:
        names = shortened(visible(", ".join(member.filename for member in archive.infolist()[:20])), 500)
        what = f"no file '{shortened(visible(part))}'" if part else f"{len(found)} files"
        raise BadInput(
            f"The archive holds {what}.", hint=f"Say which: --read part=NAME, one of {names or '(none)'}."
        )
    _check_name(found[0].orig_filename)
    return found[0]


def _check_name(name: str) -> None:
    """Refuse what is no plain relative path: nothing is written by it, but it means no good."""
    parts = name.replace("\\", "/").split("/")
    is_odd = ".." in parts or parts[0] == "" or ":" in parts[0] or len(name) > 255 or visible(name) != name
    if is_odd:
        raise BadInput(
            f"The archive names a file outside of itself or misleadingly: {shortened(visible(name), 80)}",
            hint="Do not trust it; ask where it comes from.",
        )


def _copy(packed: IO[bytes] | gzip.GzipFile, out: Path, size: int) -> None:
    """Write what comes out, as long as it stays within the limits."""
    done = 0
    with out.open("wb") as file:
        for data in _pieces(packed):
            done += len(data)
            _check_size(done, size)
            file.write(data)


def _pieces(packed: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while True:
        try:
            data = packed.read(_STEP)
        except _DAMAGE as error:
            raise _damaged(error) from error
        if not data:
            return
        yield data


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _damaged(error: Exception) -> BadInput:
    return BadInput(
        f"The archive cannot be unpacked: {shortened(visible(str(error)), 200)}",
        hint="It is damaged or of another kind; pack it again, or import the file within.",
    )
