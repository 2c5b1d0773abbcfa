"""A base model with a new head for our labels, ready to be trained."""

from typing import Any

import torch
from peft import LoraConfig, TaskType, get_peft_model
from safetensors import SafetensorError
from transformers import AutoModelForSequenceClassification

from domain.errors import BadInput
from services.jobs.encoders.lesson import Lesson
from services.modelling.base_models import BaseModel
from services.modelling.settings import EncoderSettings

_LORA_DROPOUT = 0.05


def new_model(config: EncoderSettings, base: BaseModel, lesson: Lesson) -> Any:
    """The base model with a new head for our labels; with LoRA, all but head and added matrices frozen.

    Raises:
        BadInput: the weights are damaged or not all there, or this kind of model can be no classifier.
    """
    try:
        model, read = AutoModelForSequenceClassification.from_pretrained(
            base.folder,
            num_labels=len(lesson.labels),
            id2label=dict(enumerate(lesson.labels)),
            label2id={label: place for place, label in enumerate(lesson.labels)},
            # Other programs read it too: of several labels a pipeline takes the sigmoid of each.
            problem_type=f"{'multi' if lesson.several else 'single'}_label_classification",
            ignore_mismatched_sizes=True,  # another head than ours is replaced
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise BadInput(
            f"{base.name} cannot be trained: {error}", hint="Fetch it anew, or choose another base model."
        ) from error
    unread = {*read["missing_keys"], *(key for key, *_ in read["mismatched_keys"])}
    refuse_missing_weights(base, model, unread)
    if config.lora_rank == 0:
        return model
    return get_peft_model(
        model,
        LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=config.lora_rank,
            lora_alpha=2 * config.lora_rank,
            lora_dropout=_LORA_DROPOUT,
            target_modules="all-linear",
            modules_to_save=["classifier", "score"],
        ),
    )


def refuse_missing_weights(base: BaseModel, model: Any, unread: set[str]) -> None:
    """Refuse a base whose weights did not all fit: the library fills what is missing with random numbers.

    A new head is random by design, and so may be the pooler, which many base models come without.

    Raises:
        BadInput: weights of the encoder itself are missing or of another shape.
    """
    own = [key for key in sorted(unread) if key.startswith(f"{model.base_model_prefix}.")]
    lost = [key for key in own if ".pooler." not in key]
    if lost:
        raise BadInput(
            f"{base.name} is damaged, or its config.json is of another model: {len(lost)} of its weights are "
            f"missing or of another shape, such as {lost[0]}.",
            hint="Fetch it anew, or choose another base model.",
        )
