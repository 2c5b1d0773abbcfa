"""Where to cut: the rules that choose a threshold, and what the cut does to the comments it was chosen on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.class_curves import Ranked

Values = NDArray[np.float64]

# What each rule asks for, in the order of its values.
RULES: dict[str, tuple[str, ...]] = {
    "recall-at-precision": ("precision at least",),
    "precision-at-recall": ("recall at least",),
    "recall-at-fpr": ("false-positive rate at most",),
    "cost": ("missed ones cost as much as this many wrongly removed",),
    "capacity": ("comments a day that can be read",),
    "band": ("precision of what is removed at least", "recall of what is removed or read at least"),
    "at": ("threshold",),
    "between": ("read from", "remove from"),
}
_SHARES = ("recall-at-precision", "precision-at-recall", "recall-at-fpr", "band")
_ROUNDING = 1e-12  # a rate of exactly 0.9 meets 0.9


@dataclass(frozen=True)
class Rule:
    """A way to choose, with its values in the order of RULES.

    Raises:
        BadInput: there is no such rule, or its values cannot be used.
    """

    name: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.name not in RULES:
            raise BadInput(f"There is no rule '{self.name[:60]}'.", hint=f"Rules: {', '.join(RULES)}.")
        asked = RULES[self.name]
        usable = len(self.values) == len(asked) and all(np.isfinite(self.values))
        if usable and self.name in _SHARES:
            usable = all(0 < value <= 1 for value in self.values)
        if usable and self.name in ("cost", "capacity"):
            usable = self.values[0] > 0
        if usable and self.name == "between":
            usable = self.values[0] <= self.values[1]
        if not usable:
            raise BadInput(f"{self} cannot be used.", hint=f"'{self.name}' takes: {', '.join(asked)}.")

    def __str__(self) -> str:
        return f"{self.name}={','.join(f'{value!r}' for value in self.values)}"


@dataclass(frozen=True)
class Traffic:
    """What the model will meet: the share of unwanted comments, comments a day, seconds to read one.

    Raises:
        BadInput: the base rate is not between 0 and 1, or a number is not positive.
    """

    base_rate: float
    volume: float = 10_000
    seconds_per_review: float = 10

    def __post_init__(self) -> None:
        if not (0 < self.base_rate < 1 and 0 < self.volume < 1e12 and 0 < self.seconds_per_review < 1e6):
            raise BadInput(
                f"A base rate of {self.base_rate}, {self.volume} comments a day and {self.seconds_per_review}"
                " seconds each are no traffic.",
                hint="The base rate is a share such as 0.01; the others are above 0.",
            )


@dataclass(frozen=True)
class Cut:
    """Scores at or above `upper` are flagged; those from `lower` up to it, if any, are for a human."""

    upper: float
    lower: float

    @property
    def has_band(self) -> bool:
        return self.lower < self.upper


@dataclass(frozen=True)
class Tally:
    """What a cut does to labelled comments: unwanted ones (positives) and others (negatives).

    `queued` ones are in the human band; `unscored` ones are among those kept.
    """

    positives: int
    negatives: int
    removed_positives: int
    removed_negatives: int
    queued_positives: int
    queued_negatives: int
    unscored: int

    @property
    def kept_positives(self) -> int:
        """Unwanted comments that stay unseen."""
        return self.positives - self.removed_positives - self.queued_positives

    @property
    def kept_negatives(self) -> int:
        """Other comments that stay."""
        return self.negatives - self.removed_negatives - self.queued_negatives


@dataclass(frozen=True)
class Effects:
    """How much less labelled comments say of each share than as many unlike each other would; from 1 up."""

    recall: float = 1.0
    false_positive_rate: float = 1.0
    precision: float = 1.0


ALONE = Effects()


def rule_of(text: str) -> Rule:
    """The rule that a text such as "recall-at-precision=0.9" or "band=0.95,0.98" names.

    Raises:
        BadInput: it names none.
    """
    name, _, values = text.partition("=")
    try:
        return Rule(name.strip(), tuple(float(value) for value in values.split(",")))
    except ValueError as error:
        raise BadInput(
            f"'{text[:60]}' is no rule.", hint="Write it as NAME=VALUE, such as recall-at-precision=0.9."
        ) from error


def flagged(scores: Values, threshold: float) -> NDArray[np.bool_]:
    """Whether each score is at or above the threshold; no score (NaN) never is."""
    return scores >= threshold


def cut_by(found: Ranked, rule: Rule, traffic: Traffic) -> Cut:
    """The cut that the rule chooses; of thresholds that do equally well, the highest.

    Raises:
        BadInput: no threshold does what the rule asks for; the message says what is possible.
    """
    if rule.name in ("at", "between"):
        # Scores are stored in single precision: a score told as 0.7 is to be flagged at 0.7.
        ends = [float(np.float32(value)) for value in rule.values]
        return Cut(ends[-1], ends[0])
    if rule.name == "band":
        upper = _threshold(found, "recall-at-precision", rule.values[0], traffic)
        return Cut(upper, min(upper, _threshold(found, "recall", rule.values[1], traffic)))
    threshold = _threshold(found, rule.name, rule.values[0], traffic)
    return Cut(threshold, threshold)


def tally_of(found: Ranked, cut: Cut) -> Tally:
    """What the cut does to the comments."""
    (removed, kind_removed), (reached, kind_reached) = _at(found, cut.upper), _at(found, cut.lower)
    return Tally(
        positives=found.positives,
        negatives=found.negatives,
        removed_positives=removed,
        removed_negatives=kind_removed,
        queued_positives=reached - removed,
        queued_negatives=kind_reached - kind_removed,
        unscored=found.unscored,
    )


def _threshold(found: Ranked, wish: str, value: float, traffic: Traffic) -> float:
    """The best of the thresholds that are allowed; `wish` is the name of a rule, or "recall"."""
    recall = found.true_positives / found.positives
    wrong = found.false_positives / found.negatives
    caught, wronged = traffic.base_rate * recall, (1 - traffic.base_rate) * wrong
    shares = caught + wronged
    precision = np.divide(caught, shares, out=np.zeros(shares.shape), where=shares > 0)
    if wish == "recall-at-precision":
        gain, allowed, possible = (
            recall,
            precision >= value - _ROUNDING,
            f"precision reaches {precision.max():.3f}",
        )
    elif wish in ("precision-at-recall", "recall"):
        gain = precision if wish == "precision-at-recall" else found.thresholds
        allowed, possible = recall >= value - _ROUNDING, f"recall reaches {recall[-1]:.3f}"
    elif wish == "recall-at-fpr":
        gain, allowed = recall, wrong <= value + _ROUNDING
        possible = f"the highest score alone gives a false-positive rate of {wrong[0]:.4f}"
    elif wish == "cost":
        gain = caught * value - wronged
        allowed, possible = gain > 0, "flagging nothing costs least"
    else:
        gain = shares * traffic.volume
        allowed, possible = gain <= value + _ROUNDING, f"the highest score alone flags {gain[0]:,.1f} a day"
    if not allowed.any():
        raise BadInput(
            f"No threshold meets '{wish}' of {value:g} here: {possible}.",
            hint="Ask for less, or bring the model further.",
        )
    return float(found.thresholds[np.argmax(np.where(allowed, gain, -np.inf))])


def _at(found: Ranked, threshold: float) -> tuple[int, int]:
    """Unwanted and other comments at or above the threshold."""
    place = int(np.searchsorted(-found.thresholds, -threshold, side="right")) - 1
    if place < 0:
        return 0, 0
    return int(found.true_positives[place]), int(found.false_positives[place])
