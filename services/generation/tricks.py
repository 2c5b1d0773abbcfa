"""Signs that a model has found a trick instead of learning its task."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.generation.words import words_of


@dataclass(frozen=True)
class Tricks:
    """Shares, 0 to 1, over the outputs of a model.

    Attributes:
        copied: Outputs that have the very words of their source.
        empty: Outputs without a word.
        constant: Outputs that are the commonest output.
        length_ratio: Words of the outputs by words of the sources; may be above 1.
        distinct_2: Different pairs of words by all pairs of words.
    """

    copied: float
    empty: float
    constant: float
    length_ratio: float
    distinct_2: float


def tricks(sources: Sequence[str], outputs: Sequence[str]) -> Tricks:
    """The signs, counted over n outputs, at least one.

    Source: distinct-n: Li and others (2016), A Diversity-Promoting Objective Function, NAACL.
    """
    asked, said = [words_of(text) for text in sources], [words_of(text) for text in outputs]
    n, words = len(said), sum(map(len, said))
    commonest = Counter(map(tuple, said)).most_common(1)[0][1]
    pairs = [pair for one in said for pair in zip(one, one[1:], strict=False)]
    return Tricks(
        copied=sum(one == other for one, other in zip(asked, said, strict=True)) / n,
        empty=sum(not one for one in said) / n,
        constant=commonest / n if n > 1 else 0.0,
        length_ratio=words / max(1, sum(map(len, asked))),
        distinct_2=len(set(pairs)) / len(pairs) if pairs else 0.0,
    )
