import pytest

from services.curation.snapshots import take_snapshot
from services.evaluation.reports import evaluate
from services.jobs.managing.launch import list_jobs
from services.modelling.model_facts import list_model_facts
from services.modelling.models import list_models, list_runs
from tests.stored_jobs import ready_to_train
from tests.stored_runs import labelled_dataset, stored_run
from ui.figures import in_brackets
from ui.times import when


@pytest.fixture
def labelled(db):
    return ready_to_train(db)


@pytest.fixture
def model(db):
    """Model-1 by ana: of ten test comments it got eight right."""
    pairs = [(f"comment {place}", "allow" if place < 6 else "disallow") for place in range(10)]
    ids = labelled_dataset(db, pairs)
    answers = ["disallow", *["allow"] * 6, *["disallow"] * 3]
    stored_run(db, dict(zip(ids, answers, strict=True)), name="*Mine* <b>")
    return list_models(db, "kids")[0]


def test_without_models_the_page_says_to_train(db, labelled, open_page):
    app = open_page("models")
    assert not app.exception
    assert "There is no model yet" in app.main.markdown[0].value


def test_a_model_is_told_with_its_runs_and_their_intervals(db, model, open_page):
    [run] = list_runs(db, model_id=model.model_id)
    app = open_page("models", model=model.model_id)
    assert not app.exception
    assert app.subheader[0].value == r"\*Mine\* \<b\>"
    assert [one.value for one in app.text] == [
        model.snapshot_id,
        "test",
        "",
        when(run.created_at),
        "10",
        "0.800 (0.490 to 0.943)",
        in_brackets(evaluate(db, run.run_id).report.macro_f1),
    ]
    assert [link.label for link in app.main.page_link] == [
        f"Learned from {model.snapshot_id}",
        f"Made by {model.job_id}",
        "Try it",
        "Evaluate",
    ]


def test_a_link_opens_its_model(db, model, open_page):
    stored_run(db, {}, snapshot_id=model.snapshot_id, name="Other")
    assert open_page("models").subheader[0].value == "Other"
    assert open_page("models", model=model.model_id).subheader[0].value == r"\*Mine\* \<b\>"


def test_a_run_without_answers_has_no_accuracy(db, model, open_page):
    stored_run(db, {}, snapshot_id=model.snapshot_id, name="Empty")
    app = open_page("models")
    assert not app.exception
    assert "undefined" in [one.value for one in app.text]


def test_predict_refuses_a_model_without_files(db, model, open_page):
    app = open_page("models")
    next(button for button in app.main.button if button.label == "Predict").click().run()
    assert not app.exception
    assert "are gone" in app.error[0].value
    assert list_jobs(db, "kids") == []


def test_the_splits_and_snapshots_to_predict_are_offered(db, model, open_page):
    newer = take_snapshot(db, "kids", actor="ana", split_mode="imported")
    app = open_page("models")
    assert app.selectbox(key="models_snapshot").options == [newer.snapshot_id, model.snapshot_id]
    assert app.selectbox(key="models_split").value == "test"


def pressed(app, label):
    return next(button for button in app.main.button if button.label == label).click().run()


def test_an_archived_model_is_hidden_until_it_is_asked_for(db, model, open_page):
    stored_run(db, {}, snapshot_id=model.snapshot_id, name="Other")
    app = pressed(open_page("models", model=model.model_id), "Archive")
    assert not app.exception
    assert "Archived by ana" in app.info[0].value and "Take back" in [one.label for one in app.main.button]
    fresh = open_page("models")
    assert fresh.dataframe[0].value["name"].tolist() == ["Other"]
    fresh.toggle(key="models_archived").set_value(True).run()
    assert fresh.dataframe[0].value["name"].tolist() == ["Other", "*Mine* <b>"]
    back = pressed(open_page("models", model=model.model_id), "Take back")
    assert not back.exception and not back.info
    assert [one.archiving for one in list_model_facts(db, "kids")] == [None, None]


def test_the_list_shows_the_number_that_counts_with_its_interval(model, open_page):
    [number] = open_page("models").dataframe[0].value["macro F1"]
    assert number.startswith("0.") and " to " in number and number.endswith(" test")


def test_an_encoders_run_says_what_computed_it(db, model, open_page):
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE models SET backend = 'huggingface'")
    assert "torch" in [one.value for one in open_page("models").text]


def test_what_a_model_is_and_its_number_come_first_and_who_made_it_last(model, open_page):
    columns = list(open_page("models").dataframe[0].value.columns)
    assert columns[:5] == ["model", "name", "macro F1", "recipe", "base"] and columns[-1] == "by"


def test_an_export_without_files_is_told(db, model, open_page):
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE models SET backend = 'tfidf'")
    app = pressed(open_page("models"), "Export")
    assert not app.exception
    assert "are gone" in app.error[0].value
