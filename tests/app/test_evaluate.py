import json

import pytest
import streamlit as st

from services.reporting.facts import report_facts
from services.reporting.files import report_file
from services.reporting.report import model_report
from tests.documents import read_page
from tests.released import one_sided, ruled
from tests.stored_runs import labelled_dataset, stored_run

HOSTILE = "<img src=x onerror=alert(1)> [link](http://127.0.0.1:9/) **bold** \u202eabc"


@pytest.fixture
def ids(db):
    pairs = [(f"kind {n}", "allow") for n in range(30)] + [(f"rude {n}", "disallow") for n in range(9)]
    return labelled_dataset(db, [*pairs, (HOSTILE, "disallow")])


@pytest.fixture
def run(db, ids):
    """Right on 36 of 40: two kind ones are forbidden, a rude one allowed, the last one not answered."""
    answers = dict.fromkeys(ids[:30], "allow") | dict.fromkeys(ids[30:], "disallow")
    wrong = {ids[0]: "disallow", ids[1]: "disallow", ids[30]: "allow", ids[39]: None}
    return stored_run(db, answers | wrong, name="*bold* model")


def words(at):
    return " ".join(str(each.value) for each in [*at.markdown, *at.caption, *at.text, *at.metric])


def test_without_a_dataset_the_page_says_what_to_do(open_page):
    at = open_page("evaluate")
    assert not at.exception
    assert "There is no dataset yet" in words(at)


def test_without_a_run_the_page_says_what_to_do(open_page, ids):
    at = open_page("evaluate")
    assert not at.exception
    assert at.title[0].value == "Evaluate"
    assert "No model has answered anything yet" in words(at)


def test_headline_numbers_come_with_interval_and_n(open_page, run):
    at = open_page("evaluate")
    assert not at.exception
    assert [(each.label.replace("\\", ""), each.value) for each in at.metric[:4]] == [
        ("Accuracy", "0.900"), ("Macro-F1", "0.875"), ("Weakest recall", "0.800"),
        ("Worst slice, accuracy", "0.900"),
    ]  # fmt: skip
    assert "95 % interval 0.769 to 0.960 · n = 40" in words(at)
    assert "n = 10 :orange-badge[few]" in words(at)
    assert "1 answer named no label" in words(at)


def test_withheld_comments_are_told_apart_from_answers_that_named_no_label(open_page, db, ids):
    answers = dict.fromkeys(ids, "allow") | dict.fromkeys(ids[:3])
    stored_run(db, answers, withheld=ids[:2])
    told = words(open_page("evaluate"))
    assert "1 answer named no label; 2 comments were withheld for personal data and never asked" in told


def test_the_sentence_says_what_the_numbers_were_measured_on(open_page, run):
    told = words(open_page("evaluate"))
    assert "the **test** split of **snapshot-1** (40 rows, imported split, no guideline" in told
    assert "Labels given by one person's vote 40" in told


def test_an_undefined_precision_prints_as_undefined_and_averages_follow_the_labels(open_page, db, ids):
    stored_run(db, dict.fromkeys(ids, "allow"))
    table = open_page("evaluate").dataframe[0].value
    assert list(table["label"]) == ["allow", "disallow", "macro average", "weighted average"]
    assert table["precision"][1] == "undefined"
    assert table["recall"][1].startswith("0.000 (0.000 to 0.2")
    assert table["note"][1] == "few"


def test_the_newest_run_is_shown_unless_a_link_names_another(open_page, db, ids, run):
    newer = stored_run(db, dict.fromkeys(ids, "allow"), snapshot_id="snapshot-1")
    assert open_page("evaluate").selectbox(key="run_picked").value == newer
    assert open_page("evaluate", run=run).selectbox(key="run_picked").value == run


def test_a_link_to_a_run_that_is_not_here_says_so(open_page, run):
    at = open_page("evaluate", run="run-99")
    assert "run\\-99 is not among" in at.warning[0].value
    assert at.selectbox(key="run_picked").value == run


def test_choosing_another_run_changes_the_numbers_and_the_link(open_page, db, ids, run):
    stored_run(db, dict.fromkeys(ids, "allow"), snapshot_id="snapshot-1")
    at = open_page("evaluate")
    assert at.metric[0].value == "0.750"
    at.selectbox(key="run_picked").set_value(run).run()
    assert at.metric[0].value == "0.900"
    assert at.query_params["run"] == run


def test_a_cell_lists_its_comments_as_text_and_leads_to_their_review(open_page, ids, run):
    at = open_page("evaluate", run=run, gold="disallow", predicted="(unparsed)")
    assert not at.exception
    table = at.dataframe[1].value
    assert list(table["comment"]) == [ids[39]]
    assert table["text"][0] == HOSTILE.replace("\u202e", "⟦RLO⟧")
    assert "1 of 1 comments" in words(at)
    assert any("Review the misses" in str(each.proto.label) for each in at.get("page_link"))


def test_a_cell_can_be_chosen_without_a_mouse(open_page, ids, run):
    at = open_page("evaluate")
    at.selectbox(key="gold_picked").set_value("allow").run()
    assert "30 of 30 comments" in words(at)
    at.selectbox(key="predicted_picked").set_value("disallow").run()
    assert sorted(at.dataframe[1].value["comment"]) == ids[:2]
    assert at.query_params["gold"] == "allow"


def test_the_matrix_holds_every_cell_with_unparsed_answers_in_a_column_of_their_own(open_page, run):
    chart = json.loads(open_page("evaluate").get("vega_lite_chart")[1].proto.spec)
    assert chart["layer"][0]["encoding"]["x"]["sort"] == ["allow", "disallow", "(unparsed)"]


def test_a_model_that_saw_the_answers_is_shown_with_a_warning(open_page, db):
    pairs = [(f"c {n}", ("allow", "disallow")[n % 2]) for n in range(8)]
    ids = labelled_dataset(db, pairs, split="train")
    stored_run(db, dict.fromkeys(ids, "allow"), split="train")
    assert "learned from 8 of these 8 comments" in open_page("evaluate").warning[0].value


def test_without_a_policy_the_first_screen_says_so_and_leads_to_one(open_page, run):
    at = open_page("evaluate")
    assert "no release policy" in words(at)
    assert any("Write a policy" in str(each.proto.label) for each in at.get("page_link"))


def test_the_first_screen_has_the_verdict_the_clause_that_decides_and_its_line_in_the_chart(
    open_page, db, run
):
    clauses = [{"clause": "recall", "label": "disallow", "at_least": 0.99}, {"clause": "leaks", "at_most": 0}]
    ruled(db, clauses)
    at = open_page("evaluate")
    assert not at.exception
    told = words(at)
    assert "The model does not meet the policy" in told
    assert "Recall of “disallow” at least 0\\.99" in told
    assert (at.metric[0].label, at.metric[0].value) == ("Recall of disallow", "0.800")
    chart = at.get("vega_lite_chart")[0]
    assert "what the policy asks for" in chart.proto.alt
    assert any("All 3 clauses" in each.label for each in at.expander)


def test_answers_to_validation_are_shown_unjudged(open_page, db):
    pairs = [(f"c {n}", ("allow", "disallow")[n % 2]) for n in range(40)]
    ids = labelled_dataset(db, pairs, split="validation")
    ruled(db, [{"clause": "accuracy", "at_least": 0.5}])
    stored_run(db, dict.fromkeys(ids, "allow"), split="validation")
    assert "answers to the validation split" in words(open_page("evaluate"))


def test_a_base_rate_stated_on_the_page_changes_precision_and_says_so(open_page, run):
    at = open_page("evaluate")
    at.number_input(key="percent").set_value(1.0).run()
    assert not at.exception
    [precision] = [each for each in at.metric if each.label == "Precision"]
    assert precision.value == f"{0.01 * 0.8 / (0.01 * 0.8 + 0.99 * 2 / 30):.3f}"
    assert "where 1.00% are unwanted" in words(at)


def test_without_a_stated_base_rate_the_page_warns_that_these_comments_are_no_real_traffic(open_page, run):
    at = open_page("evaluate")
    [warning] = at.warning
    assert (
        "Nobody stated the share in real traffic: 25.0% is that of the labelled comments of the test split"
        in warning.value
    )
    at.number_input(key="percent").set_value(1.0).run()
    assert not at.warning


def test_a_day_of_traffic_stays_in_the_address(open_page, run):
    at = open_page("evaluate", percent="1.0", a_day="500", seconds="30")
    assert [at.number_input(key=key).value for key in ("percent", "a_day", "seconds")] == [1.0, 500, 30]
    assert "where 1.00% are unwanted" in words(at)


def test_the_page_tells_authors_who_repeat_and_how_much_of_the_error_is_the_labels(open_page, db, run):
    assert "Nobody has read the misses blind" in words(open_page("evaluate"))
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE comments SET author = 'author ' || (comment_id // 10)")
    st.cache_data.clear()
    told = words(open_page("evaluate"))
    assert "up to 10 by one" in told and "design effect" in told


def test_comments_flagged_a_day_have_the_range_of_the_file(open_page, db, run):
    rows = dict(row[:2] for row in read_page(report_file(report_facts(model_report(db, run)), "html")).rows)
    told = words(open_page("evaluate"))
    assert f"{rows['Flagged a day']} comments a day" in told
    for name, kind in (
        ("kind ones flagged", "Kind ones flagged"),
        ("abusive ones caught", "Abusive ones caught"),
    ):
        low_to_high = rows[f"{kind} a day"].split(" (")[1].rstrip(")")
        assert f"{low_to_high} {name}" in told


def test_a_label_without_a_comment_is_the_first_thing_on_the_page(open_page, db):
    ids = one_sided(db)
    stored_run(db, dict.fromkeys(ids, "allow") | dict.fromkeys(ids[:5], "disallow"))
    at = open_page("evaluate")
    assert not at.exception
    first = at.warning[0].value.replace("\\", "")
    assert first == "**Not one “disallow” comment is in the test split: nothing is known about it.**"
    assert list(at.dataframe[0].value["precision"])[1] == "undefined"


def test_a_small_slice_that_goes_wrong_is_named_on_the_first_screen(open_page, db, ids, run):
    with db.writing("kids") as cursor:
        cursor.execute(
            "UPDATE comments SET language = 'de' WHERE comment_id IN (?, ?, ?)", [*ids[:2], ids[30]]
        )
    at = open_page("evaluate")
    assert "language de: 3 of 3 wrong (missed 2 “allow”, 1 “disallow”), too few to judge" in words(
        at
    ).replace("\\", "")
    assert "Too small for this search, and named at the top: language de" in words(at).replace("\\", "")


def test_accuracy_stands_beside_what_the_commonest_label_would_get(open_page, run):
    assert "always “allow”: 0.750" in words(open_page("evaluate")).replace("\\", "")


def test_the_rival_is_told_from_what_is_in_production(open_page, db, ids, run):
    stored_run(db, dict.fromkeys(ids, "allow"), snapshot_id="snapshot-1", name="other")
    at = open_page("evaluate", run=run)
    assert "which is the newest other model: no other is in production" in words(at)


def test_a_label_and_a_source_of_any_name_are_shown_as_text(open_page, db):
    labels = ("fine", HOSTILE[:40])
    ids = labelled_dataset(db, [(f"c {n}", labels[n % 2]) for n in range(80)], labels=labels)
    stored_run(db, dict.fromkeys(ids, "fine"))
    at = open_page("evaluate")
    assert not at.exception
    assert "<img src" not in "".join(each.value for each in at.markdown if "\\<" not in each.value)
