"""The checkpoints of a training under way: room for them, and which one to go on from."""

import errno
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from domain.errors import BackendError, BadInput

_BYTES_PER_NUMBER = 4
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SAYS_FULL = re.compile(r"No space left|os error 28|PytorchStreamWriter failed|unexpected pos")


def last_whole_checkpoint(folder: Path) -> str | None:
    """Where an earlier try of the same training came to; what it was writing when it ended is removed.

    A checkpoint's state is written last, so a checkpoint whose state can be read is whole.
    """
    whole: dict[int, str] = {}
    for checkpoint in folder.glob("checkpoint-*"):
        try:
            state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(checkpoint)
            continue
        whole[state["global_step"]] = str(checkpoint)
    return whole[max(whole)] if whole else None


def checkpoint_bytes(model: Any) -> int:
    """The most room that a training needs, while a checkpoint is written and the last one is still there.

    Each holds the weights, two numbers of AdamW per trained weight, and the best weights so far.
    """
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    every = sum(weight.numel() for weight in model.parameters())
    return int(_BYTES_PER_NUMBER * (2 * 4 * trained + 2 * every))


def refuse_full_disk(folder: Path, model: Any) -> None:
    """Refuse to begin where the checkpoints would not fit.

    Raises:
        BadInput: the disk is too full.
    """
    needed, free = checkpoint_bytes(model), shutil.disk_usage(folder).free
    if free < needed:
        raise BadInput(
            f"The checkpoints need {needed / 1e9:.1f} GB, and the disk has {free / 1e9:.1f} GB left.",
            hint="Make room, or train with LoRA (lora_rank=8), whose checkpoints are small.",
        )


@contextmanager
def full_disk_named(folder: Path) -> Iterator[None]:
    """Turn every way in which the libraries say that a checkpoint cannot be written into one error.

    What was being written is removed, which makes room for the word that the job failed.

    Raises:
        BackendError: the disk is full; with room again the training goes on from the last whole checkpoint.
    """
    try:
        yield
    except (OSError, SafetensorError, RuntimeError) as error:
        if getattr(error, "errno", None) not in _FULL and not _SAYS_FULL.search(str(error)):
            raise
        last_whole_checkpoint(folder)
        free = shutil.disk_usage(folder).free
        raise BackendError(
            f"A checkpoint cannot be written: the disk is full ({free / 1e9:.1f} GB left).",
            hint="Make room, then start the job again: it goes on from the last whole checkpoint.",
            retryable=True,
        ) from error


@contextmanager
def cleared_where_it_fails_again(work: Path) -> Iterator[None]:
    """Remove the unfinished work, weights and all, after a failure that going on from it would only repeat.

    A full disk, a kill, a pause and a cancelled job keep theirs: started again, the training goes on.
    """
    try:
        yield
    except BackendError as error:
        if not error.retryable:
            shutil.rmtree(work, ignore_errors=True)
        raise
