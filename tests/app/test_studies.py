import shlex

import pytest

from services.curation.snapshots import take_snapshot
from services.jobs.managing.launch import list_jobs
from services.modelling.studies.running import start_study
from tests.stored_jobs import ready_to_train
from tests.waiting import absorbed


@pytest.fixture
def taken(db):
    ready_to_train(db)
    return take_snapshot(db, "kids", actor="ana", split_mode="stratified")


@pytest.fixture
def done(db, taken):
    """Makes a study and waits for its end; its job id."""

    def make(kind, **plan):
        job = start_study(db, kind=kind, snapshot_id=taken.snapshot_id, actor="ana", **plan)
        assert absorbed(db, job).state.name == "succeeded"
        return job.job_id

    return make


def test_without_a_snapshot_the_page_says_to_take_one(db, open_page):
    ready_to_train(db)
    app = open_page("studies")
    assert not app.exception and "There is no snapshot yet" in app.main.markdown[0].value


def test_without_a_study_the_page_offers_to_start_one(taken, open_page):
    app = open_page("studies")
    assert not app.exception
    options = app.radio(key="studies_kind").options
    assert options == ["**Search**", "**Learning curve**", "**Cross-validation**"]
    assert "Hosted" not in app.selectbox(key="studies_recipe").options
    app.radio(key="studies_kind").set_value("learning_curve").run()
    assert app.number_input(key="studies_repeats_train_baseline").value == 3
    app.selectbox(key="studies_recipe").set_value("solid").run()
    assert app.number_input(key="studies_repeats_train_encoder").value == 1
    assert any(caption.value.startswith("4 trainings") for caption in app.caption)


def test_a_study_starts_with_what_was_chosen(db, taken, open_page):
    app = open_page("studies")
    app.radio(key="studies_kind").set_value("cross_validate").run()
    app.number_input(key="studies_folds").set_value(3)
    app.selectbox(key="studies_metric").set_value("recall:disallow")
    app.button(key="studies_start").click().run()
    assert not app.exception
    [job] = list_jobs(db)
    told = {name: job.spec["settings"][name] for name in ("recipe", "folds", "metric", "label", "group_by")}
    assert told == {
        "recipe": "baseline",
        "folds": 3,
        "metric": "recall",
        "label": "disallow",
        "group_by": "author",
    }
    assert app.query_params["study"] in (job.job_id, [job.job_id])
    assert absorbed(db, job).state.name == "succeeded"


@pytest.mark.slow
def test_a_search_shows_its_sentence_and_trains_with_the_best(db, done, open_page):
    job_id = done("search", trials=3)
    app = open_page("studies", study=job_id)
    assert not app.exception
    assert "trials" in app.info[0].value
    assert len(app.dataframe[-1].value) == 3
    assert shlex.split(app.code[0].value)[:3] == ["python", "workbench.py", "train"]
    app.button(key=f"studies_train_{job_id}").click().run()
    assert not app.exception
    newest = list_jobs(db)[0]
    assert (newest.kind, newest.spec["name"]) == ("train_baseline", f"baseline, best of {job_id}")
    absorbed(db, newest)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "plan"), [("learning_curve", {"repeats": 1}), ("cross_validate", {"folds": 2})]
)
def test_a_curve_and_folds_are_drawn_with_the_sentence_on_top(done, open_page, kind, plan):
    job_id = done(kind, **plan)
    app = open_page("studies", study=job_id)
    assert not app.exception
    assert app.info[0].value and f"{job_id} on snapshot-1" in " ".join(
        caption.value for caption in app.caption
    )
    assert len(app.get("vega_lite_chart")) == 1 and len(app.dataframe) == 2
