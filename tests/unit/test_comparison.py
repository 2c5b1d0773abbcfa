import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from domain.errors import BadInput
from services.evaluation.comparison import (
    compare,
    mcnemar,
    paired_difference,
    rows_for_power,
    sentence,
)
from services.evaluation.intervals import Proportion

COUNTS = st.tuples(*[st.integers(0, 300)] * 4).filter(any)


def compared(both_right, fixed, broken, both_wrong):
    return compare(both_right=both_right, fixed=fixed, broken=broken, both_wrong=both_wrong)


@pytest.mark.parametrize(
    ("fixed", "broken", "exact", "mid_p"),
    [(1, 7, 0.070, 0.039), (6, 16, 0.052, 0.035)],  # airway responsiveness; response to chemotherapy
)
def test_mcnemar_agrees_with_the_examples_of_fagerland_2013(fixed, broken, exact, mid_p):
    assert mcnemar(fixed, broken) == pytest.approx((exact, mid_p), abs=5e-4)


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_binomial_test_of_a_fair_coin(fixed, broken):
    p_value, mid_p = mcnemar(fixed, broken)
    reference = binomtest(fixed, fixed + broken).pvalue if fixed + broken else 1.0
    assert p_value == pytest.approx(reference, rel=1e-9)
    assert 0 < mid_p <= p_value <= 1
    assert mcnemar(broken, fixed) == (p_value, mid_p)


def test_a_tie_is_as_unremarkable_as_can_be():
    assert mcnemar(0, 0) == (1.0, 1.0)
    assert mcnemar(1, 1) == pytest.approx((1.0, 0.75))  # 1 minus half of the tie's probability 1/2


def test_the_paired_interval_agrees_with_tango_in_fagerland_2014():
    estimate = paired_difference(1, 7, 21)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((-0.286, -0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize("n", [5, 44, 1000])
def test_the_paired_interval_without_a_discordant_comment_is_that_of_a_zero_score(n):
    # With no discordant pair the score test solves to |difference| = z²/(n + z²).
    z2 = 1.959964**2
    estimate = paired_difference(0, 0, n)
    assert (estimate.low, estimate.high) == pytest.approx((-z2 / (n + z2), z2 / (n + z2)), abs=1e-6)


@settings(deadline=None)
@given(COUNTS)
def test_the_paired_interval_holds_the_difference_and_turns_round_with_the_models(counts):
    _, fixed, broken, _ = counts
    estimate, turned = (
        paired_difference(fixed, broken, sum(counts)),
        paired_difference(broken, fixed, sum(counts)),
    )
    assert -1 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert (-turned.high, -turned.low) == pytest.approx((estimate.low, estimate.high), abs=1e-9)


@settings(deadline=None)
@given(COUNTS)
def test_a_verdict_is_never_given_against_the_interval(counts):
    found = compared(*counts)
    if found.verdict == "better":
        assert found.difference.low > 0
    elif found.verdict == "worse":
        assert found.difference.high < 0
    else:
        assert found.p_value >= 0.05 or found.fixed + found.broken < 10


def test_a_comparison_counts_both_accuracies_over_the_same_comments():
    found = compared(900, 31, 12, 57)
    assert found.n == 1000
    assert found.accuracy_before == Proportion(912, 1000)
    assert found.accuracy_after == Proportion(931, 1000)
    assert found.difference.value == pytest.approx(0.019)


@pytest.mark.parametrize(
    ("fixed", "broken", "verdict"),
    [
        (31, 12, "better"),
        (12, 31, "worse"),
        (31, 22, "not decidable"),
        (9, 0, "not decidable"),  # p = 0.004, but nine comments settle nothing
        (10, 0, "better"),
        (0, 0, "not decidable"),
    ],
)
def test_the_verdict_needs_ten_discordant_comments_and_a_small_p(fixed, broken, verdict):
    assert compared(500, fixed, broken, 50).verdict == verdict


@pytest.mark.parametrize(
    ("fixed_share", "broken_share", "rows"),
    [(0.06, 0.04, 1960), (0.05, 0.03, 1568), (0.03, 0.02, 3923), (0.055, 0.045, 7847), (0.04, 0.06, 1960)],
)
def test_rows_for_power_gives_the_known_sample_sizes(fixed_share, broken_share, rows):
    assert rows_for_power(fixed_share, broken_share) == rows


def test_more_power_needs_more_rows_and_no_difference_has_no_answer():
    assert rows_for_power(0.06, 0.04, power=0.9) > 1960
    assert rows_for_power(0.05, 0.05) is None


@pytest.mark.parametrize("shares", [(-0.1, 0.2), (0.6, 0.6)])
def test_impossible_shares_are_refused(shares):
    with pytest.raises(BadInput, match=str(shares[0])):
        rows_for_power(*shares)


def test_a_clear_gain_is_told_in_one_sentence():
    assert sentence(compared(900, 31, 12, 57), "model-1", "model-2") == (
        "model-2 is right on 31 comments that model-1 got wrong and wrong on 12 that it got right:"
        " 0.912 → 0.931 (+0.019, 95 % interval +0.006 to +0.033, exact McNemar p = 0.005, n = 1,000)."
        " The difference in accuracy is larger than chance would explain."
    )


def test_noise_is_called_noise_and_the_rows_needed_are_named():
    told = sentence(compared(920, 31, 22, 27), "old", "new")
    assert "95 % interval -0.005 to +0.024, exact McNemar p = 0.272" in told
    assert told.endswith(
        "Not decidable: the difference in accuracy cannot be told from noise."
        f" Were it real and this large, about {rows_for_power(0.031, 0.022):,} rows"
        " would show it four times in five."
    )


def test_the_sentence_says_why_a_borderline_interval_does_not_decide():
    assert "The interval leaves out 0, but the exact test" in sentence(compared(59, 6, 16, 80), "a", "b")


def test_few_discordant_comments_are_not_decidable_and_the_sentence_says_so():
    told = sentence(compared(90, 1, 6, 3), "old", "new")
    assert told.startswith("new is right on 1 comment that old got wrong and wrong on 6")
    assert told.endswith("exactly one of them is right on 7 comments, and fewer than 10 settle nothing.")


def test_an_exact_tie_promises_no_number_of_rows():
    told = sentence(compared(80, 10, 10, 0), "old", "new")
    assert "(0.000, 95 % interval" in told
    assert "about" not in told


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (5, -1, 2, 3)])
def test_counts_that_compare_nothing_are_refused(counts):
    with pytest.raises(BadInput, match=", ".join(map(str, counts))):
        compared(*counts)
