"""Whether a text reads like those that people wrote: a model of letters, learned in a second."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log2

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput

ORDER = 5  # letters, the one that is guessed included
CUT = 0.05  # of the texts that people wrote; what reads worse than those is not fluent
_MOST_LETTERS = 2_000_000
_START = "\x02"


class LetterModel:
    """Bits per letter of a text under letters in a row, with Witten-Bell smoothing.

    It knows spelling and word order of what it learned from, no grammar: a weak judge, but the same for
    all, and it needs no network.

    Source: Witten and Bell (1991), IEEE Transactions on Information Theory 37(4), method C.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """Learn from texts that people wrote.

        Raises:
            BadInput: no text has a letter.
        """
        counts: list[Counter[str]] = [Counter() for _ in range(ORDER)]
        read = 0
        for text in texts:
            padded = _padded(text)
            for order, counted in enumerate(counts):
                counted.update(padded[place - order : place + 1] for place in range(ORDER - 1, len(padded)))
            read += len(text)
            if read > _MOST_LETTERS:
                break
        if not counts[0]:
            raise BadInput("No text to learn fluency from.", hint="Pairs of the train split are needed.")
        self._counts = counts
        self._totals = [Counter[str]() for _ in range(ORDER)]
        self._kinds = [Counter[str]() for _ in range(ORDER)]
        for order, counted in enumerate(counts):
            for run, times in counted.items():
                self._totals[order][run[:-1]] += times
                self._kinds[order][run[:-1]] += 1
        self._alphabet = len(counts[0]) + 1

    def bits(self, text: str) -> float:
        """Bits per letter, above 0; infinite for a text without a letter."""
        if not text.strip():
            return float("inf")
        padded = _padded(text)
        places = range(ORDER - 1, len(padded))
        return -sum(log2(self._share(padded[place - ORDER + 1 : place + 1])) for place in places) / len(
            places
        )

    def _share(self, run: str) -> float:
        found = 1 / self._alphabet
        for order in range(ORDER):
            part = run[ORDER - 1 - order :]
            total, kinds = self._totals[order][part[:-1]], self._kinds[order][part[:-1]]
            if total == 0:
                break
            found = (self._counts[order][part] + kinds * found) / (total + kinds)
        return found


class FluencyJudge:
    """1 for a text that reads as well as all but the worst twentieth of what people wrote, else 0."""

    def __init__(self, human: Sequence[str]) -> None:
        """Learn from four fifths of the texts, and set the bar by the last fifth.

        Raises:
            BadInput: there are fewer than five texts.
        """
        known = [text for text in human if text.strip()]
        if len(known) < 5:
            raise BadInput(f"{len(known)} texts are too few to judge fluency.", hint="Keep more pairs.")
        held = [text for place, text in enumerate(known) if place % 5 == 4]
        self._model = LetterModel(text for place, text in enumerate(known) if place % 5 != 4)
        self.bar = float(np.quantile([self._model.bits(text) for text in held], 1 - CUT))
        self.signature = f"letters:{ORDER}|bits<={self.bar:.3f}|human:{len(known)}|cut:{CUT:g}"

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """0 or 1 for each text, shape (n,)."""
        return np.array([float(self._model.bits(text) <= self.bar) for text in texts], dtype=np.float64)

    def graded(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The same by degrees, 0 to 1, for a reward: 1 up to the bar, falling by half per bit above."""
        return np.array([2.0 ** -max(0.0, self._model.bits(text) - self.bar) for text in texts])


def _padded(text: str) -> str:
    return _START * (ORDER - 1) + text.lower()
