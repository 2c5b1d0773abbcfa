from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from services.evaluation.holm import holm_adjusted
from services.evaluation.intervals import Proportion, difference, wilson
from services.evaluation.slice_search import worst_slices


def facts(n, count, *, seed, share=0.2):
    """Facts that have nothing to do with errors, each of a kind of its own."""
    rng = np.random.default_rng(seed)
    return rng.random((count, n)) < share, [f"kind {place}" for place in range(count)]


def test_holm_gives_the_textbook_steps():
    # Smallest times 4, next times 3, ... and never below the one before: 0.01·4, 0.013·3, 0.04·2, 0.05·1.
    assert holm_adjusted([0.04, 0.01, 0.05, 0.013]).tolist() == pytest.approx([0.08, 0.04, 0.08, 0.04])
    assert holm_adjusted([]).size == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_lies_between_the_p_value_and_bonferroni_and_keeps_the_order(p_values):
    given_, adjusted = np.array(p_values), holm_adjusted(p_values)
    assert (adjusted >= given_).all()
    assert (adjusted <= np.minimum(1, given_ * len(p_values)) + 1e-12).all()
    order = np.argsort(given_, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_the_difference_of_two_shares_agrees_with_newcombes_worked_example():
    # 56 of 70 against 48 of 80: the square-and-add interval from Wilson's bounds, 0.0524 to 0.3339.
    found = difference(Proportion(56, 70), Proportion(48, 80))
    low, most = wilson(56, 70)[0], wilson(48, 80)[1]
    assert found.value == pytest.approx(0.2)
    assert found.low == pytest.approx(0.2 - ((0.8 - low) ** 2 + (most - 0.6) ** 2) ** 0.5)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_part_that_is_worse_is_found_first_and_counted_as_it_is():
    members, kinds = facts(2_000, 6, seed=1)
    wrong = np.random.default_rng(2).random(2_000) < np.where(members[3], 0.5, 0.1)
    search = worst_slices(members, kinds, wrong)
    first = search.found[0]
    assert first.facts == (3,)
    assert first.inside == Proportion(int((wrong & members[3]).sum()), int(members[3].sum()))
    assert first.outside == Proportion(int((wrong & ~members[3]).sum()), int((~members[3]).sum()))
    assert first.p_holm < 0.001 and first.gap.low > 0.2


def test_a_pair_is_found_where_neither_fact_alone_explains_it():
    rng = np.random.default_rng(5)
    members, kinds = rng.random((4, 4_000)) < 0.5, ["a", "b", "c", "d"]
    odd = members[0] & members[1]
    search = worst_slices(members, kinds, rng.random(4_000) < np.where(odd, 0.4, 0.1))
    assert search.found[0].facts == (0, 1)
    assert search.found[0].inside.n == odd.sum()


def test_facts_of_one_kind_are_never_paired_and_a_pair_that_is_one_of_them_is_looked_at_once():
    members = np.array([[True] * 50 + [False] * 50, [False] * 50 + [True] * 50, [True] * 80 + [False] * 20])
    search = worst_slices(members, ["language", "language", "length"], np.arange(100) % 7 == 0)
    # Alone: 50, 50; all but 20 are too many to leave 30 outside.
    assert {each.facts for each in search.found} == {(0,), (1,)}
    within = np.array([[True] * 40 + [False] * 60, [True] * 60 + [False] * 40])
    search = worst_slices(within, ["language", "length"], np.arange(100) % 7 == 0)
    assert {each.facts for each in search.found} == {(0,), (1,)}  # both together are the first


def test_too_few_comments_are_no_part():
    members = np.arange(100) < np.array([[29], [30], [70], [71]])
    search = worst_slices(members, list("abcd"), np.arange(100) < 3)
    assert {each.facts for each in search.found if len(each.facts) == 1} == {(1,), (2,)}
    assert worst_slices(members[:1], ["a"], np.arange(100) < 3).tested == 0


@settings(deadline=None, max_examples=30)
@given(st.integers(30, 60), st.integers(0, 60), st.integers(0, 2**32))
def test_the_p_value_is_the_sum_of_the_tables_that_are_as_bad(n, errors, seed):
    total = 120
    wrong = np.zeros(total, bool)
    wrong[np.random.default_rng(seed).permutation(total)[:errors]] = True
    members = (np.arange(total) < n)[None]
    [found] = worst_slices(members, ["a"], wrong).found
    bad = found.inside.successes
    exact = sum(comb(errors, k) * comb(total - errors, n - k) for k in range(bad, min(n, errors) + 1))
    assert found.p_value == pytest.approx(exact / comb(total, n), rel=1e-9)
    assert found.p_holm == found.p_value


def test_over_twenty_null_slices_a_false_alarm_is_raised_at_most_one_time_in_twenty():
    # 400 worlds of 20 slices without any connection to errors: even if the true rate were the full 5 %, more
    # than the 99.9 % point of a binomial would be seen once in a thousand seeds; without correction 64 %.
    worlds, alarms, uncorrected = 400, 0, 0
    rng = np.random.default_rng(20261121)
    for world in range(worlds):
        members, _ = facts(600, 20, seed=world)
        search = worst_slices(members, ["one kind"] * 20, rng.random(600) < 0.15)
        assert search.tested == 20
        alarms += any(each.p_holm < 0.05 for each in search.found)
        uncorrected += any(each.p_value < 0.05 for each in search.found)
    assert alarms <= binom.ppf(0.999, worlds, 0.05)
    assert alarms / worlds <= 0.05
    assert uncorrected / worlds > 0.3


def test_with_pairs_too_a_false_alarm_stays_rare():
    alarms, rng = 0, np.random.default_rng(3)
    for world in range(100):
        members, kinds = facts(800, 12, seed=world, share=0.4)
        search = worst_slices(members, kinds, rng.random(800) < 0.2)
        alarms += any(each.p_holm < 0.05 for each in search.found)
    assert alarms <= binom.ppf(0.999, 100, 0.05)


def test_many_comments_are_counted_block_by_block_to_the_last_one():
    members, kinds = facts(150_000, 3, seed=9)
    wrong = np.random.default_rng(8).random(150_000) < 0.3
    for each in worst_slices(members, kinds, wrong).found:
        inside = members[list(each.facts)].all(axis=0)
        assert each.inside == Proportion(int((inside & wrong).sum()), int(inside.sum()))
