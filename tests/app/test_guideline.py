import pytest

from domain.errors import Conflict
from services.curation import datasets
from tests.stored_runs import labelled_dataset


@pytest.fixture
def dataset(db):
    labelled_dataset(db, [("one", "allow"), ("two", "disallow")])
    return "kids"


def told(app):
    return " ".join(part.value for part in [*app.markdown, *app.caption, *app.text, *app.info])


def test_without_a_dataset_the_page_says_to_import(open_page):
    assert "There is no dataset yet" in told(open_page("guideline"))


def test_without_a_guideline_it_says_what_one_is_for(dataset, open_page):
    app = open_page("guideline")
    assert not app.exception
    assert "There is no guideline yet" in told(app)
    assert app.button(key="guideline_save").disabled


def test_what_is_written_becomes_the_next_version_and_the_one_before_stays(db, dataset, open_page):
    datasets.write_guideline(db, dataset, "Be kind.\nAllow jokes.", actor="bo")
    app = open_page("guideline")
    assert app.button(key="guideline_save").label == "Save as version 2"
    app.text_area[0].set_value("Be kind.\nAllow *good* jokes.").run()
    app.button(key="guideline_save").click().run()
    assert not app.exception
    versions = datasets.list_guidelines(db, dataset)
    assert [(one.version, one.body, one.created_by) for one in versions] == [
        (2, "Be kind.\nAllow *good* jokes.", "ana"),
        (1, "Be kind.\nAllow jokes.", "bo"),
    ]
    assert "-Allow jokes.\n+Allow *good* jokes." in app.code[0].value


def test_a_draft_outlives_what_somebody_else_saves_meanwhile(db, dataset, open_page):
    app = open_page("guideline")
    app.text_area[0].set_value("Mine.").run()
    datasets.write_guideline(db, dataset, "Theirs.", actor="bo")
    app.run()
    assert app.text_area[0].value == "Mine."
    assert "bo saved version 1 while you were writing" in app.warning[0].value
    app.button(key="guideline_save").click().run()
    assert [one.body for one in datasets.list_guidelines(db, dataset)] == ["Mine.", "Theirs."]


def test_a_draft_outlives_a_look_at_another_page(dataset, open_page):
    app = open_page("guideline")
    app.text_area[0].set_value("Half of it").run()
    app.switch_page("../../pages/label.py").run()
    assert app.switch_page("../../pages/guideline.py").run().text_area[0].value == "Half of it"


def test_a_draft_can_be_dropped_for_theirs(db, dataset, open_page):
    app = open_page("guideline")
    app.text_area[0].set_value("Mine.").run()
    datasets.write_guideline(db, dataset, "Theirs.", actor="bo")
    app.run()
    app.button(key="guideline_anew").click().run()
    assert app.text_area[0].value == "Theirs."
    assert not app.warning


def test_an_untouched_text_follows_the_newest_version(db, dataset, open_page):
    app = open_page("guideline")
    datasets.write_guideline(db, dataset, "Theirs.", actor="bo")
    assert app.run().text_area[0].value == "Theirs."


def test_a_version_that_was_not_read_is_not_written_over(db, dataset):
    datasets.write_guideline(db, dataset, "Theirs.", actor="bo")
    with pytest.raises(Conflict, match="version 1"):
        datasets.write_guideline(db, dataset, "Mine.", actor="ana", instead_of=0)
