import warnings
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss

from domain.errors import BadInput
from domain.models import Run
from services.evaluation.calibration import (
    brier,
    brier_over_labels,
    calibration_error,
    calibration_of,
    reliability,
)
from services.evaluation.repair import at_temperature, isotonic, repairs, temperature_of
from services.evaluation.scored import Scored

# From M. Pavlovic, "Expected Calibration Error (ECE): A Step-by-Step Visual Explanation" (2023): nine images.
NINE = np.array([0.78, 0.64, 0.92, 0.58, 0.51, 0.85, 0.70, 0.63, 0.83])
NINE_RIGHT = np.array([1, 1, 0, 1, 0, 1, 1, 0, 1], bool)


def scored(scores, gold, *, split="validation", kind="softmax", model="model-1"):
    labels = tuple(f"label {k}" for k in range(scores.shape[1]))
    run = Run(f"run-{split}", "kids", model, "snapshot-1", split, "job-1", kind, labels, len(gold),
              datetime(2026, 11, 21), "ana")  # fmt: skip
    return Scored(run, np.arange(len(gold)), np.array(gold), np.array(scores, float))


def sure(n, *, labels=3, temperature=1.0, seed=0):
    """Scores of a model whose right temperature is known, and labels drawn from what they should be."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, labels))
    right = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    gold = (rng.random((n, 1)) > right.cumsum(axis=1)).sum(axis=1).clip(max=labels - 1)
    said = np.exp(logits * temperature)
    return said / said.sum(axis=1, keepdims=True), gold


def test_calibration_error_agrees_with_a_published_example_of_nine_images():
    assert calibration_error(NINE, NINE_RIGHT, bins=5, equal_mass=False) == pytest.approx(0.10444, abs=5e-6)


def test_calibration_error_agrees_with_the_example_of_torchmetrics():
    # torchmetrics.classification.BinaryCalibrationError, first example, norm "l1", two bins.
    scores = np.array([0.25, 0.25, 0.55, 0.75, 0.75])
    positive = np.array([0, 0, 1, 1, 1], bool)
    assert calibration_error(scores, positive, bins=2, equal_mass=False) == pytest.approx(0.2900, abs=5e-5)


def test_brier_agrees_with_the_table_of_1950():
    # Brier (1950), table 1: ten forecasts of rain or no rain; the score is 0.19.
    rain = np.array([0.7, 0.9, 0.8, 0.4, 0.2, 0, 0, 0, 0, 0.1])
    fell = np.array([0, 1, 1, 1, 0, 0, 0, 0, 0, 0], bool)
    both = np.column_stack([rain, 1 - rain])
    assert brier_over_labels(both, np.where(fell, 0, 1)).value == pytest.approx(0.19, abs=1e-12)
    assert brier(rain, fell).value == pytest.approx(0.095, abs=1e-12)


@pytest.mark.parametrize("labels", [2, 3, 12])
def test_brier_agrees_with_scikit_learn(labels):
    scores, gold = sure(1000, labels=labels)
    theirs = brier_score_loss(gold, scores, labels=range(labels), scale_by_half=False)
    assert brier_over_labels(scores, gold).value == pytest.approx(theirs, abs=1e-12)
    for label in range(labels):
        theirs = brier_score_loss(gold == label, scores[:, label])
        assert brier(scores[:, label], gold == label).value == pytest.approx(theirs, abs=1e-12)


def test_a_frozen_label_that_the_model_does_not_have_costs_the_whole_of_it():
    assert brier_over_labels(np.array([[1.0, 0.0]]), np.array([-1])).value == pytest.approx(2.0)


def test_the_interval_of_brier_holds_the_true_one_nineteen_times_in_twenty():
    scores, gold = sure(200_000, labels=2, seed=5)
    true, held = brier(scores[:, 1], gold == 1).value, 0
    for place in range(500):
        some = slice(place * 400, (place + 1) * 400)
        found = brier(scores[some, 1], gold[some] == 1)
        held += found.low <= true <= found.high
    assert 0.92 <= held / 500 <= 0.98


def test_bins_hold_equally_many_comments_and_equal_scores_stay_together():
    scores, positive = np.repeat([0.1, 0.2, 0.9], [50, 30, 20]), np.arange(100) % 2 == 0
    bins, error = reliability(scores, positive, bins=10)
    assert [each.share.n for each in bins] == [50, 30, 20]
    assert [each.mean_score for each in bins] == pytest.approx([0.1, 0.2, 0.9])
    assert error.value == pytest.approx(calibration_error(scores, positive, bins=10))
    scores = np.linspace(0, 1, 150)
    assert {each.share.n for each in reliability(scores, scores > 0.5)[0]} == {10}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80))
def test_the_error_is_a_share_and_the_bins_hold_every_comment(pairs):
    scores, positive = np.array([s for s, _ in pairs]), np.array([p for _, p in pairs])
    bins, error = reliability(scores, positive)
    assert sum(each.share.n for each in bins) == len(pairs)
    assert 0 <= error.value <= 1
    assert 0 < error.p_value <= 1


@pytest.mark.parametrize(("n", "published"), [(100, 0.091), (300, 0.055), (1000, 0.030), (5000, 0.014)])
def test_perfect_calibration_still_shows_an_error_that_shrinks_with_n(n, published):
    # The stated sizes are for 15 bins of equal width; equal mass is near them.
    scores = np.random.default_rng(1).random(n)
    positive = np.random.default_rng(2).random(n) < scores
    assert reliability(scores, positive)[1].null_median == pytest.approx(published, rel=0.35)


@pytest.mark.parametrize("n", [300, pytest.param(1500, marks=pytest.mark.slow)])
def test_a_perfectly_calibrated_model_is_accused_one_time_in_twenty(n):
    rng, accused = np.random.default_rng(9), 0
    for _ in range(60):
        scores = rng.random(n)
        accused += reliability(scores, rng.random(n) < scores)[1].p_value < 0.05
    assert accused / 60 <= 0.1


def test_a_model_that_is_too_sure_is_found_out():
    said, gold = sure(3000, temperature=2.0)
    found = calibration_of(scored(said, gold), ("label 1",))
    assert found.error.p_value < 0.01
    assert found.error.value > found.error.null_high
    assert any(not each.null_low <= each.share.value <= each.null_high for each in found.bins)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_hidden_is_found(temperature):
    said, gold = sure(20_000, temperature=temperature)
    assert temperature_of(scored(said, gold)) == pytest.approx(temperature, rel=0.05)


def test_scores_at_temperature_one_are_what_they_were_and_none_stay_none():
    said, gold = sure(50)
    said[7] = np.nan
    again = at_temperature(scored(said, gold), 1.0).scores
    assert again == pytest.approx(said, nan_ok=True)


def test_isotonic_repair_agrees_with_scikit_learn():
    rng = np.random.default_rng(4)
    scores = np.round(rng.random(2000), 2)
    positive = rng.random(2000) < scores**2
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, positive)
    asked = np.linspace(-0.1, 1.1, 500)
    assert isotonic(scores, positive)(asked) == pytest.approx(theirs.predict(asked), abs=1e-12)


def test_repairs_fitted_on_validation_help_on_test():
    validation, test = (
        scored(*sure(4000, temperature=2.5, seed=seed), split=split)
        for seed, split in ((1, "validation"), (2, "test"))
    )
    before, cooled, fitted = repairs(validation, test, ("label 0",))
    assert [each.name for each in (before, cooled, fitted)] == ["as they are", "temperature", "isotonic"]
    for after in (cooled, fitted):
        assert after.brier.value < before.brier.value
        assert after.error.value < before.error.value / 2
    assert cooled.error.p_value > 0.01


def test_a_repair_is_fitted_on_validation_only():
    said, gold = sure(100)
    validation, test = scored(said, gold), scored(said, gold, split="test")
    with pytest.raises(BadInput, match="fitted on validation only"):
        temperature_of(test)
    for pair in ((test, validation), (test, test), (scored(said, gold, model="model-2"), test)):
        with pytest.raises(BadInput, match="are not the validation and"):
            repairs(*pair, ("label 0",))


def test_answers_without_scores_are_left_out_and_told():
    said, gold = sure(100)
    said[:10] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = calibration_of(scored(said, gold), ("label 0", "label 1"))
    assert (found.n, found.unanswered) == (90, 10)
    assert sum(each.share.n for each in found.bins) == 90


@pytest.mark.parametrize("kind", ["decision", "vote", "imported"])
def test_scores_that_claim_no_probability_have_no_calibration(kind):
    with pytest.raises(BadInput, match=f"of the kind '{kind}'"):
        calibration_of(scored(*sure(50), kind=kind), ("label 0",))


def test_no_score_at_all_has_no_calibration():
    with pytest.raises(BadInput, match="No answer"):
        calibration_of(scored(np.full((5, 2), np.nan), [0, 1, 0, 1, 0]), ("label 0",))
