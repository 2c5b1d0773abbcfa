import numpy as np
import pytest

from domain.errors import BadInput
from services.evaluation.confusion import ConfusionTable
from services.evaluation.repaired import Change, ReadStratum, repaired

LABELS = ("allow", "disallow")
TABLE = ConfusionTable(LABELS, np.array([[800, 60, 0], [40, 100, 0]]))


def read(hits, misses, *, of_hits=(), of_misses=()):
    return [ReadStratum(False, misses, tuple(of_misses)), ReadStratum(True, hits, tuple(of_hits))]


def test_the_estimate_weights_each_finding_by_the_inverse_of_its_chance_to_be_read():
    """20 of 100 misses and 45 of 900 hits were read: a finding stands for 5 and for 20 comments."""
    found = repaired(TABLE, read(45, 20, of_misses=[Change(0, 1, 1, 4)], of_hits=[Change(1, 1, 0, 1)]))
    right_now = 900 + 4 * 5 - 1 * 20
    assert found["accuracy"].after.value == pytest.approx(right_now / 1000)
    flagged, unwanted = 160, 140 + 4 * 5 - 20
    caught = 100 + 4 * 5 - 20
    assert found["precision:disallow"].after.value == pytest.approx(caught / flagged)
    assert found["recall:disallow"].after.value == pytest.approx(caught / unwanted)
    assert found["accuracy"].moved.value == pytest.approx(0)


def test_without_a_finding_the_figures_stay_and_the_doubt_does_not_vanish():
    found = repaired(TABLE, read(50, 50))["accuracy"]
    assert found.after.value == pytest.approx(0.9)
    assert found.moved.low < -0.005
    assert found.moved.high > 0.0005


def test_what_was_read_in_full_leaves_no_doubt_about_these_comments():
    found = repaired(TABLE, read(900, 100, of_misses=[Change(1, 0, 0, 10)]))["accuracy"]
    assert (found.moved.low, found.moved.high) == pytest.approx((0.01, 0.01))
    assert found.after.low < 0.91 < found.after.high


def test_an_unparsed_answer_stays_wrong_whatever_its_label():
    table = ConfusionTable(LABELS, np.array([[8, 1, 3], [0, 8, 0]]))
    found = repaired(table, read(16, 4, of_misses=[Change(0, 2, 1, 3)]))
    assert found["accuracy"].after.value == pytest.approx(16 / 20)
    assert found["recall:disallow"].after.value == pytest.approx(8 / 11)


def test_a_measure_without_a_comment_is_undefined():
    table = ConfusionTable(LABELS, np.array([[9, 0, 1], [0, 0, 0]]))
    found = repaired(table, read(9, 1))
    assert (found["precision:disallow"].after, found["recall:disallow"].after) == (None, None)


@pytest.mark.parametrize(("hits", "misses"), [(0, 10), (10, 0), (901, 10)])
def test_half_a_reading_estimates_nothing(hits, misses):
    with pytest.raises(BadInput, match="were read"):
        repaired(TABLE, read(hits, misses))


@pytest.mark.slow
def test_it_hits_the_truth_where_repairing_the_misses_alone_flatters_the_model():
    """One label in twelve is wrong, whatever the model says; 60 misses and 60 hits are read, 300 times.

    The truth must be in the interval in at least 92.5 % (95 % less two binomial standard errors); the mean of
    the estimates may differ from it by four of its standard errors.
    """
    draw = np.random.default_rng(3)
    inside, errors, flattery = 0, [], []
    for _ in range(300):
        truth = (draw.random(2000) < 0.3).astype(int)
        gold = np.where(draw.random(2000) < 1 / 12, 1 - truth, truth)
        said = np.where(draw.random(2000) < 0.15, 1 - truth, truth)
        counts = np.zeros((2, 3), dtype=int)
        np.add.at(counts, (gold, said), 1)
        strata = []
        for are_hits in (False, True):
            rows = draw.permutation(np.flatnonzero((gold == said) == are_hits))[:60]
            wrong = [(gold[row], said[row], truth[row]) for row in rows if gold[row] != truth[row]]
            changes = [Change(*map(int, one), wrong.count(one)) for one in set(wrong)]
            strata.append(ReadStratum(are_hits, 60, tuple(changes)))
        after = repaired(ConfusionTable(LABELS, counts), strata, resamples=400)["accuracy"].after
        right = float((said == truth).mean())
        inside += after.low <= right <= after.high
        errors.append(after.value - right)
        flattery.append(float(np.where(gold == said, 1, said == truth).mean()) - right)
    assert inside / 300 >= 0.925
    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(300)
    assert min(flattery) > 0
