from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from services.evaluation.comparison import compare
from services.evaluation.joint import joint_of
from services.evaluation.metrics import report

LABELS = ["fine", "rude", "vile"]


def answered(size=400, models=4, seed=5):
    """Comments with a label, and what models of falling skill said: sometimes nothing, sometimes nonsense."""
    draw = np.random.default_rng(seed)
    gold = draw.choice(LABELS, size, p=[0.7, 0.2, 0.1])
    said = []
    for skill in np.linspace(0.9, 0.6, models):
        guess = np.where(draw.random(size) < skill, gold, draw.choice([*LABELS, "nonsense"], size))
        said.append([None if draw.random() < 0.03 else str(each) for each in guess])
    return gold.tolist(), said


def joint(gold, said):
    return joint_of(gold, said, np.ones(len(gold), dtype=np.int64))


def test_pairs_and_tables_are_those_of_the_comments_one_by_one():
    gold, said = answered()
    found = joint(gold, said)
    assert found.n == 400
    for before, after in combinations(range(4), 2):
        right = [[a == g for a, g in zip(said[model], gold, strict=True)] for model in (before, after)]
        kinds = list(zip(*right, strict=True))
        wanted = compare(
            both_right=kinds.count((True, True)), fixed=kinds.count((False, True)),
            broken=kinds.count((True, False)), both_wrong=kinds.count((False, False)),
        )  # fmt: skip
        assert found.pair(before, after) == wanted
    for model, answers in enumerate(said):
        known = [each if each in LABELS else "(unparsed)" for each in answers]
        wanted = f1_score(gold, known, labels=LABELS, average="macro", zero_division=0)
        assert report(found.table(model)).macro_f1.value == pytest.approx(wanted, abs=1e-12)


def test_the_order_and_the_grouping_of_comments_change_nothing():
    gold, said = answered(120, 2)
    kinds, counts = np.unique(
        [[g, str(a), str(b)] for g, a, b in zip(gold, *said, strict=True)], axis=0, return_counts=True
    )
    grouped = joint_of(kinds[:, 0].tolist(), kinds[:, 1:].T.tolist(), counts.astype(np.int64))
    assert grouped.pair(0, 1) == joint(gold, said).pair(0, 1)
    assert grouped.table(1).counts.tolist() == joint(gold, said).table(1).counts.tolist()


def macro_f1(gold, answers):
    """By its definition, label by label."""
    found = []
    for label in LABELS:
        hits = ((gold == label) & (answers == label)).sum()
        found.append(2 * hits / ((gold == label).sum() + (answers == label).sum()))
    return np.mean(found)


def test_the_paired_bootstrap_is_that_of_comments_drawn_one_by_one():
    gold, [first, _] = answered(300, 2, seed=9)
    said = [first, ["vile" if place % 12 == 0 else each for place, each in enumerate(first)]]
    draws = joint(gold, said).resampled_macro_f1(resamples=1000)
    draw, labels = np.random.default_rng(1), np.array(gold)
    first, second = (np.array([str(each) for each in answers]) for answers in said)
    by_hand = []
    for rows in draw.integers(0, 300, size=(1000, 300)):
        by_hand.append(macro_f1(labels[rows], second[rows]) - macro_f1(labels[rows], first[rows]))
    gaps = draws[1] - draws[0]
    assert gaps.mean() == pytest.approx(np.mean(by_hand), abs=0.005)
    assert gaps.std() == pytest.approx(np.std(by_hand), rel=0.1)
    assert gaps.std() < 0.9 * (draws[0].std() ** 2 + draws[1].std() ** 2) ** 0.5  # the same comments for both


def test_a_model_and_itself_do_not_differ_in_any_draw():
    gold, said = answered(200, 1)
    draws = joint(gold, [said[0], said[0]]).resampled_macro_f1(resamples=50)
    assert (draws[0] == draws[1]).all()
