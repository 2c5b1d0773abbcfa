"""What training an encoder adds to the Trainer: its loss and its order of comments."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.utils.data import Sampler
from transformers import PrinterCallback, Trainer
from transformers.trainer_pt_utils import get_length_grouped_indices

from services.jobs.checkpoint_clock import CheckpointClock
from services.jobs.stopwatch import Stopwatch

Example = dict[str, Any]
Weights = dict[str, torch.Tensor]

BEST_FILE = "best.safetensors"  # in a checkpoint: the best weights so far, where they are not its own


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


def several_labels_loss(weights: torch.Tensor | None, gamma: float) -> Callable[..., torch.Tensor]:
    """Binary cross entropy of each label by itself, on demand weighted by label and focal.

    With probability p of what is true of a label (that it is given, or that it is not), the loss of a comment
    is the mean over its labels of -w (1 - p)^gamma log p, and that of a batch the mean over its comments.

    Args:
        weights: w of the comments that have the label, shape (K,); 1 for the others. None is 1 throughout.
        gamma: As above.

    Source: Lin et al. (2017), as above, whose own loss is of this form.
    """

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: object = None) -> torch.Tensor:
        logits, wanted = outputs["logits"].float(), labels.float()
        log_p = torch.nn.functional.logsigmoid(torch.where(wanted > 0, logits, -logits))
        counted = 1.0 if weights is None else torch.where(wanted > 0, weights.to(logits.device), 1.0)
        hardness = 1.0 if gamma == 0 else (1 - log_p.exp()).clamp(min=1e-8) ** gamma
        return -(counted * hardness * log_p).mean()

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
    """The Trainer with our order of comments, the best weights at hand, and few checkpoints.

    A checkpoint is several times as large as the weights, and the Trainer writes one at every evaluation, for
    any of them may be the best. Here the best weights stay in memory, and a checkpoint is written when its
    clock says so; where the best are older than it, they lie in it beside its own.
    """

    def __init__(
        self, *, order: EpochOrder, saving: Stopwatch, is_pausing: Callable[[], bool], **given: Any
    ) -> None:
        """Train in this order.

        Args:
            order: Of the comments.
            saving: Runs while weights are kept or written.
            is_pausing: Whether the next checkpoint must be written, whatever the clock says.
            given: To the Trainer.
        """
        self._order, self._saving, self._is_pausing = order, saving, is_pausing
        self._clock = CheckpointClock()
        self._best: Weights | None = None
        super().__init__(**given)
        self.remove_callback(PrinterCallback)  # what it prints is in metrics.jsonl

    def restore_best(self) -> None:
        """Give the model its best weights back."""
        if self._best is not None:
            with self._saving, torch.no_grad():
                for name, weight in trained_weights(self.model):
                    weight.copy_(self._best[name])

    def _get_train_sampler(self, train_dataset: object = None) -> EpochOrder:
        return self._order

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        is_best: bool = super()._determine_best_metric(metrics, trial)
        if is_best:
            with self._saving:
                self._best = copied(self.model)
        return is_best

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        if not (self._clock.is_due or self._is_pausing()):
            return
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        with self._saving, self._clock.writing():
            if self._best is not None and self.state.best_global_step != self.state.global_step:
                folder.mkdir(
                    parents=True, exist_ok=True
                )  # first: its state, which makes it whole, comes last
                save_file(self._best, folder / BEST_FILE)
            super()._save_checkpoint(model, trial)
            for other in folder.parent.glob("checkpoint-*"):
                if other != folder:
                    shutil.rmtree(other)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        best = Path(resume_from_checkpoint) / BEST_FILE
        self._best = load_file(best) if best.exists() else copied(self.model)


def trained_weights(model: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """The weights that learn, by name; with LoRA that is a small part of them."""
    return ((name, weight) for name, weight in model.named_parameters() if weight.requires_grad)


def copied(model: Any) -> Weights:
    """A copy of the weights that learn, in the memory of the processor."""
    return {name: weight.detach().to("cpu", copy=True) for name, weight in trained_weights(model)}
