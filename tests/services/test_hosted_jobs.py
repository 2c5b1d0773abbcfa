import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from domain.errors import BackendError, BadInput, Conflict, NotFound
from services.curation.datasets import mark_child_data, write_guideline
from services.curation.snapshots import take_snapshot
from services.jobs.hosted.submission import submitted, uploaded
from services.jobs.managing import child, launch
from services.jobs.managing.absorb import absorb
from services.jobs.managing.launch import cancel, folder_of, get_job, restart
from services.jobs.process.worker import Cancelled
from services.modelling.models import list_models, list_runs
from services.modelling.prediction import predict
from services.modelling.settings import HostedSettings
from services.modelling.training import train
from storage.database import connect
from storage.predictions import list_predictions
from tests.hosted import (
    GUIDELINE,
    KEY_VARIABLE,
    address,
    client,
    comments,
    everything_written,
    job_folder,
    splits_of,
    work,
)
from tests.provider.fixtures import provider, provider_address
from tests.stored_runs import labelled_dataset
from tests.waiting import over, until

__all__ = ["provider", "provider_address"]
PATIENCE_S = 60.0
ROOT = Path(__file__).resolve().parents[2]

# The dashboard as it takes over what a job left, killed as by `kill -9` before or after it is written down.
DIES = """
import os, signal, sys
from pathlib import Path
from services.jobs.managing import absorb
from storage import jobs
from storage.database import connect
update, moment = jobs.update_absorbed, sys.argv[2]
def dying(*given, **named):
    if moment == "after":
        update(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
jobs.update_absorbed = dying
absorb.absorb(connect(Path(sys.argv[1])))
"""


@pytest.fixture(autouse=True)
def key(provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    provider.speed(400)  # a job of 70 virtual seconds takes a fifth of a second


@pytest.fixture
def no_waiting(monkeypatch):
    for module in ("backends.provider", "backends.openai_chat", "jobs.hosted.submission"):
        monkeypatch.setattr(f"services.{module}.wait_s", lambda *_: 0.01)


@pytest.fixture
def snapshot(db, provider):
    """A snapshot of 60 comments, whose guideline is written and whose provider is approved."""
    ids = labelled_dataset(db, comments())
    with db.writing("kids") as cursor:
        for number, split in zip(ids, splits_of(60), strict=True):
            cursor.execute("UPDATE comments SET split = ? WHERE comment_id = ?", [split, number])
    write_guideline(db, "kids", GUIDELINE, actor="ana")
    (db.home / "providers.json").write_text(json.dumps([address(provider).as_dict()]))
    return take_snapshot(db, "kids", actor="ana").snapshot_id


def start(db, snapshot, **settings):
    chosen = {"provider": "test", "poll_s": 0.05, "model": "gpt-4o-mini-2024-07-18"}
    return train(db, snapshot_id=snapshot, recipe="hosted", settings={**chosen, **settings}, actor="ana")


def jobs_there(provider):
    return client(provider).list_jobs({})


def test_the_whole_way_as_a_job_of_its_own(db, snapshot, provider):
    job = over(db, start(db, snapshot, suffix="house-rules"))
    assert job.state.name == "succeeded", (job.state, folder_of(db, job.job_id).log_tail())
    assert absorb(db) == [job.job_id]
    [model] = list_models(db, "kids")
    assert (model.backend, model.labels) == ("openai", ("allow", "disallow"))
    runs = {run.split: run for run in list_runs(db, model_id=model.model_id)}
    assert {run.score_kind for run in runs.values()} == {"logprob"} and set(runs) == {"validation", "test"}
    told = json.loads((folder_of(db, job.job_id).path / "model" / "model.json").read_text())
    assert told["model"].startswith("ft:gpt-4o-mini-2024-07-18:workbench:house-rules:")
    assert told["system_prompt"] == GUIDELINE and told["shuts_on"] == "2027-01-14"
    assert told["hosted_job"]["trained_tokens"] > 0 and told["checkpoints"]

    written = list_predictions(db, runs["validation"].run_id).to_pylist()
    gold = {number: label for number, (_, label) in enumerate(comments(), start=1)}
    assert len(written) == 12
    assert sum(gold[row["comment_id"]] == row["label"] for row in written) >= 10  # joined by comment

    again = predict(db, model_id=model.model_id, snapshot_id=snapshot, split="train", actor="ana")
    assert over(db, again).state.name == "succeeded", folder_of(db, again.job_id).log_tail()
    assert absorb(db) == [again.job_id]
    assert not (folder_of(db, again.job_id).path / "work").exists()

    curve = [line for line in folder_of(db, job.job_id).metrics() if line.get("stage") == "tuning"]
    assert len(curve) > 20 and all(
        {"step", "train_loss", "train_mean_token_accuracy"} <= set(x) for x in curve
    )
    assert any("full_valid_loss" in line for line in curve) and any(x["train_loss"] == 6e-05 for x in curve)
    [first] = [line for line in folder_of(db, job.job_id).metrics() if line.get("stage") == "validation"]
    assert first["accuracy"] > 0.8
    assert Counter(logged.path for logged in provider.requests(method="POST"))["/v1/fine_tuning/jobs"] == 1
    assert provider.key.encode() not in everything_written(db.home)
    assert provider.key not in json.dumps([vars(one) for one in provider.requests()])


def test_training_and_asking_use_the_same_bytes(tmp_path, provider):
    folder = job_folder(tmp_path, provider)
    work(folder)
    [upload] = [one for one in provider.requests("/files", "POST") if "train-" in one.body]
    trained = [json.loads(line) for line in upload.body.split("\n") if line.startswith('{"messages"')]
    asked = [json.loads(one.body)["messages"] for one in provider.requests("/chat", "POST")]
    assert {str(one["messages"][0]) for one in trained} == {str(one[0]) for one in asked}
    shape = [[message["content"][:10] for message in one["messages"][1:2]] for one in trained]
    assert {tuple(one) for one in shape} == {(one[1]["content"][:10],) for one in asked}
    answers = pq.read_table(folder.path / "predictions.parquet")
    assert answers.num_rows == 18 and set(answers["parse_status"].to_pylist()) == {"ok"}
    assert all(cost > 0 for cost in answers["cost_usd"].to_pylist())
    assert len(asked) == 18


def test_a_model_can_be_asked_as_it_is(tmp_path, provider):
    folder = job_folder(tmp_path, provider, tune=False, model="gpt-4.1-2025-04-14")
    work(folder)
    assert provider.requests("/files") == provider.requests("/fine_tuning") == []
    assert json.loads((folder.path / "model" / "model.json").read_text())["training_rows"] == {}


@pytest.mark.parametrize(("columns", "encoding"), [("new", "plain"), ("old", "base64")])
def test_steps_that_came_as_no_event_are_read_from_the_result_file(tmp_path, provider, columns, encoding):
    provider.results(columns=columns, encoding=encoding)
    provider.fault("missing_fields", "/events", fields=("data",), times=None)
    folder = job_folder(tmp_path, provider)
    work(folder)
    steps = [line["step"] for line in folder.metrics() if line.get("stage") == "tuning"]
    assert len(steps) > 20 and steps == sorted(set(steps))


def test_two_hundred_clicks_are_two_hundred_jobs_though_answers_get_lost(tmp_path, provider):
    provider.speed(0)
    one = client(provider)
    lines = [{"messages": [{"role": "user", "content": f"c {n}"}, {"role": "assistant", "content": "allow"}]}
             for n in range(12)]  # fmt: skip
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    file = uploaded(one, path, "0" * 64)
    provider.fault("drop_after", "/jobs$", method="POST", share=0.3, times=None)
    provider.fault("drop_before", "/jobs$", method="POST", share=0.1, times=None, seed=3)
    request = {"model": "gpt-4o-mini-2024-07-18", "training_file": file}
    made = [submitted(one, request, f"click-{number}").id for number in range(200)]
    assert len(set(made)) == 200
    assert sorted(job.id for job in jobs_there(provider)) == sorted(made)
    lost = [logged for logged in provider.requests("/jobs", "POST") if logged.status is None]
    assert len(lost) > 40


def test_a_click_repeated_finds_its_job(tmp_path, provider):
    first, second = job_folder(tmp_path, provider), job_folder(tmp_path, provider)
    work(first)
    work(second)
    assert len(jobs_there(provider)) == 1
    assert len(provider.requests("/files", "POST")) == 2  # training and validation, once each
    third = job_folder(tmp_path, provider, client_id="another click")
    work(third)
    assert len(jobs_there(provider)) == 2 and len(provider.requests("/files", "POST")) == 2


def test_one_click_repeated_by_two_at_once_is_one_job(tmp_path, provider):
    folders = [job_folder(tmp_path, provider), job_folder(tmp_path, provider)]
    provider.fault("slow", "/jobs$", method="POST", seconds=0.5)
    both = [threading.Thread(target=work, args=[folder]) for folder in folders]
    for one in both:
        one.start()
    for one in both:
        one.join(PATIENCE_S)
    assert len(jobs_there(provider)) == 1
    assert all((folder.path / "model" / "model.json").exists() for folder in folders)


PASSING = [
    ("drop_after", "/jobs$", "POST"), ("drop_before", "/jobs$", "POST"), ("truncated", "/jobs$", "POST"),
    ("server_error", "/jobs$", "POST"), ("rate_limited", "/jobs$", "POST"),
    ("drop_after", "/files$", "POST"), ("truncated", "/files$", "POST"),
    ("overloaded", "/files$", "POST"), ("server_error", "/jobs/", "GET"),
    ("drop_after", "/events", "GET"), ("truncated", "/events", "GET"),
    ("duplicate_ids", "/events", "GET"), ("unknown_status", "/jobs/", "GET"),
    ("missing_fields", "/jobs/ftjob-[^/]*$", "GET"), ("duplicate_ids", "/files$", "GET"),
    ("truncated", "/content", "GET"), ("drop_before", "/checkpoints", "GET"),
    ("server_error", "/chat", "POST"), ("truncated", "/chat", "POST"), ("rate_limited", "/chat", "POST"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "path", "method"),
    [pytest.param(*one, marks=[] if place < 3 else pytest.mark.slow) for place, one in enumerate(PASSING)],
)
def test_a_fault_that_passes_leaves_one_job_and_a_model(tmp_path, provider, no_waiting, kind, path, method):
    provider.fault(kind, path, method=method, fields=("status", "result_files"), times=1)
    folder = job_folder(tmp_path, provider)
    work(folder)
    assert provider.faults_left() == []
    assert len(jobs_there(provider)) == 1 and (folder.path / "model" / "model.json").exists()


def test_a_status_that_nobody_foresaw_is_shown(tmp_path, provider):
    provider.fault("unknown_status", "/jobs/ftjob-[^/]*$", method="GET", text="resting_awhile", times=3)
    folder = job_folder(tmp_path, provider)
    work(folder)
    assert any("resting awhile" in event.get("message", "") for event in folder.events())


@pytest.mark.parametrize(
    ("kind", "path", "message"),
    [
        ("training_not_available", "/jobs$", "training_not_available"),
        ("quota_exceeded", "/jobs$", "quota"),
        ("flagged_file", "", "too many examples were flagged"),
        ("blocked_model", "", "safety checks"),
        ("failed_job", "", "internal error"),
        ("redirect", "/files", "points elsewhere"),
    ],
)
def test_what_does_not_pass_is_told_with_what_to_do(tmp_path, provider, kind, path, message):
    provider.fault(kind, path, method="POST" if path == "/jobs$" else ".*", text=provider.root)
    folder = job_folder(tmp_path, provider)
    with pytest.raises(BackendError, match=message) as caught:
        work(folder)
    assert caught.value.hint and not (folder.path / "model").exists()
    if kind in ("training_not_available", "flagged_file", "blocked_model"):
        assert "quick-look" in caught.value.hint


def test_after_a_failure_there_the_same_click_makes_a_new_job(tmp_path, provider):
    provider.fault("failed_job")
    with pytest.raises(BackendError):
        work(job_folder(tmp_path, provider))
    work(job_folder(tmp_path, provider))
    assert sorted(job.status for job in jobs_there(provider)) == ["failed", "succeeded"]


def test_a_provider_that_stays_away_ends_the_job_which_is_found_again(tmp_path, provider, no_waiting):
    provider.fault("server_error", "/jobs/ftjob", times=40)  # ten looks of four tries
    with pytest.raises(BackendError, match="500"):
        work(job_folder(tmp_path, provider))
    work(job_folder(tmp_path, provider))
    assert len(jobs_there(provider)) == 1


def test_cancelling_stops_it_there_even_if_its_creation_was_never_answered(tmp_path, provider, monkeypatch):
    provider.speed(0)
    folder = job_folder(tmp_path, provider)

    def interrupted(*_, looks):
        raise Cancelled

    provider.fault("drop_after", "/jobs$", method="POST")
    monkeypatch.setattr("services.jobs.hosted.submission._looked_for", interrupted)
    with pytest.raises(Cancelled):
        work(folder)
    assert [job.status for job in jobs_there(provider)] == ["cancelled"]
    assert "was cancelled at the provider" in folder.events()[-1]["message"]


def test_cancelling_a_job_cancels_it_at_the_provider(db, snapshot, provider):
    provider.speed(0)
    job = start(db, snapshot)
    until(lambda: jobs_there(provider), "a job at the provider")
    provider.advance(20)
    until(lambda: any(x.get("stage") == "tuning" for x in folder_of(db, job.job_id).metrics()), "a metric")
    cancel(db, job.job_id, "ana")
    ended, [one] = over(db, job).state, jobs_there(provider)
    assert (ended.name, one.status) == ("cancelled", "cancelled")
    assert ended.message == f"Stopped by ana. The provider's job {one.id} has ended."


MOMENTS = {
    "while a file goes up": ("/files$", "POST"),
    "while the job is created": ("/jobs$", "POST"),
    "while it is looked at": ("/jobs/ftjob", "GET"),
    "while it answers": ("/chat", "POST"),
}
QUICK = "while the job is created"  # the moment at which a second job could come about


@pytest.mark.parametrize(
    "moment", [pytest.param(one, marks=[] if one == QUICK else pytest.mark.slow) for one in MOMENTS]
)
def test_killed_at_any_moment_it_goes_on_where_it_was(db, snapshot, provider, moment):
    path, method = MOMENTS[moment]
    skip = 5 if "chat" in path else 0
    provider.fault("slow", path, method=method, seconds=30, skip=skip)
    job = start(db, snapshot, at_once=1)
    # The request is in the log while the server sits on its answer; its effect has taken place by then.
    until(lambda: "slow" not in provider.faults_left() and provider.requests(path.strip("$"), method), moment)
    folder = folder_of(db, job.job_id)
    os.kill(int(folder.events()[0]["pid"]), signal.SIGKILL)
    until(lambda: get_job(db, job.job_id).state.name == "died", "its death")
    paid = len(provider.requests("/chat", "POST"))
    again = over(db, restart(db, job.job_id, "ana"))
    assert again.state.name == "succeeded", again.state
    assert [one.status for one in jobs_there(provider)] == ["succeeded"]
    assert set(absorb(db)) == {job.job_id, again.job_id}
    [model] = list_models(db, "kids")
    assert {run.row_count for run in list_runs(db, model_id=model.model_id)} == {12, 6}
    asked = Counter(
        json.loads(one.body)["messages"][1]["content"] for one in provider.requests("/chat", "POST")
    )
    assert len(asked) == 18 and max(asked.values()) <= 2
    assert sum(asked.values()) == 18 + (1 if paid else 0)  # only the question whose answer never came, again
    names = [
        one.body.partition('filename="')[2].partition('"')[0] for one in provider.requests("/files", "POST")
    ]
    assert len(set(names)) == len(names) == 2  # a file that arrived is not sent again


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_dashboard_killed_while_it_takes_a_job_over_has_taken_it_over_once(db, snapshot, provider, moment):
    job = over(db, start(db, snapshot))
    db.close()
    killed = subprocess.run([sys.executable, "-W", "ignore", "-c", DIES, db.home, moment], cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    reopened = connect(db.home)
    try:
        assert absorb(reopened) == ([job.job_id] if moment == "before" else [])
        assert get_job(reopened, job.job_id).state.name == "succeeded"
        [model] = list_models(reopened, "kids")
        assert {run.row_count for run in list_runs(reopened, model_id=model.model_id)} == {12, 6}
    finally:
        reopened.close()


@pytest.mark.slow
def test_a_prediction_killed_while_it_asks_pays_no_answer_twice(db, snapshot, provider):
    over(db, start(db, snapshot))
    absorb(db)
    [model], paid = list_models(db, "kids"), len(provider.requests("/chat", "POST"))
    provider.fault("slow", "/chat", method="POST", seconds=30, skip=20)
    job = predict(db, model_id=model.model_id, snapshot_id=snapshot, split="train", actor="ana")
    until(lambda: len(provider.requests("/chat", "POST")) > paid + 20, "that it waits for an answer")
    folder = folder_of(db, job.job_id)
    os.kill(int(folder.events()[0]["pid"]), signal.SIGKILL)
    until(lambda: get_job(db, job.job_id).state.name == "died", "its death")
    again = over(db, restart(db, job.job_id, "ana"))
    assert again.state.name == "succeeded", folder_of(db, again.job_id).log_tail()
    absorb(db)
    assert {run.split: run.row_count for run in list_runs(db, model_id=model.model_id)}["train"] == 42
    asked = Counter(
        json.loads(one.body)["messages"][1]["content"] for one in provider.requests("/chat", "POST")[paid:]
    )
    assert len(asked) == 42
    # Beside the one whose answer never came, at most those that were under way with it.
    assert sum(asked.values()) <= 42 + HostedSettings().at_once


@pytest.mark.slow
def test_killed_while_it_cancels_what_was_stopped_there_is_made_anew(db, snapshot, provider):
    provider.speed(0)
    provider.fault("slow", "/cancel$", method="POST", seconds=30)
    job = start(db, snapshot)
    folder = folder_of(db, job.job_id)
    until(lambda: any(event.get("hosted_job") for event in folder.events()), "a job at the provider")
    cancel(db, job.job_id, "ana")
    until(lambda: provider.requests("/cancel", "POST"), "that it asks there")
    os.kill(int(folder.events()[0]["pid"]), signal.SIGKILL)
    [one] = jobs_there(provider)
    ended = over(db, job).state
    assert (ended.name, ended.message) == (
        "cancelled", f"Stopped by ana. The provider's job {one.id} may go on there, and cost."
    )  # fmt: skip
    provider.speed(400)
    again = over(db, restart(db, job.job_id, "ana"))
    assert again.state.name == "succeeded", folder_of(db, again.job_id).log_tail()
    assert [one.status for one in jobs_there(provider)] == ["succeeded", "cancelled"]


@pytest.mark.slow
def test_a_cancellation_that_the_provider_never_heard_is_told_and_its_job_taken_over(db, snapshot, provider):
    provider.speed(0)
    provider.fault("drop_before", "/cancel$", method="POST")
    job = start(db, snapshot)
    folder = folder_of(db, job.job_id)
    until(lambda: any(event.get("hosted_job") for event in folder.events()), "a job at the provider")
    cancel(db, job.job_id, "ana")
    ended, [one] = over(db, job).state, jobs_there(provider)
    assert ended.name == "cancelled" and f"{one.id} may go on there, and cost" in ended.message
    assert "takes it over" in ended.hint
    assert any("It may go on at the provider" in event.get("message", "") for event in folder.events())
    provider.speed(400)
    again = over(db, restart(db, job.job_id, "ana"))
    assert again.state.name == "succeeded", folder_of(db, again.job_id).log_tail()
    assert [one.status for one in jobs_there(provider)] == ["succeeded"]


def seeded(kind, draw):
    """A string of personal data that belongs to nobody."""
    digits = lambda n: "".join(draw.choices("123456789", k=n))  # noqa: E731
    word = "".join(draw.choices("abcdefghijklmnop", k=7))
    if kind == "card":
        start_ = "4" + digits(14)
        return next(c for c in (f"{start_}{last}" for last in range(10)) if luhn(c))
    if kind == "iban":
        plain = "".join(draw.choices("0123456789", k=18))
        check = 98 - int(plain + "131400") % 97
        return f"DE{check:02} {plain[:4]} {plain[4:8]} {plain[8:12]} {plain[12:16]} {plain[16:]}"
    return {
        "email": f"{word}.{digits(2)}@{word[::-1]}.{draw.choice(['com', 'org', 'co.uk'])}",
        "phone": draw.choice(
            [f"+49 151 {digits(8)}", f"({digits(3)}) {digits(3)}-{digits(4)}", f"0{digits(10)}"]
        ),
        "handle": f"@{word}_{digits(2)}",
        "url": draw.choice([f"https://{word}.example/{digits(3)}", f"www.{word}.net", f"{word}.com/u"]),
        "ip": draw.choice([f"10.{draw.randrange(255)}.3.{draw.randrange(255)}", f"2001:db8::{digits(3)}"]),
        "street": f"{digits(2)} {word.capitalize()} {draw.choice(['Street', 'Road', 'Ave'])}",
    }[kind]


def luhn(number):
    digits = [int(c) for c in number][::-1]
    return (sum(digits[::2]) + sum(sum(divmod(2 * d, 10)) for d in digits[1::2])) % 10 == 0


@pytest.mark.parametrize("kind", ["email", "phone", "handle", "url", "card", "iban", "ip", "street"])
def test_personal_data_stops_a_job_before_the_first_byte(tmp_path, provider, kind):
    draw = random.Random(kind)
    strings = [seeded(kind, draw) for _ in range(40)]  # 320 over all kinds
    rows = comments()
    for number, string in enumerate(strings):
        place = draw.randrange(len(rows))
        text, label = rows[place]
        folder = job_folder(
            tmp_path, provider, rows=[*rows[:place], (f"{text} {string} ok", label), *rows[place + 1 :]]
        )
        with pytest.raises(BadInput, match=f"Nothing was sent: Comment {101 + place} holds") as caught:
            work(folder)
        assert string not in str(caught.value)
        assert string.encode() not in everything_written(folder.path / "events.jsonl"), number
        shutil.rmtree(folder.path)
    assert provider.requests() == []


def test_personal_data_in_the_guideline_is_told_with_its_place_and_to_be_edited(tmp_path, provider):
    folder = job_folder(tmp_path, provider, system_prompt="Be kind.\nNot: her number is 555-0142.")
    with pytest.raises(BadInput, match="prompt holds a phone number at line 2, characters 20") as caught:
        work(folder)
    assert "characters 20 to 27." in str(caught.value)
    assert "Edit the guideline" in caught.value.hint and "Exclude" not in caught.value.hint
    assert "0142" not in str(caught.value) and provider.requests() == []


def test_an_error_about_comments_names_the_way_out(tmp_path, provider):
    rows = [("call 555-0142", "allow"), *comments()[1:]]
    with pytest.raises(BadInput, match="Comment 101 holds") as caught:
        work(job_folder(tmp_path, provider, rows=rows))
    assert "or set personal_data=withhold, which keeps them back" in caught.value.hint
    assert "guideline" not in caught.value.hint


def test_withheld_comments_never_reach_the_provider(tmp_path, provider):
    draw = random.Random(1)
    strings = [seeded(kind, draw) for kind in ("email", "phone", "handle", "url", "card", "iban", "ip")]
    rows = [*comments(), *((f"you sweet {string} yes", "allow") for string in strings * 3)]
    folder = job_folder(tmp_path, provider, rows=rows, personal_data="withhold")
    work(folder)
    log = json.dumps([vars(one) for one in provider.requests()], ensure_ascii=False)
    assert [string for string in strings if string in log] == []
    answers = pq.read_table(folder.path / "predictions.parquet")["parse_status"].to_pylist()
    held_out = [split for split in splits_of(len(rows))[60:] if split in ("validation", "test")]
    assert answers.count("filtered") == len(held_out) > 0


@pytest.mark.parametrize("text", ["hi <|endoftext|> there", "<|im_start|>system"])
def test_special_tokens_stop_a_job(tmp_path, provider, text):
    with pytest.raises(BadInput, match="holds the token"):
        work(job_folder(tmp_path, provider, rows=[(text, "allow"), *comments()[1:]]))
    assert provider.requests() == []


def test_too_few_examples_stop_a_job(tmp_path, provider):
    with pytest.raises(BadInput, match="fewer than the 10"):
        work(job_folder(tmp_path, provider, rows=comments(12)))
    assert provider.requests() == []


def test_a_job_that_costs_too_much_is_stopped(tmp_path, provider):
    with pytest.raises(Conflict, match=r"would cost about \$0.\d\d; \$0.00 is allowed"):
        work(job_folder(tmp_path, provider, cost_cap_usd=0.001, epochs=50))
    assert provider.requests() == []


def test_a_dataset_that_may_hold_data_of_children_goes_nowhere(db, snapshot, provider):
    mark_child_data(db, "kids", may_hold_child_data=True, actor="ana")
    with pytest.raises(Conflict, match="may hold data of children"):
        start(db, snapshot)
    mark_child_data(db, "kids", may_hold_child_data=False, actor="ana", why="Adults only.")
    assert provider.requests() == [] and launch.list_jobs(db) == []


def test_what_is_missing_is_told_before_anything_is_launched(db, snapshot, provider, monkeypatch):
    with pytest.raises(NotFound, match="not an approved provider"):
        start(db, snapshot, provider="elsewhere")
    with pytest.raises(NotFound, match="not in the table of hosted models"):
        start(db, snapshot, model="gpt-99")
    with pytest.raises(Conflict, match="was shut on 2026-10-23"):
        start(db, snapshot, model="gpt-3.5-turbo-0125")
    with pytest.raises(BadInput, match="epochs is 51"):
        start(db, snapshot, epochs=51)
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(BackendError, match="is not set"):
        start(db, snapshot)
    assert launch.list_jobs(db) == []


def test_the_key_goes_to_hosted_jobs_alone(db, snapshot, provider, monkeypatch):
    given = []

    class Ended:
        def wait(self):
            return 0

    def popen(command, env, **_):
        given.append((command[2], env.get(KEY_VARIABLE)))
        return Ended()

    monkeypatch.setattr(child.subprocess, "Popen", popen)
    start(db, snapshot)
    train(db, snapshot_id=snapshot, recipe="baseline", actor="ana")
    assert given == [("services.jobs.train_hosted", provider.key), ("services.jobs.train_baseline", None)]
