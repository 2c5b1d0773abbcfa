import pytest

from domain.comments import CommentFilter
from domain.errors import BadInput, Conflict, NotFound
from domain.labels import Vote
from services.curation import cleaning
from services.labelling import bulk
from services.labelling.desk import last_answers, record_votes
from storage.comments import list_comments_by_id
from tests.building import KIDS, kids, numbers, put_in, texts, vote

BUY = CommentFilter(KIDS, contains="buy")


@pytest.fixture
def comments(db):
    kids(db)
    put_in(db, texts("buy now", "hello", "buy here", "buy now", " "))
    return numbers(db)


def labels(db):
    return [each.label for each in list_comments_by_id(db, KIDS, numbers(db))]


def test_every_comment_of_the_list_gets_one_vote_of_the_person(db, comments):
    assert bulk.count_bulk(db, BUY) == 3
    done = bulk.label_all(db, BUY, label="DISALLOW", expected=3, actor="ana")
    assert (done.label, done.count) == ("disallow", 3)
    assert labels(db) == ["disallow", None, "disallow", "disallow", None]


def test_it_is_taken_back_together_and_votes_of_others_stay(db, comments):
    vote(db, comments[0], "ben", "allow")
    done = bulk.label_all(db, BUY, label="disallow", expected=3, actor="ana")
    assert bulk.find_last_bulk(db, KIDS, actor="ana") == done
    assert bulk.find_last_bulk(db, KIDS, actor="ben") is None
    assert bulk.undo_bulk(db, KIDS, done.bulk_id, actor="ana") == 3
    assert labels(db) == ["allow", None, None, None, None]
    assert bulk.find_last_bulk(db, KIDS, actor="ana") is None
    with pytest.raises(NotFound, match="left to take back"):
        bulk.undo_bulk(db, KIDS, done.bulk_id, actor="ana")


def test_nobody_takes_back_what_somebody_else_labelled(db, comments):
    done = bulk.label_all(db, BUY, label="disallow", expected=3, actor="ana")
    with pytest.raises(NotFound):
        bulk.undo_bulk(db, KIDS, done.bulk_id, actor="ben")


def test_excluded_comments_are_neither_counted_nor_labelled(db, comments):
    cleaning.apply_rule(db, KIDS, "exact duplicate", actor="lena")
    assert bulk.count_bulk(db, BUY) == 2
    assert bulk.label_all(db, BUY, label="disallow", expected=2, actor="ana").count == 2


def test_a_list_that_changed_since_it_was_counted_is_not_labelled(db, comments):
    put_in(db, [{"id": "late", "text": "buy late"}])
    with pytest.raises(Conflict, match="4 comments are like that now, not 3"):
        bulk.label_all(db, BUY, label="disallow", expected=3, actor="ana")


def test_a_list_that_is_empty_or_too_long_and_an_unknown_label_are_refused(db, comments, monkeypatch):
    with pytest.raises(BadInput, match="No comment"):
        bulk.label_all(db, CommentFilter(KIDS, contains="sell"), label="allow", expected=0, actor="ana")
    with pytest.raises(BadInput, match="label set"):
        bulk.label_all(db, BUY, label="spam", expected=3, actor="ana")
    monkeypatch.setattr(bulk, "MOST", 2)
    with pytest.raises(BadInput, match="More than 2"):
        bulk.label_all(db, BUY, label="allow", expected=3, actor="ana")


def test_what_was_labelled_in_bulk_is_not_among_the_last_answers_at_the_desk(db, comments):
    record_votes(db, KIDS, [Vote(comments[1], "ana", "label", "at-the-desk", "allow")], actor="ana")
    bulk.label_all(db, BUY, label="disallow", expected=3, actor="ana")
    assert [vote.client_id for _, vote in last_answers(db, KIDS, actor="ana")] == ["at-the-desk"]
