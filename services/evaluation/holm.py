"""Many tests at once: p-values that may be read as if each had been the only one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def holm_adjusted(p_values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """The p-values after Holm's correction, in the order given, each in [0, 1] and never smaller than before.

    To call all below 0.05 real is to be wrong about any of them at most one time in twenty, however the tests
    depend on each other.

    Source: Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70.
    """
    given = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    steps = np.arange(given.size, 0, -1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(given[order] * steps)) if given.size else given
    return adjusted
