from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy

from services.evaluation.drift import (
    chance_index,
    drift_of_categories,
    drift_of_numbers,
    stability_index,
)

COUNTS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=2, max_size=12).filter(
    lambda pairs: all(sum(side) > 0 for side in zip(*pairs, strict=True))
)


def test_the_stability_index_by_hand():
    # Shares 1/2, 1/2 against 1/4, 3/4: (1/4) ln 2 + (-1/4) ln(2/3) = (1/4) ln 3.
    assert stability_index(np.array([50, 50]), np.array([25, 75])) == pytest.approx(log(3) / 4, abs=1e-12)
    # Three bins: .2/.3/.5 against .3/.3/.4.
    expected = (0.2 - 0.3) * log(0.2 / 0.3) + 0 + (0.5 - 0.4) * log(0.5 / 0.4)
    assert stability_index(np.array([20, 30, 50]), np.array([30, 30, 40])) == pytest.approx(
        expected, abs=1e-12
    )


def test_the_stability_index_is_that_of_a_published_example():
    # The worked test of the package strappy 0.0.3: six of one and five of another, later five and four.
    assert round(stability_index(np.array([6, 5]), np.array([5, 4])), 5) == 0.00041


@settings(deadline=None, max_examples=30)
@given(COUNTS)
def test_the_index_is_the_divergence_of_kullback_and_leibler_both_ways(pairs):
    before, after = (np.array(side) + 1 for side in zip(*pairs, strict=True))  # no category is empty
    expected = entropy(before, after) + entropy(after, before)  # Jeffreys (1946)
    assert stability_index(before, after) == pytest.approx(expected, abs=1e-12)


@given(COUNTS)
def test_the_index_is_nought_for_equal_shares_never_negative_and_the_same_both_ways(pairs):
    before, after = (np.array(side) for side in zip(*pairs, strict=True))
    assert stability_index(before, before * 3) == pytest.approx(0, abs=1e-12)
    assert stability_index(before, after) >= 0
    assert stability_index(before, after) == pytest.approx(stability_index(after, before), abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(0, 30), min_size=5, max_size=60),
    st.lists(st.integers(0, 30), min_size=5, max_size=60),
)
def test_ks_is_the_largest_gap_between_the_two_shares_below_any_value(before, after):
    found = drift_of_numbers("length", np.array(before, float), np.array(after, float))
    gaps = [abs(np.mean(np.array(before) <= at) - np.mean(np.array(after) <= at)) for at in range(31)]
    assert found.ks == pytest.approx(max(gaps), abs=1e-12)
    assert sum(each.reference for each in found.bins) == pytest.approx(1)
    assert sum(each.sample for each in found.bins) == pytest.approx(1)


def test_bins_hold_a_tenth_of_the_reference_each():
    found = drift_of_numbers("length", np.arange(1_000.0), np.arange(1_000.0) + 900)
    assert [each.reference for each in found.bins] == pytest.approx([0.1] * 10, abs=0.002)
    assert (found.verdict, found.bins[-1].sample) == ("alert", 1.0)


def test_what_is_new_or_gone_counts_as_a_category():
    found = drift_of_categories("language", ["en"] * 90 + ["de"] * 10, ["en"] * 50 + ["tr"] * 50)
    assert {(each.name, each.reference, each.sample) for each in found.bins} == {
        ("de", 0.1, 0.0), ("en", 0.9, 0.5), ("tr", 0.0, 0.5),
    }  # fmt: skip
    assert found.verdict == "alert" and found.ks is None


def test_where_nothing_moved_chance_is_exceeded_about_one_time_in_twenty():
    rng, above, loud = np.random.default_rng(17), 0, 0
    for _ in range(400):
        found = drift_of_numbers("score", rng.random(1_000), rng.random(1_000))
        above += found.psi > found.chance
        loud += found.verdict != "steady"
    assert 0.025 <= above / 400 <= 0.085
    assert loud == 0


def test_a_small_sample_decides_nothing_unless_the_change_is_plain():
    rng = np.random.default_rng(2)
    same = drift_of_numbers("score", rng.random(2_000), rng.random(60))
    assert same.verdict == "not decidable" and same.chance > 0.1
    assert drift_of_numbers("score", rng.random(2_000), rng.random(60) + 5).verdict == "alert"
    assert drift_of_numbers("score", rng.random(2_000), rng.random(29) + 5).verdict == "not decidable"


def test_one_category_throughout_has_not_moved():
    assert drift_of_categories("language", ["en"] * 50, ["en"] * 40).verdict == "steady"
    assert chance_index(1, 50, 40) == 0
