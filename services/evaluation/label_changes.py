"""What changed between two models label by label, where accuracy may hide a trade of one for another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.evaluation.comparison import ALPHA, FEWEST_DISCORDANT, Comparison, conclusion, mcnemar, p_text
from services.evaluation.holm import holm_adjusted


@dataclass(frozen=True)
class LabelChange:
    """What changed among the comments of one frozen label; with several labels, it counts under each.

    Attributes:
        p_holm: Exact McNemar, two-sided, of the label's recall, after Holm's correction for all labels.
    """

    label: str
    n: int
    fixed: int
    broken: int
    p_holm: float

    @property
    def moves(self) -> int:
        """1 where more are right beyond chance, -1 where fewer are, 0 where that cannot be told."""
        if self.fixed + self.broken < FEWEST_DISCORDANT or self.p_holm >= ALPHA:
            return 0
        return 1 if self.fixed > self.broken else -1


def label_changes(counts: Iterable[tuple[str, int, int, int]]) -> tuple[LabelChange, ...]:
    """The changes from (label, comments, fixed, broken) of each label, in the order given."""
    rows = list(counts)
    p_values = holm_adjusted([mcnemar(fixed, broken)[0] for _, _, fixed, broken in rows])
    return tuple(LabelChange(*row, float(p_value)) for row, p_value in zip(rows, p_values, strict=True))


def is_trade(labels: Sequence[LabelChange]) -> bool:
    """Whether one label is found more often and another less, both beyond chance."""
    return {-1, 1} <= {each.moves for each in labels}


def labels_sentence(labels: Sequence[LabelChange]) -> str:
    """Which labels' recall moved beyond chance; empty where none did. Names may come from a file."""
    moved = sorted((each for each in labels if each.moves), key=lambda each: -each.moves)
    if not moved:
        return ""
    told = [_moved(each) for each in moved]
    if is_trade(labels):
        return f"A trade: {', '.join(told)}."
    others = len(labels) - len(moved)
    rest = f"; no such change in the other {'label' if others == 1 else 'labels'}" if others else ""
    return f"By label: {', '.join(told)}{rest}."


def concluded(comparison: Comparison, labels: Sequence[LabelChange]) -> str:
    """What may be concluded from both: the labels, then accuracy, which says little of a trade."""
    told = labels_sentence(labels)
    if is_trade(labels) and comparison.verdict == "not decidable":
        return f"{told[:-1]}; accuracy alone cannot tell them apart."
    return " ".join(filter(None, (told, conclusion(comparison))))


def _moved(each: LabelChange) -> str:
    net = each.fixed - each.broken
    verb = "finds" if net > 0 else "loses"
    return f"{verb} {abs(net):,} more of {each.n:,} “{each.label}” (p {p_text(each.p_holm)} after Holm)"
