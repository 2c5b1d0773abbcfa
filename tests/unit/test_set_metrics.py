"""Evaluation where a comment may have several labels, beside scikit-learn."""

from collections import Counter

import numpy as np
import pytest
from sklearn import metrics as sk

from domain.errors import BadInput
from domain.labels import answer_of
from services.evaluation.set_metrics import report_sets, sets_from_counts

LABELS = ("insult", "threat", "spam", "never")


def drawn(n: int, seed: int, labels: tuple[str, ...] = LABELS) -> tuple[np.ndarray, np.ndarray]:
    """Gold and predicted flags; the last label never occurs."""
    draw = np.random.default_rng(seed)
    gold = draw.random((n, len(labels))) < np.array([0.4, 0.1, 0.25, 0.0])
    flipped = draw.random((n, len(labels))) < np.array([0.2, 0.1, 0.3, 0.0])
    return gold, gold ^ flipped


def table_of(gold: np.ndarray, predicted: np.ndarray):
    def answer(row):
        return answer_of((label for label, is_in in zip(LABELS, row, strict=True) if is_in), LABELS)

    pairs = Counter(zip(map(answer, gold), map(answer, predicted), strict=True))
    return sets_from_counts(LABELS, [(*pair, count) for pair, count in pairs.items()])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [7, 400])
def test_every_number_is_that_of_scikit_learn(n, seed):
    gold, predicted = drawn(n, seed)
    found = report_sets(table_of(gold, predicted), resamples=20)
    for average in ("macro", "micro", "weighted"):
        expected = sk.precision_recall_fscore_support(gold, predicted, average=average, zero_division=0)
        told = [getattr(found, f"{average}_{name}").value for name in ("precision", "recall", "f1")]
        np.testing.assert_allclose(told, expected[:3], atol=1e-12)
    assert found.subset_accuracy.value == pytest.approx(sk.accuracy_score(gold, predicted), abs=1e-12)
    assert found.hamming_loss.value == pytest.approx(sk.hamming_loss(gold, predicted), abs=1e-12)
    each = sk.precision_recall_fscore_support(gold, predicted, average=None, zero_division=0)
    for name, expected in zip(("precision", "recall", "f1"), each[:3], strict=True):
        values = [getattr(one, name) for one in found.classes]
        np.testing.assert_allclose([0 if v is None else v.value for v in values], expected, atol=1e-12)
    assert [one.support for one in found.classes] == each[3].tolist()


def test_the_table_of_each_label_is_that_of_scikit_learn():
    gold, predicted = drawn(300, 3)
    expected = sk.multilabel_confusion_matrix(gold, predicted)
    assert table_of(gold, predicted).by_label.tolist() == expected.tolist()


def test_a_label_that_neither_occurs_nor_is_predicted_has_no_rates():
    never = report_sets(table_of(*drawn(50, 0)), resamples=20).classes[-1]
    assert (never.precision, never.recall, never.f1, never.support) == (None, None, None, 0)


def test_an_unparsed_answer_is_wrong_as_a_whole_and_in_each_label_even_where_no_label_is_right():
    table = sets_from_counts(("a", "b"), [("(none)", None, 1), ("a", "a", 1)])
    found = report_sets(table, resamples=20)
    assert (found.n, found.unparsed) == (2, 1)
    assert found.subset_accuracy.successes == 1
    assert found.hamming_loss.value == 0.5
    assert found.classes[0].precision.n == 1


def test_an_unknown_label_makes_the_answer_wrong_and_touches_no_other_label():
    found = report_sets(sets_from_counts(("a", "b"), [("a", "a | c", 3), ("b", "b", 1)]), resamples=20)
    assert found.subset_accuracy.successes == 1
    assert found.classes[0].recall.value == 1


def test_an_answer_of_none_of_them_is_right_where_none_is():
    found = report_sets(sets_from_counts(("a", "b"), [("(none)", "(none)", 5)]), resamples=20)
    assert found.subset_accuracy.value == 1
    assert found.macro_f1.value == 0
    assert found.macro_f1.high == 1  # what never occurred may be anything


def test_intervals_hold_their_number_and_are_never_of_no_width():
    found = report_sets(table_of(*drawn(200, 1)))
    for name in ("macro_f1", "micro_f1", "weighted_f1", "micro_precision", "hamming_loss", "subset_accuracy"):
        number = getattr(found, name)
        assert 0 <= number.low <= number.value <= number.high <= 1
        assert number.low < number.high
    perfect, _ = drawn(200, 1)
    found = report_sets(table_of(perfect, perfect))
    assert found.hamming_loss.value == 0 < found.hamming_loss.high < 0.05
    assert found.micro_f1.value == 1 > found.micro_f1.low


def test_the_interval_of_the_hamming_loss_holds_the_truth_19_times_in_20():
    held, draw = 0, np.random.default_rng(7)
    for seed in range(80):
        wrong = draw.random((150, 1)) < 0.3  # the labels of a comment are wrong together
        gold, _ = drawn(150, seed)
        predicted = gold ^ (wrong & (draw.random(gold.shape) < 0.5))
        number = report_sets(table_of(gold, predicted), resamples=100).hamming_loss
        held += number.low <= 0.15 <= number.high
    assert held >= 71


def test_the_same_table_and_seed_give_the_same_report():
    table = table_of(*drawn(100, 2))
    assert report_sets(table, seed=4) == report_sets(table, seed=4)


def test_nothing_to_evaluate_on_and_an_unknown_gold_label_are_refused():
    with pytest.raises(BadInput, match="no comment"):
        report_sets(sets_from_counts(("a", "b"), []))
    with pytest.raises(BadInput, match="'c' is not in the label set"):
        sets_from_counts(("a", "b"), [("a | c", "a", 1)])
