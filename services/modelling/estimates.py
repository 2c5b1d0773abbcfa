"""From ten tried steps to what a whole training of an encoder takes, in numbers and in words."""

import math
from dataclasses import dataclass

from services.jobs.process.folder import Facts
from services.jobs.trainer.checkpoint_clock import most_checkpoints
from services.modelling.settings import EncoderSettings

# How far a training may stray from ten steps on a machine that does other things too.
_LOW, _HIGH = 0.75, 1.5


@dataclass(frozen=True)
class Estimate:
    """What a training would take.

    Attributes:
        seconds: Most likely, with every epoch that the recipe allows.
        low_seconds: If this machine is quick; where the recipe stops early, as early as it may.
        high_seconds: If it is busy.
        memory_mb: Peak of the process.
        gpu_memory_mb: Peak of the GPU; None without one.
        disk_bytes: The most room for checkpoints.
        disk_free_bytes: Room on the disk now.
        steps: Of all seeds together.
        max_length: Tokens at which comments are cut.
        precision: "fp32" or "bf16".
    """

    seconds: float
    low_seconds: float
    high_seconds: float
    memory_mb: int
    gpu_memory_mb: int | None
    disk_bytes: int
    disk_free_bytes: int
    steps: int
    max_length: int
    precision: str


def estimated(probe: Facts, config: EncoderSettings, free: int) -> Estimate:
    """The arithmetic from ten tried steps to a whole training.

    Args:
        probe: What services/jobs/probe_encoder.py wrote.
        config: Of the training.
        free: Bytes of room on the disk.
    """
    steps_per_epoch = math.ceil(probe["train_rows"] / config.batch_size)
    every = max(1, math.ceil(steps_per_epoch / config.evaluations_per_epoch))
    steps = steps_per_epoch * config.epochs
    fewest = min(steps, every * (config.patience + 1)) if config.patience else steps
    answering = probe["evaluation_seconds"] * probe["answered_rows"] / max(1, probe["validation_rows"])

    def seconds(steps_taken: int) -> float:
        evaluations = math.ceil(steps_taken / every)
        one_seed = steps_taken * probe["step_seconds"] + (evaluations + 1) * probe["evaluation_seconds"]
        written = min(float(evaluations), most_checkpoints(one_seed, probe["checkpoint_seconds"]))
        one_seed += written * probe["checkpoint_seconds"]
        return float(probe["load_seconds"] + probe["opponents_seconds"] + config.seeds * one_seed + answering)

    stray = 1 + probe["step_spread"]
    return Estimate(
        seconds=seconds(steps),
        low_seconds=seconds(fewest) * _LOW,
        high_seconds=seconds(steps) * max(_HIGH, stray),
        memory_mb=probe["memory_mb"],
        gpu_memory_mb=probe["gpu_memory_mb"],
        disk_bytes=probe["disk_bytes"],
        disk_free_bytes=free,
        steps=steps * config.seeds,
        max_length=probe["max_length"],
        precision=probe["precision"],
    )


def sentence(found: Estimate) -> str:
    """The estimate in words."""
    memory = f"{found.memory_mb / 1000:.1f} GB of memory"
    if found.gpu_memory_mb is not None:
        memory += f", {found.gpu_memory_mb / 1000:.1f} GB of the GPU's"
    needed, free = found.disk_bytes / 1e9, found.disk_free_bytes / 1e9
    room = f"{needed:.1f} GB of disk for checkpoints ({free:.1f} GB are free)"
    return (
        f"About {duration(found.seconds)} ({duration(found.low_seconds)} to {duration(found.high_seconds)}), "
        f"{memory}, {room}; {found.steps:,} steps in {found.precision}, comments cut at {found.max_length} "
        "tokens."
    )


def duration(seconds: float) -> str:
    """Seconds, minutes or hours, as roughly as an estimate is."""
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s"
    if seconds < 5_400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
