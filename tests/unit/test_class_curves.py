import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn import metrics

from domain.errors import BadInput
from services.evaluation.base_rate import precision_at, precisions_at, wilson_bounds
from services.evaluation.class_curves import (
    average_precision,
    precision_recall_curve,
    ranked,
    roc_area,
    roc_curve,
)
from services.evaluation.intervals import wilson

SCORED = st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=2, max_size=60).filter(
    lambda pairs: 0 < sum(positive for _, positive in pairs) < len(pairs)
)


def drawn(n, *, ties, seed=0, share=0.2):
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < share
    scores = rng.normal(positive * 1.2, 1.0)
    return (np.round(scores, 1) if ties else scores), positive


def hanley_and_mcneil():
    """109 CT images read on a scale of five: 58 normal, 51 abnormal."""
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    scores = np.concatenate(
        [np.repeat(np.arange(1.0, 6.0), normal), np.repeat(np.arange(1.0, 6.0), abnormal)]
    )
    return scores, np.arange(109) >= 58


def test_delong_agrees_with_the_published_ct_readings():
    # Data: Hanley and McNeil (1982), table I; area, error and normal interval: Stata manual, roctab.
    area = roc_area(ranked(*hanley_and_mcneil()))
    assert area.auc.value == pytest.approx(0.8932, abs=5e-5)
    assert area.standard_error == pytest.approx(0.0307, abs=5e-5)
    normal = area.auc.value + norm.ppf([0.025, 0.975]) * area.standard_error
    assert normal == pytest.approx([0.83295, 0.95339], abs=2e-5)


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_area_and_average_precision_agree_with_scikit_learn(ties, seed):
    scores, positive = drawn(700, ties=ties, seed=seed)
    found = ranked(scores, positive)
    assert average_precision(found).value == pytest.approx(
        metrics.average_precision_score(positive, scores), abs=1e-12
    )
    assert roc_area(found).auc.value == pytest.approx(metrics.roc_auc_score(positive, scores), abs=1e-12)


@settings(deadline=None)
@given(SCORED)
def test_they_agree_however_many_scores_are_equal(pairs):
    scores, positive = np.array([s for s, _ in pairs], float), np.array([p for _, p in pairs])
    found = ranked(scores, positive)
    assert roc_area(found).auc.value == pytest.approx(metrics.roc_auc_score(positive, scores), abs=1e-12)
    expected = metrics.average_precision_score(positive, scores)
    assert average_precision(found).value == pytest.approx(expected, abs=1e-12)
    for number in (roc_area(found).auc, average_precision(found)):
        assert 0 <= number.low <= number.value + 1e-12
        assert number.value - 1e-12 <= number.high <= 1


def test_each_of_twelve_classes_agrees_with_scikit_learn():
    rng = np.random.default_rng(3)
    gold = rng.integers(0, 12, 3000)
    scores = rng.dirichlet(np.ones(12), 3000) + 0.2 * np.eye(12)[gold]
    for label in range(12):
        found = ranked(scores[:, label], gold == label)
        expected = metrics.average_precision_score(gold == label, scores[:, label])
        assert average_precision(found).value == pytest.approx(expected, abs=1e-12)
        expected = metrics.roc_auc_score(gold == label, scores[:, label])
        assert roc_area(found).auc.value == pytest.approx(expected, abs=1e-12)


def test_the_counts_at_each_threshold_agree_with_scikit_learn():
    scores, positive = drawn(500, ties=True)
    found = ranked(scores, positive)
    wrong, recall, thresholds = metrics.roc_curve(positive, scores, drop_intermediate=False)
    assert found.thresholds == pytest.approx(thresholds[1:])
    assert found.true_positives / found.positives == pytest.approx(recall[1:])
    assert found.false_positives / found.negatives == pytest.approx(wrong[1:])


def test_comments_without_a_score_are_never_flagged_and_rank_last():
    scores, positive = drawn(400, ties=False)
    scores[::7] = np.nan
    known = ~np.isnan(scores)
    found = ranked(scores, positive)
    assert found.unscored == (~known).sum()
    assert (found.positives, found.negatives) == (positive.sum(), (~positive).sum())
    answered = metrics.average_precision_score(positive[known], scores[known])
    share = positive[known].sum() / positive.sum()
    assert average_precision(found).value == pytest.approx(answered * share, abs=1e-12)
    lowest = np.where(known, scores, np.nanmin(scores) - 1)
    assert roc_area(found).auc.value == pytest.approx(metrics.roc_auc_score(positive, lowest), abs=1e-12)


@pytest.mark.parametrize(
    ("scores", "positive"),
    [([0.1, 0.2], [True, True]), ([0.1, 0.2], [False, False]), ([np.nan, np.nan], [True, False]), ([], [])],
)
def test_one_kind_alone_or_no_score_makes_no_curve(scores, positive):
    with pytest.raises(BadInput, match="make no curve"):
        ranked(np.array(scores, float), np.array(positive, bool))


def test_a_perfect_ranking_is_not_certain():
    found = ranked(np.arange(20.0), np.arange(20) >= 10)
    area = roc_area(found)
    assert (area.auc.value, area.standard_error) == (1.0, 0.0)
    assert area.auc.low < 0.9
    assert average_precision(found).value == 1.0
    assert average_precision(found).low == pytest.approx(wilson(10, 10)[0])


@pytest.mark.parametrize(("positives", "negatives"), [(30, 60), (50, 400), (200, 200)])
def test_delong_holds_the_true_area_nineteen_times_in_twenty(positives, negatives):
    rng, true = np.random.default_rng(20261121), norm.cdf(1.5 / np.sqrt(2))
    positive = np.arange(positives + negatives) < positives
    held = 0
    for _ in range(800):
        area = roc_area(ranked(rng.normal(positive * 1.5, 1.0), positive)).auc
        held += area.low <= true <= area.high
    assert 0.93 <= held / 800 <= 0.975


def test_the_interval_of_average_precision_holds_the_true_one():
    rng = np.random.default_rng(7)
    positive = np.arange(100_000) < 20_000
    true = average_precision(ranked(rng.normal(positive * 1.5, 1.0), positive)).value
    held = 0
    for _ in range(400):
        positive = np.arange(400) < 80
        number = average_precision(ranked(rng.normal(positive * 1.5, 1.0), positive))
        held += number.low <= true <= number.high
    assert held / 400 >= 0.93


@pytest.mark.parametrize(("base_rate", "precision"), [(0.5, 0.947), (0.01, 0.154), (0.001, 0.018)])
def test_precision_at_a_base_rate_agrees_with_the_worked_example(base_rate, precision):
    assert precision_at(0.9, 0.05, base_rate) == pytest.approx(precision, abs=5e-4)
    value, low, high = precisions_at(np.array([900]), 1000, np.array([50]), 1000, base_rate)
    assert value == pytest.approx(precision_at(0.9, 0.05, base_rate))
    assert low < value < high


@pytest.mark.parametrize("base_rate", [0.0, 1.0, -0.1, 2.0])
def test_an_impossible_base_rate_is_refused(base_rate):
    with pytest.raises(BadInput, match="base rate"):
        precision_at(0.9, 0.05, base_rate)


@pytest.mark.parametrize(("recall", "wrong"), [(0.9, 0.05), (0.7, 0.01), (0.95, 0.2)])
def test_the_interval_of_precision_at_a_base_rate_holds_it_nineteen_times_in_twenty(recall, wrong):
    rng = np.random.default_rng(11)
    caught, wronged = rng.binomial(150, recall, 4000), rng.binomial(600, wrong, 4000)
    _, low, high = precisions_at(caught, 150, wronged, 600, 0.01)
    true = precision_at(recall, wrong, 0.01)
    assert 0.935 <= np.mean((low <= true) & (true <= high)) <= 0.985


def test_nothing_flagged_has_no_precision_and_no_error_has_no_certainty():
    value, low, high = precisions_at(np.array([0, 40]), 50, np.array([0, 0]), 500, 0.01)
    assert np.isnan(value[0])
    assert (low[0], high[0]) == (0, 1)
    assert (value[1], high[1]) == (1, 1)
    assert 0.3 < low[1] < 0.6


@settings(deadline=None)
@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_many_wilson_intervals_at_once_are_those_of_one(counted):
    low, high = wilson_bounds(np.array([counted[0]]), counted[1])
    assert (low[0], high[0]) == pytest.approx(wilson(*counted), abs=1e-12)


def test_many_wilson_intervals_agree_with_newcombe_1998_table_one():
    low, high = wilson_bounds(np.array([81, 15, 0, 1]), np.array([263, 148, 20, 29]))
    assert low == pytest.approx([0.2553, 0.0624, 0.0, 0.0061], abs=5e-5)
    assert high == pytest.approx([0.3662, 0.1605, 0.1611, 0.1718], abs=5e-5)


@pytest.mark.parametrize("base_rate", [None, 0.01])
def test_curves_rise_in_their_bands_and_stay_small(base_rate):
    found = ranked(*drawn(20_000, ties=False))
    for curve in (precision_recall_curve(found, base_rate), roc_curve(found)):
        assert curve.x.size <= 240
        assert (np.diff(curve.x) >= 0).all()
        assert (curve.low <= curve.y + 1e-12).all()
        assert (curve.y <= curve.high + 1e-12).all()
        assert (np.diff(curve.thresholds) < 0).all()


def test_a_precision_recall_curve_at_the_base_rate_of_the_comments_is_the_plain_one():
    found = ranked(*drawn(900, ties=True))
    plain, stated = precision_recall_curve(found), precision_recall_curve(found, found.base_rate)
    assert stated.y == pytest.approx(plain.y)


def test_the_roc_band_holds_a_point_of_the_true_curve_nineteen_times_in_twenty():
    rng, positive, held = np.random.default_rng(5), np.arange(300) < 100, 0
    for _ in range(500):
        curve = roc_curve(ranked(rng.normal(positive * 1.5, 1.0), positive))
        place = np.searchsorted(curve.x, 0.2)
        true = norm.sf(norm.isf(curve.x[place]) - 1.5)
        held += curve.low[place] <= true <= curve.high[place]
    assert held / 500 >= 0.94


def test_a_million_comments_are_ranked_without_a_second_thought():
    scores, positive = drawn(1_000_000, ties=False)
    started = time.perf_counter()
    found = ranked(scores, positive)
    average_precision(found), roc_area(found), roc_curve(found), precision_recall_curve(found, 0.01)
    assert time.perf_counter() - started < 60  # a hang, not a speed: benchmarks hold the speed
