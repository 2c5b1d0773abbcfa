"""What training an encoder adds to the Trainer: its loss and its order of comments."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import PrinterCallback, Trainer
from transformers.trainer_pt_utils import get_length_grouped_indices

from services.jobs.stopwatch import Stopwatch

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
    """The Trainer with our order of comments, and a watch on the time that checkpoints take."""

    def __init__(self, *, order: EpochOrder, saving: Stopwatch, **given: Any) -> None:
        self._order, self._saving = order, saving
        super().__init__(**given)
        self.remove_callback(PrinterCallback)  # what it prints is in metrics.jsonl

    def _get_train_sampler(self, train_dataset: object = None) -> EpochOrder:
        return self._order

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        with self._saving:
            super()._save_checkpoint(model, trial)
