import fcntl
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.jobs.managing.absorb import absorb
from services.jobs.managing.launch import cancel, folder_of, get_job, launch, list_jobs, restart
from services.jobs.process import folder as job_folder
from services.jobs.process.folder import JobFolder
from services.modelling.models import get_model, list_models, list_runs, model_folder
from services.modelling.prediction import predict
from services.modelling.training import train
from storage.database import connect
from storage.predictions import count_predictions, list_predictions
from tests.waiting import over, until

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
ODD = "=1+1 'drop' ✋"  # a label that is a formula, a quote and a picture
HOSTILE = ["", "🙂🙂🙂", "x" * 100_000, "<script>alert(1)</script>", "\u202eabc", "'; DROP TABLE jobs; --"]


def snapshot(db, count=400, *, words=6, extra=(), snapshot_id="snapshot-1", labels=("fine", ODD)):
    """A frozen snapshot in which the label shows in the words; every tenth row is validation or test."""
    draw = random.Random(1)
    vocabulary = [[f"{label[0]}{draw.randrange(10**6)}" for _ in range(200)] for label in labels]
    rows = []
    for number in range(count):
        kind = number % 3 % len(labels)
        text = " ".join(draw.choices(vocabulary[kind], k=words))
        rows.append((text, labels[kind], {8: "validation", 9: "test"}.get(number % 10, "train")))
    rows += [(text, labels[0], "test") for text in extra]
    ids = pa.array(range(1001, 1001 + len(rows)), pa.int64())
    texts, names, splits = (list(column) for column in zip(*rows, strict=True))
    frozen = pa.table({"comment_id": ids, "text": texts, "label": names, "split": splits})
    with db.writing("demo") as cursor:
        cursor.register("frozen", frozen)
        cursor.execute(
            "INSERT INTO snapshot_rows SELECT $id, comment_id, label, 'single', split FROM frozen",
            {"id": snapshot_id},
        )
        cursor.unregister("frozen")
        cursor.execute(
            "INSERT INTO snapshots VALUES ($id, 'demo', 'f00d', $rows, '{}', now()::TIMESTAMP, 'ann')",
            {"id": snapshot_id, "rows": len(rows)},
        )
    folder = db.home / "snapshots" / snapshot_id
    folder.mkdir(parents=True)
    pq.write_table(frozen, folder / "comments.parquet")
    return snapshot_id


def wait_for_state(db, job_id, name):
    until(lambda: get_job(db, job_id).state.name == name, f"{job_id} is {name}")


@pytest.fixture(scope="module")
def finished_home(tmp_path_factory):
    """A home whose first job, a training, has ended and is not absorbed; made once, copied per test."""
    opened = connect(tmp_path_factory.mktemp("finished") / "home")
    snapshot(opened, extra=HOSTILE)
    job_id = train(opened, snapshot_id="snapshot-1", name="first", settings={"c": 2.0}, actor="ann").job_id
    assert over(opened, job_id).state.name == "succeeded", folder_of(opened, job_id).log_tail()
    opened.close()
    return opened.home


@pytest.fixture
def finished(finished_home, tmp_path):
    """The database of a copy of that home; the job is job-1."""
    opened = connect(shutil.copytree(finished_home, tmp_path / "copy"))
    yield opened
    opened.close()


@pytest.fixture
def db(tmp_path):
    opened = connect(tmp_path / "home")
    yield opened
    for job in list_jobs(opened):
        if not job.state.is_over:
            folder_of(opened, job.job_id).cancel("the end of the test")
    opened.close()


@pytest.fixture
def busy_machine(db):
    """Another job has the machine: what is launched meanwhile waits."""
    with open(db.home / "machine.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


@pytest.fixture
def long_job(db):
    """A training that takes long enough to be stopped."""
    snapshot(db, 6_000, words=80)
    job_id = train(db, snapshot_id="snapshot-1", actor="ann").job_id
    wait_for_state(db, job_id, "running")
    return job_id


def test_training_brings_a_model_and_a_run_for_each_split_it_answered(finished):
    assert absorb(finished) == ["job-1"]
    [model] = list_models(finished, "demo")
    assert (model.name, model.backend, model.job_id) == ("first", "tfidf", "job-1")
    assert model.labels == tuple(sorted(("fine", ODD)))
    runs = list_runs(finished, "demo")
    assert {run.split: run.row_count for run in runs} == {"validation": 40, "test": 40 + len(HOSTILE)}
    for run in runs:
        answers = list_predictions(finished, run.run_id).to_pylist()
        assert len(answers) == run.row_count == count_predictions(finished, run.run_id)
        assert all(row["label"] == row["gold"] for row in answers[:40])
        assert all(abs(sum(row["scores"]) - 1) < 1e-5 for row in answers)


def test_a_model_says_which_snapshot_settings_and_libraries_made_it(finished):
    absorb(finished)
    about = json.loads((model_folder(finished, "model-1") / "model.json").read_text(encoding="utf-8"))
    assert (about["snapshot_id"], about["snapshot_sha256"]) == ("snapshot-1", "f00d")
    assert sum(about["training_rows"].values()) == 320
    assert set(about["libraries"]) == {"python", "scikit-learn", "numpy"}
    assert about["settings"] == get_model(finished, "model-1").settings
    assert (about["settings"]["c"], about["settings"]["class_weight"]) == (2.0, None)


def test_the_app_sees_progress_while_the_job_runs(db, long_job):
    folder = folder_of(db, long_job)
    shares = set()
    until(lambda: (shares.add(folder.state().share), len(shares) > 2)[1], "three steps of progress")
    assert folder.state().name == "running"
    assert all(0 <= share < 1 for share in shares)
    assert folder.state().message


def test_metrics_tell_each_step_of_the_solver_and_the_validation_in_the_end(finished):
    metrics = folder_of(finished, "job-1").metrics()
    steps = [line["iteration"] for line in metrics if line["stage"] == "fit" and "converged" not in line]
    assert steps == list(range(1, len(steps) + 1)) and len(steps) > 3
    assert (metrics[-1]["stage"], metrics[-1]["accuracy"], metrics[-1]["rows"]) == ("validation", 1.0, 40)


def test_predictions_of_a_model_read_back_are_those_made_in_training(finished):
    absorb(finished)
    job = predict(finished, model_id="model-1", snapshot_id="snapshot-1", split="test", actor="bob")
    assert over(finished, job).state.name == "succeeded"
    absorb(finished)
    new, old = list_runs(finished, "demo", split="test")
    columns = ["comment_id", "label", "scores", "gold"]
    before, after = (list_predictions(finished, run.run_id).select(columns) for run in (old, new))
    assert before.equals(after) and before.num_rows == 40 + len(HOSTILE)
    assert (new.model_id, new.job_id, new.created_by) == ("model-1", job.job_id, "bob")
    assert len(list_models(finished, "demo")) == 1


def test_a_cancelled_job_stops_and_says_who_stopped_it(db, long_job):
    cancel(db, long_job, "eve")
    state = over(db, long_job).state
    assert (state.name, state.message) == ("cancelled", "Stopped by eve.")
    assert folder_of(db, long_job).events()[-1]["event"] == "cancelled"
    assert absorb(db) == [long_job] and list_models(db) == []
    with pytest.raises(Conflict, match="has ended already"):
        cancel(db, long_job, "eve")


def test_a_job_that_does_not_listen_is_killed_by_the_second_cancel(db, long_job, monkeypatch):
    monkeypatch.setattr(job_folder, "CANCEL_PATIENCE_S", 0.0)
    folder = folder_of(db, long_job)
    os.kill(folder.events()[0]["pid"], signal.SIGSTOP)  # a stopped process does not listen to SIGTERM
    cancel(db, long_job, "eve")
    assert folder.state().name == "running"
    cancel(db, long_job, "eve")
    assert over(db, long_job).state.name == "cancelled"


def test_a_killed_job_has_died_and_can_be_restarted(db, long_job):
    os.kill(folder_of(db, long_job).events()[0]["pid"], signal.SIGKILL)
    assert over(db, long_job).state.name == "died"
    assert absorb(db) == [long_job]
    assert get_job(db, long_job).state.name == "died"
    again = restart(db, long_job, "bob")
    assert (again.restart_of, again.created_by, again.spec["settings"]) == (
        long_job,
        "bob",
        get_job(db, long_job).spec["settings"],
    )
    with pytest.raises(Conflict, match="cannot be restarted"):
        restart(db, again.job_id, "bob")


@pytest.fixture
def died(db, busy_machine):
    """A training whose process was killed; what repeats it waits for the machine."""
    snapshot(db)
    job_id = train(db, snapshot_id="snapshot-1", actor="ann").job_id
    kill(db, job_id)
    return job_id


def kill(db, job_id):
    until(folder_of(db, job_id).events, f"the process of {job_id}")
    os.kill(folder_of(db, job_id).events()[0]["pid"], signal.SIGKILL)
    assert over(db, job_id).state.name == "died"


def test_a_job_is_not_restarted_while_one_that_repeats_it_is_at_work(db, died):
    again = restart(db, died, "bob").job_id
    with pytest.raises(Conflict, match=f"{died} cannot be restarted again: {again} repeats it") as raised:
        restart(db, died, "eve")
    assert again in raised.value.hint
    assert [job.job_id for job in list_jobs(db)] == [again, died]


@pytest.mark.slow
def test_a_job_is_restarted_again_once_its_repeat_ended_badly_too(db, died):
    second = restart(db, died, "bob").job_id
    kill(db, second)
    third = restart(db, second, "bob").job_id
    with pytest.raises(Conflict, match=f"{third} repeats it"):
        restart(db, died, "bob")
    kill(db, third)
    assert restart(db, died, "bob").restart_of == died


def test_a_job_is_not_restarted_when_its_repeat_succeeded(db, died, busy_machine):
    again = restart(db, died, "bob").job_id
    fcntl.flock(busy_machine, fcntl.LOCK_UN)
    assert over(db, again).state.name == "succeeded"
    for _ in ("before it is absorbed", "and after"):
        with pytest.raises(Conflict, match=f"{again} repeats it and is succeeded"):
            restart(db, died, "bob")
        absorb(db)


def test_of_two_restarts_at_once_one_makes_a_job(db, died):
    refused, together = [], threading.Barrier(4)

    def click():
        together.wait()
        try:
            restart(db, died, "bob")
        except Conflict as error:
            refused.append(str(error))

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert len(refused) == 3
    assert [job.restart_of for job in list_jobs(db)] == [died, None]


@pytest.mark.parametrize("name", ["x" * 100, f"  {'x' * 100}  "])
def test_a_model_may_have_a_name_of_a_hundred_characters(db, busy_machine, name):
    snapshot(db)
    assert train(db, snapshot_id="snapshot-1", name=name, actor="ann").spec["name"] == "x" * 100


def test_a_longer_name_of_a_model_is_refused_and_no_job_starts(db):
    snapshot(db)
    with pytest.raises(BadInput, match="has 101 characters") as raised:
        train(db, snapshot_id="snapshot-1", name="x" * 101, actor="ann")
    assert "at most 100" in raised.value.hint and list_jobs(db) == []


@pytest.mark.slow
def test_a_job_outlives_the_app_that_started_it(tmp_path):
    first = connect(tmp_path / "home")
    snapshot(first, 6_000, words=80)
    job_id = train(first, snapshot_id="snapshot-1", actor="ann").job_id
    wait_for_state(first, job_id, "running")
    first.close()
    second = connect(tmp_path / "home")
    assert get_job(second, job_id).state.name == "running"
    assert absorb(second) == []
    cancel(second, job_id, "ann")
    assert over(second, job_id).state.name == "cancelled"
    assert absorb(second) == [job_id]
    second.close()


def test_a_job_cancelled_before_its_process_speaks_never_starts(db, busy_machine):
    snapshot(db)
    job_id = train(db, snapshot_id="snapshot-1", actor="ann").job_id
    assert folder_of(db, job_id).events() == []
    cancel(db, job_id, "ann")
    assert over(db, job_id).state.name == "cancelled"
    assert "started" not in {event["event"] for event in folder_of(db, job_id).events()}


@pytest.mark.slow
def test_jobs_of_one_machine_wait_for_each_other(db, busy_machine):
    snapshot(db)
    first, second = (train(db, snapshot_id="snapshot-1", actor="ann").job_id for _ in range(2))
    for job_id in (first, second):
        until(folder_of(db, job_id).events, "the job stands in the queue")
        assert get_job(db, job_id).state.name == "queued"
    fcntl.flock(busy_machine, fcntl.LOCK_UN)
    spans = []
    for job_id in (first, second):
        assert over(db, job_id).state.name == "succeeded"
        at = {event["event"]: event["at"] for event in folder_of(db, job_id).events()}
        spans.append((at["started"], at["succeeded"]))
    (_, earlier_end), (later_start, _) = sorted(spans)
    assert earlier_end <= later_start


def test_a_queued_job_can_be_cancelled(db, busy_machine):
    snapshot(db)
    job_id = train(db, snapshot_id="snapshot-1", actor="ann").job_id
    until(folder_of(db, job_id).events, "the job stands in the queue")
    cancel(db, job_id, "ann")
    assert over(db, job_id).state.name == "cancelled"


def test_absorbing_twice_or_from_two_threads_is_absorbing_once(finished):
    absorbed = []
    threads = [threading.Thread(target=lambda: absorbed.extend(absorb(finished))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert absorbed == ["job-1"] and absorb(finished) == []
    assert (len(list_models(finished)), len(list_runs(finished))) == (1, 2)


def test_an_absorption_that_breaks_half_way_leaves_nothing_and_is_done_again(finished, monkeypatch):

    def broken(*_):
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="the disk is gone"):
        patched.setattr("storage.jobs.add_predictions", broken)
        absorb(finished)
    assert list_models(finished) == [] and list_runs(finished) == []
    assert absorb(finished) == ["job-1"] and len(list_runs(finished)) == 2


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda rows: rows.slice(1), "1 comments of split .* have no prediction, such as"),
        (lambda rows: pa.concat_tables([rows, rows.slice(0, 1)]), "more than one prediction"),
        (lambda rows: rows.set_column(1, "comment_id", pa.array(range(rows.num_rows))), "not in split"),
        (lambda rows: rows.set_column(2, "label", pa.array(["?"] * rows.num_rows)), "none of: "),
        (lambda rows: rows.drop_columns(["scores"]), "cannot be used"),
    ],
)
def test_predictions_that_do_not_fit_the_snapshot_make_the_job_failed(finished, change, complaint):
    path = folder_of(finished, "job-1").path / "predictions.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    assert absorb(finished) == ["job-1"]
    state = get_job(finished, "job-1").state
    assert state.name == "failed"
    assert re.search(complaint, state.message), state.message
    assert list_models(finished) == [] and list_runs(finished) == []


def test_the_order_of_the_prediction_rows_does_not_matter(finished):
    path = folder_of(finished, "job-1").path / "predictions.parquet"
    pq.write_table(pq.read_table(path).sort_by("latency_ms").sort_by([("comment_id", "descending")]), path)
    absorb(finished)
    for run in list_runs(finished):
        assert all(row["label"] == row["gold"] for row in list_predictions(finished, run.run_id).to_pylist())


def test_too_few_labels_fail_with_their_names(db):
    snapshot(db, labels=("fine",))
    job_id = train(db, snapshot_id="snapshot-1", actor="ann").job_id
    state = over(db, job_id).state
    assert state.name == "failed"
    assert state.message == "The train split has 1 label(s) (fine: 320); a classifier needs at least two."
    assert state.hint.startswith("Label comments of another kind")
    absorb(db)
    assert get_job(db, job_id).state.message.startswith("The train split has 1 label(s)")


def test_predicting_a_split_without_comments_fails_and_says_so(finished):
    absorb(finished)
    snapshot(finished, 5, snapshot_id="snapshot-2")
    job = predict(finished, model_id="model-1", snapshot_id="snapshot-2", split="test", actor="ann")
    assert over(finished, job).state.message == "Snapshot snapshot-2 has no comment in test."


def test_an_unexpected_error_is_told_in_a_line_and_in_full_in_the_log(db, busy_machine):
    snapshot(db)
    job_id = train(db, snapshot_id="snapshot-1", actor="ann").job_id
    until(folder_of(db, job_id).events, "the job stands in the queue")
    (folder_of(db, job_id).path / "model").write_text("in the way", encoding="utf-8")
    fcntl.flock(busy_machine, fcntl.LOCK_UN)
    state = over(db, job_id).state
    assert state.name == "failed" and state.message.startswith("NotADirectoryError: ")
    assert "Traceback" in folder_of(db, job_id).log_tail(100)


def test_weighting_the_labels_finds_more_of_the_rare_one(finished):
    absorb(finished)
    job = train(
        finished, snapshot_id="snapshot-1", recipe="baseline-weighted", settings={"c": 2.0}, actor="ann"
    )
    over(finished, job)
    absorb(finished)
    rare = get_model(finished, "model-2").labels.index(ODD)  # a third of the training rows
    weighted, plain = (
        [row[rare] for row in list_predictions(finished, run.run_id)["scores"].to_pylist()]
        for run in list_runs(finished, split="test")
    )
    assert all(more > less for more, less in zip(weighted, plain, strict=True))


def test_a_torn_last_line_is_passed_over(tmp_path):
    folder = JobFolder(tmp_path)
    folder.add_event("queued", pid=1)
    folder.add_event("started", pid=1)
    with open(tmp_path / "events.jsonl", "a", encoding="utf-8") as events:
        events.write('{"event": "succ')
    assert [event["event"] for event in folder.events()] == ["queued", "started"]
    assert folder.state().name == "died"


@pytest.mark.slow
def test_a_copied_folder_runs_by_hand_and_only_once(db, tmp_path, busy_machine):
    snapshot(db)
    job_id = train(db, snapshot_id="snapshot-1", actor="ann").job_id
    copied = tmp_path / "elsewhere"
    subprocess.run(["cp", "-rL", folder_of(db, job_id).path, copied], check=True)
    (copied / "events.jsonl").unlink(missing_ok=True)
    command = [sys.executable, "-m", "services.jobs.train_baseline", copied]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
    assert JobFolder(copied).state().name == "succeeded"
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert again.returncode == 2 and "Somebody worked in elsewhere before." in again.stderr


@pytest.mark.slow
def test_two_processes_never_work_in_one_folder(db, busy_machine):
    snapshot(db)
    job_id = train(db, snapshot_id="snapshot-1", actor="ann").job_id
    command = [sys.executable, "-m", "services.jobs.train_baseline", folder_of(db, job_id).path]
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert second.returncode == 2 and "Another process works in" in second.stderr


def test_a_job_is_not_told_our_secrets(db, busy_machine, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-you")
    snapshot(db)
    job_id = train(db, snapshot_id="snapshot-1", actor="ann").job_id
    [event, *_] = until(folder_of(db, job_id).events, "the job stands in the queue")
    assert "sk-not-for-you" not in Path(f"/proc/{event['pid']}/environ").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"settings": {"c": -1}}, "c is -1."),
        ({"settings": {"min_df": 1.5}}, "min_df is 1.5."),
        ({"settings": {"depth": 3}}, "There is no setting 'depth'."),
        ({"settings": {"class_weight": "hate"}}, "class_weight is 'hate'."),
        ({"actor": " "}, "Nobody is named."),
    ],
)
def test_what_cannot_be_trained_is_refused_before_a_job_exists(db, asked, complaint):
    snapshot(db)
    with pytest.raises(BadInput) as refused:
        train(db, **{"snapshot_id": "snapshot-1", "actor": "ann", **asked})
    assert str(refused.value) == complaint
    assert list_jobs(db) == []


def test_unknown_names_are_told(db):
    snapshot(db)
    for ask in (
        lambda: train(db, snapshot_id="snapshot-9", actor="ann"),
        lambda: train(db, snapshot_id="snapshot-1", recipe="magic", actor="ann"),
        lambda: predict(db, model_id="model-9", snapshot_id="snapshot-1", split="test", actor="ann"),
        lambda: get_job(db, "job-9"),
    ):
        with pytest.raises(NotFound, match="There is no "):
            ask()


def test_a_snapshot_whose_file_is_gone_starts_no_job(db):
    snapshot(db)
    (db.home / "snapshots" / "snapshot-1" / "comments.parquet").unlink()
    with pytest.raises(NotFound, match="is gone"):
        train(db, snapshot_id="snapshot-1", actor="ann")
    assert list_jobs(db) == []


def test_a_snapshot_of_another_dataset_is_refused(db):
    snapshot(db)
    with pytest.raises(Conflict, match="is of the dataset 'demo', not 'other'"):
        launch(
            db,
            kind="predict",
            dataset_id="other",
            snapshot_id="snapshot-1",
            splits=["test"],
            settings={},
            actor="ann",
        )


def test_following_jobs_imports_no_trainer():
    code = (
        "import sys, services.modelling.training, services.modelling.prediction;"
        "import services.jobs.managing.absorb;"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'torch', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
