"""The folder beside a row of the database: all of its files or none."""

import shutil
from collections.abc import Callable
from pathlib import Path


def write_folder(folder: Path, write: Callable[[Path], None]) -> None:
    """Let `write` put files into a folder that has its name only once it is whole."""
    draft = folder.with_name(f"{folder.name}.draft")
    for leftover in (draft, folder):  # of a program that died before its transaction ended
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir(parents=True)
    write(draft)
    draft.rename(folder)
