import os
import random
import shutil
import signal
import subprocess
import sys

import pytest

from domain.errors import Conflict
from domain.jobs import JobState
from services.curation.snapshots import take_snapshot
from services.jobs.encoders.watch import Watch
from services.jobs.managing import child, launch
from services.jobs.managing.absorb import absorb
from services.jobs.process.folder import JobFolder
from services.jobs.process.worker import Paused
from services.jobs.train_encoder import train
from services.jobs.trainer.checkpoints import last_whole_checkpoint
from services.modelling.training import train as start_training
from tests.encoder.test_resuming import STEPS, assert_same_weights, go_on, steps_told, weights_of
from tests.stored_jobs import ready_to_train

pytestmark = pytest.mark.slow


def paused_at(step, monkeypatch, job, last_seed=0):
    """Somebody asks for a pause while that step is at work; the job ends paused."""
    told = Watch.on_step_end

    def on_step_end(self, args, state, control, **given):
        if state.global_step == step and args.seed == last_seed:
            job.folder.pause("eve")
        told(self, args, state, control, **given)

    with monkeypatch.context() as patched, pytest.raises(Paused):
        patched.setattr(Watch, "on_step_end", on_step_end)
        patched.setattr(JobFolder, "state", lambda _: JobState("running"))
        train(job)


@pytest.mark.parametrize("step", [random.Random(20261122).randrange(8, STEPS), STEPS])
def test_a_paused_training_goes_on_from_that_step_to_the_weights_of_an_unbroken_one(
    new_job, unbroken, monkeypatch, step
):
    job = new_job("job-1")
    paused_at(step, monkeypatch, job)
    assert last_whole_checkpoint(job.folder.path / "work" / "seed-0").endswith(f"checkpoint-{step}")
    assert max(steps_told(job)) <= step
    again = go_on(job, new_job)
    assert all(later > step for later in steps_told(again))
    assert_same_weights(weights_of(again), weights_of(unbroken))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks
def test_a_pause_between_two_evaluations_keeps_the_patience_that_was_left(new_job, monkeypatch):
    monkeypatch.setattr("services.jobs.encoders.watch.DIVERGED_FROM", 1_000.0)  # the loss may jump
    settings = {"patience": 3, "epochs": 12, "group_by_length": False}
    unbroken, job = new_job("unbroken", **settings), new_job("job-1", **settings)
    train(unbroken)
    paused_at(25, monkeypatch, job)
    again = go_on(job, new_job, **settings)
    assert_same_weights(weights_of(again), weights_of(unbroken))
    assert steps_told(again)[-1] == steps_told(unbroken)[-1]


@pytest.fixture
def waiting(db, tiny_base, monkeypatch):
    """A training that has a folder and a held lock, and no process."""
    locks = []
    monkeypatch.setattr(launch, "start_process", lambda _folder, _kind, lock: locks.append(os.dup(lock)))
    ready_to_train(db)
    snapshot = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    settings = {"base_model": str(tiny_base)}

    def started(recipe="quick-look"):
        given = settings if recipe == "quick-look" else None
        return start_training(
            db, snapshot_id=snapshot.snapshot_id, recipe=recipe, settings=given, actor="ana"
        )

    yield started
    for lock in locks:
        os.close(lock)


def test_only_a_training_under_way_can_be_paused(db, waiting):
    job = waiting()
    with pytest.raises(Conflict, match="cannot be paused: it is queued") as refused:
        launch.pause(db, job.job_id, "ben")
    assert "Cancel it instead" in refused.value.hint
    with pytest.raises(Conflict, match="it keeps no checkpoints"):
        launch.pause(db, waiting("baseline").job_id, "ben")
    launch.folder_of(db, job.job_id).add_event("started", pid=os.getpid())
    assert launch.pause(db, job.job_id, "ben").state.name == "running"
    assert launch.folder_of(db, job.job_id).pauser() == "ben"


def test_a_paused_job_is_taken_in_as_paused_and_started_again_it_goes_on(db, waiting):
    job = waiting()
    folder = launch.folder_of(db, job.job_id)
    (folder.path / "work" / "seed-0").mkdir(parents=True)
    folder.add_event("paused", message="Paused by ben.")
    assert absorb(db) == [job.job_id]
    assert launch.get_job(db, job.job_id).state.name == "paused"
    again = launch.restart(db, job.job_id, "ben")
    assert again.restart_of == job.job_id
    assert (launch.folder_of(db, again.job_id).path / "work" / "seed-0").is_dir()
    assert launch.folder_of(db, again.job_id).pauser() is None


def test_a_process_killed_from_outside_is_told_as_such_with_what_to_try(db, waiting, monkeypatch):
    job = waiting()
    folder = launch.folder_of(db, job.job_id)
    shutil.rmtree(folder.path)
    folder.path.mkdir()
    folder.add_event("started", pid=0, message="Trains: step 3 of 9.")
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    os.kill(process.pid, signal.SIGKILL)
    child._reap(folder, process, os.open(folder.path / "events.jsonl", os.O_RDONLY))
    state = folder.state()
    assert state.name == "died" and "killed from outside" in state.message
    assert "step 3 of 9" in state.message and "half the batch_size" in state.hint
