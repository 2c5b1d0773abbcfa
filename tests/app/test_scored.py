import os
import signal

import pytest

from services.jobs import score
from services.jobs.managing import launch
from services.jobs.managing.absorb import absorb
from services.jobs.managing.launch import list_jobs
from services.jobs.process import worker
from services.modelling.scoring import score_file
from tests.building import written_csv
from tests.stored_models import baseline, dataset


@pytest.fixture
def model(db):
    dataset(db)
    return baseline(db)


@pytest.fixture
def jobs_here(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr(
        launch,
        "start_process",
        lambda folder, kind, lock: worker.run(score.score, [str(folder.path), "--lock", str(lock)]),
    )
    yield
    signal.signal(signal.SIGTERM, before)


def test_all_comments_are_asked_about_from_the_models_page(db, model, monkeypatch, open_page):
    monkeypatch.setattr(launch, "start_process", lambda *_: None)
    app = open_page("models", model=model.model_id)
    app.radio(key="models_score_what").set_value("All comments").run()
    app.button(key="models_score_go").click().run()
    job = list_jobs(db, "kids")[0]
    assert (job.kind, job.created_by, job.spec["settings"]["rows"]) == ("score", "ana", 60)
    links = [link.label for link in open_page("models", model=model.model_id).main.page_link]
    assert f"{job.job_id} · all comments · 60 comments" in " | ".join(links)


def test_without_a_comment_to_ask_about_the_page_says_so(db, model, open_page):
    app = open_page("models", model=model.model_id)
    app.button(key="models_score_go").click().run()
    assert not app.exception
    assert "'kids' has no comment without a label" in app.error[0].value


def test_the_answers_to_a_file_are_taken_away_on_the_page_of_its_job(
    db, model, jobs_here, tmp_path, open_page
):
    file = tmp_path / "*theirs*.csv"
    written_csv(file, [{"text": "so lovely", "by": "zoe"}])
    with file.open("a", encoding="utf-8") as more:
        more.write("a,row,of,four\n")
    job = score_file(db, model_id=model.model_id, path=file, actor="ana")
    absorb(db)
    app = open_page("jobs", job=job.job_id)
    assert not app.exception
    assert r"prediction on \*theirs\*\.csv" in app.caption[0].value
    labels = [one.label for one in app.main.get("download_button")]
    assert labels[0].startswith("CSV, ") and labels[1].startswith("Parquet, ")
    assert labels[2] == "Rows that could not be read: 1"
    assert ["allow"] in [one.value["label"].tolist() for one in app.dataframe if "share" in one.value]
