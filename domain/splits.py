"""Which split a comment belongs to, decided once by its group."""

import hashlib
from typing import Literal, get_args

Split = Literal["train", "validation", "test"]
SplitMode = Literal["group", "stratified", "imported", "time"]
SPLITS: tuple[str, ...] = get_args(Split)
SPLIT_MODES: tuple[str, ...] = get_args(SplitMode)

# Shares of 1,000 hash slots: 80 % train, 10 % validation, 10 % test.
_TRAIN_BELOW, _VALIDATION_BELOW = 800, 900

_SPELLINGS = {
    "train": "train", "training": "train",
    "validation": "validation", "val": "validation", "valid": "validation", "dev": "validation",
    "test": "test", "testing": "test", "eval": "test",
}  # fmt: skip


def split_of_group(group: str, salt: str) -> Split:
    """The split of everything that shares `group`; adding other groups never moves it.

    Args:
        group: Author, thread or comment identity, any text.
        salt: The dataset's own, so that two datasets do not share their test authors.
    """
    digest = hashlib.sha256(f"{salt}\x1f{group}".encode("utf-8", "surrogatepass")).digest()
    slot = int.from_bytes(digest[:8], "big") % 1000
    if slot < _TRAIN_BELOW:
        return "train"
    return "validation" if slot < _VALIDATION_BELOW else "test"


def split_named(value: str) -> str | None:
    """The split that a column's value means ("dev" is validation), or None where it means none."""
    return _SPELLINGS.get(value.strip().casefold())
