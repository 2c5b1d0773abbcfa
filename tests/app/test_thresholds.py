import pytest

from services.evaluation import choosing
from tests.stored_runs import labelled_dataset, stored_run

GOLD = ["allow"] * 30 + ["disallow"] * 20


@pytest.fixture
def run(db):
    """A validation run of fifty comments, two of them without scores."""
    ids = labelled_dataset(
        db, [(f"comment <b>{place}</b>", label) for place, label in enumerate(GOLD)], split="validation"
    )
    scores = {
        number: (1 - place / 50, place / 50) for place, number in enumerate(ids) if place not in (0, 49)
    }
    answers = {number: gold if number in scores else None for number, gold in zip(ids, GOLD, strict=True)}
    return stored_run(db, answers, split="validation", scores=scores)


def words(at):
    return " ".join(str(each.value) for each in [*at.markdown, *at.caption, *at.text])


def test_without_a_validation_run_the_page_says_what_to_do(open_page, db):
    labelled_dataset(db, [("a", "allow"), ("b", "disallow")])
    at = open_page("thresholds")
    assert not at.exception
    assert "No model has answered a validation split" in words(at)


def test_a_run_on_test_or_without_scores_is_not_offered(open_page, db):
    ids = labelled_dataset(db, [("a", "allow"), ("b", "disallow")])
    stored_run(db, dict(zip(ids, ["allow", "disallow"], strict=True)))
    assert "No model has answered a validation split" in words(open_page("thresholds"))


def test_the_slider_tells_at_once_what_a_day_brings_and_which_comments_cross_the_line(open_page, run):
    at = open_page("thresholds")
    assert not at.exception
    assert at.title[0].value == "Thresholds"
    assert "40.00% of them abusive" in words(at)
    assert "2 have no score and are never flagged" in words(at)
    at.slider(key=f"thresholds_slider_at_{run}").set_value(0.7).run()
    assert not at.exception
    tally, above, below = (each.value for each in at.dataframe)
    assert tally.to_dict("records") == [
        {"frozen label": "unwanted", "flagged": 14, "kept": 6},
        {"frozen label": "others", "flagged": 0, "kept": 30},
    ]
    assert list(above["text"]) == [f"comment <b>{place}</b>" for place in (39, 38, 37, 36, 35)]
    assert list(below["text"]) == [f"comment <b>{place}</b>" for place in (34, 33, 32, 31, 30)]
    assert "1,200 missed; of 6,000 kind ones 0 are flagged." in words(at)


def test_the_real_base_rate_changes_the_day_and_not_the_comments(open_page, run):
    at = open_page("thresholds", rule="precision-at-recall")
    at.number_input(key="percent").set_value(1.0).run()
    assert not at.exception
    assert "1.00% of them abusive" in words(at)
    assert "Recall at least 0.9" in words(at)
    assert "Redrawing the comments moves it between" in words(at)


def test_two_thresholds_leave_a_band_for_a_human(open_page, run):
    at = open_page("thresholds", rule="between")
    assert not at.exception
    assert list(at.dataframe[0].value) == ["frozen label", "flagged", "to a human", "kept"]
    assert "between the thresholds" in words(at)


@pytest.mark.parametrize("rule", ["recall-at-precision", "recall-at-fpr", "cost", "capacity", "band"])
def test_every_rule_is_drawn_or_says_why_it_cannot_be_met(open_page, run, rule):
    at = open_page("thresholds", rule=rule)
    assert not at.exception
    assert bool(at.error) != ("comments a day" in words(at))
    assert all("No threshold meets" in each.value for each in at.error)


def test_without_a_label_to_flag_the_page_asks_for_one(open_page, run):
    at = open_page("thresholds")
    at.multiselect(key=f"thresholds_unwanted_{run}").set_value([]).run()
    assert not at.exception
    assert "Choose the labels to flag" in at.info[0].value


def press(at, label):
    return next(button for button in at.button if button.label == label).click().run()


def test_a_threshold_is_frozen_with_a_reason_and_then_told_once_on_test(open_page, db, run):
    at = open_page("thresholds")
    press(at, "Freeze this threshold")
    assert "frozen with a reason" in at.error[0].value
    at.text_input[0].set_value("pilot *of* spring")
    press(at, "Freeze this threshold")
    assert not at.exception
    [frozen] = choosing.list_frozen(db, "kids")
    assert (frozen.threshold.why, frozen.threshold.created_by) == ("pilot *of* spring", "ana")
    assert "threshold-1" in words(at)
    assert "No threshold was held against the test split" in words(at)
    press(at, "Report on test")
    assert not at.exception
    assert "has not answered the test split" in at.error[0].value
    with db.writing("kids") as cursor:  # the same answers stand for a test run
        cursor.execute("UPDATE snapshot_rows SET split = 'test'")
        cursor.execute("INSERT INTO runs SELECT * REPLACE ('run-9' AS run_id, 'test' AS split) FROM runs")
        cursor.execute("INSERT INTO predictions SELECT * REPLACE ('run-9' AS run_id) FROM predictions")
    press(at, "Report on test")
    assert not at.exception
    assert "On test: **Of 10,000 comments a day" in words(at)
    assert "1 threshold was held against the test split of snapshot-1 so far: ana 1." in words(at)
    assert "Report on test" not in [button.label for button in at.button]


def test_evaluate_draws_the_scores_and_leads_here(open_page, run):
    at = open_page("evaluate")
    assert not at.exception
    assert {"Average precision", "ROC AUC", "Brier score", "Expected calibration error"} <= {
        each.label for each in at.metric
    }
    assert "2 without a score left out" in words(at)


def test_evaluate_says_why_a_run_without_scores_has_no_curve(open_page, db):
    ids = labelled_dataset(db, [("a", "allow"), ("b", "disallow")])
    stored_run(db, dict(zip(ids, ["allow", "disallow"], strict=True)))
    at = open_page("evaluate")
    assert not at.exception
    assert "labels without scores" in words(at)
