import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from domain.jobs import JobState
from services.curation.snapshots import take_snapshot
from services.jobs import train_encoder
from services.jobs.encoders import watch
from services.jobs.encoders.watch import Watch
from services.jobs.managing import launch
from services.jobs.process.worker import Cancelled
from services.jobs.train_encoder import train
from services.jobs.trainer import checkpoint_clock
from services.jobs.trainer.checkpoint_clock import CheckpointClock
from services.jobs.trainer.checkpoints import last_whole_checkpoint
from services.jobs.trainer.kept_trainer import BEST_FILE
from services.modelling.training import train as start_training
from tests.encoder.conftest import comments
from tests.stored_jobs import ready_to_train

ROOT = Path(__file__).resolve().parents[2]
STEPS = 52  # 208 training comments in batches of 16, four times

# The job script, killed as by `kill -9` at the step given.
DIES = """
import os, signal, sys, torch
torch.set_num_threads(1)
from services.jobs import train_encoder
from services.jobs.process.worker import run
step, told = int(sys.argv.pop(1)), train_encoder.Watch.on_step_end
def on_step_end(self, args, state, control, **given):
    told(self, args, state, control, **given)
    if state.global_step == step:
        os.kill(os.getpid(), signal.SIGKILL)
train_encoder.Watch.on_step_end = on_step_end
sys.exit(run(train_encoder.train))
"""


def weights_of(job):
    return load_file(job.folder.path / "model" / "hf" / "model.safetensors")


def assert_same_weights(first, second):
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def go_on(job, new_job, **settings):
    """A new job that goes on with the work of one that was broken off, as a restart makes it."""
    again = new_job("job-2", **settings)
    shutil.copytree(job.folder.path / "work", again.folder.path / "work", copy_function=os.link)
    shutil.rmtree(job.folder.path)
    train(again)
    return again


def steps_told(job):
    return [line["step"] for line in job.folder.metrics() if line["stage"].startswith("train")]


@pytest.mark.slow
def test_a_killed_training_that_goes_on_ends_in_the_weights_of_an_unbroken_one(new_job, unbroken):
    step, killed = random.Random(20261121).randrange(10, STEPS), new_job("job-1")
    died = subprocess.run(
        [sys.executable, "-c", DIES, str(step), killed.folder.path],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    assert killed.folder.state().name == "died"
    again = go_on(killed, new_job)
    assert min(steps_told(again)) > 1
    assert_same_weights(weights_of(again), weights_of(unbroken))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks
@pytest.mark.parametrize("is_due", [True, CheckpointClock.is_due], ids=["often", "seldom"])
@pytest.mark.parametrize(
    ("step", "settings"),
    [
        (17, {"group_by_length": False, "patience": 5}),
        (38, {"lora_rank": 8, "learning_rate": 2e-2}),
        (30, {"seeds": 2, "epochs": 3}),  # in the second seed
    ],
)
def test_a_training_broken_off_goes_on_the_same_with_every_option(
    new_job, monkeypatch, step, settings, is_due
):
    monkeypatch.setattr(CheckpointClock, "is_due", is_due)
    unbroken, broken = new_job("unbroken", **settings), new_job("job-1", **settings)
    monkeypatch.setattr(train_encoder, "refuse_one_answer", lambda *_: None)  # LoRA on an untrained base
    train(unbroken)
    told, last = Watch.on_step_end, settings.get("seeds", 1)

    def on_step_end(self, args, state, control, **given):
        told(self, args, state, control, **given)
        if state.global_step == step and args.seed == last - 1:
            raise Cancelled

    with monkeypatch.context() as patched, pytest.raises(Cancelled):
        patched.setattr(Watch, "on_step_end", on_step_end)
        train(broken)
    again = go_on(broken, new_job, **settings)
    assert_same_weights(weights_of(again), weights_of(unbroken))
    assert all(line.get("step", step) > 7 for line in again.folder.metrics() if "train" in line["stage"])


def test_a_training_that_goes_on_behind_its_best_evaluation_ends_in_the_best_weights(new_job, monkeypatch):
    monkeypatch.setattr(CheckpointClock, "is_due", True)
    rigged, seen = train_encoder.Watch.compute_metrics, []

    def best_at_first(self, prediction):
        """The second evaluation of a training is the best, whatever the model has learned."""
        seen.append(rigged(self, prediction))
        return {**seen[-1], "macro_f1": {2: 0.9}.get(len(seen), 0.1 / len(seen))}

    def on_step_end(self, args, state, control, **given):
        told(self, args, state, control, **given)
        if state.global_step == 30:
            raise Cancelled

    told = Watch.on_step_end
    monkeypatch.setattr(Watch, "compute_metrics", best_at_first)
    monkeypatch.setattr(
        train_encoder, "refuse_one_answer", lambda *_: None
    )  # so early it has learned nothing
    unbroken, broken = new_job("unbroken"), new_job("job-1")
    train(unbroken)
    seen.clear()
    with monkeypatch.context() as patched, pytest.raises(Cancelled):
        patched.setattr(Watch, "on_step_end", on_step_end)
        train(broken)
    [checkpoint] = (broken.folder.path / "work" / "seed-0").glob("checkpoint-*")
    assert checkpoint.name == "checkpoint-28"
    best = load_file(checkpoint / BEST_FILE)
    again = go_on(broken, new_job)
    assert_same_weights(weights_of(again), weights_of(unbroken))
    assert_same_weights({name: weights_of(again)[name] for name in best}, best)


def test_checkpoints_take_a_small_share_of_the_time_after_the_first(monkeypatch):
    now = iter([0.0, 1.0, 50.0, 51.5, 52.0, 56.0, 200.0, 257.0])
    monkeypatch.setattr(checkpoint_clock, "time", SimpleNamespace(monotonic=lambda: next(now)))
    clock = CheckpointClock()
    assert clock.is_due
    with clock.writing():  # takes 1 s, and the next is due 50 s later
        pass
    assert [clock.is_due, clock.is_due] == [False, True]
    with clock.writing():  # takes 4 s
        pass
    assert [clock.is_due, clock.is_due] == [False, True]


def test_a_checkpoint_that_is_not_whole_is_passed_over_and_removed(tmp_path):
    for step, state in ((7, {"global_step": 7}), (14, None)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        text = '{"global_step": 14, "best' if state is None else json.dumps(state)
        (folder / "trainer_state.json").write_text(text, encoding="utf-8")
    (tmp_path / "checkpoint-21").mkdir()
    assert last_whole_checkpoint(tmp_path) == str(tmp_path / "checkpoint-7")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-7"]


def test_a_cancelled_training_stops_at_the_next_step_and_keeps_its_checkpoints(new_job, monkeypatch):
    monkeypatch.setattr(watch, "_PROGRESS_EVERY_S", 0.0)
    job, told = new_job(rows=comments(100)), Watch.on_step_end

    def on_step_end(self, args, state, control, **given):
        if state.global_step == 9:
            job.folder.cancel("eve")
        told(self, args, state, control, **given)

    job.folder.add_event("queued", pid=0)
    monkeypatch.setattr(Watch, "on_step_end", on_step_end)
    monkeypatch.setattr(type(job.folder), "state", lambda _: JobState("running"))
    with pytest.raises(Cancelled):
        train(job)
    assert steps_told(job)[-1] == 8
    assert last_whole_checkpoint(job.folder.path / "work" / "seed-0") is not None


def test_a_restart_takes_the_checkpoints_along(db, tiny_base, monkeypatch):
    locks = []
    monkeypatch.setattr(launch, "start_process", lambda _folder, _kind, lock: locks.append(os.dup(lock)))
    ready_to_train(db)
    snapshot = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    settings = {"base_model": str(tiny_base)}
    job = start_training(
        db, snapshot_id=snapshot.snapshot_id, recipe="quick-look", settings=settings, actor="ana"
    )
    first = launch.folder_of(db, job.job_id)
    first.add_event("started", pid=0)
    checkpoint = first.path / "work" / "seed-0" / "checkpoint-7"
    checkpoint.mkdir(parents=True)
    (checkpoint / "trainer_state.json").write_text("{}", encoding="utf-8")
    os.close(locks[0])
    again = launch.restart(db, job.job_id, "ben")
    second = launch.folder_of(db, again.job_id).path
    assert (second / "work" / "seed-0" / "checkpoint-7" / "trainer_state.json").read_text() == "{}"
    assert not (first.path / "work").exists()
    os.close(locks[1])
