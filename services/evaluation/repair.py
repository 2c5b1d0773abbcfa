"""Repairs of scores, fitted on validation only: temperature for all labels, isotonic for one question."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.evaluation.calibration import (
    CalibrationError,
    brier,
    check_probabilities,
    reliability,
)
from services.evaluation.intervals import Estimate
from services.evaluation.scored import Scored, score_of

Values = NDArray[np.float64]

_COLDEST, _HOTTEST = 0.02, 50.0
_HALVINGS = 30
_SMALLEST = 1e-12  # in place of a probability of 0, which no temperature could raise


@dataclass(frozen=True)
class Repair:
    """Scores before (`name` "as they are") or after a repair, measured on comments it was not fitted on."""

    name: str
    brier: Estimate
    error: CalibrationError


def repairs(validation: Scored, test: Scored, labels: tuple[str, ...]) -> tuple[Repair, ...]:
    """Test scores as they are, by temperature and by isotonic regression, both fitted on validation.

    Raises:
        BadInput: the two are not the validation and test runs of one model on one snapshot, or their scores
            claim no probability.
    """
    first, second = validation.run, test.run
    same = (first.model_id, first.snapshot_id) == (second.model_id, second.snapshot_id)
    if not same or first.split != "validation" or second.split != "test":
        raise BadInput(
            f"{first.run_id} ({first.split}) and {second.run_id} ({second.split}) are not the validation and"
            " the test run of one model on one snapshot.",
            hint="A repair is fitted on validation and measured on test.",
        )
    check_probabilities(validation)
    check_probabilities(test)
    fitted_on, was_so = _known(validation, labels)
    scores, positive = _known(test, labels)
    cooled, _ = _known(at_temperature(test, temperature_of(validation)), labels)
    return (
        _told("as they are", scores, positive),
        _told("temperature", cooled, positive),
        _told("isotonic", isotonic(fitted_on, was_so)(scores), positive),
    )


def temperature_of(validation: Scored) -> float:
    """The temperature under which the frozen labels of validation are likeliest; above 1 means too sure.

    Raises:
        BadInput: it is no validation run, its scores claim no probability, or none has a known label.

    Source: Guo, Pleiss, Sun and Weinberger (2017), ICML, 1321-1330.
    """
    if validation.run.split != "validation":
        raise BadInput(
            f"{validation.run.run_id} is on {validation.run.split}: a repair is fitted on validation only.",
            hint="Take the validation run of the same model.",
        )
    check_probabilities(validation)
    known = ~np.isnan(validation.scores[:, 0]) & (validation.gold >= 0)
    if not known.any():
        raise BadInput(f"No comment of {validation.run.run_id} has both scores and a label of the model.")
    logs = np.log(np.maximum(validation.scores[known], _SMALLEST))
    of_gold = logs[np.arange(logs.shape[0]), validation.gold[known]].mean()
    cold, hot = np.log(_COLDEST), np.log(_HOTTEST)
    for _ in range(_HALVINGS):  # the likelihood has one top, where mean log score under both agrees
        middle = (cold + hot) / 2
        expected = float((_softmax(logs / np.exp(middle)) * logs).sum(axis=1).mean())
        cold, hot = (middle, hot) if expected > of_gold else (cold, middle)
    return float(np.exp((cold + hot) / 2))


def at_temperature(scored: Scored, temperature: float) -> Scored:
    """The answers with their scores at another temperature; rows sum to 1, and without scores stay so."""
    with np.errstate(invalid="ignore"):
        scores = _softmax(np.log(np.maximum(scored.scores, _SMALLEST)) / temperature)
    return replace(scored, scores=scores)


def isotonic(scores: Values, positive: NDArray[np.bool_]) -> Callable[[Values], Values]:
    """A rising map from scores to shares that fits best; straight between scores that it has seen.

    Args:
        scores, positive: Shape (n,), n at least 1, without NaN. Below a thousand it follows noise.

    Source: Zadrozny and Elkan (2002), KDD, 694-699; pool adjacent violators: Ayer et al. (1955), Annals of
    Mathematical Statistics 26(4), 641-647.
    """
    from scipy.optimize import isotonic_regression  # slow to load, and no first page needs it

    order = np.argsort(scores)
    rising = scores[order]
    starts = np.flatnonzero(np.append(True, np.diff(rising) != 0))  # equal scores are fitted as one
    seen, counts = rising[starts], np.diff(starts, append=rising.size)
    shares = np.add.reduceat(positive[order].astype(np.float64), starts) / counts
    fitted: Values = isotonic_regression(shares, weights=counts.astype(np.float64)).x
    return lambda asked: np.interp(asked, seen, fitted)


def _known(scored: Scored, labels: tuple[str, ...]) -> tuple[Values, NDArray[np.bool_]]:
    scores, positive = score_of(scored, labels)
    known = ~np.isnan(scores)
    return np.clip(scores[known], 0.0, 1.0), positive[known]


def _told(name: str, scores: Values, positive: NDArray[np.bool_]) -> Repair:
    return Repair(name, brier(scores, positive), reliability(scores, positive)[1])


def _softmax(logits: Values) -> Values:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Values = powers / powers.sum(axis=1, keepdims=True)
    return shares
