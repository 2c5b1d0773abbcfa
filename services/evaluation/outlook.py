"""What a threshold will mean in a day of real traffic."""

from dataclasses import dataclass

import numpy as np

from services.evaluation.base_rate import precisions_at
from services.evaluation.intervals import Estimate, Proportion, clustered, weighted_mean
from services.evaluation.thresholds import ALONE, Effects, Tally, Traffic

_SECONDS = 3600


@dataclass(frozen=True)
class Outlook:
    """A day at a stated base rate and volume, each number with its 95 % interval.

    Attributes:
        recall: Unwanted comments that are removed, or read by a human where there is a band.
        false_positive_rate: Other comments that are removed.
        precision: Of what is removed, at the base rate; None where nothing is.
        precision_here: The same among the labelled comments, at their own mix.
        kind_removed, abusive_missed: Comments a day, flagged though kind, kept though abusive.
        abusive_caught: Comments a day, flagged, or read by a human where there is a band.
        removed, read: Comments a day. Without a band whoever reads anything reads what is flagged.
        hours: Of reading, a day; without a band, if what is flagged is read before it is removed.
    """

    recall: Proportion
    false_positive_rate: Proportion
    precision: Estimate | None
    precision_here: Proportion | None
    removed: Estimate
    kind_removed: Estimate
    abusive_caught: Estimate
    abusive_missed: Estimate
    read: Estimate
    hours: Estimate


def outlook(tally: Tally, traffic: Traffic, effects: Effects = ALONE) -> Outlook:
    """A day of traffic, if its unwanted and its other comments are like the labelled ones.

    Comments a day are means; the day's own luck comes on top of their intervals.

    Args:
        effects: How much less the comments say where authors or threads have several of them.
    """
    caught = tally.positives - tally.kept_positives
    removed = tally.removed_positives + tally.removed_negatives
    has_band = tally.queued_positives + tally.queued_negatives > 0
    found, kept = (_unwanted(n, tally, effects) for n in (caught, tally.kept_positives))
    wrong = _other(tally.removed_negatives, tally, effects)
    taken = _mixed(tally.removed_positives, tally.removed_negatives, tally, traffic, effects)
    read = taken
    if has_band:
        read = _mixed(tally.queued_positives, tally.queued_negatives, tally, traffic, effects)
    return Outlook(
        recall=found,
        false_positive_rate=wrong,
        precision=_precision(tally, traffic, effects),
        precision_here=clustered(Proportion(tally.removed_positives, removed), effects.precision)
        if removed
        else None,
        removed=taken,
        kind_removed=_times(wrong, traffic.volume * (1 - traffic.base_rate)),
        abusive_caught=_times(found, traffic.volume * traffic.base_rate),
        abusive_missed=_times(kept, traffic.volume * traffic.base_rate),
        read=read,
        hours=_times(read, traffic.seconds_per_review / _SECONDS),
    )


def sentence(day: Outlook, traffic: Traffic, *, has_band: bool) -> str:
    """The day in plain English: what goes wrong in either direction, and what it takes of people."""
    reading = (
        f"Somebody reads {_count(day.read)} between the thresholds: {_hours(day.hours)}."
        if has_band
        else f"Removed unread, they cost nobody time; read first, {_hours(day.hours)} a day."
    )
    abusive = traffic.volume * traffic.base_rate
    return (
        f"Of {traffic.volume:,.0f} comments a day, {traffic.base_rate:.2%} of them abusive:"
        f" of {_number(abusive)} abusive ones {_count(day.abusive_caught)} are caught and"
        f" {_count(day.abusive_missed)} missed; of {_number(traffic.volume - abusive)} kind ones"
        f" {_count(day.kind_removed)} are flagged{_price(day)}. {reading}"
    )


def _price(day: Outlook) -> str:
    """How many kind ones are flagged for each abusive one caught; empty where that is no number."""
    caught, wronged = day.abusive_caught.value, day.kind_removed.value
    return f", about {_number(wronged / caught)} for each abusive one caught" if caught and wronged else ""


def _precision(tally: Tally, traffic: Traffic, effects: Effects) -> Estimate | None:
    """As of fewer comments of either kind, where they are alike."""
    value, low, high = precisions_at(
        np.array([tally.removed_positives]) / effects.recall,
        tally.positives / effects.recall,
        np.array([tally.removed_negatives]) / effects.false_positive_rate,
        tally.negatives / effects.false_positive_rate,
        traffic.base_rate,
    )
    return None if np.isnan(value[0]) else Estimate(float(value[0]), float(low[0]), float(high[0]))


def _mixed(positives: int, negatives: int, tally: Tally, traffic: Traffic, effects: Effects) -> Estimate:
    """Comments a day, where so many of the labelled ones of either kind are concerned."""
    rates = [_unwanted(positives, tally, effects), _other(negatives, tally, effects)]
    return _times(weighted_mean(rates, [traffic.base_rate, 1 - traffic.base_rate]), traffic.volume)


def _unwanted(count: int, tally: Tally, effects: Effects) -> Proportion:
    return clustered(Proportion(count, tally.positives), effects.recall)


def _other(count: int, tally: Tally, effects: Effects) -> Proportion:
    return clustered(Proportion(count, tally.negatives), effects.false_positive_rate)


def _times(number: Proportion | Estimate, factor: float) -> Estimate:
    return Estimate(number.value * factor, number.low * factor, number.high * factor)


def _count(number: Estimate) -> str:
    return _number(number.value)


def _number(value: float) -> str:
    """Whole from 10 on; below, one decimal, or two significant ones where that would show as nothing."""
    if value >= 10 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 0.1 else f"{value:.2g}"


def _hours(number: Estimate) -> str:
    return f"{number.value:,.1f} hours"
