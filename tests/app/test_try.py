from datetime import date, timedelta

import pytest

from services.curation.comments import history
from services.curation.datasets import mark_child_data
from services.jobs.managing.answering import answering
from storage.imports import list_imports
from tests.hosted import KEY_VARIABLE
from tests.hostile import FOR_BROWSERS
from tests.provider.fixtures import provider, provider_address
from tests.stored_models import TUNED, baseline, dataset, hosted
from ui.modelling import verdicts

__all__ = ["provider", "provider_address"]


@pytest.fixture(scope="module", autouse=True)
def nothing_left_running():
    yield
    answering().close()


@pytest.fixture
def key(provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)


@pytest.fixture
def comments(db):
    return dataset(db)


def told(app):
    return " ".join(part.value for part in [*app.markdown, *app.caption, *app.warning, *app.info, *app.error])


def tried(app, text):
    app.text_area[0].set_value(text)
    return press(app, "Try")


def press(app, label):
    next(button for button in app.button if button.label == label).click()
    return app.run(timeout=60)


def test_without_models_the_page_says_to_train_one(comments, open_page):
    app = open_page("try")
    assert not app.exception
    assert "There is no model to try yet" in told(app)
    assert [link.label for link in app.main.page_link] == ["Train a model"]


def test_before_anything_is_asked_the_page_says_what_happens_to_a_text(db, comments, open_page):
    first = baseline(db)
    app = open_page("try")
    assert not app.exception
    assert "stays here unless you save it" in told(app)
    assert app.multiselect[0].value == [first.model_id]
    assert app.title[0].value == "Playground"


def test_one_press_gives_the_verdict_first_and_what_is_behind_it_after(db, comments, open_page):
    baseline(db)
    app = tried(open_page("try"), "you are rotten indeed")
    assert not app.exception and not app.error
    assert [title.value for title in app.title[1:]] == [":red[disallow]"]
    assert "Deciding words" in told(app) and "train split" in told(app)
    assert any("rotten" in text.value for text in app.text)


def test_models_that_disagree_are_told(db, comments, open_page):
    first, second = baseline(db, "One"), baseline(db, "Two")
    app = open_page("try")
    app.multiselect[0].set_value([first.model_id, second.model_id])
    app = tried(app, "you are rotten")
    assert [title.value for title in app.title[1:]] == [":red[disallow]"] * 2
    assert "All 2 say the same" in told(app)


def test_a_list_becomes_a_table_and_its_first_row_is_open(db, comments, open_page):
    first = baseline(db)
    app = open_page("try")
    app.toggle[0].set_value(True)
    app = tried(app, "you are rotten\n\nyou are sweet")
    table = app.dataframe[0].value
    assert list(table["text"]) == ["you are rotten", "you are sweet"]
    [column] = [name for name in table.columns if name.startswith(first.model_id)]
    assert [cell.split()[0] for cell in table[column]] == ["disallow", "allow"]
    assert [title.value for title in app.title[1:]] == [":red[disallow]"]


def test_a_line_with_personal_data_is_withheld_from_the_provider_and_the_others_are_shown(
    db, comments, provider, key, open_page
):
    ours = hosted(db, provider)
    provider.add_model(TUNED, [("you are sweet", "allow"), ("you are awful", "disallow")])
    app = open_page("try")
    app.toggle[0].set_value(True)
    app.multiselect[0].set_value([ours])
    app = tried(app, "write to bob@example.org\nyou are sweet")
    assert not app.exception
    table = app.dataframe[0].value
    [column] = [name for name in table.columns if name.startswith(ours)]
    assert table[column][0] == "withheld" and table[column][1].split()[0] in ("allow", "disallow")
    assert list(table["agree"]) == ["yes", "yes"]
    assert "Text 1 holds an e-mail address: it was not sent." in told(app).replace("\\", "")


@pytest.mark.parametrize(("days", "words"), [(1, "Ends on"), (0, "Shut on"), (-1, "Shut on")])
def test_a_model_that_will_end_is_not_called_shut(days, words):
    day = date.today() + timedelta(days=days)
    assert f"{words} {day}" in verdicts.ending(day)


def test_a_link_brings_a_comment_and_a_model(db, comments, open_page):
    older, _ = baseline(db, "Older"), baseline(db, "Newer")
    app = open_page("try", comment=str(comments[0]), model=older.model_id)
    assert app.text_area[0].value == "you are awful said number0"
    assert older.model_id in app.multiselect[0].value
    assert app.main.page_link[0].label == f"Comment {comments[0]}, in force: disallow"


@pytest.mark.parametrize("comment", ["999999", "x"])
def test_a_link_to_no_comment_says_so(db, comments, open_page, comment):
    baseline(db)
    app = open_page("try", comment=comment)
    assert not app.exception
    assert "There is no comment" in app.error[0].value


def test_nothing_and_too_much_are_refused_in_words(db, comments, open_page):
    baseline(db)
    assert "There is no text to try" in tried(open_page("try"), "  ").error[0].value
    app = open_page("try")
    app.toggle[0].set_value(True)
    assert "more than 200" in tried(app, "x\n" * 201).error[0].value


def test_a_surprising_text_is_saved_with_a_vote_and_linked(db, comments, open_page):
    baseline(db)
    app = tried(open_page("try"), "you are rotten indeed")
    app.pills[0].set_value("allow").run()
    app = press(app, "Save")
    assert not app.exception and not app.error
    [made] = list_imports(db, "kids")
    assert made.created_by == "ana"
    link = next(link for link in app.main.page_link if link.label == "Look at it")
    number = int(link.proto.query_string.rpartition("comment=")[2].split("&")[0])
    saved = history(db, number)
    assert (saved.comment.body, saved.comment.label) == ("you are rotten indeed", "allow")


def test_hostile_texts_are_shown_as_text(db, comments, open_page):
    baseline(db)
    for text in FOR_BROWSERS[:4]:
        app = tried(open_page("try"), text)
        assert not app.exception and not app.error, text


def test_a_hosted_model_that_may_not_be_asked_says_why_and_the_others_answer(
    db, comments, open_page, provider, key
):
    baseline(db)
    hosted(db, provider)
    app = tried(open_page("try"), "write to bob@example.org you rotten")
    assert [title.value for title in app.title[1:]] == [":red[disallow]"]
    assert told(app).count("No answer.") == 2 and "an e\\-mail address" in told(app)
    assert provider.requests() == []


def test_free_text_goes_to_base_and_tuned_model_side_by_side(db, comments, open_page, provider, key):
    free = hosted(db, provider, labels=(), name="Writes")
    provider.add_model(TUNED, [("What is it?", "A tuned *answer*.")])
    app = open_page("try", model=free)
    assert not app.exception
    assert app.multiselect[0].value == [TUNED, "gpt-4o-mini-2024-07-18"]
    app.text_area[1].set_value("What is it?")
    app = press(app, "Ask")
    assert not app.exception and not app.error
    assert "A tuned *answer*." in [text.value for text in app.text]
    assert len(app.text) == 2
    assert "tokens" in told(app) and "\\$0.0" in told(app)


def test_free_text_is_refused_while_comments_of_children_are_in_hand(db, comments, open_page, provider, key):
    free = hosted(db, provider, labels=())
    mark_child_data(db, "kids", may_hold_child_data=True, actor="ana", why="test")
    app = open_page("try", model=free)
    assert "may hold data of children" in app.warning[0].value
    assert not [button for button in app.button if button.label == "Ask"]
