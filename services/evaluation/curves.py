"""A learning curve from the answers of models that learned from more and more, and what it says to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from typing import Any, Literal

from services.evaluation.intervals import Estimate, percentile_interval, wider
from services.evaluation.objectives import Objective, Values, gain, least_doubt, resampled_means, value_of_run

WORTH = 0.01  # a gain below this is not worth labelling as many comments again

Runs = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Point:
    """One share of the training comments.

    Attributes:
        share: 0 to 1.
        learned: Comments learned from, on average over the draws.
        value: The mean of the draws; its interval is a bootstrap over comments of validation and over draws.
        values: Of each draw.
    """

    share: float
    learned: int
    value: float
    low: float
    high: float
    values: tuple[float, ...]
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """What the last doubling of the training comments brought, and what follows."""

    name: Literal["label more", "stop", "not decidable"]
    gain: Estimate | None
    sentence: str


def curve_of(objective: Objective, gold: Sequence[str], runs: Runs) -> list[Point]:
    """The points of the curve, smallest share first.

    Args:
        objective: What is measured.
        gold: True labels of the comments that every run answered.
        runs: Each with share, learned, answers and seconds; those of one share stand together.
    """
    points, doubt = [], least_doubt(objective, gold)
    for share, same in groupby(runs, key=lambda run: run["share"]):
        of_share = list(same)
        mean, draws = _drawn(objective, gold, of_share, runs)
        each = [value_of_run(objective, gold, run["answers"], labels=_labels(gold, runs)) for run in of_share]
        whole = wider(
            percentile_interval(mean, draws),
            Estimate(mean, max(0.0, mean - doubt), min(1.0, mean + doubt)),
        )
        points.append(
            Point(
                share=share,
                learned=round(sum(run["learned"] for run in of_share) / len(of_share)),
                value=mean,
                low=whole.low,
                high=whole.high,
                values=tuple(each),
                seconds=sum(run["seconds"] for run in of_share),
            )
        )
    return points


def verdict_of(objective: Objective, gold: Sequence[str], runs: Runs) -> Verdict:
    """Label more, or stop: by the gain from half of the training comments to all of them.

    Both halves answered the same comments, so the gain is compared comment by comment. Its whole interval
    below WORTH says stop, its whole interval above 0 says label more, everything else is not decidable.

    Args: as for `curve_of`.
    """
    half, full = ([run for run in runs if run["share"] == share] for share in (0.5, 1.0))
    if not half or not full:
        return Verdict(
            "not decidable", None, "Not decidable: half of the training comments teach too little."
        )
    found = gain(
        _drawn(objective, gold, half, runs),
        _drawn(objective, gold, full, runs),
        doubt=least_doubt(objective, gold),
    )
    learned = full[0]["learned"]
    more = f"{learned - round(sum(run['learned'] for run in half) / len(half)):,}"
    told = (
        f"the last {more} comments changed the {objective.title} by {found.value:+.3f} (95 % interval "
        f"{found.low:+.3f} to {found.high:+.3f})"
    )
    if found.high < WORTH:
        told = f"{told}; less than {WORTH:g} is not worth as many labels again."
        return Verdict("stop", found, f"Stop labelling more of the same: {told}")
    if found.low > 0:
        told = f"{told}. The next doubling takes {learned:,} more, and brings about as much at best."
        return Verdict("label more", found, f"Label more: {told}")
    needed = ceil(len(gold) * ((found.high - found.low) / 2 / WORTH) ** 2)
    if needed > len(gold):
        told = (
            f"{told}. To tell a gain of {WORTH:g} from chance takes about {needed:,} comments of validation; "
            f"there are {len(gold):,}"
        )
    return Verdict("not decidable", found, f"Not decidable: {told}.")


def _drawn(objective: Objective, gold: Sequence[str], some: Runs, runs: Runs) -> tuple[float, Values]:
    answers = [run["answers"] for run in some]
    return resampled_means(objective, gold, answers, labels=_labels(gold, runs))


def _labels(gold: Sequence[str], runs: Runs) -> list[str]:
    return sorted({*gold, *(label for run in runs for label in run["answers"])})
