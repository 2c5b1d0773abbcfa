import pytest

from domain.errors import Conflict, NotFound
from storage.cleanings import (
    add_cleaning,
    count_matches,
    get_cleaning,
    list_cleanings,
    list_matches,
    update_undone,
)
from storage.comments import count_by_state, get_comment
from storage.golden import add_marks
from tests.building import KIDS, asked, kids, numbers, put_in, texts

EMPTY = ["", "   ", "\n\t", "\u200b\u200d", "\u3000\u00a0", "\u202e"]


@pytest.fixture
def comments(db):
    """Six empty comments, three equal ones, two that nearly are, and one of its own."""
    kids(db)
    put_in(db, texts(*EMPTY, "hello", "hello", "hello", "Hello", "hello ", "🙂"))
    return numbers(db)


def test_a_comment_with_nothing_to_see_in_it_is_empty(db, comments):
    assert [number for number, _ in list_matches(db, KIDS, "empty", limit=50)] == comments[:6]
    assert count_matches(db, KIDS, "empty") == (6, 0)


def test_an_exact_duplicate_names_the_oldest_comment_with_the_same_bytes(db, comments):
    matches = list_matches(db, KIDS, "exact duplicate", limit=50)
    assert matches == [(comments[7], comments[6]), (comments[8], comments[6])]


def test_of_duplicates_the_one_of_the_golden_set_is_kept(db, comments):
    add_marks(db, KIDS, [comments[8]], is_golden=True, why="measured on", actor="dana")
    assert list_matches(db, KIDS, "exact duplicate", limit=50) == [
        (comments[6], comments[8]),
        (comments[7], comments[8]),
    ]


def test_a_cleaning_excludes_with_its_reason_and_deletes_nothing(db, comments):
    cleaning = add_cleaning(db, KIDS, "exact duplicate", "dana")
    assert (cleaning.excluded, cleaning.reason, cleaning.created_by) == (2, "exact duplicate", "dana")
    assert get_comment(db, comments[7]).excluded_for == "exact duplicate"
    assert get_comment(db, comments[7]).body == "hello"
    assert count_by_state(db, KIDS)["excluded"] == 2


def test_what_is_excluded_already_is_not_found_again(db, comments):
    add_cleaning(db, KIDS, "empty", "dana")
    assert count_matches(db, KIDS, "empty") == (0, 0)


def test_undoing_a_cleaning_brings_every_comment_back(db, comments):
    cleaning = add_cleaning(db, KIDS, "empty", "dana")
    undone = update_undone(db, cleaning.cleaning_id, "ana")
    assert (undone.undone_by, undone.undone_at is not None) == ("ana", True)
    assert count_by_state(db, KIDS)["excluded"] == 0
    assert count_matches(db, KIDS, "empty") == (6, 0)


def test_a_cleaning_is_undone_once(db, comments):
    cleaning = add_cleaning(db, KIDS, "empty", "dana")
    update_undone(db, cleaning.cleaning_id, "ana")
    with pytest.raises(Conflict, match="undone by ana"):
        update_undone(db, cleaning.cleaning_id, "ben")


def test_undoing_one_cleaning_leaves_the_others_in_force(db, comments):
    first = add_cleaning(db, KIDS, "empty", "dana")
    add_cleaning(db, KIDS, "exact duplicate", "dana")
    update_undone(db, first.cleaning_id, "dana")
    assert count_by_state(db, KIDS)["excluded"] == 2
    assert [cleaning.reason for cleaning in list_cleanings(db, KIDS)] == ["exact duplicate", "empty"]


def test_a_cleaning_may_be_done_again_after_it_was_undone(db, comments):
    update_undone(db, add_cleaning(db, KIDS, "empty", "dana").cleaning_id, "dana")
    assert add_cleaning(db, KIDS, "empty", "dana").excluded == 6


def test_an_unknown_rule_or_cleaning_is_not_found(db, comments):
    with pytest.raises(NotFound, match="no cleaning rule 'rude'"):
        count_matches(db, KIDS, "rude")
    with pytest.raises(NotFound):
        get_cleaning(db, 999)


def test_another_dataset_is_left_alone(db, comments):
    assert count_matches(db, "other", "empty") == (0, 0)
    add_cleaning(db, "other", "empty", "dana")
    assert asked(db, "SELECT count(*) FROM exclusions") == [(0,)]
