"""The folder of a Hugging Face data set: as `save_to_disk` writes it, or Parquet files; never a script."""

import json
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from domain.text import shortened, visible

_MAX_FILES = 1_000
_MAX_TOLD_BYTES = 1_000_000
_DATA = (".parquet", ".arrow")


def data_files(folder: Path) -> list[tuple[Path, str]]:
    """The files of rows in their order, and the split that each belongs to ("" where none is named).

    Raises:
        BadInput: it is no such folder, or names a file outside of itself.
    """
    splits = _told(folder / "dataset_dict.json").get("splits")
    found: list[tuple[Path, str]] = []
    if isinstance(splits, list):
        for split in splits:
            found += [(path, str(split)) for path in _saved_in(_inside(folder, split))]
    elif (folder / "state.json").is_file():
        found = [(path, str(_told(folder / "state.json").get("_split") or "")) for path in _saved_in(folder)]
    else:
        places = sorted(path for suffix in _DATA for path in folder.rglob(f"*{suffix}"))
        inside = [path for path in places if path.resolve().is_relative_to(folder.resolve())]
        found = [(path, _split_of(path.relative_to(folder))) for path in inside if path.is_file()]
    if not found or len(found) > _MAX_FILES:
        raise BadInput(
            f"The folder '{folder.name}' holds {len(found)} files of rows.",
            hint="Name a folder written by save_to_disk, or one of Parquet files; scripts are never run.",
        )
    return found


def digest_of(path: Path) -> str:
    """The sha256 of a file, or of the names and digests of the files of rows in a folder."""
    if path.is_dir():
        files = [(file, file.relative_to(path)) for file, _ in data_files(path)]
        return sha256("\n".join(f"{name} {digest_of(file)}" for file, name in files).encode()).hexdigest()
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _saved_in(folder: Path) -> list[Path]:
    told = _told(folder / "state.json").get("_data_files")
    if not isinstance(told, list):
        raise BadInput(f"'{shortened(visible(folder.name))}' has no state.json that names its files.")
    return [_inside(folder, one.get("filename") if isinstance(one, dict) else None) for one in told]


def _inside(folder: Path, name: Any) -> Path:
    """The file or folder of that name, directly in this folder."""
    is_plain = isinstance(name, str) and name == Path(name).name and name not in ("", ".", "..")
    path = folder / name if is_plain else folder
    if not is_plain or not path.exists() or not path.resolve().is_relative_to(folder.resolve()):
        raise BadInput(
            f"The folder names '{shortened(visible(str(name)))}', which is not in it.",
            hint="Copy the whole folder, and only that.",
        )
    return path


def _told(path: Path) -> dict[str, Any]:
    if not path.is_file() or path.stat().st_size > _MAX_TOLD_BYTES:
        return {}
    try:
        told = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path.name} of the folder is not JSON.", hint="Save the data set again.") from error
    return told if isinstance(told, dict) else {}


def _split_of(path: Path) -> str:
    """The split by which the Hub names a file, as train-00000-of-00002, or the folder that it is in."""
    for name in (path.stem, *(parent.name for parent in path.parents)):
        head = name.split("-")[0].split("_")[0].casefold()
        if head in ("train", "validation", "valid", "dev", "test"):
            return head
    return ""
