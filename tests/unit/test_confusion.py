import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BadInput
from services.evaluation.confusion import ConfusionTable, from_counts

ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["ok", "toxic"]),
        st.sampled_from(["ok", "toxic", "TOXIC", None]),
        st.integers(0, 50),
    )
)


def test_rows_are_gold_and_columns_predicted_with_unparsed_last():
    table = from_counts(("ok", "toxic"), [("ok", "toxic", 3), ("toxic", "toxic", 5), ("toxic", None, 2)])
    assert table.counts.tolist() == [[0, 3, 0], [0, 5, 2]]
    assert table.support.tolist() == [3, 7]
    assert table.predicted.tolist() == [0, 8]
    assert table.true_positives.tolist() == [0, 5]
    assert (table.n, table.correct, table.unparsed) == (10, 5, 2)


def test_an_answer_outside_the_label_set_counts_as_unparsed():
    table = from_counts(("ok", "toxic"), [("ok", "I cannot help with that", 4), ("ok", None, 1)])
    assert table.counts.tolist() == [[0, 0, 5], [0, 0, 0]]


def test_repeated_pairs_add_up():
    assert from_counts(["ok"], [("ok", "ok", 2), ("ok", "ok", 3)]).counts.tolist() == [[5, 0]]


@settings(deadline=None)
@given(ANSWERS)
def test_every_comment_lands_in_exactly_one_cell(triples):
    table = from_counts(("ok", "toxic"), triples)
    assert table.n == sum(comments for _, _, comments in triples)
    assert table.predicted.sum() + table.unparsed == table.n
    assert table.support.sum() == table.n


def test_row_shares_put_recall_on_the_diagonal():
    table = ConfusionTable(("a", "b"), np.array([[3, 1, 0], [2, 5, 3]]))
    assert table.row_shares == pytest.approx(np.array([[0.75, 0.25, 0.0], [0.2, 0.5, 0.3]]))


def test_a_label_without_comments_has_no_shares():
    shares = ConfusionTable(("a", "b"), np.array([[3, 1, 0], [0, 0, 0]])).row_shares
    assert np.isnan(shares[1]).all()
    assert not np.isnan(shares[0]).any()


def test_the_table_keeps_its_own_read_only_counts():
    counts = np.array([[1, 0]])
    table = ConfusionTable(("a",), counts)
    counts[0, 0] = 9
    assert table.counts[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        table.counts[0, 0] = 7


def test_tables_can_be_compared_and_hashed():
    first, second = (ConfusionTable(("a",), np.array([[1, 0]])) for _ in range(2))
    assert first == first
    assert len({first, second}) == 2


def test_a_gold_label_outside_the_label_set_is_refused_by_name():
    with pytest.raises(BadInput, match="'spam'"):
        from_counts(("ok", "toxic"), [("spam", "ok", 1)])


@pytest.mark.parametrize("comments", [-1, 1.5])
def test_a_count_that_counts_nothing_is_refused(comments):
    with pytest.raises(BadInput, match=str(comments)):
        from_counts(("ok",), [("ok", "ok", 5), ("ok", "ok", comments)])


@pytest.mark.parametrize(
    ("labels", "counts"),
    [
        ((), np.zeros((0, 1), dtype=int)),
        (("a", "a"), np.zeros((2, 3), dtype=int)),
        (("a", "b"), np.zeros((2, 2), dtype=int)),
        (("a",), np.array([[1, -1]])),
        (("a",), np.array([[0.5, 1.0]])),
    ],
)
def test_counts_that_do_not_fit_the_labels_are_refused(labels, counts):
    with pytest.raises(BadInput):
        ConfusionTable(labels, counts)
