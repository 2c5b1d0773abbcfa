from dataclasses import asdict, fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BadInput
from services.evaluation.base_rate import precision_at
from services.evaluation.class_curves import ranked
from services.evaluation.outlook import outlook, sentence
from services.evaluation.targets import stability_of, targets_of
from services.evaluation.thresholds import (
    RULES,
    Cut,
    Effects,
    Rule,
    Tally,
    Traffic,
    cut_by,
    flagged,
    rule_of,
    tally_of,
)

TRAFFIC = Traffic(0.01, volume=10_000, seconds_per_review=10)
# Nine in ten of the unwanted are flagged and one in twenty of the others.
WORKED = Tally(1000, 1000, 900, 50, 0, 0, 0)


def drawn(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.3
    return np.round(rng.normal(positive * 2.0, 1.0), 2), positive


def rates(scores, positive, threshold):
    hit = flagged(scores, threshold)
    return hit[positive].mean(), hit[~positive].mean()


def everything(scores, positive):
    return {float(t): rates(scores, positive, t) for t in np.unique(scores)}


def test_a_score_at_the_threshold_is_flagged_and_no_score_never_is():
    assert flagged(np.array([0.4, 0.5, 0.6, np.nan]), 0.5).tolist() == [False, True, True, False]


@pytest.mark.parametrize("base_rate", [0.01, 0.3])
def test_each_rule_chooses_what_trying_every_threshold_would(base_rate):
    scores, positive = drawn()
    found, traffic = ranked(scores, positive), Traffic(base_rate)
    tried = everything(scores, positive)

    def precision(t):
        return precision_at(*tried[t], base_rate)

    def best(allowed, gain):
        options = [t for t in tried if allowed(t)]
        return max(options, key=lambda t: (gain(t), t))

    def a_day(t):
        return 10_000 * (base_rate * tried[t][0] + (1 - base_rate) * tried[t][1])

    def loss(t):
        return 5 * base_rate * (1 - tried[t][0]) + (1 - base_rate) * tried[t][1]

    expected = {
        "recall-at-precision=0.3": best(lambda t: precision(t) >= 0.3, lambda t: tried[t][0]),
        "precision-at-recall=0.8": best(lambda t: tried[t][0] >= 0.8, precision),
        "recall-at-fpr=0.05": best(lambda t: tried[t][1] <= 0.05, lambda t: tried[t][0]),
        "capacity=900": best(lambda t: a_day(t) <= 900, a_day),
        "cost=5": best(lambda t: True, lambda t: -round(loss(t), 12)),
    }
    for rule, threshold in expected.items():
        cut = cut_by(found, rule_of(rule), traffic)
        assert (cut.upper, cut.lower) == (threshold, threshold), rule


def test_a_band_removes_the_sure_ones_and_lets_a_human_read_down_to_the_recall():
    scores, positive = drawn()
    found = ranked(scores, positive)
    cut = cut_by(found, Rule("band", (0.9, 0.95)), Traffic(0.3))
    assert cut.has_band
    assert precision_at(*rates(scores, positive, cut.upper), 0.3) >= 0.9
    assert rates(scores, positive, cut.lower)[0] >= 0.95
    assert rates(scores, positive, np.nextafter(cut.lower, 9))[0] < 0.95


def test_a_band_that_nothing_needs_is_none():
    found = ranked(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]))
    cut = cut_by(found, Rule("band", (0.9, 0.5)), TRAFFIC)
    assert (cut.upper, cut.has_band) == (0.8, False)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("recall-at-precision=0.9", "precision reaches"),
        ("recall-at-fpr=0.0001", "false-positive rate of"),
        ("cost=0.001", "flagging nothing costs least"),
        ("capacity=0.5", "a day"),
    ],
)
def test_what_no_threshold_does_is_refused_with_what_is_possible(rule, told):
    scores, positive = np.array([0.9, 0.9, 0.5, 0.1]), np.array([True, False, True, False])
    with pytest.raises(BadInput, match=told):
        cut_by(ranked(scores, positive), rule_of(rule), TRAFFIC)


def test_recall_that_missing_scores_put_out_of_reach_is_refused():
    scores, positive = np.array([0.9, np.nan, 0.1]), np.array([True, True, False])
    for rule in ("precision-at-recall=0.9", "band=0.1,0.9"):
        with pytest.raises(BadInput, match=r"recall reaches 0\.500"):
            cut_by(ranked(scores, positive), rule_of(rule), Traffic(0.5))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, np.nan]), st.booleans()), min_size=2, max_size=40),
    st.floats(0, 0.6),
    st.floats(0, 0.6),
)
def test_every_comment_is_removed_read_or_kept(pairs, one, other):
    scores, positive = np.array([s for s, _ in pairs]), np.array([p for _, p in pairs])
    if not (0 < positive.sum() < len(pairs)) or np.isnan(scores).all():
        return
    cut = Cut(max(one, other), min(one, other))
    tally = tally_of(ranked(scores, positive), cut)
    removed, reached = flagged(scores, cut.upper), flagged(scores, cut.lower)
    assert tally.removed_positives == (removed & positive).sum()
    assert tally.queued_negatives == (reached & ~removed & ~positive).sum()
    assert tally.kept_positives == (~reached & positive).sum()
    assert tally.kept_negatives == (~reached & ~positive).sum()
    assert tally.unscored == np.isnan(scores).sum()


@pytest.mark.parametrize(
    "text", ["", "luck=1", "recall-at-precision", "recall-at-precision=", "recall-at-precision=1.2", "cost=0",
             "cost=nan", "band=0.9", "between=0.8,0.2", "at=inf", "capacity=-3", "at=0.5,0.6"]
)  # fmt: skip
def test_a_rule_that_cannot_be_used_is_refused(text):
    with pytest.raises(BadInput):
        rule_of(text)


def test_a_rule_is_read_as_it_is_written():
    for name, asked in RULES.items():
        rule = Rule(name, tuple(0.25 + place / 10 for place in range(len(asked))))
        assert rule_of(str(rule)) == rule


@pytest.mark.parametrize(
    "given", [(0.0, 1, 1), (1.0, 1, 1), (0.1, 0, 1), (0.1, 1, 0), (0.1, float("nan"), 1)]
)
def test_traffic_that_cannot_be_is_refused(given):
    with pytest.raises(BadInput):
        Traffic(*given)


def test_a_day_is_told_at_the_real_base_rate():
    day = outlook(WORKED, TRAFFIC)
    assert day.precision.value == pytest.approx(0.154, abs=5e-4)
    assert day.precision_here.value == pytest.approx(900 / 950)
    assert (day.kind_removed.value, day.abusive_missed.value) == pytest.approx((495, 10))
    assert day.removed.value == pytest.approx(90 + 495)
    assert day.hours.value == pytest.approx(585 * 10 / 3600)
    assert sentence(day, TRAFFIC, has_band=False) == (
        "Of 10,000 comments a day, 1.00% of them abusive: of 100 abusive ones 90 are caught and 10 missed;"
        " of 9,900 kind ones 495 are flagged, about 5.5 for each abusive one caught. Removed unread, they"
        " cost nobody time; read first, 1.6 hours a day."
    )


def test_with_a_band_people_read_only_what_lies_between():
    tally = Tally(1000, 1000, 700, 10, 200, 90, 0)
    day = outlook(tally, TRAFFIC)
    assert day.recall.value == pytest.approx(0.9)
    assert day.false_positive_rate.value == pytest.approx(0.01)
    assert day.read.value == pytest.approx(20 + 891)
    assert day.abusive_missed.value == pytest.approx(10)
    assert "Somebody reads 911 between the thresholds" in sentence(day, TRAFFIC, has_band=True)


def test_a_cut_that_flags_nothing_has_no_precision():
    day = outlook(Tally(10, 90, 0, 0, 0, 0, 3), TRAFFIC)
    assert (day.precision, day.precision_here) == (None, None)
    assert day.abusive_missed.value == pytest.approx(100)
    [target] = targets_of(rule_of("recall-at-precision=0.9"), Tally(10, 90, 0, 0, 0, 0, 3), TRAFFIC)
    assert (target.found, target.verdict, target.labels_needed) == (None, "not decidable", None)


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [("precision-at-recall=0.85", "met"), ("precision-at-recall=0.95", "not met"),
     ("precision-at-recall=0.91", "not decidable"), ("recall-at-fpr=0.1", "met"),
     ("recall-at-fpr=0.03", "not met"), ("recall-at-fpr=0.055", "not decidable"),
     ("capacity=1000", "met"), ("capacity=600", "not decidable"), ("recall-at-precision=0.05", "met")],
)  # fmt: skip
def test_a_promise_is_met_by_its_interval_and_not_by_its_point(rule, verdict):
    [target] = targets_of(rule_of(rule), WORKED, TRAFFIC)
    assert target.verdict == verdict
    assert (target.labels_needed is None) == (verdict != "not decidable")


def test_as_many_labels_as_are_asked_for_decide_it():
    rule = rule_of("precision-at-recall=0.91")
    [target] = targets_of(rule, WORKED, TRAFFIC)
    assert target.labels_needed > 2000
    times = target.labels_needed / 2000
    for factor, verdict in ((times * 1.01, "not met"), (times * 0.95, "not decidable")):
        more = Tally(**{name: round(n * factor) for name, n in asdict(WORKED).items()})
        assert targets_of(rule, more, TRAFFIC)[0].verdict == verdict


def test_a_difference_of_nothing_is_decided_by_no_number_of_labels():
    [target] = targets_of(rule_of("precision-at-recall=0.9"), WORKED, TRAFFIC)
    assert (target.verdict, target.labels_needed) == ("not decidable", None)


def test_the_threshold_moves_less_where_there_are_more_comments():
    rule = rule_of("precision-at-recall=0.8")
    few, many = (stability_of(ranked(*drawn(n)), rule, TRAFFIC) for n in (200, 20_000))
    assert few.high - few.low > 3 * (many.high - many.low)
    chosen = cut_by(ranked(*drawn(20_000)), rule, TRAFFIC).upper
    assert many.low <= chosen <= many.high


def test_a_threshold_by_hand_does_not_move():
    assert stability_of(ranked(*drawn()), rule_of("at=0.5"), TRAFFIC) is None


def test_a_score_that_is_told_as_the_threshold_by_hand_is_flagged_though_it_was_stored_shorter():
    scores = np.array([0.7, 0.3], np.float32).astype(np.float64)
    cut = cut_by(ranked(scores, np.array([True, False])), rule_of("between=0.3,0.7"), TRAFFIC)
    assert flagged(scores, cut.upper).tolist() == [True, False]
    assert flagged(scores, cut.lower).tolist() == [True, True]


def test_comments_that_are_alike_tell_of_a_day_as_much_as_so_many_fewer():
    half = Tally(500, 500, 450, 25, 0, 0, 0)
    alike, fewer = outlook(WORKED, TRAFFIC, Effects(2.0, 2.0, 2.0)), outlook(half, TRAFFIC)
    for each in fields(alike):
        wide, expected = getattr(alike, each.name), getattr(fewer, each.name)
        assert (wide.value, wide.low, wide.high) == pytest.approx(
            (expected.value, expected.low, expected.high)
        )
    assert alike.recall.n == 1000  # as many comments, that say less
    rule = rule_of("precision-at-recall=0.882")
    assert targets_of(rule, WORKED, TRAFFIC)[0].verdict == "not decidable"
    [held] = targets_of(rule, WORKED, TRAFFIC, Effects(2.0, 2.0, 2.0))
    [alone] = targets_of(rule, half, TRAFFIC)
    assert held.found == alone.found
    assert held.labels_needed == pytest.approx(2 * alone.labels_needed, abs=1)
