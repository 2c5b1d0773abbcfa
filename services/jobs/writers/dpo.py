"""DPO for encoder-decoders: what people preferred becomes likelier, by a loss of our own over the Trainer.

Libraries train decoders alone so. How likely each text was to the model at the start is worked out once,
before the training; no second model is kept.

Source: Rafailov and others (2023), Direct Preference Optimization: Your Language Model is Secretly a Reward
Model, NeurIPS, equation 7.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import logsigmoid
from transformers import Seq2SeqTrainer

from services.backends.writer import Writer
from services.jobs.trainer.kept_trainer import KeptTrainer
from services.jobs.writers.dropout import without_dropout

IGNORED = -100  # in labels: no word
_AT_ONCE = 16


def dpo_loss(
    chosen: torch.Tensor,
    rejected: torch.Tensor,
    start_chosen: torch.Tensor,
    start_rejected: torch.Tensor,
    beta: float,
) -> torch.Tensor:
    """-log sigmoid(beta · ((chosen - start_chosen) - (rejected - start_rejected))), as a mean.

    Args:
        chosen, rejected: Log probability of each text to the model, shape (n,).
        start_chosen, start_rejected: The same to the model at the start.
        beta: How close it stays to the start, above 0.
    """
    return -logsigmoid(beta * ((chosen - start_chosen) - (rejected - start_rejected))).mean()


def text_logps(model: Any, batch: dict[str, torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
    """Log probability of each whole text after its prompt, shape (n,); IGNORED labels do not count."""
    logits = model(**batch, labels=labels).logits.float()
    counted = labels != IGNORED
    each = logits.log_softmax(dim=-1).gather(2, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return (each * counted).sum(dim=1)


class Preferences:
    """Preferences as tokens: each batch holds every prompt twice, first with its chosen texts."""

    def __init__(self, writer: Writer) -> None:
        """Tokens of this writer's tokenizer."""
        self._writer = writer

    def batch(self, lessons: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """Lessons with prompt, chosen and rejected, and as they are known start_chosen and start_rejected."""
        writer = self._writer
        prompts = [one["prompt"] for one in lessons]
        texts = [one[which] for which in ("chosen", "rejected") for one in lessons]
        said = writer.tokenizer(
            text_target=texts,
            truncation=True,
            max_length=writer.max_target,
            padding=True,
            return_tensors="pt",
        )
        labels = said["input_ids"].masked_fill(said["attention_mask"] == 0, IGNORED)
        known = {
            name: torch.tensor([one[name] for one in lessons])
            for name in ("start_chosen", "start_rejected")
            if name in lessons[0]
        }
        return {**writer.batch_of(prompts * 2), "labels": labels, **known}

    def with_start(self, lessons: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The lessons with how likely both texts are to the model as it is now."""
        found, model = [], self._writer.model.eval()
        for first in range(0, len(lessons), _AT_ONCE):
            some = lessons[first : first + _AT_ONCE]
            batch = self.batch(some)
            labels = batch.pop("labels").to(self._writer.device)
            with torch.no_grad():
                chosen, rejected = text_logps(model, batch, labels).chunk(2)
            found += [
                {**one, "start_chosen": float(liked), "start_rejected": float(other)}
                for one, liked, other in zip(some, chosen, rejected, strict=True)
            ]
        return found


class DpoTrainer(KeptTrainer, Seq2SeqTrainer):  # type: ignore[misc]
    """A Seq2SeqTrainer whose loss compares two texts to the same prompt."""

    def __init__(
        self, *, writer: Writer, lessons: Sequence[dict[str, Any]], beta: float, **given: Any
    ) -> None:
        """Set it up.

        Args:
            writer: An encoder-decoder, as it is at the start.
            lessons: Each with prompt, chosen and rejected.
            beta: As in the loss.
            given: To the Trainer.
        """
        preferences = Preferences(writer)
        super().__init__(
            model=without_dropout(writer.model),  # as the model at the start, which drew no chance
            train_dataset=preferences.with_start(lessons),
            data_collator=preferences.batch,
            **given,
        )
        self._beta = beta
        self._right: list[float] = []

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of one batch of preferences."""
        batch = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        chosen, rejected = text_logps(model, batch, inputs["labels"]).chunk(2)
        start = inputs["start_chosen"], inputs["start_rejected"]
        won = (chosen - start[0]) > (rejected - start[1])
        self._right.append(float(won.float().mean()))
        return dpo_loss(chosen, rejected, *start, self._beta)

    def log(self, logs: dict[str, float], *given: Any, **named: Any) -> None:
        """Beside the loss: how often what people chose has become likelier than what they did not."""
        if self._right:
            logs["rewards/accuracies"] = sum(self._right) / len(self._right)
            self._right.clear()
        super().log(logs, *given, **named)
