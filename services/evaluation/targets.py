"""Whether a chosen threshold is shown to do what was asked of it, and how firmly it was chosen."""

from dataclasses import dataclass
from math import ceil, hypot
from typing import Literal

import numpy as np

from domain.errors import BadInput
from services.evaluation.base_rate import precisions_at, wilson_bounds
from services.evaluation.class_curves import Counts, Ranked
from services.evaluation.intervals import Estimate
from services.evaluation.thresholds import ALONE, Effects, Rule, Tally, Traffic, cut_by

Verdict = Literal["met", "not met", "not decidable"]

_REDRAWS = 200
_COARSE = 1000  # thresholds that a redraw may choose among
_MOST_TIMES = 2.0**14  # advice to label more than this many times what is there would be none


@dataclass(frozen=True)
class Target:
    """One thing that a rule asks for, and whether labelled comments show it with 95 %.

    Attributes:
        at_least: Whether `wanted` is a lower bound, else an upper one.
        found: None where nothing is flagged and it is undefined.
        labels_needed: Labelled comments of the same mix that would decide it, were the shares the same; None
            where it is decided, or no sensible number would.
    """

    name: str
    wanted: float
    at_least: bool
    found: Estimate | None
    verdict: Verdict
    labels_needed: int | None


@dataclass(frozen=True)
class Stability:
    """Where the rule puts the upper threshold when the comments are redrawn: the middle 95 % of 200 times.

    `failed` redraws have no threshold that meets the rule.
    """

    low: float
    high: float
    failed: int


def targets_of(rule: Rule, tally: Tally, traffic: Traffic, effects: Effects = ALONE) -> tuple[Target, ...]:
    """What the rule asks for, held against labelled comments; empty for rules without a promise.

    Args:
        effects: How much less the comments say where authors or threads have several of them.
    """
    asked = {
        "recall-at-precision": [("precision", True)],
        "precision-at-recall": [("recall", True)],
        "recall-at-fpr": [("false-positive rate", False)],
        "capacity": [("flagged a day", False)],
        "band": [("precision", True), ("recall", True)],
    }.get(rule.name, [])
    return tuple(
        _target(name, wanted, at_least, _Labelled(tally, traffic, effects))
        for (name, at_least), wanted in zip(asked, rule.values, strict=False)
    )


def stability_of(found: Ranked, rule: Rule, traffic: Traffic, *, seed: int = 0) -> Stability | None:
    """How far the chosen threshold moves by the luck of the draw; None where a person set it by hand.

    Unwanted comments and others are redrawn apart. With many scores, each redraw chooses among a thousand.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
    """
    if rule.name in ("at", "between"):
        return None
    last = found.thresholds.size
    places = np.unique(np.linspace(0, last - 1, min(last, _COARSE)).astype(np.int64))
    draw, chosen = np.random.default_rng(seed), []
    for _ in range(_REDRAWS):
        hits = _redrawn(found.true_positives[places], found.positives, draw)
        others = _redrawn(found.false_positives[places], found.negatives, draw)
        again = Ranked(found.thresholds[places], hits, others, found.positives, found.negatives)
        try:
            chosen.append(cut_by(again, rule, traffic).upper)
        except BadInput:  # this draw has no such threshold, which is what is counted
            continue
    if not chosen:
        return None
    low, high = np.quantile(chosen, [0.025, 0.975])
    return Stability(float(low), float(high), _REDRAWS - len(chosen))


def _redrawn(reached: Counts, n: int, draw: np.random.Generator) -> Counts:
    groups = np.diff(reached, prepend=0, append=n)
    again: Counts = np.cumsum(draw.multinomial(n, groups / n))[:-1]
    return again


@dataclass(frozen=True)
class _Labelled:
    """Labelled comments under a cut, and what they are to stand for."""

    tally: Tally
    traffic: Traffic
    effects: Effects


def _target(name: str, wanted: float, at_least: bool, labelled: _Labelled) -> Target:
    found = _measured(name, labelled, 1.0)
    if found is None:
        return Target(name, wanted, at_least, None, "not decidable", None)
    verdict = _verdict(found, wanted, at_least)
    needed = _labels_needed(name, wanted, labelled) if verdict == "not decidable" else None
    return Target(name, wanted, at_least, found, verdict, needed)


def _verdict(found: Estimate, wanted: float, at_least: bool) -> Verdict:
    if found.low < wanted < found.high:
        return "not decidable"
    above = found.low >= wanted
    return "met" if above == at_least else "not met"


def _labels_needed(name: str, wanted: float, labelled: _Labelled) -> int | None:
    """The smallest multiple of these comments whose interval would leave the wanted value out."""

    def decides(times: float) -> bool:
        found = _measured(name, labelled, times)
        return found is not None and not found.low < wanted < found.high

    enough = 1.0
    while not decides(enough):
        enough *= 2
        if enough > _MOST_TIMES:
            return None
    few = enough / 2
    for _ in range(20):
        middle = (few + enough) / 2
        few, enough = (few, middle) if decides(middle) else (middle, enough)
    return ceil(enough * (labelled.tally.positives + labelled.tally.negatives))


def _measured(name: str, labelled: _Labelled, times: float) -> Estimate | None:
    """The measure with its interval, had there been so many times the comments with the same shares."""
    tally, traffic = labelled.tally, labelled.traffic
    unwanted, other = times / labelled.effects.recall, times / labelled.effects.false_positive_rate
    positives, negatives = tally.positives * unwanted, tally.negatives * other
    if name == "precision":  # of what is removed
        caught, wronged = np.array([tally.removed_positives]), np.array([tally.removed_negatives])
        values = precisions_at(caught * unwanted, positives, wronged * other, negatives, traffic.base_rate)
        precise, least, most = (float(each[0]) for each in values)
        return None if np.isnan(precise) else Estimate(precise, least, most)
    if name == "recall":  # of what is removed or read
        return _share(positives - tally.kept_positives * unwanted, positives)
    if name == "false-positive rate":
        return _share(tally.removed_negatives * other, negatives)
    recall = _share(positives - tally.kept_positives * unwanted, positives)
    wrong = _share(negatives - tally.kept_negatives * other, negatives)
    part, rest = traffic.volume * traffic.base_rate, traffic.volume * (1 - traffic.base_rate)
    value = part * recall.value + rest * wrong.value
    below = hypot(part * (recall.value - recall.low), rest * (wrong.value - wrong.low))
    above = hypot(part * (recall.high - recall.value), rest * (wrong.high - wrong.value))
    return Estimate(value, value - below, value + above)


def _share(successes: float, n: float) -> Estimate:
    low, high = wilson_bounds(np.array([successes]), n)
    return Estimate(successes / n, float(low[0]), float(high[0]))
