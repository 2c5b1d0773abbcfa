import fcntl
import json
import os
import signal
import threading
from datetime import timedelta

import pytest

from domain.errors import BackendError, BadInput, Conflict
from domain.jobs import JobState
from services.curation.datasets import write_guideline
from services.curation.snapshots import take_snapshot
from services.jobs.files.billing import bill_of
from services.jobs.managing import child, launch
from services.jobs.managing.absorb import absorb
from services.jobs.managing.launch import folder_of, get_job, list_jobs, restart
from services.jobs.process.folder import JobFolder
from services.modelling.hosted import spending
from services.modelling.prediction import predict
from services.modelling.training import train
from services.verbs.running import run_verb
from storage import spending as stored
from tests.building import asked
from tests.hosted import GUIDELINE, KEY_VARIABLE, address, comments, job_folder, splits_of, work
from tests.provider.fixtures import provider, provider_address
from tests.stored_runs import labelled_dataset
from tests.waiting import over, until

pytestmark = pytest.mark.slow

__all__ = ["provider", "provider_address"]


@pytest.fixture(autouse=True)
def key(provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    provider.speed(400)


@pytest.fixture
def snapshot(db, provider):
    return snapshot_of(db, provider, comments())


def snapshot_of(db, provider, rows):
    ids = labelled_dataset(db, rows)
    with db.writing("kids") as cursor:
        for number, split in zip(ids, splits_of(len(rows)), strict=True):
            cursor.execute("UPDATE comments SET split = ? WHERE comment_id = ?", [split, number])
    write_guideline(db, "kids", GUIDELINE, actor="ana")
    approve(db, provider)
    return take_snapshot(db, "kids", actor="ana").snapshot_id


def approve(db, provider, **changes):
    (db.home / "providers.json").write_text(json.dumps([{**address(provider).as_dict(), **changes}]))


def start(db, snapshot, actor="ana", recipe="hosted", **settings):
    chosen = {"provider": "test", "poll_s": 0.05, "model": "gpt-4o-mini-2024-07-18"}
    return train(db, snapshot_id=snapshot, recipe=recipe, settings={**chosen, **settings}, actor=actor)


def limit(db, **caps):
    (db.home / spending.LIMITS).write_text(json.dumps(caps))


def spent(db, actor=None):
    return stored.count_spent_usd(db, stored.now() - timedelta(days=1), actor=actor)


@pytest.fixture
def no_process(monkeypatch):
    """Jobs are written down and never begin."""

    class Ended:
        def wait(self):
            return 0

    monkeypatch.setattr(child.subprocess, "Popen", lambda *_, **__: Ended())


def test_without_a_file_the_caps_are_those_of_the_manual(db):
    assert spending.read_limits(db.home) == spending.Limits(10.0, 25.0, 100.0)
    limit(db, person_day_usd=3)
    assert spending.read_limits(db.home) == spending.Limits(10.0, 3, 100.0)


@pytest.mark.parametrize(
    "told", ["{", "[]", '{"job": 3}', '{"job_usd": -1}', '{"job_usd": "5"}', '{"job_usd": true}']
)
def test_a_file_of_caps_that_cannot_be_used_lets_nothing_through(db, told):
    (db.home / spending.LIMITS).write_text(told)
    with pytest.raises(BadInput, match=r"limits\.json") as caught:
        spending.check(db, actor="ana", usd=0.01)
    assert '"person_day_usd": 25' in caught.value.hint


@pytest.mark.parametrize(
    ("caps", "message"),
    [
        ({"job_usd": 1}, r"cap is \$1\.00 for one job\. \$1\.00 is left\. \$2\.00 is needed"),
        (
            {"person_day_usd": 4},
            r"\$4\.00 a day for each person\. ana has spent or reserved \$3\.00 today; \$1\.00 is left",
        ),
        ({"day_usd": 8.5}, r"\$8\.50 a day in all\. \$7\.00 is spent or reserved today; \$1\.50 is left"),
    ],
)
def test_what_is_over_a_cap_is_refused_with_what_is_left_and_who_may_change_it(db, caps, message):
    for actor, usd in (("ana", 3.0), ("ben", 4.0)):
        spending.charge(db, actor=actor, provider="test", model="m", usd=usd, what="an answer")
    limit(db, **caps)
    with pytest.raises(Conflict, match=message) as caught:
        spending.check(db, actor="ana", usd=2.0)
    [cap] = caps
    assert f"An administrator can raise {cap} in limits.json" in caught.value.hint
    limit(db)
    spending.check(db, actor="ana", usd=2.0)


def test_yesterday_counts_no_more(db):
    spending.charge(db, actor="ana", provider="test", model="m", usd=24.0, what="an answer")
    assert spending.left_today(db, "ana") == spending.Left(10.0, 1.0, 76.0)
    with db.writing("") as cursor:
        cursor.execute("UPDATE spending SET created_at = created_at - INTERVAL 1 DAY")
    assert spending.left_today(db, "ana") == spending.Left(10.0, 25.0, 100.0)


def test_a_launch_reserves_what_the_job_may_spend(db, snapshot, no_process):
    first, second = start(db, snapshot, cost_cap_usd=7.5), start(db, snapshot)
    assert [job.spec["allowed_usd"] for job in (first, second)] == [7.5, 10.0]
    assert json.loads((folder_of(db, first.job_id).path / "spec.json").read_text())["allowed_usd"] == 7.5
    third = start(db, snapshot)
    assert third.spec["allowed_usd"] == 7.5 and spent(db, "ana") == 25.0
    with pytest.raises(Conflict, match=r"ana has spent or reserved \$25\.00 today; \$0\.00 is left"):
        start(db, snapshot)
    assert start(db, snapshot, actor="ben").spec["allowed_usd"] == 10.0
    assert len(list_jobs(db)) == 4


def test_many_launches_at_once_never_exceed_a_cap_together(db, snapshot, no_process):
    limit(db, person_day_usd=20, day_usd=33)
    ready, refused = threading.Barrier(12), []

    def click(number):
        ready.wait()
        try:
            start(db, snapshot, actor=f"person-{number % 3}", cost_cap_usd=7)
        except Conflict as error:
            refused.append(str(error))

    clicks = [threading.Thread(target=click, args=[number]) for number in range(12)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join(60)
    assert len(list_jobs(db)) + len(refused) == 12 and refused
    assert spent(db) == pytest.approx(33) == sum(job.spec["allowed_usd"] for job in list_jobs(db))
    assert all(spent(db, f"person-{number}") <= 20 for number in range(3))


def test_a_launch_that_fails_reserves_nothing(db, snapshot, monkeypatch):
    monkeypatch.setattr(launch, "_make_folder", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        start(db, snapshot)
    assert spent(db) == 0 and list_jobs(db) == []


def test_a_provider_that_takes_no_money_needs_none(db, snapshot, provider, no_process):
    limit(db, job_usd=0)
    with pytest.raises(Conflict, match="for one job"):
        start(db, snapshot)
    approve(db, provider, charges=False)
    assert "allowed_usd" not in start(db, snapshot).spec
    assert "allowed_usd" not in train(db, snapshot_id=snapshot, recipe="baseline", actor="ana").spec


@pytest.mark.parametrize("settings", [{}, {"tune": False, "shots": 4}])
def test_a_job_refuses_before_the_first_call_what_its_reservation_does_not_cover(
    tmp_path, provider, settings
):
    folder = job_folder(tmp_path, provider, **settings)
    spec = json.loads((folder.path / "spec.json").read_text()) | {"allowed_usd": 0.0001}
    (folder.path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(Conflict, match=r"\$0\.00 is allowed"):
        work(folder)
    assert provider.requests() == []


def test_a_job_that_ended_counts_what_it_was_billed(db, snapshot, provider):
    job = over(db, start(db, snapshot))
    assert absorb(db) == [job.job_id]
    told = json.loads((folder_of(db, job.job_id).path / "model" / "model.json").read_text())
    [(answers,)] = asked(db, "SELECT sum(cost_usd) FROM predictions")
    billed = told["hosted_job"]["trained_tokens"] * 3.0 / 1e6 + answers
    bill = bill_of(folder_of(db, job.job_id), get_job(db, job.job_id).state)
    assert bill.billed_usd == pytest.approx(billed, abs=1e-6) and bill.estimated_usd > 0
    assert 0.3 < bill.ratio < 3
    assert spent(db, "ana") == pytest.approx(billed, abs=1e-6)
    verb = run_verb(db, "jobs", {"job": job.job_id}, lambda *_: None)["bill"]
    assert verb == {
        "allowed_usd": 10.0, "estimated_usd": bill.estimated_usd, "billed_usd": bill.billed_usd,
        "counted_usd": bill.counted_usd, "estimated_tokens": bill.estimated_tokens,
        "billed_tokens": told["hosted_job"]["trained_tokens"],
    }  # fmt: skip
    assert 0.9 < bill.billed_tokens / bill.estimated_tokens < 1.1

    again = predict(db, model_id="model-1", snapshot_id=snapshot, split="train", actor="ben")
    assert again.spec["allowed_usd"] == 10.0
    again = over(db, again)
    assert again.state.name == "succeeded", again.state
    absorb(db)
    [(both,)] = asked(db, "SELECT sum(cost_usd) FROM predictions")
    assert spent(db, "ben") == pytest.approx(both - answers, abs=1e-6)


def test_a_job_that_never_called_gives_everything_back(db, provider):
    job = over(db, start(db, snapshot_of(db, provider, [("mail bob@example.org", "allow"), *comments()[1:]])))
    assert job.state.name == "failed" and spent(db) == 10.0
    absorb(db)
    assert spent(db) == 0 and provider.requests() == []


@pytest.mark.parametrize("fault", ["training_not_available", "failed_job"])
def test_a_training_that_was_refused_or_failed_there_costs_nothing(db, snapshot, provider, fault):
    provider.fault(fault, "/jobs$" if fault == "training_not_available" else "", method="POST|.*")
    job = over(db, start(db, snapshot))
    assert job.state.name == "failed", job.state
    absorb(db)
    assert spent(db) == 0


def test_a_killed_job_counts_as_estimated_until_its_repeat_is_billed_for_both(db, snapshot, provider):
    provider.speed(0)
    job = start(db, snapshot)
    folder = folder_of(db, job.job_id)
    until(lambda: any(one.get("hosted_job") for one in folder.events()), "a job at the provider")
    os.kill(int(folder.events()[0]["pid"]), signal.SIGKILL)
    until(lambda: get_job(db, job.job_id).state.name == "died", "its death")
    absorb(db)
    bill = bill_of(folder, get_job(db, job.job_id).state)
    assert spent(db) == pytest.approx(bill.estimated_usd) and bill.billed_usd is None
    provider.speed(400)
    again = restart(db, job.job_id, "ben")
    assert spent(db, "ana") == 0 and spent(db, "ben") == 10.0
    assert over(db, again).state.name == "succeeded"
    absorb(db)
    assert 0 < spent(db) < 1 and spent(db) == spent(db, "ben")


def told_folder(tmp_path, *events, kept=()):
    folder = JobFolder(tmp_path)
    (tmp_path / "spec.json").write_text(json.dumps({"provider": "test", "allowed_usd": 5.0}))
    for event in events:
        folder.add_event("provider", **event) if "event" not in event else folder.add_event(**event)
    (tmp_path / "work").mkdir()
    lines = [json.dumps({"key": "k", "cost_usd": usd}) for usd in kept]
    (tmp_path / "work" / "answers.jsonl").write_text("\n".join([*lines, '{"torn']))
    return folder


ESTIMATED, ASKED = {"estimate_usd": 2.0}, {"asked_for": "click"}
MADE, TRAINED = {"hosted_job": "ftjob-1"}, {"billed_usd": 1.5}
UNCLEAR, REFUSED = {"event": "failed", "retryable": True}, {"event": "failed", "retryable": False}


@pytest.mark.parametrize(
    ("state", "events", "kept", "counted"),
    [
        ("failed", [], [], 0.0),
        ("cancelled", [ESTIMATED], [], 0.0),
        ("died", [ESTIMATED, ASKED], [], 2.0),
        ("failed", [ESTIMATED, ASKED, UNCLEAR], [], 2.0),
        ("failed", [ESTIMATED, ASKED, REFUSED], [], 0.0),
        ("cancelled", [ESTIMATED, ASKED, MADE], [], 2.0),
        ("failed", [ESTIMATED, MADE, {"hosted_end": "failed"}, REFUSED], [], 0.0),
        ("died", [ESTIMATED, MADE, TRAINED], [0.1, 0.2], 1.8),
        ("died", [ESTIMATED], [0.1, None, 0.2], 0.3),
        ("succeeded", [ESTIMATED, MADE, TRAINED, {"billed_usd": 0.25}], [], 1.75),
        ("succeeded", [ESTIMATED], [], 2.0),
        ("running", [ESTIMATED, TRAINED], [0.1], None),
    ],
)
def test_what_a_job_counts_follows_from_what_it_told(tmp_path, state, events, kept, counted):
    bill = bill_of(told_folder(tmp_path, *events, kept=kept), JobState(state))
    assert bill.counted_usd == (counted if counted is None else pytest.approx(counted))


def test_a_job_that_asks_nobody_has_no_bill(tmp_path):
    (tmp_path / "spec.json").write_text(json.dumps({"kind": "train_baseline"}))
    assert bill_of(JobFolder(tmp_path), JobState("succeeded")) is None


def test_a_hosted_prediction_does_not_wait_for_the_machine(db, snapshot, provider):
    made = over(db, start(db, snapshot, recipe="hosted-as-is"))
    assert made.state.name == "succeeded", made.state
    absorb(db)
    with open(db.home / "machine.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        hosted = over(db, predict(db, model_id="model-1", snapshot_id=snapshot, split="train", actor="ana"))
        assert hosted.state.name == "succeeded", hosted.state
        local = train(db, snapshot_id=snapshot, recipe="baseline", actor="ana")
        until(lambda: folder_of(db, local.job_id).events(), "its first event")
        assert get_job(db, local.job_id).state.name == "queued"
    assert over(db, local).state.name == "succeeded"


def test_a_model_that_was_shut_meanwhile_is_not_asked_again(db, snapshot):
    over(db, start(db, snapshot, recipe="hosted-as-is"))
    absorb(db)
    told = {"test": {"as_of": "2026-11-20", "models": {"gpt-4o-mini-2024-07-18": "2026-11-20"}}}
    (db.home / "provider_models.json").write_text(json.dumps(told))
    with pytest.raises(Conflict, match="was shut on 2026-11-20"):
        predict(db, model_id="model-1", snapshot_id=snapshot, split="train", actor="ana")
    assert len(list_jobs(db)) == 1


def test_a_key_that_is_missing_reserves_nothing(db, snapshot, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(BackendError):
        start(db, snapshot)
    assert spent(db) == 0
