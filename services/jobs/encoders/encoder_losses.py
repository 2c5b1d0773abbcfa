"""The losses of an encoder that learns to give labels."""

from collections.abc import Callable
from typing import Any

import torch


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
