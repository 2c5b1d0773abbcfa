"""The last layer of an encoder for its first token only: the others of that layer are read by nobody.

The head of a classifier such as BERT looks at the first token. In the last layer every token gives a key and
a value, but only the first needs a query, and what follows it. The scores are the same; of six layers a
seventh of the work is saved.
"""

from typing import Any

import torch

# Built of layers with attention.self, attention.output and feed_forward_chunk, and a head on the first token.
_KINDS = ("bert", "roberta", "xlm-roberta", "camembert", "electra")


class FirstTokenLayer(torch.nn.Module):  # type: ignore[misc]
    """A layer of an encoder that answers for the first token of each text."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        own = layer.attention.self
        self.size, self.scaling = own.attention_head_size, own.scaling
        self.query, self.key, self.value = own.query, own.key, own.value
        self.mixed, self.forth, self.back = layer.attention.output, layer.intermediate, layer.output

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, *_: Any, **__: Any
    ) -> torch.Tensor:
        """Of shape (texts, 1, width), from (texts, tokens, width)."""
        first = hidden_states[:, :1]
        query, key, value = (
            make(of).view(*of.shape[:2], -1, self.size).transpose(1, 2)
            for make, of in ((self.query, first), (self.key, hidden_states), (self.value, hidden_states))
        )
        weights = query @ key.transpose(2, 3) * self.scaling
        if attention_mask is not None:
            of_first = attention_mask[:, :, :1]
            if of_first.dtype == torch.bool:
                weights = weights.masked_fill(~of_first, torch.finfo(weights.dtype).min)
            else:
                weights = weights + of_first
        shares = weights.softmax(dim=-1, dtype=torch.float32).to(value.dtype)
        read = (shares @ value).transpose(1, 2).flatten(2)
        heard = self.mixed(read, first)
        return self.back(self.forth(heard), heard)


def only_first_token(model: Any) -> Any:
    """The model with its last layer so; as it is where its kind is none of those known to allow it."""
    if model.config.model_type not in _KINDS or model.config.is_decoder:
        return model
    layers = model.base_model.encoder.layer
    layers[-1] = FirstTokenLayer(layers[-1])
    return model
