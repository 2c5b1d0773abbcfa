import pytest

from services.evaluation.saved_slices import list_saved_slices, save_slice
from storage.votes import list_votes
from tests.hostile import HOSTILE
from tests.stored_runs import labelled_dataset


@pytest.fixture
def ids(db):
    pairs = [(f"you are an IDIOT {n}", "disallow") for n in range(25)] + [
        ("hello", "allow"),
        ("idiots", "allow"),
    ]
    return labelled_dataset(db, pairs)


def rows(app):
    return [button.label for button in app.button if (button.key or "").startswith("hit_")]


def test_what_is_found_is_marked_and_a_row_opens_the_comment(ids, open_page):
    app = open_page("comments", contains='"idiot" -3')
    assert app.caption[0].value.startswith("22 comments.")
    assert rows(app)[0] == "you are an :orange-background[IDIOT] 0"
    app.button(key=f"hit_{ids[0]}").click().run()
    assert app.query_params["comment"] == [str(ids[0])] or app.query_params["comment"] == str(ids[0])
    assert app.text[0].value == "you are an IDIOT 0"


def test_a_link_carries_the_whole_search(ids, open_page):
    app = open_page("comments", contains="idiot", label="allow", shortest="3", slice="")
    assert not app.exception and rows(app) == [":orange-background[idiot]s"]
    told = [caption.value for caption in app.caption]
    assert "Only: label allow · shortest 3" in told
    app.button(key="comments_clear").click().run()
    assert app.caption[0].value.startswith("26 comments.")


@pytest.mark.parametrize(
    "asked",
    [
        {"label": "<b>"},
        {"shortest": "x"},
        {"since": "soon"},
        {"slice": "none"},
        {"flag": "?"},
        {"import": "-1"},
    ],
)
def test_a_link_that_asks_for_what_is_not_there_shows_the_list(ids, open_page, asked):
    app = open_page("comments", **asked)
    assert not app.exception and app.caption[0].value.startswith("27 comments.")


def test_a_search_is_saved_under_a_name_found_again_and_taken_away(ids, db, open_page):
    app = open_page("comments", contains="idiot", label="allow")
    app.text_input(key="slice_name").input("mild").run()
    app.button(key="slice_save").click().run()
    [saved] = list_saved_slices(db, "kids")
    assert (saved.name, saved.wanted) == ("mild", {"contains": "idiot", "label": "allow"})
    app = open_page("comments", slice="mild")
    assert rows(app) == [":orange-background[idiot]s"]
    app.button(key="slice_forget").click().run()
    assert list_saved_slices(db, "kids") == [] and not app.exception


def test_a_search_that_finds_nothing_or_is_too_long_says_so(ids, open_page):
    assert open_page("comments", contains="absent").info[0].value == "No comment is like that. Ask for less."
    app = open_page("comments", contains=" ".join(str(number) for number in range(20)))
    assert not app.exception and "20 terms" in app.error[0].value


def test_the_list_is_labelled_as_it_was_searched(ids, db, open_page):
    app = open_page("comments", contains="idiots")
    app.selectbox(key="bulk_label").set_value("disallow").run()
    app.button(key="bulk_go").click().run()
    assert [vote.label for vote in list_votes(db, "kids", ids[26]) if vote.source == "bulk"] == ["disallow"]
    assert not [vote for vote in list_votes(db, "kids", ids[0]) if vote.source == "bulk"]


def test_the_list_is_exported_as_it_was_searched(ids, db, open_page):
    app = open_page("comments", contains="idiots")
    app.button(key="export_go_kids").click().run()
    assert not app.exception
    [file] = (db.home / "exports").iterdir()
    assert file.name == "kids.1.csv" and len(file.read_text().splitlines()) == 2
    assert any(f"{len(ids)} texts" in caption.value for caption in app.caption)  # nobody looked at them


def test_hostile_comments_are_shown_letter_by_letter(db, open_page):
    labelled_dataset(db, [(f"{text} needle {text}", "allow") for text in HOSTILE[:18]])
    save_slice(db, "kids", "=1+1", {"contains": "needle"}, actor="ana")
    app = open_page("comments", contains="needle")
    assert not app.exception and len(rows(app)) == 18
    assert all(":orange-background[needle]" in row for row in rows(app))
    assert not any("](http" in row or "<script" in row.replace("\\<", "") for row in rows(app))
