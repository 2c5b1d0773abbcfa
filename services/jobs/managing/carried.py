"""What a training that goes on takes along from the job before it: its numbers up to that point."""

import json
import math
from pathlib import Path

from services.jobs.managing.watched import seed_of
from services.jobs.process.folder import Facts, JobFolder


def carry_numbers(before: JobFolder, after: JobFolder, settings: Facts) -> None:
    """Begin the metrics and the comments to look at of a training with those of the job that it goes on with.

    What came after the last whole checkpoint is told anew, and is left out here.

    Args:
        before: Still has its work/.
        after: A new folder.
        settings: Of the training.
    """
    if "seeds" not in settings:  # of a model that writes
        reached_step = _last_step(before.path / "work")
        for line in before.metrics():
            if line.get("step", 0) <= reached_step:
                after.add_metric(line)
        return
    reached = _reached(before.path / "work", settings)
    for line in before.metrics():
        if "step" in line and line["step"] <= reached.get(seed_of(line), 0):
            after.add_metric(line)
    for shown in before.shown():
        if shown["step"] <= reached.get(seed_of(shown), 0):
            after.add_shown(shown)


def _reached(work: Path, settings: Facts) -> dict[str, float]:
    """The step of each seed from which it goes on; one that has finished is not trained again."""
    first, count = settings["seed"], settings["seeds"]
    return {
        f"seed {seed}" if count > 1 else "": _last_step(work / f"seed-{seed}")
        for seed in range(first, first + count)
    }


def _last_step(folder: Path) -> float:
    if (folder / "result.json").exists():
        return math.inf
    steps = [0]
    for told in folder.glob("checkpoint-*/trainer_state.json"):
        try:
            steps.append(json.loads(told.read_text(encoding="utf-8")).get("global_step", 0))
        except (OSError, ValueError):  # not whole; it is passed over when the training goes on, too
            continue
    return max(steps)
