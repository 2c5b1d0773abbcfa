"""Whether a number is on the right side of a line, judged on its interval; else how many labels it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from services.evaluation.intervals import (
    CONFIDENCE,
    Clustered,
    Estimate,
    Proportion,
    critical_value,
    wilson,
)

Outcome = Literal["pass", "fail", "not decidable", "not applicable"]
URGENCY = {"fail": 0, "not decidable": 1, "not applicable": 2, "pass": 3}  # what is read first


@dataclass(frozen=True)
class Finding:
    """What was found about one clause.

    Attributes:
        outcome: On the interval's bound, never on the value alone.
        value, low, high: The number and its 95 % interval; None where it is undefined. A plain count has
            both bounds equal to its value.
        n: Comments behind the number.
        why: In plain words; names inside are as they are, so show it as text only.
        more_labels: Further comments of the kind that `n` counts that would decide, were the value to stay;
            None where it is decided already or no number of them would.
    """

    outcome: Outcome
    value: float | None
    low: float | None
    high: float | None
    n: int
    why: str
    more_labels: int | None = None


def at_least(number: Proportion | Estimate | None, line: float, *, n: int, what: str) -> Finding:
    """Whether the number is at least the line: its whole interval must be.

    Args:
        number: None where it is undefined, which decides nothing.
        line: The number that has to be reached; a bound exactly on it passes.
        n: Comments behind the number.
        what: What one of these comments is called, in the plural, as in "comments labelled spam".
    """
    if number is None:
        return Finding("not decidable", None, None, None, n, f"Undefined: there are no {what}.")
    if number.low >= line:
        return _found("pass", number, n, f"Even the lower bound {number.low:.3f} is at least {line:g}.")
    if number.high < line:
        return _found("fail", number, n, f"Even the upper bound {number.high:.3f} is below {line:g}.")
    return _open(number, line, n=n, what=what, holds=number.value >= line)


def at_most(number: Proportion | Estimate | None, line: float, *, n: int, what: str) -> Finding:
    """Whether the number is at most the line: its whole interval must be. Arguments as for `at_least`."""
    if number is None:
        return Finding("not decidable", None, None, None, n, f"Undefined: there are no {what}.")
    if number.high <= line:
        return _found("pass", number, n, f"Even the upper bound {number.high:.3f} is at most {line:g}.")
    if number.low > line:
        return _found("fail", number, n, f"Even the lower bound {number.low:.3f} is above {line:g}.")
    return _open(number, line, n=n, what=what, holds=number.value <= line)


def counted(count: float, n: int, *, holds: bool, why: str) -> Finding:
    """A plain count, which has no interval and is always decided."""
    return Finding("pass" if holds else "fail", count, count, count, n, why)


def unknown(why: str, n: int = 0) -> Finding:
    """Nothing that could be judged."""
    return Finding("not decidable", None, None, None, n, why)


def overall(outcomes: Sequence[str]) -> Outcome:
    """Pass where all that apply pass, fail where one fails; else, or where none applies, not decidable."""
    applying = {each for each in outcomes if each != "not applicable"}
    if "fail" in applying:
        return "fail"
    return "pass" if applying == {"pass"} else "not decidable"


def leaning(holds: bool) -> str:
    """What an open clause would come to, were every number to stay as it is."""
    return f"as it stands it would {'pass' if holds else 'fail'}"


def n_deciding_proportion(successes: int, n: int, line: float) -> int | None:
    """The smallest n at which the Wilson interval of the same share no longer holds the line.

    The interval leaves the line out exactly where the score test rejects it:
    n > z^2 * line * (1 - line) / (share - line)^2.

    Returns:
        None where the share is the line itself, which no n decides.

    Source: the inversion by which Wilson (1927), Journal of the American Statistical Association 22(158),
    209-212, finds his interval.
    """
    distance = successes / n - line
    if abs(distance) < 1e-12:
        return None
    z = critical_value(CONFIDENCE)
    needed = max(1, ceil(z * z * line * (1 - line) / distance**2))
    # At the line's own ends, 0 and 1, the formula gives 0: there only the other bound moves.
    return needed if 0 < line < 1 else None


def n_deciding_estimate(number: Proportion | Estimate, line: float, n: int) -> int | None:
    """The n at which the bound towards the line would reach it, were it to close in as 1/sqrt(n).

    Returns:
        None where the value is the line itself, or the interval has no width towards it.

    Source: the rate of a standard error; Efron and Tibshirani (1993), An Introduction to the Bootstrap,
    chapter 5.
    """
    distance = abs(number.value - line)
    width = number.value - number.low if number.value > line else number.high - number.value
    if distance < 1e-12 or width <= 0:
        return None
    return ceil(n * (width / distance) ** 2)


def any_below(shares: Sequence[Proportion], line: float) -> bool:
    """Whether at least one of the shares is below the line beyond what looking at many of them explains.

    Each interval is widened so that all of them together hold at 95 % (Bonferroni), which is the first step
    of Holm's procedure and decides alone whether there is any at all.

    Source: Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70.
    """
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(shares))
    return any(wilson(each.successes, each.n, confidence)[1] < line for each in shares)


def _found(outcome: Outcome, number: Proportion | Estimate, n: int, why: str) -> Finding:
    return Finding(outcome, number.value, number.low, number.high, n, why)


def _open(number: Proportion | Estimate, line: float, *, n: int, what: str, holds: bool) -> Finding:
    """The interval holds the line: say how many more would tell, and which way it points now."""
    if isinstance(number, Proportion) and not isinstance(number, Clustered):
        needed = n_deciding_proportion(number.successes, number.n, line)
    else:
        needed = n_deciding_estimate(number, line, n)
    more = None if needed is None else max(1, needed - n)
    told = f"The interval {number.low:.3f} to {number.high:.3f} holds the line {line:g}."
    if more is None:
        told += " No number of labels would decide, were the value to stay on the line."
    else:
        told += f" Were the value to stay {number.value:.3f}, about {more:,} more {what} would decide;"
        told += f" {leaning(holds)}."
    return Finding("not decidable", number.value, number.low, number.high, n, told, more)
