import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluation.intervals import Estimate, Proportion, wilson
from services.release.deciding import (
    any_below,
    at_least,
    at_most,
    n_deciding_estimate,
    n_deciding_proportion,
    overall,
)

# Wilson, 95 %: 93 of 100 is .863 to .966, 97 of 100 .915 to .990, 80 of 100 .711 to .867.
NEAR_THE_LINE = [
    (97, 100, 0.9154, "pass"),
    (97, 100, 0.9155, "not decidable"),
    (93, 100, 0.862, "pass"),
    (93, 100, 0.90, "not decidable"),
    (93, 100, 0.9656, "not decidable"),
    (93, 100, 0.9657, "fail"),
    (80, 100, 0.90, "fail"),
    (30, 30, 0.90, "not decidable"),
    (35, 35, 0.90, "pass"),
    (0, 5, 0.5, "fail"),
]


@pytest.mark.parametrize(("successes", "n", "line", "outcome"), NEAR_THE_LINE)
def test_a_share_is_judged_on_the_bound_and_not_on_the_value(successes, n, line, outcome):
    assert at_least(Proportion(successes, n), line, n=n, what="comments").outcome == outcome


@pytest.mark.parametrize(("successes", "n", "line", "outcome"), NEAR_THE_LINE)
def test_at_most_is_at_least_seen_from_the_other_side(successes, n, line, outcome):
    assert at_most(Proportion(n - successes, n), 1 - line, n=n, what="comments").outcome == outcome


def test_a_bound_exactly_on_the_line_passes():
    assert at_least(Estimate(0.9, 0.8, 1.0), 0.8, n=50, what="comments").outcome == "pass"
    assert at_most(Estimate(0.1, 0.0, 0.2), 0.2, n=50, what="comments").outcome == "pass"


def test_what_is_undefined_is_not_decidable_and_says_what_is_missing():
    found = at_least(None, 0.9, n=0, what="comments marked “spam”")
    assert (found.outcome, found.value, found.more_labels) == ("not decidable", None, None)
    assert "comments marked “spam”" in found.why


def test_the_number_of_labels_that_would_decide_is_that_of_the_score_test():
    # 1.96^2 * .9 * .1 / .03^2 = 384.1 for a recall of .93 against a line of .9; 100 are there.
    assert n_deciding_proportion(93, 100, 0.9) == 385
    found = at_least(Proportion(93, 100), 0.9, n=100, what="comments labelled “rude”")
    assert found.more_labels == 285
    assert "about 285 more comments labelled “rude” would decide" in found.why


@given(n=st.integers(5, 2_000), share=st.floats(0.02, 0.98), line=st.floats(0.02, 0.98))
def test_so_many_labels_decide_and_one_in_a_hundred_fewer_do_not(n, share, line):
    successes = round(share * n)
    needed = n_deciding_proportion(successes, n, line)
    if needed is None or not 200 <= needed <= 10**8:  # beyond it, rounding decides in the formula below
        return
    holds = [
        low <= line <= high for low, high in (interval(successes / n, k) for k in (needed, needed * 0.99))
    ]
    assert holds == [False, True]


def interval(share, n):
    """Wilson for a share of n comments that need not come out whole."""
    z2 = 1.959963984540054**2
    centre, spread = share + z2 / (2 * n), (z2 * (share * (1 - share) / n + z2 / (4 * n * n))) ** 0.5
    return (centre - spread) / (1 + z2 / n), (centre + spread) / (1 + z2 / n)


def test_the_interval_of_these_tests_is_the_one_of_the_workbench():
    assert interval(0.93, 100) == pytest.approx(wilson(93, 100), abs=1e-12)


def test_a_share_on_the_line_itself_is_decided_by_no_number_of_labels():
    found = at_least(Proportion(90, 100), 0.9, n=100, what="comments")
    assert (found.outcome, found.more_labels) == ("not decidable", None)
    assert "No number of labels" in found.why


def test_an_interval_of_another_kind_closes_in_with_the_root_of_n():
    assert n_deciding_estimate(Estimate(0.75, 0.5, 1.0), 0.625, 100) == 400
    assert n_deciding_estimate(Estimate(0.75, 0.5, 1.0), 0.75, 100) is None


def test_a_policy_passes_only_where_every_clause_does():
    assert overall(["pass", "pass"]) == "pass"
    assert overall(["pass", "not decidable"]) == "not decidable"
    assert overall(["not decidable", "fail", "pass"]) == "fail"
    assert overall([]) == "not decidable"


def test_one_slice_among_many_must_be_further_below_to_count():
    suspicious = Proportion(60, 100)  # its upper bound alone is .691
    assert any_below([suspicious], 0.7)
    assert not any_below([suspicious, *[Proportion(95, 100)] * 19], 0.7)
    assert any_below([Proportion(40, 100), *[Proportion(95, 100)] * 19], 0.7)
