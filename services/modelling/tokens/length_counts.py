"""How many texts have how many tokens: of one kind of text, and of both sides of pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BINS = 30


@dataclass(frozen=True)
class TokenizerLengths:
    """Lengths of the comments of a split in tokens, with those that the tokenizer puts around a text.

    Attributes:
        lengths: Each length that occurs, ascending, shape (k,).
        comments: How many comments have it, shape (k,).
    """

    lengths: NDArray[np.int64]
    comments: NDArray[np.int64]

    @classmethod
    def of(cls, counts: Mapping[int, int]) -> "TokenizerLengths":
        """From how many texts have each length."""
        ordered = sorted(counts)
        return cls(np.array(ordered), np.array([counts[length] for length in ordered]))

    @property
    def count(self) -> int:
        return int(self.comments.sum())

    def percentile(self, percent: float) -> int:
        """The length that so many percent of the comments do not exceed, 0 to 100."""
        reached = np.searchsorted(np.cumsum(self.comments), self.count * percent / 100)
        return int(self.lengths[min(int(reached), len(self.lengths) - 1)])

    def truncated(self, max_length: int) -> int:
        """How many comments are longer than `max_length` tokens, and lose their end."""
        return int(self.comments[self.lengths > max_length].sum())


@dataclass(frozen=True)
class PairLengths:
    """Tokens of a pair set's train split: of each prompt with its source, and of each reference."""

    sources: TokenizerLengths
    targets: TokenizerLengths


def lengths_told(found: PairLengths, *, max_source: int, max_target: int) -> str:
    """Both in one sentence, with what would be cut."""
    parts = [
        f"{name} {lengths.percentile(50):,} tokens (99 % up to {lengths.percentile(99):,}, longest "
        f"{int(lengths.lengths[-1]):,}; {lengths.truncated(limit):,} of {lengths.count:,} cut at {limit:,})"
        for name, lengths, limit in (
            ("sources", found.sources, max_source), ("targets", found.targets, max_target),
        )
    ]  # fmt: skip
    return f"In the model's tokens: {'; '.join(parts)}."


def bins_of(lengths: TokenizerLengths) -> Sequence[tuple[float, float, int]]:
    """The histogram: from, to, how many texts."""
    count = min(_BINS, int(lengths.lengths[-1] - lengths.lengths[0]) + 1)
    heights, edges = np.histogram(lengths.lengths, bins=count, weights=lengths.comments)
    return [
        (float(low), float(high), int(height))
        for low, high, height in zip(edges, edges[1:], heights, strict=False)
    ]
