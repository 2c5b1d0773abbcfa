"""What an answer is worth: not toxic, of the same meaning, fluent, and as long as it should be."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from domain.pairs import Pair
from services.generation.settings import RewardSettings
from services.generation.surface import chrf_each
from services.generation.words import words_of
from services.jobs.writers.writing_panel import Panel

Floats = NDArray[np.float64]
PARTS = ("style", "meaning", "fluency", "length")


class Rewards:
    """The weighted mean of the parts, each 0 to 1."""

    def __init__(self, panel: Panel, config: RewardSettings) -> None:
        """Weigh the parts as the settings say; without a classifier there is no style."""
        self._panel, self._config = panel, config
        weights = {name: float(getattr(config, name)) for name in PARTS}
        if panel.reward is None:
            weights["style"] = 0.0
        whole = sum(weights.values())
        self.weights = {name: weight / whole for name, weight in weights.items() if weight}

    @property
    def told(self) -> str:
        """The weights, as a sentence."""
        parts = ", ".join(f"{name} {weight:.0%}" for name, weight in self.weights.items())
        return (
            f"The reward is {parts}; meaning of the {self._config.meaning_of} by {self._config.meaning_by}."
        )

    def parts(self, pairs: Sequence[Pair], texts: Sequence[str]) -> dict[str, Floats]:
        """Every part that has a weight, shape (n,) each, 0 to 1."""
        return {name: getattr(self, f"_{name}")(pairs, list(texts)) for name in self.weights}

    def total(self, parts: dict[str, Floats]) -> Floats:
        """The weighted mean, shape (n,), 0 to 1."""
        found = sum(self.weights[name] * values for name, values in parts.items())
        return np.asarray(found, dtype=np.float64)

    def _style(self, pairs: Sequence[Pair], texts: list[str]) -> Floats:
        assert self._panel.reward is not None
        return 1.0 - self._panel.reward(texts)

    def _meaning(self, pairs: Sequence[Pair], texts: list[str]) -> Floats:
        panel = self._panel
        others: list[Sequence[str]] = [
            [panel.source_of(one)] if self._config.meaning_of == "source" else panel.references_of(one)
            for one in pairs
        ]
        if self._config.meaning_by == "letters":
            return chrf_each(texts, others) / 100
        return panel.embedder.cosines(texts, others)

    def _fluency(self, pairs: Sequence[Pair], texts: list[str]) -> Floats:
        return self._panel.fluency.graded(texts)

    def _length(self, pairs: Sequence[Pair], texts: list[str]) -> Floats:
        """1 for as many words as the reference, falling to 0 at none and at twice as many."""
        wanted = [max(1, len(words_of(self._panel.references_of(one)[0]))) for one in pairs]
        said = np.array([len(words_of(text)) for text in texts], dtype=np.float64)
        return np.clip(1.0 - np.abs(said / wanted - 1.0), 0.0, 1.0)
