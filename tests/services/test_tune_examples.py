import json
import os
import shutil
import signal
from collections import Counter

import pytest

from domain.errors import BackendError, BadInput, Conflict, NotFound
from services.curation.datasets import create_dataset, mark_child_data
from services.jobs import tune_examples
from services.jobs.files.billing import bill_of
from services.jobs.hosted.tuning import submit
from services.jobs.managing import launch
from services.jobs.managing.absorb import absorb
from services.jobs.managing.launch import cancel, folder_of, get_job, restart
from services.jobs.process.folder import JobFolder
from services.jobs.process.worker import RunningJob
from services.modelling.examples.sets import keep_examples
from services.modelling.examples.tuning import estimate_tuning, tune
from services.modelling.models import list_models, list_runs
from services.modelling.playground.side_by_side import read_answers
from services.modelling.prediction import predict
from services.modelling.settings import ExampleSettings
from storage.example_sets import example_set_folder
from tests.examples import SYSTEM, kept, pair
from tests.hosted import KEY_VARIABLE, address, client, everything_written
from tests.provider.fixtures import provider, provider_address
from tests.waiting import over, until

pytestmark = pytest.mark.slow

__all__ = ["provider", "provider_address"]
FAST = {"provider": "test", "poll_s": 0.05, "model": "gpt-4o-mini-2024-07-18"}


@pytest.fixture(autouse=True)
def approved(db, provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    (db.home / "providers.json").write_text(json.dumps([address(provider).as_dict()]))
    provider.speed(400)  # a job of 70 virtual seconds takes a fifth of a second


@pytest.fixture
def examples(db, tmp_path):
    """Forty examples, eight of them held out."""
    return kept(db, tmp_path, held_out=0.2)


def start(db, examples, **settings):
    return tune(db, example_set_id=examples.example_set_id, settings={**FAST, **settings}, actor="ana")


def jobs_there(provider):
    return client(provider).list_jobs({})


def test_a_table_with_json_in_its_cells_becomes_a_tuned_model(db, examples, provider):
    job = over(db, start(db, examples, suffix="kind-words"))
    folder = folder_of(db, job.job_id)
    assert job.state.name == "succeeded", (job.state, folder.log_tail())
    assert absorb(db) == [job.job_id]
    [model] = list_models(db, "kids")
    assert (model.backend, model.labels, model.snapshot_id) == ("openai", (), examples.example_set_id)
    assert model.name == f"kind-words on {examples.example_set_id}"
    assert list_runs(db, model_id=model.model_id) == []

    told = json.loads((folder.path / "model" / "model.json").read_text())
    assert told["model"].startswith("ft:gpt-4o-mini-2024-07-18:workbench:kind-words:")
    assert (told["labels"], told["provider"], told["system_prompt"]) == ([], "test", SYSTEM)
    assert told["hosted_job"]["trained_tokens"] > 0 and told["checkpoints"]
    assert told["training_rows"] == {"examples": 32} and told["shuts_on"] == "2027-01-14"
    curve = [line for line in folder.metrics() if line.get("stage") == "tuning"]
    assert len(curve) > 10 and {"step", "train_loss", "train_mean_token_accuracy"} <= set(curve[0])

    rows = read_answers(folder.path)
    assert len(rows) == 8
    assert all(row["base"]["text"] != row["tuned"]["text"] for row in rows)
    assert all(row["tuned"]["text"].startswith(tuple("IPT")) for row in rows)  # as the examples answer
    for said in (row[who] for row in rows for who in ("base", "tuned")):
        assert said["tokens"] > 0 and said["cost_usd"] > 0 and said["latency_ms"] > 0 and not said["error"]
    asked = [json.loads(one.body) for one in provider.requests("/chat", "POST")]
    assert Counter(one["model"] for one in asked) == {told["base"]: 8, told["model"]: 8}
    assert provider.key.encode() not in everything_written(db.home)


def test_sixty_clicks_are_sixty_jobs_though_answers_get_lost(tmp_path, provider):
    provider.speed(0)
    one, file = client(provider), tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps(pair(number)) + "\n" for number in range(12)))
    provider.fault("drop_after", "/jobs$", method="POST", share=0.3, times=None)
    provider.fault("drop_before", "/files$", method="POST", times=2)
    config = ExampleSettings(**FAST, suffix="sixty")
    made = [
        submit(click(tmp_path / str(n), f"click-{n}"), one, config, {"training_file": file},
               {"training_file": "0" * 64}).id for n in range(60)
    ]  # fmt: skip
    assert len(set(made)) == 60
    assert sorted(job.id for job in jobs_there(provider)) == sorted(made)
    assert sum(logged.status is None for logged in provider.requests("/jobs", "POST")) > 10
    assert len([logged for logged in provider.requests("/files", "POST") if logged.status == 200]) == 1


def click(folder, client_id):
    """What a job script sees of a folder that names one click."""
    folder.mkdir()
    (folder / "spec.json").write_text(json.dumps({"client_id": client_id}))
    return RunningJob(JobFolder(folder))


QUICK = ("running", "succeeded")
STATES = {"validating files": 2.0, "queued": 4.0, "running": 30.0}  # and the virtual second to be there


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        pytest.param(state, ends, marks=[] if (state, ends) == QUICK else pytest.mark.slow)
        for state in STATES
        for ends in ("succeeded", "failed", "cancelled")
    ],
)
def test_killed_in_any_state_there_it_ends_true_after_a_restart(db, examples, provider, state, ends):
    if ends == "failed":
        provider.fault("failed_job")
    provider.speed(0)
    job = start(db, examples)
    folder = folder_of(db, job.job_id)
    until(lambda: jobs_there(provider), "a job at the provider")
    provider.advance(STATES[state])
    until(lambda: any(event.get("message", "").startswith(state) for event in folder.events()), state)
    os.kill(int(folder.events()[0]["pid"]), signal.SIGKILL)
    until(lambda: get_job(db, job.job_id).state.name == "died", "its death")
    [there] = jobs_there(provider)
    if ends == "cancelled":  # by somebody else, while nobody looked
        client(provider).cancel_job(there.id)
    if ends == "failed":
        provider.advance(100)
    provider.speed(400)
    again = over(db, restart(db, job.job_id, "ana"))
    assert again.state.name == "succeeded", (again.state, folder_of(db, again.job_id).log_tail())
    # What goes on there is taken over; what failed or was stopped there is made anew, once.
    expected = ["succeeded"] if ends == "succeeded" else ["succeeded", ends]
    assert [one.status for one in jobs_there(provider)] == expected
    assert set(absorb(db)) == {job.job_id, again.job_id}
    [model] = list_models(db, "kids")
    assert model.job_id == again.job_id
    assert len(provider.requests("/files", "POST")) == 1  # eight held-out prompts are too few to upload


def test_killed_while_both_answer_nothing_is_paid_twice(db, examples, provider):
    provider.fault("slow", "/chat", method="POST", seconds=30, skip=5)
    job = start(db, examples)
    until(lambda: "slow" not in provider.faults_left() and len(provider.requests("/chat")) == 6, "an answer")
    os.kill(int(folder_of(db, job.job_id).events()[0]["pid"]), signal.SIGKILL)
    until(lambda: get_job(db, job.job_id).state.name == "died", "its death")
    again = over(db, restart(db, job.job_id, "ana"))
    assert again.state.name == "succeeded"
    assert len(read_answers(folder_of(db, again.job_id).path)) == 8
    assert len(provider.requests("/chat", "POST")) == 17  # only the question whose answer never came, again
    assert [one.status for one in jobs_there(provider)] == ["succeeded"]


def test_a_base_that_does_not_answer_costs_no_model(db, examples, provider):
    provider.fault("training_not_available", "/chat", method="POST")  # 403, to the first question: the base
    job = over(db, start(db, examples))
    assert job.state.name == "succeeded", job.state
    rows = read_answers(folder_of(db, job.job_id).path)
    assert {row["base"]["text"] for row in rows} == {None} and "403" in rows[0]["base"]["error"]
    assert all(row["tuned"]["text"] for row in rows)
    assert len(provider.requests("/chat", "POST")) == 1 + 8  # it is not asked again and again


def test_cancelling_stops_it_at_the_provider(db, examples, provider):
    provider.speed(0)
    job = start(db, examples)
    until(lambda: jobs_there(provider), "a job at the provider")
    provider.advance(30)
    until(lambda: folder_of(db, job.job_id).metrics(), "a metric")
    cancel(db, job.job_id, "ana")
    assert over(db, job).state.name == "cancelled"
    assert [one.status for one in jobs_there(provider)] == ["cancelled"]


HIDDEN = "call jo.doe@posteo.example please"
PLACES = {
    "a question": lambda one: one["messages"][1].update(content=HIDDEN),
    "an answer": lambda one: one["messages"][2].update(content=HIDDEN),
    "a system prompt": lambda one: one["messages"][0].update(content=HIDDEN),
    "a name": lambda one: one["messages"][1].update(name="jo.doe@posteo.example"),
    "a tool": lambda one: one.update(
        tools=[{"type": "function", "function": {"name": "mail", "description": HIDDEN, "parameters": {}}}]
    ),
    "what a tool is called with": lambda one: one["messages"].insert(
        2, {"role": "assistant", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "mail", "arguments": f'["{HIDDEN}"]'}}]}
    ),
}  # fmt: skip


@pytest.mark.parametrize("side", ["train", "validation"])
@pytest.mark.parametrize("place", PLACES)
def test_personal_data_stops_it_before_the_first_byte(db, tmp_path, provider, place, side):
    create_dataset(db, "kids", ("allow", "disallow"), actor="ana")
    rows, asked = [pair(number) for number in range(20)], [pair(number) for number in range(20, 24)]
    PLACES[place]((rows if side == "train" else asked)[3])
    for name, values in (("train", rows), ("asked", asked)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(value) + "\n" for value in values))
    files = {"validation": tmp_path / "asked.jsonl"}
    examples = keep_examples(db, "kids", tmp_path / "train.jsonl", actor="ana", **files)
    assert examples.counts["refused"] == 0
    folder = job_folder(tmp_path / "here", db, examples, provider)
    with pytest.raises(BadInput, match="Nothing was sent: .* holds an e-mail address") as caught:
        tune_examples.train(RunningJob(folder))
    assert "keep it as new examples" in caught.value.hint and "jo.doe" not in str(caught.value)
    assert b"jo.doe" not in everything_written(folder.path / "events.jsonl")
    assert provider.requests() == []


def job_folder(folder, db, examples, provider):
    """The folder of such a job, as the launcher makes it."""
    shutil.copytree(example_set_folder(db.home, examples.example_set_id), folder / "inputs")
    (folder / "inputs" / "provider.json").write_text(json.dumps(address(provider).as_dict()))
    spec = {"client_id": "c", "snapshot_id": "examples-1", "snapshot_sha256": examples.sha256}
    (folder / "spec.json").write_text(json.dumps({**spec, "settings": FAST}))
    return JobFolder(folder)


def test_what_costs_too_much_is_stopped_before_the_first_byte(db, examples, provider):
    job = over(db, start(db, examples, cost_cap_usd=0.001, epochs=50))
    assert job.state.name == "failed" and "$0.00 is allowed" in job.state.message
    assert provider.requests() == []


def test_the_estimate_stands_beside_what_was_billed(db, examples, provider):
    found = estimate_tuning(db, examples.example_set_id, {**FAST, "epochs": 4})
    assert (found.epochs, found.questions) == (4, 8)
    assert found.billed_tokens == 4 * found.budget.billed_tokens_per_epoch
    assert found.training_usd == pytest.approx(found.billed_tokens * 3.0 / 1e6)
    job = over(db, start(db, examples, epochs=4))
    bill = bill_of(folder_of(db, job.job_id), job.state)
    assert bill.estimated_usd == pytest.approx(found.cost_usd, abs=1e-6)
    assert 0 < bill.billed_usd < bill.estimated_usd  # answers are shorter than they may be


def test_files_that_were_changed_after_they_had_been_kept_are_refused(db, examples, provider):
    file = db.home / "examples" / examples.example_set_id / "train.jsonl"
    file.write_text(file.read_text().replace("dumb", "wise"))
    job = over(db, start(db, examples))
    assert "The examples have the hash" in job.state.message and provider.requests() == []


def test_examples_of_children_go_nowhere(db, examples, provider):
    mark_child_data(db, "kids", may_hold_child_data=True, actor="ana")
    with pytest.raises(Conflict, match="may hold data of children"):
        start(db, examples)
    assert provider.requests() == [] and launch.list_jobs(db) == []


def test_what_is_missing_is_told_before_anything_is_launched(db, examples, monkeypatch):
    with pytest.raises(NotFound, match="not an approved provider"):
        start(db, examples, provider="elsewhere")
    with pytest.raises(NotFound, match="not in the table of hosted models"):
        start(db, examples, model="gpt-99")
    with pytest.raises(Conflict, match="was shut on 2026-10-23"):
        start(db, examples, model="gpt-3.5-turbo-0125")
    with pytest.raises(BadInput, match="compared is -1"):
        start(db, examples, compared=-1)
    with pytest.raises(NotFound, match="no examples 'examples-9'"):
        tune(db, example_set_id="examples-9", actor="ana")
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(BackendError, match="is not set"):
        start(db, examples)
    assert launch.list_jobs(db) == []


def test_a_model_without_labels_is_asked_no_labels(db, examples, provider):
    over(db, start(db, examples))
    absorb(db)
    [model] = list_models(db, "kids")
    with pytest.raises(BadInput, match="answers in free text"):
        predict(db, model_id=model.model_id, snapshot_id="snapshot-1", split="test", actor="ana")
