import pytest

from services.evaluation.reviews import progress, review
from storage.comments import get_comment
from storage.reviews import list_adjudications, list_reviews
from tests.stored_runs import labelled_dataset, stored_run

HOSTILE = "![x](http://127.0.0.1:9/b.png) <b>rude</b> $x$ :material/home:"


@pytest.fixture
def ids(db):
    return labelled_dataset(
        db, [("kind", "allow"), (HOSTILE, "disallow"), ("odd", "allow"), ("hm", "disallow")]
    )


@pytest.fixture
def run(db, ids):
    """Right on the first; surest of the wrong answer to the second."""
    answers = dict(zip(ids, ["allow", "allow", "disallow", None], strict=True))
    return stored_run(db, answers, scores={ids[1]: [0.9, 0.1], ids[2]: [0.3, 0.7]})


def shown(at):
    return at.text[0].value


def press(at, verdict, comment_id):
    return at.button(key=f"review_{verdict}_{comment_id}").click().run()


def test_without_a_run_the_page_says_what_to_do(open_page, ids):
    at = open_page("review")
    assert not at.exception
    assert any("no model has answered" in each.value for each in at.markdown)


def test_the_surest_miss_comes_first_as_plain_text_beside_label_prediction_and_votes(open_page, run):
    at = open_page("review")
    assert not at.exception
    assert at.title[0].value == "Review"
    assert shown(at) == HOSTILE
    assert [(each.label, each.value) for each in at.metric] == [
        ("Frozen label", "disallow"), ("Predicted", "allow"),
    ]  # fmt: skip
    assert "ana: disallow" in [each.value for each in at.text]
    assert not any("127.0.0.1" in each.value for each in at.markdown)


@pytest.mark.parametrize("verdict", ["model wrong", "guideline unclear", "cannot be judged"])
def test_one_press_records_the_verdict_and_brings_the_next_miss(open_page, db, ids, run, verdict):
    at = press(open_page("review"), verdict, ids[1])
    assert not at.exception
    assert [(each.comment_id, each.verdict, each.created_by) for each in list_reviews(db, run)] == [
        (ids[1], verdict, "ana")
    ]
    assert shown(at) == "odd"


def test_the_verdicts_have_the_keys_one_to_five(open_page, ids, run):
    at = open_page("review")
    verdicts = ("model wrong", "label wrong", "guideline unclear", "context missing", "cannot be judged")
    keys = [at.button(key=f"review_{verdict}_{ids[1]}").proto.shortcut for verdict in verdicts]
    assert keys == ["1", "2", "3", "4", "5"]


def test_label_wrong_asks_why_with_the_other_label_chosen_and_puts_it_in_force(open_page, db, ids, run):
    at = press(open_page("review"), "label wrong", ids[1])
    assert list_reviews(db, run) == []
    assert at.get("button_group")[-1].value == "allow"
    at.text_input(key=f"review_why_{ids[1]}").set_value("It is a joke.")
    at.button(key=f"FormSubmitter:review_form_{ids[1]}-Put this label in force").click().run()
    assert not at.exception
    assert get_comment(db, ids[1]).label == "allow"
    [(label, why, who, _)] = list_adjudications(db, "kids", ids[1])
    assert (label, why, who) == ("allow", "It is a joke.", "ana")
    assert shown(at) == "odd"


def test_label_wrong_without_a_reason_is_refused_and_the_miss_stays(open_page, db, ids, run):
    at = press(open_page("review"), "label wrong", ids[1])
    at.button(key=f"FormSubmitter:review_form_{ids[1]}-Put this label in force").click().run()
    assert "needs a reason" in at.error[0].value
    assert shown(at) == HOSTILE
    assert progress(db, run).reviewed == 0


def test_when_all_are_reviewed_the_page_leads_on(open_page, db, ids, run):
    at = open_page("review")
    for number in (ids[1], ids[2], ids[3]):
        at = press(at, "model wrong", number)
    assert not at.exception
    assert any("Every miss of this choice is reviewed" in each.value for each in at.markdown)
    assert list(at.dataframe[0].value["verdict"]) == ["model wrong"] * 3


def test_the_last_verdict_can_be_looked_at_again_and_changed(open_page, db, ids, run):
    at = press(open_page("review"), "model wrong", ids[1])
    at.button(key="review_again").click().run()
    assert shown(at) == HOSTILE
    assert "model wrong" in at.info[0].value
    press(at, "guideline unclear", ids[1])
    assert [each.verdict for each in list_reviews(db, run)] == ["guideline unclear"]


def test_a_label_put_in_force_by_mistake_is_taken_back_by_looking_again(open_page, db, ids, run):
    review(
        db, run_id=run, comment_id=ids[1], verdict="label wrong", label="allow", why="A slip.",
        client_id="one", actor="ana",
    )  # fmt: skip
    at = open_page("review", run=run, comment=str(ids[1]))
    assert any("takes this decision back" in each.value for each in at.caption)
    press(at, "model wrong", ids[1])
    assert get_comment(db, ids[1]).label == "disallow"
    assert not open_page("comments", comment=str(ids[1])).exception


def test_the_frozen_label_is_offered_again_once_a_decision_overruled_it(open_page, db, ids, run):
    at = press(open_page("review"), "label wrong", ids[1])
    assert at.get("button_group")[-1].options == ["allow"]
    review(
        db, run_id=run, comment_id=ids[1], verdict="label wrong", label="allow", why="A joke.",
        client_id="one", actor="ana",
    )  # fmt: skip
    at = press(open_page("review", run=run, comment=str(ids[1])), "label wrong", ids[1])
    assert at.get("button_group")[-1].options == ["allow", "disallow"]


def test_a_link_opens_one_cell_or_one_comment(open_page, ids, run):
    assert shown(open_page("review", run=run, gold="allow", predicted="disallow")) == "odd"
    assert shown(open_page("review", run=run, predicted="(unparsed)")) == "hm"
    assert shown(open_page("review", run=run, comment=str(ids[3]))) == "hm"


def test_a_link_to_a_comment_that_the_run_did_not_answer_is_an_error_in_words(open_page, run):
    at = open_page("review", run=run, comment="12345")
    assert not at.exception
    assert "12345" in at.error[0].value


def test_a_link_to_a_comment_that_is_no_miss_says_so(open_page, ids, run):
    at = open_page("review", run=run, comment=str(ids[0]))
    assert not at.exception
    assert "is no miss" in at.info[0].value


def test_a_run_without_a_miss_says_so(open_page, db, ids):
    stored_run(db, dict(zip(ids, ["allow", "disallow", "allow", "disallow"], strict=True)))
    at = open_page("review")
    assert not at.exception
    assert "has no miss" in at.success[0].value


def test_a_reviewed_miss_shows_what_was_said_and_its_words_are_inert(open_page, db, ids, run):
    review(
        db, run_id=run, comment_id=ids[1], verdict="label wrong", label="allow", why="**see** [x](http://127.0.0.1:9)",
        client_id="one", actor="ben",
    )  # fmt: skip
    at = open_page("review", run=run, comment=str(ids[1]))
    assert "\\*\\*see\\*\\*" in at.info[0].value
    assert any("In force now: **allow** (adjudicated)" in each.value for each in at.caption)
