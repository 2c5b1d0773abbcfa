import pytest

from services.release.policy import find_policy, policy_of, starter_policy
from services.release.releases import approve, find_champion, get_release, propose
from storage.releases import list_releases
from tests.released import CLOSE, EASY, STRICT, answered, model_of, rows, ruled

HOSTILE = "<img src=x onerror=alert(1)> **bold** [link](http://127.0.0.1:9/)"


@pytest.fixture
def ids(db):
    return rows(db)


@pytest.fixture
def ready(db, ids):
    """The policy passes the model, which cleo trained (as the page's visitor, ana, did not)."""
    ruled(db, EASY)
    model = model_of(db, answered(ids, missed=6), name=HOSTILE)
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE models SET created_by = 'cleo'")
    return model


def words(at):
    return " ".join(str(each.value) for each in [*at.markdown, *at.caption, *at.info, *at.warning])


def press(at, label):
    [button] = [each for each in at.button if each.label == label]
    return button.click().run()


def test_without_a_dataset_the_page_says_what_to_do(open_page):
    assert "There is no dataset yet" in words(open_page("release"))


def test_without_test_answers_the_page_says_what_to_do(open_page, ids):
    at = open_page("release")
    assert not at.exception
    assert at.title[0].value == "Release"
    assert "No model has answered a test split yet" in words(at)


def test_without_a_policy_the_page_proposes_one_and_saves_what_is_written(open_page, db, ids):
    model_of(db, answered(ids))
    at = open_page("release")
    assert "There is no release policy yet" in words(at)
    assert '"clause": "recall", "label": "disallow"' in at.text_area[0].value
    at.text_area[0].set_value(policy_of(CLOSE).text)
    at = press(at, "Save this text")
    assert not at.exception
    assert find_policy(db, "kids").clauses == policy_of(CLOSE).clauses
    assert "Recall of “disallow” at least 0\\.9" in words(at)


def test_the_proposed_policy_is_saved_as_the_table_shows_it(open_page, db, ids):
    model_of(db, answered(ids))
    at = press(open_page("release"), "Save this policy")
    assert not at.exception
    assert {each.kind for each in find_policy(db, "kids").clauses} >= {"recall", "leaks", "not_worse_than"}


def test_a_policy_that_cannot_be_used_says_which_clause_and_keeps_what_was_written(open_page, db, ids):
    model_of(db, answered(ids))
    at = open_page("release")
    at.text_area[0].set_value('{"clauses": [{"clause": "kindness"}]}')
    at = press(at, "Save this text")
    assert "Clause 1" in at.error[0].value
    assert "kindness" in at.text_area[0].value
    assert find_policy(db, "kids") is None


@pytest.mark.parametrize(
    ("clauses", "says"),
    [
        (EASY, "The model meets the policy."),
        (STRICT, "The model does not meet the policy."),
        (CLOSE, "The data cannot say whether the model meets the policy."),
    ],
)
def test_the_verdict_comes_first_in_words(open_page, db, ids, clauses, says):
    ruled(db, clauses)
    model_of(db, answered(ids, missed=6))
    at = open_page("release")
    assert not at.exception
    assert says in at.markdown[0].value


def test_what_does_not_hold_comes_before_what_holds_with_the_reason(open_page, db, ids):
    ruled(db, [*EASY, *CLOSE, *STRICT])
    model_of(db, answered(ids, missed=6))
    at = open_page("release")
    badges = [each.value for each in at.markdown if each.value.startswith(":") and "badge[" in each.value]
    assert [badge.split("-")[0] for badge in badges[:4]] == [":red", ":gray", ":green", ":green"]
    assert "more comments labelled “disallow” would decide" in words(at)
    assert "0.925 (0.846 to 0.965)" in words(at)


def test_one_person_proposes_and_another_approves(open_page, db, ready):
    at = press(open_page("release"), "Propose for production")
    assert not at.exception
    assert "ana proposed it; somebody else has to approve it" in words(at).replace("\\", "")
    assert [each.label for each in at.button if each.label in ("Approve", "Reject")] == ["Reject"]
    assert find_champion(db, "kids") is None


def test_somebody_else_approves_and_it_is_in_production(open_page, db, ready):
    propose(db, ready, actor="ben")
    at = press(open_page("release"), "Approve")
    assert not at.exception
    assert find_champion(db, "kids") == "release-1"
    assert "In production:" in words(at)
    assert [each.label for each in at.get("download_button")] == ["HTML, to print", "Markdown", "JSON"]


def test_proposing_a_model_that_fails_is_no_main_button_and_needs_a_note(open_page, db, ready):
    ruled(db, STRICT)
    at = open_page("release")
    [button] = [each for each in at.button if each.label == "Propose although it fails"]
    assert button.proto.type == "secondary"
    at = press(at, "Propose although it fails")
    assert "only with a note" in at.error[0].value.replace("\\", "")
    [note] = [each for each in at.text_input if "required" in each.label]
    note.set_value("The old one is shut tomorrow.")
    at = press(at, "Propose although it fails")
    assert not at.exception
    assert [each.state for each in list_releases(db, "kids")] == ["proposed"]


def test_without_a_pass_the_button_says_so_and_asks_for_a_reason(open_page, db, ids, ready):
    propose(db, ready, actor="ben")
    ruled(db, STRICT)
    at = press(open_page("release"), "Release all the same")
    assert "only with a written reason" in at.error[0].value.replace("\\", "")
    at.text_area(key="release_why").set_value("The old one is shut tomorrow.")
    at = press(at, "Release all the same")
    assert not at.exception
    assert get_release(db, "release-1").decision.why == "The old one is shut tomorrow."


def test_a_rejection_is_kept_with_its_reason(open_page, db, ready):
    propose(db, ready, actor="ben")
    at = open_page("release")
    at.text_area(key="release_why").set_value("Too many misses.")
    at = press(at, "Reject")
    assert not at.exception
    assert list_releases(db, "kids")[0].state == "rejected"
    assert "Too many misses" in words(at)


def test_an_earlier_release_is_rolled_back_to(open_page, db, ids, ready):
    other = model_of(db, answered(ids), name="other", snapshot_id="snapshot-1")
    for model in (ready, other):
        approve(db, propose(db, model, actor="ben").release_id, why="Go.", actor="lena")
    at = open_page("release")
    at.text_input(key="release_back_why").set_value("It removed kind comments.")
    at = press(at, "Roll back")
    assert not at.exception
    assert find_champion(db, "kids") == "release-1"
    assert "Rolled back to by ana" in words(at)


def test_the_page_compares_with_what_is_in_production(open_page, db, ids, ready):
    approve(db, propose(db, ready, actor="ben").release_id, actor="lena")
    other = model_of(db, answered(ids), name="other", snapshot_id="snapshot-1")
    at = open_page("release", model=other)
    assert "is right on 6 comments that" in words(at)


def test_names_are_shown_as_they_are(open_page, db, ready):
    approve(db, propose(db, ready, why=HOSTILE, actor="ben").release_id, why=HOSTILE, actor="lena")
    at = open_page("release")
    assert not at.exception
    assert not any("<img" in each.value.replace("\\<img", "") for each in [*at.markdown, *at.caption])
    assert not any("**bold**" in each.value for each in [*at.markdown, *at.caption])


def test_the_proposed_policy_reads_as_sentences_and_is_taken_as_it_is(open_page, db, ids):
    model_of(db, answered(ids))
    at = open_page("release")
    assert "- Recall of “disallow” at least 0\\.8, with 95 % confidence" in words(at)
    assert not press(at, "Use these clauses").exception
    assert find_policy(db, "kids").clauses == starter_policy(("allow", "disallow")).clauses


def test_home_says_what_the_policy_says_of_the_newest_model(open_page, db, ids):
    model_of(db, answered(ids, missed=6))
    assert "There is no release policy yet" in words(open_page("overview"))
    ruled(db, STRICT)
    told = words(open_page("overview"))
    assert "Fail] by version 1 of the policy: Of 2 clauses 1 passed, 1 failed." in told
    assert "Not met: Recall of “disallow” at least 0\\.99" in told
    assert "0 of 6 misses of model-1 read" in told
