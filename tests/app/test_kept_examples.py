import json
import re

import pytest

from services.curation.datasets import create_dataset
from services.jobs.managing.launch import folder_of, get_job, list_jobs
from services.jobs.process.folder import write_whole
from services.modelling.examples.sets import list_example_sets
from services.modelling.examples.tuning import tune
from services.modelling.hosted.jobs import adopt
from services.modelling.models import list_models
from tests.examples import kept, pair, research_csv
from tests.hosted import KEY_VARIABLE, address, client
from tests.provider.fixtures import provider, provider_address
from tests.waiting import absorbed, until

pytestmark = pytest.mark.slow

__all__ = ["provider", "provider_address"]
BASE = "gpt-4o-mini-2024-07-18"
HOSTILE = "**bold** <img src=x onerror=alert(1)> $x$ \u202e"


@pytest.fixture(autouse=True)
def approved(db, provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    (db.home / "providers.json").write_text(json.dumps([address(provider).as_dict()]))
    provider.speed(400)


def tuned(db, tmp_path, **settings):
    examples = kept(db, tmp_path, held_out=0.2)
    chosen = {"provider": "test", "model": BASE, "poll_s": 0.05, **settings}
    return absorbed(db, tune(db, example_set_id=examples.example_set_id, settings=chosen, actor="ana"))


def told(app):
    return " ".join(part.value for part in [*app.markdown, *app.caption, *app.warning, *app.info])


def tiles(app):
    return {metric.label: metric.value for metric in app.metric}


def button(app, label):
    return next(one for one in app.main.button if one.label == label)


def test_a_file_is_kept_and_a_model_tuned_on_it_by_two_clicks(db, open_page, tmp_path, provider):
    create_dataset(db, "kids", ("allow", "disallow"), actor="ana")
    content = research_csv(tmp_path / "study.csv", 40, extra=['{"messages": [']).read_bytes()
    app = open_page("tokens", tokens_of="A file")
    assert not app.exception and list_example_sets(db) == []
    app.file_uploader(key="tokens_file").upload("study.csv", content, "text/csv").run()
    app.text_input(key="tokens_kept").set_value("Study *one*")
    button(app, "Keep these examples").click().run()
    assert not app.exception and not [one for one in app.error if "Conflict" in one.value]
    [examples] = list_example_sets(db, "kids")
    assert (examples.name, examples.file_name) == ("Study *one*", "study.csv")
    assert (examples.counts["train"], examples.counts["validation"], examples.counts["refused"]) == (36, 4, 1)
    assert app.query_params["examples"] == examples.example_set_id

    app.selectbox(key="tokens_provider").set_value("test")
    app.text_input(key="tokens_suffix").set_value("kind-words")
    app.number_input(key="tokens_epochs").set_value(4).run()
    shown = tiles(app)
    assert shown["In all"].startswith("$0.0") and int(shown["Billed tokens"].replace(",", "")) > 1_000
    assert "every model tuned on it, is shut on 2027-01-14" in told(app)
    assert provider.requests() == []  # nothing leaves before the click
    button(app, "Start tuning").click().run()
    assert not app.exception
    [job] = list_jobs(db, "kids")
    settings = job.spec["settings"]
    assert (job.kind, job.created_by, settings["suffix"], settings["epochs"]) == (
        "tune_examples", "ana", "kind-words", 4
    )  # fmt: skip
    assert absorbed(db, job).state.name == "succeeded"


def test_what_cannot_start_says_why(db, open_page, tmp_path, monkeypatch):
    kept(db, tmp_path)
    monkeypatch.delenv(KEY_VARIABLE)
    app = open_page("tokens", tokens_of="A file")
    app.selectbox(key="tokens_provider").set_value("test").run()
    button(app, "Start tuning").click().run()
    assert not app.exception
    assert "is not set" in app.error[0].value and list_jobs(db) == []


def test_kept_examples_are_shown_with_what_was_found_in_them(db, open_page, tmp_path):
    examples = kept(db, tmp_path)
    app = open_page("tokens", tokens_of="A file", examples=examples.example_set_id)
    assert not app.exception
    assert app.dataframe[0].value["to train on"].tolist() == [36]
    assert "the examples share one system prompt" in told(app)
    assert app.expander[0].label == "What was found: repaired cell 20"


def test_the_job_shows_curves_and_both_answers_side_by_side(db, open_page, tmp_path):
    job = tuned(db, tmp_path)
    app = open_page("jobs", job=job.job_id)
    assert not app.exception
    assert {"**Before and after**", "**Loss**", "**Token accuracy**"} <= {one.value for one in app.markdown}
    assert "8 prompts held out of training" in told(app)
    links = {link.label for link in app.main.page_link}
    assert {f"Worked on {job.snapshot_id}", "Open model-1"} <= links


def test_what_a_model_said_is_never_markup(db, open_page, tmp_path):
    job = tuned(db, tmp_path, compared=1)
    folder = folder_of(db, job.job_id).path
    said = {
        "text": HOSTILE,
        "finish_reason": "**x**",
        "error": "",
        "tokens": 3,
        "latency_ms": 1.0,
        "cost_usd": 0.1,
    }
    broken = {**said, "text": None, "error": HOSTILE}
    messages = [{"role": "user", "content": HOSTILE}]
    row = {"row": 1, "messages": messages, "expected": HOSTILE, "base": said, "tuned": broken}
    write_whole(folder / "answers.jsonl", json.dumps(row) + "\n")
    app = open_page("jobs", job=job.job_id)
    assert not app.exception
    assert [one.value for one in app.text].count("**bold** <img src=x onerror=alert(1)> $x$ ⟦RLO⟧") == 3
    assert not re.search(r"(?<!\\)<img|\*\*(bold|x)\*\*", told(app))


def test_a_model_that_answers_in_free_text_leads_to_the_playground(db, open_page, tmp_path):
    job = tuned(db, tmp_path)
    [model] = list_models(db, "kids")
    app = open_page("models", model=model.model_id)
    assert not app.exception
    assert "answers in free text" in told(app)
    labels = [link.label for link in app.main.page_link]
    assert {f"Learned from {job.snapshot_id}", f"Made by {job.job_id}", "Try it"} <= set(labels)
    assert "Predict" not in [one.label for one in app.main.button]


def job_elsewhere(provider, tmp_path):
    path = tmp_path / "theirs.jsonl"
    path.write_text("".join(json.dumps(pair(number)) + "\n" for number in range(12)))
    one = client(provider)
    return one.create_job({"model": BASE, "training_file": one.upload(path, "theirs.jsonl")}).id


def test_a_job_found_at_the_provider_is_adopted(db, open_page, tmp_path, provider):
    create_dataset(db, "kids", ("allow", "disallow"), actor="ana")
    theirs = job_elsewhere(provider, tmp_path)
    before = len(provider.requests())
    app = open_page("jobs")
    assert len(provider.requests()) == before  # nobody is asked before the click
    app.session_state["jobs_there"] = True
    app.run()
    app.selectbox(key="jobs_provider").set_value("test")
    button(app, "Look").click().run()
    assert not app.exception, app.exception
    assert app.dataframe[-1].value["job there"].tolist() == [theirs]
    app.text_input(key="jobs_adopt_name").set_value("Theirs")
    button(app, "Adopt").click().run()
    assert not app.exception
    [job] = list_jobs(db, "kids")
    assert (job.kind, job.snapshot_id, job.created_by) == ("adopt_hosted", theirs, "ana")
    assert absorbed(db, job).state.name == "succeeded"
    assert "a job found at a provider" in told(open_page("jobs", job=job.job_id))
    assert "a job found at a provider" in told(open_page("models"))


def test_a_provider_that_does_not_answer_is_told_and_not_asked_again(db, open_page, provider):
    create_dataset(db, "kids", ("allow", "disallow"), actor="ana")
    app = open_page("jobs")
    app.session_state["jobs_there"] = True
    app.run()
    app.selectbox(key="jobs_provider").set_value("test")
    provider.fault("training_not_available", "/jobs", method="GET")
    button(app, "Look").click().run()
    assert not app.exception
    assert "training_not_available" in app.error[0].value.replace("\\", "")
    asked = len(provider.requests())
    app.run()
    assert len(provider.requests()) == asked and not app.error


def test_a_job_that_is_followed_offers_to_stop_following(db, open_page, tmp_path, provider):
    create_dataset(db, "kids", ("allow", "disallow"), actor="ana")
    provider.speed(0)
    theirs = job_elsewhere(provider, tmp_path)
    job = adopt(db, provider="test", hosted_job=theirs, dataset_id="kids", poll_s=0.05, actor="ana")
    until(lambda: get_job(db, job.job_id).state.name == "running", "that it follows")
    app = open_page("jobs", job=job.job_id)
    assert app.button(key=f"jobs_stop_{job.job_id}").label == "Stop following"
    app.button(key=f"jobs_stop_{job.job_id}").click().run()
    assert absorbed(db, job).state.name == "cancelled"
