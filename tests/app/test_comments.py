import pytest

from domain.labels import Vote
from services.labelling.desk import record_votes
from tests.stored_runs import labelled_dataset


@pytest.fixture
def ids(db):
    return labelled_dataset(db, [("hello", "allow"), ("go away", "disallow")])


def test_a_comment_in_the_url_is_shown_with_a_way_back_to_the_list(ids, open_page):
    app = open_page("comments", comment=str(ids[1]))
    assert [one.value for one in app.text] == ["go away"]
    app.button(key="comment_close").click().run()
    assert "comment" not in app.query_params
    assert len(app.dataframe[0].value) == 2


@pytest.mark.parametrize("asked", ["999999", "9" * 30, "abc", "1 2", "-1", "", "<b>*x*</b>"])
def test_a_comment_that_is_not_there_is_said_not_to_be_there(ids, open_page, asked):
    app = open_page("comments", comment=asked)
    assert not app.exception
    assert app.error[0].value.startswith("There is no comment ")
    assert not app.dataframe
    app.button(key="comment_close").click().run()
    assert not app.error and len(app.dataframe[0].value) == 2


def test_how_bad_it_was_and_the_words_that_decided_stand_beside_the_vote(db, ids, open_page):
    vote = Vote(ids[1], "ben", "label", "ben-1", "disallow", severity=2, spans=((0, 2), (3, 7)))
    record_votes(db, "kids", [vote], actor="ben")
    votes = open_page("comments", comment=str(ids[1])).dataframe[0].value
    assert votes["how bad"].tolist() == ["", "2"]
    assert votes["words that decided"].tolist() == ["", "go … away"]
    assert "how bad" not in open_page("comments", comment=str(ids[0])).dataframe[0].value
