import pytest

from tests.stored_runs import labelled_dataset, stored_run

GOLD = ["allow"] * 30 + ["disallow"] * 20


@pytest.fixture
def ids(db):
    return labelled_dataset(db, [(f"comment <b>{place}</b>", label) for place, label in enumerate(GOLD)])


def answers(ids, wrong):
    other = {"allow": "disallow", "disallow": "allow"}
    return {
        number: other[gold] if place in wrong else gold
        for place, (number, gold) in enumerate(zip(ids, GOLD, strict=True))
    }


@pytest.fixture
def runs(db, ids):
    """Twelve comments fixed, one broken, one wrong in both."""
    before = stored_run(db, answers(ids, {*range(12), 40}), name="old *one*")
    return before, stored_run(db, answers(ids, {40, 41}), name="new", snapshot_id="snapshot-1")


def words(at):
    return " ".join(str(each.value) for each in [*at.markdown, *at.caption])


def test_with_one_run_the_page_says_what_to_do(open_page, db, ids):
    stored_run(db, answers(ids, set()))
    at = open_page("compare")
    assert not at.exception
    assert "Two runs are needed" in words(at)


def test_the_newest_run_is_compared_with_the_one_before_and_the_sentence_comes_first(open_page, runs):
    at = open_page("compare")
    assert not at.exception
    assert at.title[0].value == "Compare"
    assert (at.selectbox(key="before_picked").value, at.selectbox(key="after_picked").value) == runs
    badge, told = [each.value for each in at.markdown if "badge" in each.value or "right on" in each.value][
        :2
    ]
    assert badge == ":green-badge[Better]"
    assert told.startswith("new is right on 12 comments that old \\*one\\* got wrong")


def test_the_four_counts_and_both_accuracies_stand_with_interval_and_n(open_page, runs):
    at = open_page("compare")
    assert {each.label: each.value for each in at.metric} == {
        "Accuracy before": "0.740", "Accuracy after": "0.960", "Difference in accuracy": "0.220",
        "Fixed": "12", "Broken": "1", "Both wrong": "1", "Both right": "36",
    }  # fmt: skip
    assert "24.0% of n = 50" in words(at)
    assert "exact McNemar p = 0.003" in words(at)


def test_what_was_broken_or_fixed_is_listed_as_text(open_page, ids, runs):
    at = open_page("compare")
    labels, table = at.dataframe[0].value, at.dataframe[1].value
    assert list(labels["p after Holm"]) == ["< 0.001", "1.000"]
    assert list(table["comment"]) == [ids[41]]
    assert (table["text"][0], table["before"][0], table["after"][0]) == (
        "comment <b>41</b>", "disallow", "allow"
    )  # fmt: skip
    at = open_page("compare", show="fixed", label="allow")
    assert len(at.dataframe[1].value) == 12


def test_a_link_names_both_runs(open_page, runs):
    at = open_page("compare", before=runs[1], after=runs[0])
    assert ":red-badge[Worse]" in words(at)


def test_a_difference_that_may_be_noise_is_not_decidable(open_page, db, ids, runs):
    stored_run(db, answers(ids, {40, 42}), name="third", snapshot_id="snapshot-1")
    assert ":gray-badge[Not decidable]" in words(open_page("compare"))


def test_two_models_with_the_same_answers_are_told_as_such(open_page, ids, db, runs):
    stored_run(db, answers(ids, {0, 41}), name="third", snapshot_id="snapshot-1")
    stored_run(db, answers(ids, {0, 41}), name="fourth", snapshot_id="snapshot-1")
    told = words(open_page("compare", before="run-3", after="run-4"))
    assert ":gray-badge[Same answers]" in told
    assert "They gave the same answers" in told
    assert "Not decidable" not in told


def test_a_run_against_itself_is_refused_in_words(open_page, runs):
    at = open_page("compare", before=runs[0], after=runs[0])
    assert not at.exception
    assert "itself" in at.error[0].value


def test_comments_that_cannot_be_compared_are_counted(open_page, db, ids, runs):
    fewer = dict(list(answers(ids, {1}).items())[:40])
    stored_run(db, fewer, name="third", snapshot_id="snapshot-1")
    assert "Left out: 10 comments that only the run before answered" in words(open_page("compare"))


def test_several_models_stand_in_one_table_against_a_reference(open_page, db, ids, runs):
    third = stored_run(db, answers(ids, {40, 42}), name="third", snapshot_id="snapshot-1")
    at = open_page("compare", by="Several at once", reference=runs[0])
    assert not at.exception
    table = at.dataframe[0].value
    assert list(table["model"]) == ["new", "third", "old *one*"]
    assert list(table["verdict"]) == ["better", "better", "reference"]
    assert table["difference"][0].startswith("+0.220")
    assert "new is right most often\\: 0\\.960" in words(at)
    at.multiselect(key="compare_lineup").set_value([third]).run()
    assert "Choose two runs or more." in words(at)
