"""What a model's rates come to where unwanted comments are as rare as they really are."""

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.intervals import CONFIDENCE, critical_value

Values = NDArray[np.float64]


def precision_at(recall: float, false_positive_rate: float, base_rate: float) -> float:
    """The share of flagged comments that are unwanted, where `base_rate` of all comments are; 0 to 1.

    The rates are taken as they were measured: that unwanted comments look the same in real traffic is an
    assumption, which a random sample of the traffic can check. NaN where nothing is flagged.

    Raises:
        BadInput: the base rate is not strictly between 0 and 1.

    Source: Bayes' theorem; as "positive predictive value" in Altman and Bland (1994), BMJ 309, 102.
    """
    check_base_rate(base_rate)
    caught, wronged = base_rate * recall, (1 - base_rate) * false_positive_rate
    return caught / (caught + wronged) if caught + wronged > 0 else float("nan")


def precisions_at(
    caught: NDArray[np.int64] | Values,
    positives: float,
    wronged: NDArray[np.int64] | Values,
    negatives: float,
    base_rate: float,
) -> tuple[Values, Values, Values]:
    """Precision at a base rate with its 95 % interval, as value, low and high, each of the shape of `caught`.

    Recall and false-positive rate come from different comments; the Wilson intervals of both are combined
    into one of their ratio, on which precision depends alone. NaN, 0 and 1 where nothing is flagged.

    Args:
        caught, positives: Flagged ones of how many unwanted comments (at least 1).
        wronged, negatives: Flagged ones of how many other comments (at least 1).

    Raises:
        BadInput: the base rate is not strictly between 0 and 1.

    Source: Newcombe (2016), Statistical Methods in Medical Research 25(5), 1774-1778 (MOVER-R).
    """
    check_base_rate(base_rate)
    recall, wrong = np.asarray(caught) / positives, np.asarray(wronged) / negatives
    recall_low, recall_high = wilson_bounds(caught, positives)
    wrong_low, wrong_high = wilson_bounds(wronged, negatives)
    both = recall * wrong
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = recall_low * (2 * recall - recall_low)
        inner_wrong = wrong_high * (2 * wrong - wrong_high)
        low = inner / (both + np.sqrt(np.maximum(both**2 - inner * inner_wrong, 0)))
        outer = recall_high * (2 * recall - recall_high)
        outer_wrong = wrong_low * (2 * wrong - wrong_low)
        high = (both + np.sqrt(np.maximum(both**2 - outer * outer_wrong, 0))) / outer_wrong
        high = np.where(outer_wrong > 0, high, np.inf)
        ratio: Values = np.divide(recall, wrong)
    odds = base_rate / (1 - base_rate)
    value = np.where(recall + wrong > 0, _share(odds * ratio), np.nan)
    return value, np.nan_to_num(_share(odds * low), nan=0.0), np.nan_to_num(_share(odds * high), nan=1.0)


def wilson_bounds(
    successes: NDArray[np.int64] | Values,
    n: float | NDArray[np.int64] | Values,
    confidence: float = CONFIDENCE,
) -> tuple[Values, Values]:
    """Wilson's interval of many proportions at once, as low and high; 0 and 1 where n is 0.

    Counts need not be whole, so that the interval of a larger sample with the same shares can be asked for.

    Source: Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.
    """
    z = critical_value(confidence)
    whole = np.asarray(n, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.asarray(successes) / whole
        centre = (share + z * z / (2 * whole)) / (1 + z * z / whole)
        half = z / (1 + z * z / whole) * np.sqrt(share * (1 - share) / whole + z * z / (4 * whole**2))
    # The formula gives exactly 0 and 1 at the ends; rounding does not.
    low = np.where(np.asarray(successes) == 0, 0.0, centre - half)
    high = np.where(np.asarray(successes) == whole, 1.0, centre + half)
    return np.where(whole > 0, low, 0.0), np.where(whole > 0, high, 1.0)


def check_base_rate(base_rate: float) -> None:
    """Refuse a base rate that is not strictly between 0 and 1.

    Raises:
        BadInput: it is not.
    """
    if not 0 < base_rate < 1:
        raise BadInput(
            f"A base rate of {base_rate} is impossible.",
            hint="Give the share of real traffic that is unwanted, such as 0.01.",
        )


def _share(odds: Values) -> Values:
    return 1 - 1 / (1 + odds)
