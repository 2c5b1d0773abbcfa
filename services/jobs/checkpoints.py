"""The checkpoints of a training under way: room for them, and which one to go on from."""

import json
import shutil
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from services.jobs.folder import write_whole

CHECKPOINTS_KEPT = 2  # the best and the last
_BYTES_PER_NUMBER = 4


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
        if state["best_model_checkpoint"]:  # it names the folder of the job that this one goes on with
            state["best_model_checkpoint"] = str(folder / Path(state["best_model_checkpoint"]).name)
            write_whole(checkpoint / "trainer_state.json", json.dumps(state))
        whole[state["global_step"]] = str(checkpoint)
    return whole[max(whole)] if whole else None


def refuse_full_disk(folder: Path, model: Any) -> None:
    """Refuse to begin where the checkpoints would not fit: weights, and two numbers of AdamW per weight.

    Raises:
        BadInput: the disk is too full.
    """
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    every = sum(weight.numel() for weight in model.parameters())
    needed = _BYTES_PER_NUMBER * (3 * trained * (CHECKPOINTS_KEPT + 1) + 2 * every)  # one is being written
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BadInput(
            f"The checkpoints need {needed / 1e9:.1f} GB, and the disk has {free / 1e9:.1f} GB left.",
            hint="Make room, or train with LoRA (lora_rank=8), whose checkpoints are small.",
        )
