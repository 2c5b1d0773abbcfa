import pytest

from services.curation import texts
from services.curation.cleaning import list_cleanings
from services.curation.contradictions import list_settlements
from services.curation.datasets import create_dataset
from tests.building import KIDS, kids, put_in


@pytest.fixture
def comments(db):
    kids(db)
    rows = [
        "what a lovely snail in the video",
        "what a lovely snail in the video",
        "mail me: ana@example.org",
        "😂😂",
    ]
    put_in(db, [{"id": f"c{n}", "text": text, "author": f"a{n}"} for n, text in enumerate(rows)])
    texts.look_at_texts(db, KIDS)


def told(app):
    return " ".join(one.value for one in app.markdown)


def test_an_empty_dataset_says_what_to_do_first(db, open_page):
    create_dataset(db, "new", ("allow", "disallow"), actor="ana")
    app = open_page("clean", dataset="new")
    assert not app.exception and "has no comments" in told(app)


def test_each_kind_of_problem_is_a_card_whose_action_is_done_and_undone(db, comments, open_page):
    app = open_page("clean", dataset=KIDS)
    assert not app.exception
    for title in ("Exact duplicates", "Personal data", "Emoji only"):
        assert title in told(app)
    app.button(key="clean_exact_duplicates").click().run()
    assert [one.excluded for one in list_cleanings(db, KIDS)] == [1]
    app.button(key="undo_1").click().run()
    assert list_cleanings(db, KIDS)[0].undone_by == "ana"
    app.button(key="clean_personal_data").click().run()
    assert texts.steps_in_force(db, KIDS) == ("personal",)
    app.button(key="undo_repair_1").click().run()
    assert texts.steps_in_force(db, KIDS) == () and not app.exception


def test_a_contradiction_is_decided_side_by_side_and_taken_back(db, open_page):
    kids(db)
    text = "what a lovely snail in the video"
    rows = [{"id": label, "text": text, "author": label, "label": label} for label in ("allow", "disallow")]
    put_in(db, rows)
    app = open_page("clean", dataset=KIDS)
    assert "Exact duplicates** · 0" in told(app) and "1 groups are left" in told(app)
    assert app.button(key="clean_exact_duplicates").disabled
    assert not any("Exact duplicates" in one.value for one in app.caption), "is not said to be clear"
    group = app.get("radio")[0].key.rsplit("_", 1)[1]
    assert "**allow**" in told(app) and "**disallow**" in told(app)
    next(one for one in app.button if one.label == "Decide").click().run()
    assert "needs a reason" in app.error[0].value
    app.radio(key=f"clean_group_label_{group}").set_value("allow")
    app.text_input(key=f"clean_group_why_{group}").set_value("a snail")
    next(one for one in app.button if one.label == "Decide").click().run()
    assert [one.label for one in list_settlements(db, KIDS)] == ["allow"] and not app.exception
    assert "are left" not in told(app) and "Exact duplicates** · 1" in told(app), "counted again at once"
    app.button(key="clean_group_undo").click().run()
    assert list_settlements(db, KIDS)[0].undone_by == "ana"
    next(one for one in app.button if one.label == "Exclude the whole group").click().run()
    assert [one.excluded for one in list_cleanings(db, KIDS)] == [2] and not app.exception


def test_a_figure_in_the_url_opens_its_comments(comments, open_page):
    app = open_page("clean", dataset=KIDS, figure="length", value="1 to 20")
    assert not app.exception
    assert [list(table.value["text"]) for table in app.dataframe] == [["😂😂"]]
