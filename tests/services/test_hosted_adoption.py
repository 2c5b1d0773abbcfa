import json
import os
import signal

import pytest

from domain.errors import BackendError, BadInput, Conflict, NotFound
from services.curation.datasets import mark_child_data, write_guideline
from services.curation.snapshots import take_snapshot
from services.jobs.managing import launch
from services.jobs.managing.absorb import absorb
from services.jobs.managing.launch import cancel, folder_of, get_job, restart
from services.modelling.examples.tuning import tune
from services.modelling.formats.chat import from_comments, prompt_sha256, write_jsonl
from services.modelling.hosted.jobs import adopt, jobs_at
from services.modelling.models import list_models, list_runs
from services.modelling.prediction import predict
from tests.examples import kept
from tests.hosted import GUIDELINE, KEY_VARIABLE, address, client, comments, splits_of
from tests.provider.fixtures import provider, provider_address
from tests.stored_runs import labelled_dataset
from tests.waiting import over, until

pytestmark = pytest.mark.slow

__all__ = ["provider", "provider_address"]
BASE = "gpt-4o-mini-2024-07-18"
LABELS = ("allow", "disallow")


@pytest.fixture(autouse=True)
def approved(db, provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    (db.home / "providers.json").write_text(json.dumps([address(provider).as_dict()]))
    provider.speed(400)


@pytest.fixture
def snapshot(db):
    """Sixty labelled comments, frozen; the dataset kids."""
    ids = labelled_dataset(db, comments())
    with db.writing("kids") as cursor:
        for number, split in zip(ids, splits_of(60), strict=True):
            cursor.execute("UPDATE comments SET split = ? WHERE comment_id = ?", [split, number])
    write_guideline(db, "kids", "Another guideline by now.", actor="ana")
    return take_snapshot(db, "kids", actor="ana").snapshot_id


@pytest.fixture
def file_there(provider, tmp_path):
    """A file that somebody uploaded with another program, in our prompt format."""
    rows = [(str(place), text, label) for place, (text, label) in enumerate(comments())]
    write_jsonl(from_comments(rows, system_prompt=GUIDELINE, labels=LABELS).examples, tmp_path / "t.jsonl")
    return client(provider).upload(tmp_path / "t.jsonl", "t.jsonl")


@pytest.fixture
def elsewhere(provider, file_there):
    """The id of a job that somebody made of it."""
    request = {"model": BASE, "training_file": file_there, "suffix": "theirs"}
    return client(provider).create_job(request).id


def take(db, hosted_job, **options):
    given = {"provider": "test", "dataset_id": "kids", "poll_s": 0.05, "actor": "ana"}
    return adopt(db, hosted_job=hosted_job, **{**given, **options})


def about(db, job):
    return json.loads((folder_of(db, job.job_id).path / "model" / "model.json").read_text())


def test_jobs_there_are_listed_and_those_that_nobody_here_knows_are_marked(db, tmp_path, provider, elsewhere):
    examples = kept(db, tmp_path)
    own = tune(db, example_set_id=examples.example_set_id, actor="ana",
               settings={"provider": "test", "model": BASE, "poll_s": 0.05})  # fmt: skip
    over(db, own)
    found = jobs_at(db, "test")
    assert [(one.job_id, one.status, one.base) for one in found] == [
        (own.job_id, "succeeded", BASE), (None, "succeeded", BASE)
    ]  # fmt: skip
    assert found[1].hosted_job == elsewhere and ":theirs:" in found[1].model
    with pytest.raises(Conflict, match=f"{own.job_id} is {found[0].hosted_job} already"):
        take(db, found[0].hosted_job)


def test_an_adopted_job_is_followed_to_its_end_and_its_model_answers_as_it_was_trained(
    db, snapshot, provider, elsewhere
):
    provider.speed(0)
    job = take(db, elsewhere, labels=LABELS, system_prompt=GUIDELINE)
    until(lambda: "running" in get_job(db, job.job_id).state.name, "that it follows")
    provider.speed(400)
    assert over(db, job).state.name == "succeeded", folder_of(db, job.job_id).log_tail()
    assert absorb(db) == [job.job_id]
    [model] = list_models(db, "kids")
    assert (model.labels, model.snapshot_id, model.name) == (LABELS, elsewhere, f"{elsewhere} of test")
    told = about(db, job)
    assert told["prompt_sha256"] == prompt_sha256(GUIDELINE) and ":theirs:" in told["model"]
    curve = [line for line in folder_of(db, job.job_id).metrics() if line.get("stage") == "tuning"]
    assert len(curve) > 20
    assert provider.requests("/chat") == []  # nothing was sent

    asked = predict(db, model_id=model.model_id, snapshot_id=snapshot, split="validation", actor="ana")
    assert over(db, asked).state.name == "succeeded", folder_of(db, asked.job_id).log_tail()
    absorb(db)
    [run] = list_runs(db, model_id=model.model_id)
    assert (run.row_count, run.score_kind) == (12, "logprob")
    assert jobs_at(db, "test")[0].job_id == job.job_id


def test_without_labels_it_answers_in_free_text(db, snapshot, elsewhere):
    job = take(db, elsewhere, name="Theirs")
    over(db, job)
    absorb(db)
    [model] = list_models(db, "kids")
    assert (model.name, model.labels, model.backend) == ("Theirs", (), "openai")
    assert about(db, job)["hosted_job"]["id"] == elsewhere


@pytest.mark.parametrize("labels", [LABELS, ()])
def test_a_model_that_was_tuned_earlier_is_taken_by_its_id(db, snapshot, provider, elsewhere, labels):
    until(lambda: client(provider).get_job(elsewhere).fine_tuned_model, "its model")
    model = client(provider).get_job(elsewhere).fine_tuned_model
    job = over(db, take(db, model, labels=labels, system_prompt=GUIDELINE))
    assert job.state.name == "succeeded", folder_of(db, job.job_id).log_tail()
    absorb(db)
    [kept_] = list_models(db, "kids")
    told = about(db, job)
    assert (kept_.labels, told["model"], told["base"]) == (labels, model, BASE)
    assert provider.requests("/chat") == []  # nothing was sent
    with pytest.raises(Conflict, match=f"{job.job_id} is {model} already"):
        take(db, model)
    if labels:
        asked = over(
            db, predict(db, model_id=kept_.model_id, snapshot_id=snapshot, split="test", actor="ana")
        )
        assert asked.state.name == "succeeded", folder_of(db, asked.job_id).log_tail()


def test_a_model_that_is_not_there_or_is_shut_is_told_at_once(db, snapshot, provider):
    with pytest.raises(BackendError, match="404"):
        take(db, f"ft:{BASE}:nobody::none")
    told = {"test": {"as_of": "2026-11-01", "models": {BASE: "2026-11-02"}}}
    (db.home / "provider_models.json").write_text(json.dumps(told))
    with pytest.raises(Conflict, match="was shut on 2026-11-02"):
        take(db, f"ft:{BASE}:team::abc")
    assert launch.list_jobs(db) == []


def test_a_job_that_failed_there_is_adopted_as_failed_with_its_reason(db, snapshot, provider, file_there):
    provider.fault("flagged_file")
    failed = client(provider).create_job({"model": BASE, "training_file": file_there}).id
    job = over(db, take(db, failed))
    assert job.state.name == "failed"
    assert f"{failed} ended at the provider as failed" in job.state.message
    assert "flagged" in job.state.message and "quick-look" in job.state.hint
    assert absorb(db) == [job.job_id] and list_models(db, "kids") == []
    assert {one.hosted_job: one.job_id for one in jobs_at(db, "test")}[failed] == job.job_id


def test_a_status_that_nobody_foresaw_is_shown(db, snapshot, provider, elsewhere):
    provider.fault("unknown_status", "/jobs/ftjob-[^/]*$", method="GET", text="resting_awhile", times=4)
    job = take(db, elsewhere)
    assert over(db, job).state.name == "succeeded"
    said = [event.get("message", "") for event in folder_of(db, job.job_id).events()]
    assert any("resting awhile" in message for message in said)


def test_stopping_an_adopted_job_stops_the_following_alone(db, snapshot, provider, elsewhere):
    provider.speed(0)
    job = take(db, elsewhere)
    until(lambda: get_job(db, job.job_id).state.share > 0.04, "that it follows")
    cancel(db, job.job_id, "ana")
    assert over(db, job).state.name == "cancelled"
    assert "goes on at the provider" in folder_of(db, job.job_id).events()[-2]["message"]
    [there] = jobs_at(db, "test")
    assert there.status not in ("cancelled", "failed") and there.job_id == job.job_id
    provider.speed(400)
    again = over(db, restart(db, job.job_id, "ben"))
    assert again.state.name == "succeeded"
    assert jobs_at(db, "test")[0].job_id == again.job_id


def test_killed_while_it_follows_it_follows_again_after_a_restart(db, snapshot, provider, elsewhere):
    provider.speed(0)
    job = take(db, elsewhere, labels=LABELS, system_prompt=GUIDELINE)
    until(lambda: get_job(db, job.job_id).state.share > 0.04, "that it follows")
    os.kill(int(folder_of(db, job.job_id).events()[0]["pid"]), signal.SIGKILL)
    until(lambda: get_job(db, job.job_id).state.name == "died", "its death")
    assert elsewhere in get_job(db, job.job_id).state.message
    provider.speed(400)
    again = over(db, restart(db, job.job_id, "ben"))
    assert again.state.name == "succeeded", folder_of(db, again.job_id).log_tail()
    assert [one.status for one in jobs_at(db, "test")] == ["succeeded"]  # none was made
    assert set(absorb(db)) == {job.job_id, again.job_id}
    assert [model.job_id for model in list_models(db, "kids")] == [again.job_id]


def test_a_job_is_adopted_once(db, snapshot, elsewhere):
    job = take(db, elsewhere)
    with pytest.raises(Conflict, match=f"{job.job_id} is {elsewhere} already"):
        take(db, elsewhere)
    over(db, job)


def test_adopting_sends_nothing_so_that_data_of_children_stays(db, snapshot, provider, elsewhere):
    mark_child_data(db, "kids", may_hold_child_data=True, actor="ana")
    assert over(db, take(db, elsewhere)).state.name == "succeeded"
    assert [one.method for one in provider.requests() if one.method == "POST"] == ["POST", "POST"]  # theirs


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"labels": LABELS}, BadInput, "system prompt that the model was trained with is missing"),
        ({"labels": ("allow",), "system_prompt": "x"}, BadInput, "cannot answer allow"),
        ({"labels": ("allow", "spam"), "system_prompt": "x"}, BadInput, "cannot answer allow, spam"),
        ({"dataset_id": "strangers"}, NotFound, "no dataset 'strangers'"),
        ({"provider": "nowhere"}, NotFound, "not an approved provider"),
    ],
)
def test_what_is_missing_is_told_before_anything_is_launched(
    db, snapshot, elsewhere, options, error, message
):
    with pytest.raises(error, match=message):
        take(db, elsewhere, **options)
    assert launch.list_jobs(db) == []


def test_a_job_that_is_not_there_is_told_at_once(db, snapshot, provider):
    with pytest.raises(BackendError, match="404"):
        take(db, "ftjob-nothing")
    with pytest.raises(BadInput, match="is no id of a job"):
        take(db, "../ftjob")
    assert launch.list_jobs(db) == []


def test_a_provider_that_refuses_the_list_is_told_with_the_reason(db, provider, monkeypatch):
    provider.fault("training_not_available", "/jobs")
    with pytest.raises(BackendError, match="training_not_available"):
        jobs_at(db, "test")
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(BackendError, match="is not set"):
        jobs_at(db, "test")
