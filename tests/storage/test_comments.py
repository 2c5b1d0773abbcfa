import pytest

from domain.comments import CommentFilter
from domain.errors import NotFound
from storage.cleanings import add_cleaning
from storage.comments import (
    count_by_label,
    count_by_state,
    count_comments,
    get_comment,
    list_comment_ids,
    list_comments,
    list_comments_by_id,
)
from tests.building import KIDS, kids, numbers, put_in, texts, vote

TEXTS = ("100% sure", "100 percent", "a_b", "axb", "SHOUTED", "", "C:\\path", "it's; DROP TABLE comments; --")


@pytest.fixture
def comments(db):
    kids(db)
    put_in(db, texts(*TEXTS))
    return numbers(db)


def found(db, **wanted):
    return [comment.body for comment in list_comments(db, CommentFilter(KIDS, **wanted))]


def test_without_a_filter_every_comment_comes_oldest_first(db, comments):
    assert found(db) == list(TEXTS)


@pytest.mark.parametrize(
    ("contains", "bodies"),
    [
        ("%", ["100% sure"]),
        ("_", ["a_b"]),
        ("shouted", ["SHOUTED"]),
        ("\\", ["C:\\path"]),
        ("'s; drop", ["it's; DROP TABLE comments; --"]),
        (".*", []),
    ],
)
def test_the_text_that_is_looked_for_means_itself(db, comments, contains, bodies):
    assert found(db, contains=contains) == bodies


def test_filters_narrow_each_other(db, comments):
    vote(db, comments[0], "ana", "allow")
    vote(db, comments[1], "ana", "disallow")
    assert found(db, label="allow") == ["100% sure"]
    assert found(db, label="allow", contains="percent") == []
    assert found(db, author="author-3") == ["axb"]
    assert found(db, author="author-3", label="allow") == []


def test_excluded_comments_are_asked_for_by_name(db, comments):
    add_cleaning(db, KIDS, "empty", "dana")
    assert found(db, excluded=True) == [""]
    assert "" not in found(db, excluded=False)
    assert "" in found(db)


def test_pages_neither_overlap_nor_leave_out(db, comments):
    pages = [found(db, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 2, 0]
    assert sum(pages, []) == list(TEXTS)


def test_the_count_is_of_all_pages(db, comments):
    assert count_comments(db, CommentFilter(KIDS, limit=2)) == len(TEXTS)
    assert count_comments(db, CommentFilter(KIDS, contains="100")) == 2


def test_comments_come_in_the_order_of_the_numbers_asked_for(db, comments):
    wanted = [comments[5], comments[0], 999_999, comments[3]]
    assert [c.comment_id for c in list_comments_by_id(db, KIDS, wanted)] == [
        comments[5],
        comments[0],
        comments[3],
    ]
    assert list_comments_by_id(db, KIDS, []) == []


def test_a_comment_of_another_dataset_is_not_handed_over(db, comments):
    assert list_comments_by_id(db, "other", comments) == []
    assert list_comments(db, CommentFilter("other")) == []


def test_an_unknown_comment_is_not_found(db, comments):
    with pytest.raises(NotFound, match="no comment 999999"):
        get_comment(db, 999_999)


def test_states_add_up_and_an_excluded_comment_is_in_no_other(db, comments):
    vote(db, comments[0], "ana", "allow")
    vote(db, comments[1], "ana", "allow")
    vote(db, comments[1], "ben", "disallow")
    vote(db, comments[5], "ana", "allow")
    add_cleaning(db, KIDS, "empty", "dana")
    expected = {"comments": 8, "excluded": 1, "labelled": 1, "tied": 1, "waiting": 6}
    assert count_by_state(db, KIDS) == expected
    assert count_by_label(db, KIDS) == {"allow": 1}


def test_every_comment_has_its_number_by_its_identity(db, comments):
    assert list_comment_ids(db, KIDS) == {f"c{n}": number for n, number in enumerate(comments)}
