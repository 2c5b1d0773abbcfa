"""One fit of a study: on what, by what and for what."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from services.evaluation.metrics import Report

Heard = Callable[[int, Report], None]


@dataclass(frozen=True, eq=False)
class Attempt:
    """One fit.

    Attributes:
        rows: To learn from: text and label.
        watched: By which an encoder chooses among its checkpoints; none of `rows`.
        asked: What is answered in the end.
        folder: For checkpoints; an attempt that was broken off goes on from there.
    """

    rows: pa.Table
    watched: pa.Table
    asked: pa.Table
    folder: Path
