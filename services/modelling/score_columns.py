"""What the columns of a file of another system's scores mean, and what one row of it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

from domain.errors import BadInput
from domain.text import shortened

_MAX_NAME_LENGTH = 100


@dataclass(frozen=True)
class Columns:
    """Which column of a file is what.

    Attributes:
        key: The column by which a row finds its comment: the id that the comment was imported with, or
            its text, letter by letter.
        scores: Label to the column with its score. One is enough where there are two labels.
        label: The column with the system's own label; without it the label follows from the scores.
        spellings: What the file writes to the label that it means; labels themselves need no entry.
        scale: The largest score that is possible: 1 or 100.
        flags_from: With the score of one label alone: it is given from this score on, 0 to 1.
    """

    key: str
    key_is: Literal["id", "text"] = "id"
    scores: Mapping[str, str] = field(default_factory=dict)
    label: str | None = None
    spellings: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0
    flags_from: float = 0.5


def checked_spellings(columns: Columns, labels: tuple[str, ...], name: str) -> dict[str, str]:
    """Casefolded spelling to label, once name, scale, labels and columns were found to fit each other.

    Raises:
        BadInput: they do not.
    """
    if not 0 < len(name.strip()) <= _MAX_NAME_LENGTH:
        raise BadInput("The system has no name.", hint=f"Up to {_MAX_NAME_LENGTH} characters: Perspective.")
    if columns.scale not in (1.0, 100.0) or not 0 < columns.flags_from <= 1:
        raise BadInput(
            f"A scale to {columns.scale:g} with flags from {columns.flags_from:g} is none that is read here.",
            hint="Scores go up to 1 or to 100; flags begin at a share between 0 and 1.",
        )
    for label in (*columns.scores, *columns.spellings.values()):
        if label not in labels:
            raise BadInput(f"There is no label '{shortened(label)}'.", hint=f"Labels: {', '.join(labels)}.")
    if not columns.scores and columns.label is None:
        raise BadInput("No column holds a score or a label.", hint="Name a score column, or the label's.")
    if columns.scores and len(labels) > 2 and set(columns.scores) != set(labels):
        raise BadInput(
            f"{len(columns.scores)} of {len(labels)} labels have a score column.",
            hint="With more than two labels, name a score column for each, or the label column alone.",
        )
    return {label.casefold(): label for label in labels} | {
        written.strip().casefold(): label for written, label in columns.spellings.items()
    }


def check_scale(read: list[float | None], scale: float) -> None:
    """Refuse scores that were written on another scale: a handful of them may still fit by chance.

    Raises:
        BadInput: more than half lie outside of the scale, or all that are told up to 100 end at 1.
    """
    scores = [score for score in read if score is not None]
    above = sum(score > scale for score in scores)
    outside = above + sum(score < 0 for score in scores)
    if 2 * outside > len(scores):
        if scale == 1 and above == outside and max(scores) <= 100:
            raise BadInput(
                f"{above:,} of {len(scores):,} scores lie above 1: is the scale 100?",
                hint="Say so: --scale 100, or 0 to 100 on the page.",
            )
        raise BadInput(
            f"{outside:,} of {len(scores):,} scores do not lie between 0 and {scale:g}.",
            hint="Scores are read from 0 to 1 or from 0 to 100; is it the right column?",
        )
    if scale > 1 and 0 < max(scores, default=0) <= 1:
        raise BadInput(
            f"The scale is 100, and all {len(scores):,} scores lie between 0 and 1: is the scale 1?",
            hint="Say so: --scale 1, or 0 to 1 on the page.",
        )


def flagged_label(columns: Columns) -> str | None:
    """The label whose score alone the file has: what the system is there to flag."""
    return next(iter(columns.scores)) if len(columns.scores) == 1 else None


def answer_of(
    columns: Columns,
    labels: tuple[str, ...],
    spellings: Mapping[str, str],
    written: str | None,
    cells: list[str | None],
) -> dict[str, Any] | str:
    """Label and scores of one row, or why they cannot be used."""
    scores: dict[str, float | None] = {}
    for label, cell in zip(columns.scores, cells, strict=True):
        value = number_in(cell)
        if cell is not None and cell.strip() and value is None:
            return f"The score '{shortened(cell)}' is no number."
        if value is not None and not 0 <= value <= columns.scale:
            return f"The score {value:g} is not between 0 and {columns.scale:g}: is this the scale?"
        scores[label] = None if value is None else value / columns.scale
    whole = _whole(scores, labels)
    if columns.label is not None:
        label_said = spellings.get((written or "").strip().casefold())
    elif whole is None:
        label_said = None
    elif len(scores) == 1:
        [(only, value)] = scores.items()
        other = next(label for label in labels if label != only)
        label_said = only if value is not None and value >= columns.flags_from else other
    else:
        label_said = labels[max(range(len(labels)), key=whole.__getitem__)]
    return {"label": label_said, "scores": whole if label_said is not None else None}


def _whole(scores: Mapping[str, float | None], labels: tuple[str, ...]) -> list[float] | None:
    """A score for each label; of two labels one tells the other."""
    if not scores or any(value is None for value in scores.values()):
        return None
    known = {label: float(value) for label, value in scores.items() if value is not None}
    return [known.get(label, 1 - sum(known.values())) for label in labels]


def number_in(cell: str | None) -> float | None:
    """The finite number that the cell holds, if it holds one."""
    try:
        value = float(cell) if cell and cell.strip() else None
    except ValueError:
        return None
    return value if value is not None and isfinite(value) else None
