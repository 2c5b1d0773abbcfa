"""Sentences as vectors, and how near their meanings are: the mean of a small encoder's last layer."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from transformers import AutoModel, AutoTokenizer

from domain.errors import BadInput
from services.backends.huggingface import out_of_memory_named
from services.modelling.base_models import OFFLINE, find_base_model

MAX_TOKENS = 256
_AT_ONCE = 64

Floats = NDArray[np.float32]


class Embedder:
    """Vectors of length 1, so that their product is the cosine; one that is asked again remembers."""

    def __init__(self, name: str = OFFLINE) -> None:
        """Load the encoder; "minilm" needs no network.

        Raises:
            NotFound: there is no such model.
            BadInput: its files are damaged.
        """
        base = find_base_model(name)
        try:
            tokenizer = AutoTokenizer.from_pretrained(base.folder, local_files_only=True)
            model = AutoModel.from_pretrained(
                base.folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise BadInput(f"{name} cannot be read: {error}", hint="Choose another encoder.") from error
        self.signature = f"cosine:{base.name}@{base.revision or base.sha256[:12]}|pool:mean|max:{MAX_TOKENS}"
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._tokenizer, self._model = tokenizer, model.to(self._device).eval()
        self._known: dict[str, Floats] = {}

    def vectors(self, texts: Sequence[str]) -> Floats:
        """One vector per text, shape (n, hidden)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for first in range(0, len(new), _AT_ONCE):
            part = new[first : first + _AT_ONCE]
            self._known.update(zip(part, self._embed(part), strict=True))
        return np.stack([self._known[text] for text in texts])

    def cosines(self, texts: Sequence[str], others: Sequence[Sequence[str]]) -> NDArray[np.float64]:
        """How near each text is to the nearest of its others, 0 to 1, shape (n,); an empty text to none."""
        mine = self.vectors(texts)
        theirs = self.vectors([other for each in others for other in each])
        found, first = np.zeros(len(texts)), 0
        for place, each in enumerate(others):
            near = theirs[first : first + len(each)] @ mine[place]
            found[place] = float(near.max()) if texts[place].strip() else 0.0
            first += len(each)
        return np.clip(found, 0.0, 1.0)

    def _embed(self, texts: Sequence[str]) -> Floats:
        batch: Any = self._tokenizer(
            list(texts), truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors="pt"
        ).to(self._device)
        with out_of_memory_named("Measure on a machine with more memory."), torch.inference_mode():
            hidden = self._model(**batch).last_hidden_state
            mask = batch["attention_mask"][..., None].float()
            mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
            found: Floats = torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
        return found


@cache
def embedder() -> Embedder:
    """The one that needs no network, loaded once in this process."""
    return Embedder()
