"""A model without chance of its own: a word is as likely where it is weighed as where it was drawn."""

from typing import Any

import torch


def without_dropout(model: Any) -> Any:
    """The model with every dropout at 0, in training too; its configuration keeps the model's own.

    Attention drops by a number that it holds (T5, BART, Llama), where no module of dropout is to be found.
    """
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name, value in vars(module).items():
            if "drop" in name and isinstance(value, float):  # dropout, attention_dropout, layerdrop
                setattr(module, name, 0.0)
    return model
