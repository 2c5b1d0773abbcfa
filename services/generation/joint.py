"""The joint measure of texts made polite: style times meaning times fluency, sentence by sentence."""

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput

Floats = NDArray[np.float64]
JOINT_SIGNATURE = "J:mean(style*meaning*fluency)|style:0/1 at 0.5|meaning:cosine, 0 to 1|fluency:0/1"


def joint(style: Floats, meaning: Floats, fluency: Floats) -> Floats:
    """Style times meaning times fluency of each sentence, shape (n,), 0 to 1; their mean is J.

    The product is taken before the mean: a system that is either polite or faithful, but never both at once,
    scores 0, while the product of the three means would hide it.

    Args:
        style: Whether each output is in the wanted style, 0 or 1, or how likely.
        meaning: How much each output means what its source means, 0 to 1.
        fluency: Whether each output is fluent, 0 or 1, or how likely.

    Raises:
        BadInput: the three differ in length, or a value is outside 0 to 1.

    Source: Logacheva and others (2022), ParaDetox, ACL; joint_metrics.py of its repository.
    """
    if not len(style) == len(meaning) == len(fluency):
        raise BadInput(
            f"{len(style)} values of style, {len(meaning)} of meaning and {len(fluency)} of fluency differ.",
            hint="Give one of each for every sentence.",
        )
    for name, values in (("style", style), ("meaning", meaning), ("fluency", fluency)):
        if len(values) and not (np.min(values) >= 0 and np.max(values) <= 1):
            raise BadInput(f"A value of {name} is outside 0 to 1.", hint="Clip cosines at 0 first.")
    return np.asarray(style * meaning * fluency, dtype=np.float64)
