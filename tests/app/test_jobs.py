import json

import pytest

from services.curation.snapshots import take_snapshot
from services.jobs.managing import following
from services.jobs.managing.launch import list_jobs
from tests.stored_jobs import Stage, ready_to_train
from tests.waiting import absorbed


@pytest.fixture
def taken(db):
    ready_to_train(db)
    return take_snapshot(db, "kids", actor="ana", split_mode="stratified")


@pytest.fixture
def stage(db, monkeypatch):
    stage = Stage(db, monkeypatch)
    yield stage
    stage.close()


@pytest.fixture
def job(stage, taken):
    return stage.job(taken.snapshot_id, name="*Mine* <b>")


def keys(app):
    return [button.key for button in app.main.button]


def test_without_jobs_the_page_says_to_train(taken, open_page):
    app = open_page("jobs")
    assert not app.exception
    assert "No job was started yet" in app.main.markdown[0].value


def test_a_job_at_work_says_how_far_it_is(job, open_page):
    job.work(seconds_left=42.0)
    job.folder.add_metric({"seconds": 0.1, "stage": "words", "terms": 1234})
    app = open_page("jobs", job=job.job_id)
    assert not app.exception
    assert app.subheader[0].value == r":material/progress_activity: \*Mine\* \<b\>"
    bar = app.get("progress")[0]
    assert bar.value == 40
    assert "Counts words" in bar.text and "s left" in bar.text
    numbers = app.dataframe[1].value
    assert numbers.values.tolist() == [["words", "terms", "1,234"]]


def test_steps_become_a_curve(job, open_page):
    job.work()
    for step in range(1, 8):
        job.folder.add_metric({"seconds": step / 10, "stage": "fit", "iteration": step})
    app = open_page("jobs", job=job.job_id)
    assert "**Fit: iteration**" in [one.value for one in app.markdown]


def test_cancel_asks_once_and_offers_to_kill_only_after_a_while(job, open_page, monkeypatch):
    job.work()
    app = open_page("jobs", job=job.job_id)
    app.button(key=f"jobs_stop_{job.job_id}").click().run()
    assert job.folder.canceller() == "ana"
    assert "ana asked it to stop." in [one.value for one in app.caption]
    assert keys(app) == []
    monkeypatch.setattr(following, "CANCEL_PATIENCE_S", 0.0)
    app.run()
    assert app.button(key=f"jobs_stop_{job.job_id}").label == "Kill"


def test_a_job_that_died_says_so_and_can_start_again(db, job, open_page):
    job.work()
    job.let_go()
    absorbed(db, job)
    app = open_page("jobs", job=job.job_id)
    assert "process is gone" in app.error[0].value
    app.button(key=f"jobs_again_{job.job_id}").click().run()
    assert not app.exception
    newest = list_jobs(db, "kids")[0]
    assert (newest.restart_of, newest.created_by) == (job.job_id, "ana")
    assert app.query_params["job"] == newest.job_id


def test_a_failed_job_shows_reason_hint_and_log(db, job, open_page):
    job.work()
    (job.folder.path / "log.txt").write_text("Traceback\n\u202e**boom**\n")
    job.folder.add_event("failed", message="Too few *rows*.", hint="Label more.")
    job.let_go()
    absorbed(db, job)
    app = open_page("jobs", job=job.job_id)
    assert app.error[0].value == r"Too few \*rows\*\. Label more\."
    assert app.code[0].value == "Traceback\n⟦RLO⟧**boom**"
    assert not app.code[0].language or app.code[0].language == "plaintext"


def test_jobs_at_work_come_first_and_a_link_opens_another(db, taken, stage, job, open_page):
    job.folder.add_event("failed", message="No.")
    job.let_go()
    absorbed(db, job)
    second = stage.job(taken.snapshot_id)
    third = stage.job(taken.snapshot_id)
    third.folder.add_event("failed", message="No.")
    third.let_go()
    absorbed(db, third)
    second.work()
    app = open_page("jobs")
    assert app.dataframe[0].value["job"].tolist() == [second.job_id, third.job_id, job.job_id]
    assert app.query_params["job"] == second.job_id
    assert third.job_id in open_page("jobs", job=third.job_id).caption[0].value


def test_what_the_provider_told_stands_newest_first_with_its_checkpoints(job, open_page):
    job.work()
    for number, level in enumerate(["info", "error"]):
        job.folder.add_event(
            "provider", message=f"*Step* {number} \u202e", level=level, told_at=1_700_000_000
        )
    (job.folder.path / "model").mkdir()
    kept = [{"step": 10, "model": "ft:x:ckpt-step-10", "metrics": {"train_loss": 0.5, "note": "x"}}]
    (job.folder.path / "model" / "model.json").write_text(json.dumps({"checkpoints": kept}))
    app = open_page("jobs", job=job.job_id)
    assert not app.exception
    events, checkpoints = (table.value for table in app.dataframe[-2:])
    assert events.values.tolist() == [
        ["14 Nov 2023, 22:13:20", "error", "*Step* 1 ⟦RLO⟧"],
        ["14 Nov 2023, 22:13:20", "info", "*Step* 0 ⟦RLO⟧"],
    ]
    assert checkpoints.values.tolist() == [["10", "ft:x:ckpt-step-10", "train_loss 0.5"]]


def test_a_job_that_asks_no_provider_tells_nothing_of_one(job, open_page):
    job.work()
    app = open_page("jobs", job=job.job_id)
    assert "What the provider told" not in [one.label for one in app.expander]
