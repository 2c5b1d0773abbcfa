"""Two models on the same comments: is the difference more than chance?"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, copysign, inf, sqrt
from statistics import NormalDist
from typing import Literal

from domain.errors import BadInput
from services.evaluation.intervals import CONFIDENCE, Estimate, Proportion, critical_value

Verdict = Literal["better", "worse", "not decidable"]

ALPHA = 1 - CONFIDENCE
FEWEST_DISCORDANT = 10  # with fewer, no split of them is worth a decision
POWER = 0.8


@dataclass(frozen=True)
class Comparison:
    """What changed between two models, comment by comment.

    Attributes:
        n: Comments that both models answered.
        both_right, both_wrong: Comments on which they do equally well.
        fixed: Comments that the model before got wrong and the model after gets right.
        broken: The reverse.
        p_value: Exact McNemar, two-sided.
        mid_p: The mid-p variant, closer to the nominal level; shown, not decided on.
        accuracy_before, accuracy_after: Each with its own interval. These may overlap although the paired
            difference is clear.
        difference: After minus before, with the 95 % score interval of paired proportions.
        verdict: About the model after: "better", "worse" or "not decidable".
    """

    n: int
    both_right: int
    both_wrong: int
    fixed: int
    broken: int
    p_value: float
    mid_p: float
    accuracy_before: Proportion
    accuracy_after: Proportion
    difference: Estimate
    verdict: Verdict


def compare(*, both_right: int, fixed: int, broken: int, both_wrong: int) -> Comparison:
    """The comparison of two models from the four counts of a paired table.

    Raises:
        BadInput: a count is negative, or all are 0.
    """
    n = both_right + fixed + broken + both_wrong
    if min(both_right, fixed, broken, both_wrong) < 0 or n == 0:
        raise BadInput(
            f"The counts {both_right}, {fixed}, {broken}, {both_wrong} compare nothing.",
            hint="Compare two runs over the same snapshot, with at least one comment in common.",
        )
    p_value, mid_p = mcnemar(fixed, broken)
    return Comparison(
        n=n,
        both_right=both_right,
        both_wrong=both_wrong,
        fixed=fixed,
        broken=broken,
        p_value=p_value,
        mid_p=mid_p,
        accuracy_before=Proportion(both_right + broken, n),
        accuracy_after=Proportion(both_right + fixed, n),
        difference=paired_difference(fixed, broken, n),
        verdict=_verdict(fixed, broken, p_value),
    )


def mcnemar(fixed: int, broken: int) -> tuple[float, float]:
    """The exact two-sided p-value and its mid-p variant, each in (0, 1].

    Under "no difference" a comment on which the models differ is fixed or broken with probability 1/2.

    Source: McNemar (1947), Psychometrika 12(2), 153-157; mid-p: Fagerland, Lydersen and Laake (2013),
    BMC Medical Research Methodology 13:91.
    """
    fewer, discordant = min(fixed, broken), fixed + broken
    if discordant == 0:
        return 1.0, 1.0
    from scipy.special import bdtr  # slow to load, and on the way to the first page nobody compares

    tail = float(bdtr(fewer, discordant, 0.5))
    if fixed == broken:
        return 1.0, 1.5 - tail  # 1 minus half the probability of the tie itself
    shorter_tail = float(bdtr(fewer - 1, discordant, 0.5)) if fewer else 0.0
    return min(1.0, 2 * tail), tail + shorter_tail


def paired_difference(fixed: int, broken: int, n: int) -> Estimate:
    """(fixed - broken)/n with its 95 % score interval, in [-1, 1].

    The interval holds every difference that the score test would not reject; it is right for few discordant
    comments too, where the textbook interval is too narrow.

    Source: Tango (1998), Statistics in Medicine 17(8), 891-908; recommended by Fagerland, Lydersen and Laake
    (2014), Statistics in Medicine 33(16), 2850-2875.
    """
    value, z = (fixed - broken) / n, critical_value(CONFIDENCE)

    def score(difference: float) -> float:
        return _tango_score(difference, fixed=fixed, broken=broken, n=n)

    return Estimate(
        value=value,
        low=_bisect(lambda difference: score(difference) <= z, value, -1.0),
        high=_bisect(lambda difference: score(difference) >= -z, value, 1.0),
    )


def rows_for_power(fixed_share: float, broken_share: float, *, power: float = POWER) -> int | None:
    """Comments needed to show a difference of the given size at p < 0.05, or None where there is none.

    Args:
        fixed_share: Share of comments that the new model puts right, 0 to 1.
        broken_share: Share that it gets newly wrong, 0 to 1; at most 1 together.
        power: Probability, strictly between 0 and 1, that a test of that many comments finds the difference.

    Raises:
        BadInput: the shares are negative or exceed 1 together, or power is not strictly between 0 and 1.

    Source: Connor (1987), Biometrics 43(1), 207-211.
    """
    discordant, difference = fixed_share + broken_share, fixed_share - broken_share
    if min(fixed_share, broken_share) < 0 or discordant > 1 or not 0 < power < 1:
        raise BadInput(
            f"Shares {fixed_share} and {broken_share} with power {power} are impossible.",
            hint="Shares are 0 or more and at most 1 together; power lies between 0 and 1.",
        )
    if difference == 0:
        return None
    z_alpha, z_power = critical_value(CONFIDENCE), NormalDist().inv_cdf(power)
    spread = z_alpha * sqrt(discordant) + z_power * sqrt(discordant - difference**2)
    return ceil((spread / difference) ** 2)


def sentence(
    comparison: Comparison,
    before_name: str,
    after_name: str,
    *,
    same_answers: bool = False,
    concluded: str = "",
) -> str:
    """The comparison in plain English: what changed, by how much, and what may be concluded.

    Args:
        same_answers: Whether every single answer is the same, not only as often right.
        concluded: What may be concluded where more is known than accuracy; else `conclusion` says it.

    The names are put in as they are; show the sentence as text, never as Markdown or HTML.
    """
    gap = comparison.difference
    return (
        f"{after_name} is right on {_comments(comparison.fixed)} that {before_name} got wrong"
        f" and wrong on {comparison.broken:,} that it got right:"
        f" {comparison.accuracy_before.value:.3f} → {comparison.accuracy_after.value:.3f}"
        f" ({_signed(gap.value)}, 95 % interval {_signed(gap.low)} to {_signed(gap.high)},"
        f" exact McNemar p {p_text(comparison.p_value)}, n = {comparison.n:,})."
        f" {'They gave the same answers.' if same_answers else concluded or conclusion(comparison)}"
    )


def _verdict(fixed: int, broken: int, p_value: float) -> Verdict:
    if fixed + broken < FEWEST_DISCORDANT or p_value >= ALPHA:
        return "not decidable"
    return "better" if fixed > broken else "worse"


def conclusion(comparison: Comparison, *, of: str = "accuracy") -> str:
    """What may be concluded from a comparison of that number, as one or two sentences."""
    discordant = comparison.fixed + comparison.broken
    if comparison.verdict != "not decidable":
        return f"The difference in {of} is larger than chance would explain."
    if discordant < FEWEST_DISCORDANT:
        return (
            f"Not decidable: exactly one of them is right on {_comments(discordant)},"
            f" and fewer than {FEWEST_DISCORDANT} settle nothing."
        )
    rows = rows_for_power(comparison.fixed / comparison.n, comparison.broken / comparison.n)
    if rows is None:
        return (
            "Not decidable: the two are right equally often, and no number of rows shows a difference of 0."
        )
    strictness = ""
    if comparison.difference.low > 0 or comparison.difference.high < 0:
        strictness = " The interval leaves out 0, but the exact test, which is stricter, decides."
    return (
        f"Not decidable: the difference in {of} cannot be told from noise."
        f"{strictness} Were it real and this large, about {rows:,} rows would show it four times in five."
    )


def _tango_score(difference: float, *, fixed: int, broken: int, n: int) -> float:
    """The standardised distance of the observed difference from a supposed one; falls as that one rises."""
    distance = fixed - broken - n * difference
    # Likelihood estimate of the share broken, were the difference as supposed.
    linear = (2 * n - fixed + broken) * difference - fixed - broken
    constant = -broken * difference * (1 - difference)
    share = (sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * share + difference * (1 - difference))
    if variance <= 0:
        return 0.0 if distance == 0 else copysign(inf, distance)
    return distance / sqrt(variance)


def _bisect(accepted: Callable[[float], bool], inside: float, outside: float) -> float:
    """The last accepted value on the way from inside to outside, which is returned if itself accepted."""
    if accepted(outside):
        return outside
    for _ in range(60):  # halves an interval of at most 2 down to rounding
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if accepted(middle) else (inside, middle)
    return inside


def _comments(count: int) -> str:
    return "1 comment" if count == 1 else f"{count:,} comments"


def _signed(number: float) -> str:
    """Three decimals with a sign, which zero does not get."""
    return "0.000" if abs(number) < 0.0005 else f"{number:+.3f}"


def p_text(p_value: float) -> str:
    """The p-value as it stands behind the letter p."""
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"
