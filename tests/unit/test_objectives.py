import random

import numpy as np
import pytest

from domain.errors import BadInput
from services.evaluation.curves import WORTH, curve_of, verdict_of
from services.evaluation.intervals import Estimate
from services.evaluation.objectives import (
    METRICS,
    Objective,
    gain,
    least_doubt,
    resampled_means,
    value_of_run,
)
from services.jobs.opponents.opponents import measured

LABELS = ["allow", "hate", "rude"]


def answers(gold, share_right, seed):
    draw = random.Random(seed)
    return [label if draw.random() < share_right else draw.choice(LABELS) for label in gold]


def gold_of(count, seed=0):
    return random.Random(seed).choices(LABELS, [6, 1, 3], k=count)


@pytest.mark.parametrize("metric", METRICS)
def test_an_objective_is_the_number_of_the_evaluation(metric):
    objective = Objective(metric, "hate" if metric == "recall" else None)
    gold = gold_of(200)
    predicted = answers(gold, 0.7, 1)
    found = objective.value_of(measured(gold, predicted))
    assert value_of_run(objective, gold, predicted, labels=LABELS) == pytest.approx(found.value)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("objective", [("luck", None), ("recall", None), ("accuracy", "hate")])
def test_an_objective_that_makes_no_sense_is_refused(objective):
    with pytest.raises(BadInput):
        Objective(*objective)


def test_the_recall_of_a_label_that_nobody_has_is_refused():
    with pytest.raises(BadInput, match="No comment there is labelled 'spam'"):
        Objective("recall", "spam").value_of(measured(["allow"], ["allow"]))


def test_a_run_gains_nothing_on_itself_but_few_comments_do_not_prove_it():
    gold = gold_of(80)
    drawn = resampled_means(Objective(), gold, [answers(gold, 0.6, 1)], labels=LABELS)
    assert gain(drawn, drawn, doubt=0) == Estimate(0, 0, 0)
    doubt = least_doubt(Objective(), gold)
    assert gain(drawn, drawn, doubt=doubt) == Estimate(0, -doubt, doubt) and doubt > 0.05
    assert least_doubt(Objective(), gold * 100) < 0.01


@pytest.mark.parametrize(
    ("objective", "doubt"),
    [
        (Objective("accuracy"), 0.0370),  # 3.8415 / (100 + 3.8415)
        (Objective("recall", "hate"), 0.2775),  # 3.8415 / (10 + 3.8415)
        (Objective("macro_f1"), 0.1397),  # the hypotenuse of 0.0409 and 0.2775, halved
        (Objective("weighted_f1"), 0.0462),
    ],
)
def test_what_none_of_the_comments_shows_may_still_be_there(objective, doubt):
    assert least_doubt(objective, ["allow"] * 90 + ["hate"] * 10) == pytest.approx(doubt, abs=2e-3)


def test_the_paired_gain_is_surer_than_two_intervals_side_by_side():
    gold = gold_of(400)
    before = answers(gold, 0.6, 1)
    after = [
        label if place % 9 == 0 else said
        for place, (label, said) in enumerate(zip(gold, before, strict=True))
    ]
    two = [resampled_means(Objective(), gold, [run], labels=LABELS) for run in (before, after)]
    found = gain(*two, doubt=0)
    assert found.low > 0
    assert found.high - found.low < np.ptp(np.quantile(two[1][1], [0.025, 0.975]))


def test_the_interval_of_the_mean_holds_the_truth_about_as_often_as_it_says():
    held = 0
    for seed in range(60):
        gold = gold_of(150, seed)
        mean, draws = resampled_means(
            Objective("accuracy"), gold, [answers(gold, 0.55, seed)], labels=LABELS, resamples=200
        )
        low, high = np.quantile(draws, [0.025, 0.975])
        shares = np.array([6, 1, 3]) / 10
        held += low <= 0.55 + 0.45 * (shares / 3).sum() <= high
        assert low <= mean <= high
    assert 52 <= held <= 60


def runs_of(gold, shares_right, learned=1_000):
    return [
        {
            "share": share,
            "learned": round(learned * share),
            "answers": answers(gold, right, seed),
            "seconds": 1.0,
        }
        for seed, (share, right) in enumerate(shares_right)
    ]


def test_a_curve_that_still_rises_says_label_more_and_how_many():
    gold = gold_of(2_000)
    found = verdict_of(Objective(), gold, runs_of(gold, [(0.1, 0.3), (0.5, 0.5), (1.0, 0.8)]))
    assert found.name == "label more" and found.gain.low > 0
    assert "the last 500 comments" in found.sentence and "takes 1,000 more" in found.sentence


def test_a_flat_curve_says_stop():
    gold = gold_of(3_000)
    same = answers(gold, 0.9, 7)
    runs = [{**run, "answers": same} for run in runs_of(gold, [(0.5, 0), (1.0, 0)])]
    found = verdict_of(Objective(), gold, runs)
    assert found.name == "stop" and found.gain.high < WORTH


def test_perfect_answers_to_a_dozen_comments_do_not_say_stop():
    gold = gold_of(12)
    runs = [{"share": share, "learned": 50, "answers": gold, "seconds": 1.0} for share in (0.5, 1.0)]
    assert verdict_of(Objective(), gold, runs).name == "not decidable"
    assert curve_of(Objective(), gold, runs)[0].low < 0.9


def test_few_comments_of_validation_decide_nothing_and_the_sentence_says_how_many_would():
    gold = gold_of(60)
    found = verdict_of(Objective(), gold, runs_of(gold, [(0.5, 0.70), (1.0, 0.72)]))
    assert found.name == "not decidable" and found.gain.low <= 0
    assert "comments of validation; there are 60" in found.sentence


def test_without_the_half_nothing_is_decided():
    gold = gold_of(60)
    assert verdict_of(Objective(), gold, runs_of(gold, [(1.0, 0.7)])).name == "not decidable"


def test_a_point_is_the_mean_of_its_draws():
    gold = gold_of(300)
    runs = runs_of(gold, [(0.5, 0.5), (0.5, 0.7), (1.0, 0.9)])
    first, last = curve_of(Objective("accuracy"), gold, runs)
    assert (first.share, first.learned, len(first.values)) == (0.5, 500, 2)
    assert first.value == pytest.approx(np.mean(first.values)) and first.low <= first.value <= first.high
    assert last.value > first.value
