"""Figures that the field agrees on, each reached by another road than the code takes."""

from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import beta, binom, norm

from services.evaluation.base_rate import precision_at, precisions_at
from services.evaluation.class_curves import ranked, roc_area
from services.evaluation.confusion import ConfusionTable
from services.evaluation.intervals import bootstrap_table, wilson
from services.evaluation.metrics import matthews_correlation, report
from services.evaluation.ranking import area_interval, roc_auc
from services.labelling.agreement import fleiss_kappa, gwet_ac1, tally_votes

Z = norm.ppf(0.975)


def coverage(n, p):
    """How often Wilson's interval holds p, summed over every count that n comments can give."""
    counts = np.arange(n + 1)
    held = [low <= p <= high for low, high in (wilson(int(k), n) for k in counts)]
    return float(binom.pmf(counts, n, p)[held].sum())


def test_one_in_a_hundred_unwanted_makes_a_good_model_mostly_wrong_when_it_flags():
    # Of 10,000 comments 100 are unwanted: 90 caught; of 9,900 others 495 flagged: 90 of 585.
    found = precision_at(0.9, 0.05, 0.01)
    assert found == pytest.approx(90 / 585, abs=1e-12)
    assert found == pytest.approx(0.154, abs=5e-4)


def test_wilson_covers_what_it_claims_over_a_grid_by_exact_binomial_sums():
    # Grid: n of 10, 20, 30, 50, 100, 200, 400 and p from .01 to .99 in steps of .01.
    grid = {n: [coverage(n, p / 100) for p in range(1, 100)] for n in (10, 20, 30, 50, 100, 200, 400)}
    for n, found in grid.items():
        assert 0.94 <= np.mean(found) <= 0.965, n
        assert found == pytest.approx(found[::-1], abs=1e-9)  # p and 1 - p are alike
    assert 0.945 <= np.mean(list(grid.values())) <= 0.96


@pytest.mark.parametrize(("n", "p", "known"), [(60, 0.97, 0.9660), (10, 0.5, 0.9785), (20, 0.5, 0.9586)])
def test_wilson_covers_single_cases_as_the_score_test_says(n, p, known):
    # By hand: ten throws of a coin are outside 2 to 8 in 22 of 1,024 ways; counted likewise for the others.
    assert coverage(n, p) == pytest.approx(known, abs=5e-5)
    z2 = Z * Z
    k = np.arange(n + 1)
    inside = (k - n * p) ** 2 <= z2 * n * p * (
        1 - p
    )  # the score test itself, turned into an interval by Wilson
    assert coverage(n, p) == pytest.approx(float(binom.pmf(k, n, p)[inside].sum()), abs=1e-12)


@pytest.mark.parametrize(
    ("n", "published"), [(5, 0.955), (15, 0.953), (30, 0.952), (50, 0.952), (100, 0.951)]
)
def test_wilsons_mean_coverage_is_that_of_agresti_and_coull(n, published):
    # Agresti and Coull (1998), The American Statistician 52(2), 119-126, table 1: p uniform between 0 and 1.
    # Each count is as likely as any other then, and given k successes p has the density Beta(k+1, n-k+1).
    ends = [(k, *wilson(k, n)) for k in range(n + 1)]
    held = [np.diff(beta.cdf([low, high], k + 1, n - k + 1))[0] for k, low, high in ends]
    assert round(np.mean(held), 3) == published


def test_wilsons_lowest_coverage_nears_the_published_limit():
    # As n grows, just below the lower end of one success only 0 of n is held: exp(-0.1765) = .838.
    n = 100_000
    assert float(binom.pmf(0, n, wilson(1, n)[0])) == pytest.approx(0.838, abs=5e-4)


@pytest.mark.parametrize(
    "shares", [[[0.55, 0.05, 0.0], [0.08, 0.31, 0.01]], [[0.8, 0.04, 0.01], [0.03, 0.12, 0.0]]]
)
def test_the_bootstrap_holds_the_true_value_nineteen_times_in_twenty_from_300_comments(shares):
    # 300 worlds of 300 and of 600 comments: a true 95 % lies within 0.95 ± 0.038 in 99.7 % of seeds.
    rng, cells = np.random.default_rng(42), np.array(shares)
    truth = float(matthews_correlation((cells * 1_000_000).round().astype(np.int64)[None])[0])
    for n in (300, 600):
        held = 0
        for counts in rng.multinomial(n, cells.ravel(), size=300).reshape(-1, 2, 3):
            found = bootstrap_table(counts, matthews_correlation, resamples=200, seed=1)
            held += found.low <= truth <= found.high
        assert 0.915 <= held / 300 <= 0.985


def test_macro_f1_holds_its_true_value_from_300_comments():
    rng, cells = np.random.default_rng(8), np.array([[0.55, 0.05, 0.0], [0.08, 0.31, 0.01]])

    def table(counts):
        return ConfusionTable(("allow", "disallow"), counts)

    truth = report(table((cells * 1_000_000).round().astype(np.int64)), resamples=1).macro_f1.value
    found = [report(table(counts), resamples=200).macro_f1
             for counts in rng.multinomial(300, cells.ravel(), size=150).reshape(-1, 2, 3)]  # fmt: skip
    assert 0.93 <= np.mean([each.low <= truth <= each.high for each in found]) <= 1.0


@pytest.mark.parametrize(("area", "size"), [(0.7, 20), (0.893, 50), (0.97, 200)])
def test_the_interval_of_an_area_solves_hanley_and_mcneils_variance(area, size):
    # With as many of either kind, Newcombe's symmetrical variance is Hanley and McNeil's own, in Q1 and Q2.
    def variance(a):
        q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
        return (a * (1 - a) + (size - 1) * (q1 - a * a) + (size - 1) * (q2 - a * a)) / size**2

    def distance(a):
        return (area - a) ** 2 - Z * Z * variance(a)

    found = area_interval(area, size, size)
    assert found.low == pytest.approx(brentq(distance, 1e-6, area), abs=1e-9)
    assert found.high == pytest.approx(brentq(distance, area, 1 - 1e-9), abs=1e-9)


def test_an_area_is_the_share_of_pairs_in_order_and_delongs_error_that_of_its_components():
    rng = np.random.default_rng(6)
    high, low = np.round(rng.normal(1, 1, 37), 1), np.round(rng.normal(0, 1, 53), 1)
    scores, positive = np.concatenate([high, low]), np.arange(90) < 37
    ordered = (high[:, None] > low).astype(float) + 0.5 * (high[:, None] == low)  # every pair looked at
    area = roc_area(ranked(scores, positive))
    assert area.auc.value == pytest.approx(ordered.mean(), abs=1e-12)
    assert roc_auc(scores, positive).value == pytest.approx(ordered.mean(), abs=1e-12)
    variance = ordered.mean(axis=1).var(ddof=1) / 37 + ordered.mean(axis=0).var(ddof=1) / 53
    assert area.standard_error == pytest.approx(variance**0.5, abs=1e-12)


def test_the_interval_of_precision_solves_newcombes_equation():
    # MOVER-R: the bound R is where caught - R·wronged leaves nought, spreads squared and added.
    (l1, u1), (l2, u2) = wilson(80, 100), wilson(30, 400)
    p1, p2 = 0.8, 0.075

    def low(r):
        return p1 - r * p2 - ((p1 - l1) ** 2 + r * r * (u2 - p2) ** 2) ** 0.5

    def high(r):
        return p1 - r * p2 + ((u1 - p1) ** 2 + r * r * (p2 - l2) ** 2) ** 0.5

    ratios = brentq(low, 0, p1 / p2), brentq(high, p1 / p2, 1e4)
    value, least, most = precisions_at(np.array([80]), 100, np.array([30]), 400, 0.02)
    odds = 0.02 / 0.98
    assert value[0] == pytest.approx(odds * p1 / p2 / (1 + odds * p1 / p2), abs=1e-12)
    assert (least[0], most[0]) == pytest.approx([odds * r / (1 + odds * r) for r in ratios], abs=1e-9)


def test_gwets_and_fleiss_coefficients_are_those_of_their_definitions_pair_by_pair():
    rng, labels = np.random.default_rng(3), 4
    votes = rng.integers(-1, labels, size=(70, 5))
    said = [[int(label) for label in row if label >= 0] for row in votes]
    agreed = [np.mean([a == b for a, b in combinations(row, 2)]) for row in said if len(row) >= 2]
    used = np.mean([[row.count(label) / len(row) for label in range(labels)] for row in said if row], axis=0)
    observed = np.mean(agreed)
    by_chance = {
        gwet_ac1: sum(share * (1 - share) for share in used) / (labels - 1),
        fleiss_kappa: sum(share**2 for share in used),
    }
    for coefficient, chance in by_chance.items():
        found = coefficient(tally_votes(votes, labels))
        assert found.value == pytest.approx((observed - chance) / (1 - chance), abs=1e-12)


def test_gwets_own_example_by_hand():
    # 125 people, two raters: both yes 118, both no 0, 5 + 2 disagree. Observed 118/125; the mean share of
    # yes is (123 + 120)/250, so chance is 2·(243/250)·(7/250).
    votes = [[0, 0]] * 118 + [[0, 1]] * 5 + [[1, 0]] * 2
    chance = 2 * (243 / 250) * (7 / 250)
    assert gwet_ac1(tally_votes(votes, 2)).value == pytest.approx(
        (118 / 125 - chance) / (1 - chance), abs=1e-12
    )
