"""What training an encoder adds to the Trainer: its loss, its order of comments, and a watchful eye."""

import math
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import PrinterCallback, Trainer, TrainerCallback
from transformers.trainer_pt_utils import get_length_grouped_indices

from domain.errors import BackendError
from services.evaluation.metrics import Report
from services.jobs.opponents import measured
from services.jobs.worker import RunningJob

DIVERGED_FROM = 4.0  # times the loss of the first step, which is that of guessing
_PROGRESS_EVERY_S = 1.0

Example = dict[str, Any]


def classification_loss(weights: torch.Tensor | None, gamma: float) -> Callable[..., torch.Tensor]:
    """Cross entropy, on demand weighted by label and focal.

    The loss of a comment with probability p for its label y is -w_y (1 - p)^gamma log p, and that of a batch
    the sum over its comments divided by the sum of their w_y.

    Args:
        weights: w, shape (K,); None is 1 throughout.
        gamma: 0 is plain cross entropy; larger takes weight from comments that are predicted well.

    Source: Lin et al. (2017), Focal Loss for Dense Object Detection, arXiv:1708.02002.
    """

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: object = None) -> torch.Tensor:
        logits = outputs["logits"].float()
        log_p = torch.log_softmax(logits, dim=-1).gather(1, labels[:, None]).squeeze(1)
        counted = torch.ones_like(log_p) if weights is None else weights.to(log_p.device)[labels]
        hardness = 1.0 if gamma == 0 else (1 - log_p.exp()).clamp(min=1e-8) ** gamma
        return -(counted * hardness * log_p).sum() / counted.sum()

    return loss


class EpochOrder(Sampler):  # type: ignore[misc]
    """The order of the training comments: another in each epoch, the same for the same seed and epoch.

    The Trainer's own grouping draws from the global random numbers, so that a training that goes on in the
    middle of an epoch would see other comments than one that was never broken off.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, *, seed: int, grouped: bool) -> None:
        """`lengths` in tokens; `grouped` puts comments of similar length into a batch."""
        self._lengths, self._batch_size = list(lengths), batch_size
        self._seed, self._grouped, self._epoch = seed, grouped, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the Trainer before each epoch, also when it goes on with one."""
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        draw = torch.Generator().manual_seed(self._seed + self._epoch)
        if self._grouped:
            return iter(get_length_grouped_indices(self._lengths, self._batch_size, generator=draw))
        return iter(torch.randperm(len(self._lengths), generator=draw).tolist())


class EncoderTrainer(Trainer):  # type: ignore[misc]
    """The Trainer with our order of comments."""

    def __init__(self, *, order: EpochOrder, **given: Any) -> None:
        self._order = order
        super().__init__(**given)
        self.remove_callback(PrinterCallback)  # what it prints is in metrics.jsonl

    def _get_train_sampler(self, train_dataset: object = None) -> EpochOrder:
        return self._order


class Watch(TrainerCallback):  # type: ignore[misc]
    """Tells the job's folder of every step, stops when asked to, and names what goes wrong."""

    def __init__(
        self,
        job: RunningJob,
        labels: Sequence[str],
        *,
        shares: tuple[float, float],
        batch_size: int,
        told: str = "",
    ) -> None:
        """Watch one training.

        Args:
            job: Whose folder is told.
            labels: In the order of the model's outputs.
            shares: Where this training begins and ends, as shares of the whole job.
            batch_size: Comments per step.
            told: Set after the names of stages, to tell several seeds apart.
        """
        self._job, self._labels, self._told = job, labels, told
        self._shares, self._batch_size = shares, batch_size
        self._first_loss: float | None = None
        self._report: Report | None = None
        self._begun = self._step_begun = self._progress_at = time.monotonic()
        self._first_step, self._steps, self._seconds = 0, 0, 0.0

    def compute_metrics(self, prediction: Any) -> dict[str, float]:
        """What the Trainer asks for after each evaluation."""
        gold = [self._labels[place] for place in prediction.label_ids.tolist()]
        answers = [self._labels[place] for place in prediction.predictions.argmax(axis=-1).tolist()]
        self._report = measured(gold, answers)
        return headline(self._report)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The clock starts; a training that goes on starts at its step."""
        self._begun, self._first_step = time.monotonic(), state.global_step

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The clock of one step starts."""
        self._step_begun = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Stop where asked to; tell how far it is; the last step is always measured and kept."""
        now = time.monotonic()
        self._steps, self._seconds = self._steps + 1, self._seconds + now - self._step_begun
        if state.global_step >= state.max_steps:
            control.should_evaluate = control.should_save = True
        if now - self._progress_at >= _PROGRESS_EVERY_S or state.global_step >= state.max_steps:
            self._progress_at = now
            done, left = state.global_step - self._first_step, state.max_steps - state.global_step
            begin, end = self._shares
            self._job.progress(
                begin + (end - begin) * state.global_step / state.max_steps,
                f"Trains{self._told}: step {state.global_step:,} of {state.max_steps:,}.",
                seconds_left=(now - self._begun) / done * left,
            )

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        """Keep the numbers of the steps since the last time.

        Raises:
            BackendError: the loss is no number any more, or has grown far beyond guessing.
        """
        if "loss" not in logs:
            return
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise BackendError(
                f"The loss is {loss} after step {state.global_step}: the numbers overflowed.",
                hint=f"Lower learning_rate (it is {args.learning_rate:g}), or set precision=fp32.",
            )
        self._first_loss = loss if self._first_loss is None else self._first_loss
        if loss > DIVERGED_FROM * self._first_loss:
            raise BackendError(
                f"The training diverges: the loss rose from {self._first_loss:.3g} to {loss:.3g} at step "
                f"{state.global_step}.",
                hint=f"Lower learning_rate (it is {args.learning_rate:g}), or raise warmup.",
            )
        self._job.metric(
            stage=f"train{self._told}",
            step=state.global_step,
            epoch=round(float(state.epoch), 3),
            loss=loss,
            learning_rate=float(logs["learning_rate"]),
            examples_per_second=self._steps * self._batch_size / max(self._seconds, 1e-9),
            memory_mb=memory_mb(),
        )
        self._steps, self._seconds = 0, 0.0

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float], **_: Any) -> None:
        """Keep what validation said, all labels together and each for itself."""
        if self._report is None:
            return
        self._job.metric(
            stage=f"validation{self._told}",
            step=state.global_step,
            loss=_finite(metrics.get("eval_loss")),
            **headline(self._report),
        )
        for one in self._report.classes:
            values = {"precision": one.precision, "recall": one.recall, "f1": one.f1}
            self._job.metric(
                stage=f"validation{self._told}, {one.label}",
                step=state.global_step,
                support=one.support,
                **{name: None if value is None else value.value for name, value in values.items()},
            )


def headline(found: Report) -> dict[str, float]:
    """Accuracy, macro F1, and precision, recall and F1 weighted by support."""
    return {
        "accuracy": found.accuracy.value,
        "macro_f1": found.macro_f1.value,
        "weighted_precision": found.weighted_precision.value,
        "weighted_recall": found.weighted_recall.value,
        "weighted_f1": found.weighted_f1.value,
    }


def memory_mb() -> int:
    """The most memory taken so far: of the GPU where there is one, else of this process."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated() // 2**20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
