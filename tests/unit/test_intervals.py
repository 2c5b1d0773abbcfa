import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from domain.errors import BadInput
from services.evaluation.intervals import (
    Estimate,
    Proportion,
    bootstrap_table,
    percentile_interval,
    proportion,
    resampled,
    shown,
    weighted_mean,
    wider,
    wilson,
)

COUNTED = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def first_share(tables):
    return tables[:, 0] / tables.sum(axis=1)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_agrees_with_newcombe_1998_table_one(successes, n, low, high):
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(COUNTED, st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_agrees_with_scipy(counted, confidence):
    reference = binomtest(*counted).proportion_ci(confidence, method="wilson")
    assert wilson(*counted, confidence) == pytest.approx((reference.low, reference.high), abs=1e-10)


@settings(deadline=None)
@given(COUNTED)
def test_a_wilson_interval_holds_its_proportion_and_stays_within_0_and_1(counted):
    share = Proportion(*counted)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.low < share.high


@settings(deadline=None)
@given(COUNTED)
def test_successes_and_failures_have_mirrored_intervals(counted):
    successes, n = counted
    low, high = wilson(successes, n)
    assert wilson(n - successes, n) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("n", "half_width"), [(50, 0.085), (100, 0.060), (200, 0.042), (1000, 0.019)])
def test_nine_in_ten_has_the_half_width_that_the_sample_size_guide_promises(n, half_width):
    low, high = wilson(round(0.9 * n), n)
    assert (high - low) / 2 == pytest.approx(half_width, abs=1e-3)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_what_is_no_proportion_is_refused(successes, n):
    with pytest.raises(BadInput, match=f"{successes} of {n}"):
        Proportion(successes, n)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_an_impossible_confidence_is_refused(confidence):
    with pytest.raises(BadInput, match="confidence"):
        wilson(1, 2, confidence)


def test_a_proportion_is_small_below_thirty():
    assert Proportion(3, 29).small
    assert not Proportion(3, 30).small


def test_an_undefined_number_is_shown_as_undefined():
    assert shown(proportion(0, 0)) == "undefined"
    assert shown(proportion(0, 20)) == "0.000 (0.000 to 0.161, n = 20)"
    assert shown(Estimate(0.5, 0.25, 0.75)) == "0.500 (0.250 to 0.750)"


def test_the_mean_of_one_share_has_that_share_as_interval():
    share = Proportion(15, 148)
    assert weighted_mean([share], [1.0]) == Estimate(share.value, share.low, share.high)


def test_the_mean_of_two_equal_shares_is_surer_by_the_root_of_two():
    share = Proportion(50, 100)
    mean = weighted_mean([share, share], [0.5, 0.5])
    assert mean.value == share.value
    assert mean.high - mean.value == pytest.approx((share.high - share.value) / 2**0.5)


def test_an_undefined_part_counts_as_zero_but_may_be_anything():
    known = Estimate(1.0, 0.8, 1.0)
    assert weighted_mean([known, None], [0.5, 0.5]) == Estimate(0.5, pytest.approx(0.4), 1.0)
    assert weighted_mean([None], [1.0]) == Estimate(0.0, 0.0, 1.0)


@settings(deadline=None)
@given(st.lists(COUNTED, min_size=1, max_size=12))
def test_a_mean_lies_in_its_interval_and_between_0_and_1(counted):
    mean = weighted_mean([Proportion(*each) for each in counted], [1 / len(counted)] * len(counted))
    assert 0 <= mean.low <= mean.value <= mean.high <= 1


def test_the_wider_of_two_holds_both():
    assert wider(Estimate(0.5, 0.4, 0.6), Estimate(0.5, 0.45, 0.8)) == Estimate(0.5, 0.4, 0.8)


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), min_size=2, max_size=9).filter(any), st.integers(0, 2**32))
def test_resampled_tables_keep_their_total_and_their_empty_cells(cells, seed):
    counts = np.array(cells)
    tables = resampled(counts, resamples=20, seed=seed)
    assert (tables.sum(axis=1) == counts.sum()).all()
    assert not tables[:, counts == 0].any()


def test_resampled_cells_have_multinomial_mean_and_variance():
    tables = resampled(np.array([[60, 30], [10, 0]]), resamples=20_000, seed=1)
    assert tables.mean(axis=0) == pytest.approx(np.array([[60, 30], [10, 0]]), abs=0.15)
    assert tables[:, 0, 0].var() == pytest.approx(100 * 0.6 * 0.4, rel=0.05)


def test_the_bootstrap_of_a_large_proportion_agrees_with_wilson():
    estimate = bootstrap_table(np.array([400, 600]), first_share, resamples=20_000, seed=3)
    assert estimate.value == 0.4
    assert (estimate.low, estimate.high) == pytest.approx(wilson(400, 1000), abs=0.002)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    first, again, other = (bootstrap_table(np.array([30, 71]), first_share, seed=s) for s in (5, 5, 6))
    assert first == again
    assert not np.array_equal(resampled(np.array([30, 71]), seed=5), resampled(np.array([30, 71]), seed=6))
    assert other.value == first.value


def test_an_interval_that_missed_its_estimate_is_widened_to_hold_it():
    assert percentile_interval(1.0, np.linspace(0.2, 0.6, 101)) == Estimate(1.0, pytest.approx(0.21), 1.0)


@pytest.mark.parametrize(("cells", "resamples"), [([0, 0], 10), ([1, 2], 0)])
def test_nothing_cannot_be_resampled(cells, resamples):
    with pytest.raises(BadInput, match="resamples"):
        resampled(np.array(cells), resamples=resamples)
