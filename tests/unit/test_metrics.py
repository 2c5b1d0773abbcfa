import warnings
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
)

from domain.errors import BadInput
from services.evaluation.confusion import ConfusionTable
from services.evaluation.intervals import Estimate, Proportion, bootstrap_table, shown
from services.evaluation.metrics import Report, f1_score, matthews_correlation, report

TABLES = (
    st.integers(1, 5)
    .flatmap(lambda size: arrays(np.int64, (size, size + 1), elements=st.integers(0, 60)))
    .filter(lambda counts: counts.any())
)
AVERAGES = [field.name for field in fields(Report) if field.type is Estimate]


def table_of(counts):
    return ConfusionTable(tuple(f"label {k}" for k in range(len(counts))), np.asarray(counts))


def random_table(size, *, n=2000, seed=0):
    """A table with unparsed answers, unequal supports and some empty cells."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(size + 1, 0.3), size) * rng.dirichlet(np.ones(size))[:, None]
    return table_of(rng.multinomial(n, shares.ravel()).reshape(size, size + 1))


def rows_of(table):
    """The table as one gold and one predicted label per comment; "?" is an unparsed answer."""
    names = [*table.labels, "?"]
    gold, predicted = np.nonzero(table.counts)
    times = table.counts[gold, predicted]
    return np.repeat(np.array(names)[gold], times), np.repeat(np.array(names)[predicted], times)


def assert_agrees_with_sklearn(table):
    ours = report(table, resamples=5)
    gold, predicted = rows_of(table)
    labels = list(table.labels)
    for average in ("macro", "weighted"):
        theirs = precision_recall_fscore_support(
            gold, predicted, labels=labels, average=average, zero_division=0
        )
        names = (f"{average}_precision", f"{average}_recall", f"{average}_f1")
        assert [getattr(ours, name).value for name in names] == pytest.approx(theirs[:3], abs=1e-12)
    precision, recall, f1, support = precision_recall_fscore_support(
        gold, predicted, labels=labels, zero_division=0
    )
    for k, each in enumerate(ours.classes):
        found = [0.0 if number is None else number.value for number in (each.precision, each.recall, each.f1)]
        assert found == pytest.approx([precision[k], recall[k], f1[k]], abs=1e-12)
        assert each.support == support[k]
    assert ours.accuracy.value == pytest.approx(accuracy_score(gold, predicted), abs=1e-12)
    with warnings.catch_warnings():  # scikit-learn remarks on unparsed answers and on a single label
        warnings.simplefilter("ignore", UserWarning)
        balanced, mcc = balanced_accuracy_score(gold, predicted), matthews_corrcoef(gold, predicted)
    assert ours.balanced_accuracy.value == pytest.approx(balanced, abs=1e-12)
    assert ours.mcc.value == pytest.approx(mcc, abs=1e-12)


@pytest.mark.parametrize("size", [2, 3, 12])
@pytest.mark.parametrize("seed", range(5))
def test_every_value_agrees_with_scikit_learn(size, seed):
    table = random_table(size, seed=seed)
    assert table.unparsed > 0
    assert_agrees_with_sklearn(table)


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_odd_tables_agree_with_scikit_learn_too(counts):
    assert_agrees_with_sklearn(table_of(counts))


def test_an_unparsed_answer_is_wrong_and_enters_recall_but_no_precision():
    without = report(table_of([[40, 10, 0], [5, 45, 0]]))
    with_some = report(table_of([[40, 10, 20], [5, 45, 0]]))
    assert with_some.n == 120
    assert with_some.unparsed == 20
    assert with_some.accuracy == Proportion(85, 120)
    assert with_some.classes[0].recall == Proportion(40, 70)
    assert [each.precision for each in with_some.classes] == [each.precision for each in without.classes]


def test_the_precision_of_a_label_never_predicted_is_undefined():
    toxic = report(table_of([[90, 0, 0], [10, 0, 0]])).classes[1]
    assert toxic.precision is None
    assert shown(toxic.precision) == "undefined"
    assert toxic.recall == Proportion(0, 10)
    assert toxic.f1 is not None
    assert toxic.f1.value == 0


def test_a_label_that_neither_occurs_nor_is_predicted_has_no_metrics_but_lowers_the_macro_average():
    whole = report(table_of([[9, 0, 0], [0, 0, 0]]))
    absent = whole.classes[1]
    assert (absent.precision, absent.recall, absent.f1) == (None, None, None)
    assert whole.macro_f1.value == whole.macro_recall.value == 0.5
    assert whole.balanced_accuracy.value == 1.0
    assert whole.macro_f1.high == pytest.approx(1.0)


def test_f1_carries_the_wilson_interval_of_the_share_of_hits():
    # 8 hits among 8 + 2 + 4 comments: F* = 8/14 with Wilson 0.3259 to 0.7862, F1 = 16/22.
    assert f1_score(8, support=10, predicted=12) == Estimate(
        pytest.approx(16 / 22), pytest.approx(0.4916, abs=1e-4), pytest.approx(0.8803, abs=1e-4)
    )


def test_five_of_five_is_not_certainty():
    perfect = report(table_of([[5, 0, 0], [0, 5, 0]]))
    for name in ("macro_precision", "macro_recall", "macro_f1", "weighted_f1", "balanced_accuracy", "mcc"):
        estimate = getattr(perfect, name)
        assert (estimate.value, estimate.high) == (1.0, 1.0)
        assert estimate.low < 0.85


def test_the_interval_of_f1_holds_both_the_wilson_and_the_bootstrap_interval():
    table = random_table(3, n=300)
    one = report(table).classes[0]
    wilson = f1_score(one.true_positives, support=one.support, predicted=one.predicted)

    def f1(counts):
        return 2 * counts[:, 0, 0] / (counts[:, 0].sum(axis=1) + counts[:, :, 0].sum(axis=1))

    bootstrap = bootstrap_table(table.counts, f1, resamples=1000, seed=0)
    assert (one.f1.low, one.f1.high) == (min(wilson.low, bootstrap.low), max(wilson.high, bootstrap.high))


def test_macro_f1_of_two_even_labels_is_no_surer_than_the_accuracy_that_it_equals():
    found = report(table_of([[450, 50, 0], [50, 450, 0]]))
    for f1 in (found.macro_f1, found.weighted_f1):
        assert f1.value == pytest.approx(found.accuracy.value)
        assert f1.high - f1.low == pytest.approx(found.accuracy.high - found.accuracy.low, rel=0.08)


def test_intervals_hold_the_truth_about_as_often_as_they_claim():
    shares = np.array([[0.095, 0.004, 0.001], [0.036, 0.855, 0.009]])  # recall 0.95 on one comment in ten
    rng = np.random.default_rng(7)
    truth = report(table_of((shares * 1_000_000).round().astype(int)), resamples=1)
    tables = rng.multinomial(200, shares.ravel(), size=300).reshape(-1, 2, 3)
    reports = [report(table_of(counts), resamples=200) for counts in tables]
    for name in AVERAGES:
        target = getattr(truth, name).value
        held = [getattr(each, name).low <= target <= getattr(each, name).high for each in reports]
        assert 0.90 <= np.mean(held) <= 1.0, name


def test_matthews_correlation_of_the_textbook_table():
    # TP 90, FN 5 | FP 4, TN 1: 0.135 although 91 % are right (Chicco and Jurman 2020, use case A).
    assert matthews_correlation(np.array([[[90, 5, 0], [4, 1, 0]]]))[0] == pytest.approx(0.135, abs=5e-4)


def test_matthews_correlation_is_zero_for_a_model_that_says_one_thing():
    counts = np.array([[[50, 0, 0], [50, 0, 0]], [[0, 0, 50], [0, 0, 50]], [[7, 0, 0], [0, 0, 0]]])
    assert matthews_correlation(counts).tolist() == [0, 0, 0]


def test_one_label_throughout_says_nothing_about_correlation():
    assert report(table_of([[7, 0, 0], [0, 0, 0]])).mcc == Estimate(0.0, -1.0, 1.0)


@settings(max_examples=60, deadline=None)
@given(TABLES, st.integers(0, 2**32))
def test_every_metric_is_in_range_and_inside_its_interval(counts, seed):
    found = report(table_of(counts), seed=seed, resamples=50)
    assert AVERAGES
    for name in AVERAGES:
        estimate, least = getattr(found, name), -1 if name == "mcc" else 0
        assert least <= estimate.low <= estimate.value <= estimate.high <= 1
    for f1 in (each.f1 for each in found.classes if each.f1 is not None):
        assert 0 <= f1.low <= f1.value <= f1.high <= 1


@settings(max_examples=40, deadline=None)
@given(TABLES, st.randoms(use_true_random=False))
def test_reordering_the_labels_reorders_the_classes_and_nothing_else(counts, random):
    order = list(range(len(counts)))
    random.shuffle(order)
    table = table_of(counts)
    moved = ConfusionTable(
        tuple(table.labels[k] for k in order), table.counts[np.ix_(order, [*order, len(counts)])]
    )
    before, after = report(table, resamples=20), report(moved, resamples=20)
    moved_classes = [before.classes[k] for k in order]
    assert [replace(each, f1=None) for each in after.classes] == [replace(c, f1=None) for c in moved_classes]
    for each, same in zip(after.classes, moved_classes, strict=True):  # the f1 interval is drawn anew
        assert (each.f1 and each.f1.value) == (same.f1 and same.f1.value)
    for name in AVERAGES:
        assert getattr(after, name).value == pytest.approx(getattr(before, name).value, abs=1e-12)


def test_the_same_table_and_seed_give_the_same_report():
    table = random_table(3, n=300)
    assert report(table, seed=4) == report(table, seed=4)
    assert report(table, seed=4).macro_f1.value == report(table, seed=5).macro_f1.value


def test_an_empty_table_is_refused():
    with pytest.raises(BadInput, match="no comment"):
        report(table_of([[0, 0, 0], [0, 0, 0]]))
