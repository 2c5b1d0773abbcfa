"""A watchful eye on a training that writes: progress, numbers, cancelling, and a loss that is no number."""

import math
from typing import Any

from transformers import TrainerCallback

from domain.errors import BackendError
from services.jobs.process.worker import RunningJob


class WritingWatch(TrainerCallback):  # type: ignore[misc]
    """Tells the job's folder of every step, and stops where somebody asked for it."""

    def __init__(self, job: RunningJob, *, shares: tuple[float, float], stage: str = "train") -> None:
        """Watch one training, which begins and ends at these shares of the whole job."""
        self._job, self._shares, self._stage = job, shares, stage

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Tell how far it is."""
        begin, end = self._shares
        self._job.progress(
            begin + (end - begin) * state.global_step / max(1, state.max_steps),
            f"Trains: step {state.global_step:,} of {state.max_steps:,}.",
        )

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        """Keep the numbers of the steps since the last time.

        Raises:
            BackendError: the loss is no number any more.
        """
        if "loss" not in logs:
            return
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise BackendError(
                f"The loss is {loss} after step {state.global_step}: the numbers overflowed.",
                hint=f"Lower learning_rate (it is {args.learning_rate:g}), or set precision=fp32.",
            )
        kept: dict[str, float] = {
            name: float(logs[name]) for name in ("learning_rate", "kl", "reward", "entropy") if name in logs
        }
        if "kl" in kept:  # TRL tells it per word; ours is of whole answers
            kept["kl"] *= float(logs.get("completions/mean_length", 1.0))
        if "rewards/accuracies" in logs:  # of DPO
            kept["preferred"] = float(logs["rewards/accuracies"])
        self._job.metric(
            stage=self._stage, step=state.global_step, epoch=round(float(state.epoch or 0), 3), loss=loss,
            **kept,
        )  # fmt: skip

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float], **_: Any) -> None:
        """Keep the loss on validation, once per epoch."""
        if "eval_loss" in metrics:
            self._job.metric(
                stage="validation", step=state.global_step, epoch=round(float(state.epoch or 0), 3),
                loss=float(metrics["eval_loss"]),
            )  # fmt: skip
