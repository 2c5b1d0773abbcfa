"""Trainings that go wrong in earnest: each says what went wrong, and what to try next."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file

from domain.errors import BackendError, BadInput
from services.jobs.encoders.watch import Watch
from services.jobs.managing.watched import watched_training
from services.jobs.train_encoder import train
from services.jobs.trainer.checkpoint_clock import CheckpointClock
from services.jobs.trainer.checkpoints import last_whole_checkpoint
from tests.encoder.conftest import comments
from tests.encoder.test_resuming import assert_same_weights, go_on, weights_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

# The job script with so little memory left that a step does not fit.
STARVES = """
import resource, sys, torch
torch.set_num_threads(1)
from services.jobs import train_encoder
from services.jobs.process.worker import run
def on_train_begin(self, args, state, control, **given):
    pages = int(open("/proc/self/statm").read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 40 * 2**20,) * 2)
train_encoder.Watch.on_train_begin = on_train_begin
sys.exit(run(train_encoder.train))
"""


@pytest.fixture
def changed_base(tiny_base, tmp_path):
    """A copy of the tiny base with changed weights, or a changed file."""

    def changed(weights=None, **config):
        folder = shutil.copytree(tiny_base, tmp_path / "changed")
        if weights is not None:
            kept = weights(load_file(folder / "model.safetensors"))
            save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
        if config:
            told = json.loads((folder / "config.json").read_text())
            (folder / "config.json").write_text(json.dumps({**told, **config}))
        return folder

    return changed


def warnings_of(job):
    return [event for event in job.folder.events() if event["event"] == "warning"]


def test_numbers_that_overflow_are_named(new_job, changed_base):
    def enormous(weights):
        return {name: weight * 1e38 if "LayerNorm.weight" in name else weight
                for name, weight in weights.items()}  # fmt: skip

    with pytest.raises(BackendError, match="The loss is nan after step 1: the numbers overflowed") as named:
        train(new_job(base_model=str(changed_base(enormous))))
    assert named.value.hint.startswith("Lower learning_rate (it is 0.01)")


def test_weights_cut_short_are_named(new_job, changed_base):
    base = changed_base()
    whole = (base / "model.safetensors").read_bytes()
    (base / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="changed cannot be trained: ") as named:
        train(new_job(base_model=str(base)))
    assert named.value.hint == "Fetch it anew, or choose another base model."


@pytest.mark.parametrize(
    ("weights", "config", "lost"),
    [
        (lambda all: {name: each for name, each in all.items() if "layer.1" not in name}, {}, 16),
        (None, {"intermediate_size": 48}, 6),
        (None, {"num_hidden_layers": 3}, 16),
    ],
)
def test_weights_that_do_not_fit_are_not_replaced_by_random_numbers(
    new_job, changed_base, weights, config, lost
):
    with pytest.raises(BadInput, match=f"{lost} of its weights are missing or of another shape"):
        train(new_job(base_model=str(changed_base(weights, **config))))


def test_a_base_without_pooler_is_trained(new_job, changed_base):
    base = changed_base(lambda all: {name: each for name, each in all.items() if "pooler" not in name})
    job = new_job(base_model=str(base), epochs=2)
    train(job)
    assert (job.folder.path / "model" / "model.json").exists()


@pytest.mark.parametrize("file", ["work/seed-0/checkpoint-21/optimizer.pt", "metrics.jsonl"])
def test_a_disk_that_fills_up_is_named_and_with_room_again_the_training_goes_on(
    new_job, unbroken, monkeypatch, file
):
    monkeypatch.setattr(CheckpointClock, "is_due", True)
    job = new_job("job-1")
    told = Watch.on_step_end

    def on_step_end(self, args, state, control, **given):
        if state.global_step == 20:  # the next checkpoint is that of step 21
            full = job.folder.path / file
            full.parent.mkdir(exist_ok=True)
            full.unlink(missing_ok=True)
            full.symlink_to("/dev/full")
        told(self, args, state, control, **given)

    with monkeypatch.context() as patched, pytest.raises(BackendError, match="the disk is full") as named:
        patched.setattr(Watch, "on_step_end", on_step_end)
        train(job)
    assert "Make room, then start the job again" in named.value.hint
    assert last_whole_checkpoint(job.folder.path / "work" / "seed-0").endswith("checkpoint-14")
    assert_same_weights(weights_of(go_on(job, new_job)), weights_of(unbroken))


def test_memory_that_runs_out_is_named(new_job):
    rows = comments(400)
    long = [" ".join([text] * 20) for text in rows["text"].to_pylist()]
    rows = rows.set_column(1, "text", [long])
    job = new_job(rows=rows, batch_size=256, max_length=128)
    ended = subprocess.run(
        [sys.executable, "-c", STARVES, job.folder.path], cwd=ROOT, capture_output=True, check=False
    )
    state = job.folder.state()
    assert (ended.returncode, state.name) == (1, "failed"), ended.stderr.decode()
    assert state.message.startswith("The memory does not suffice")
    assert state.hint.startswith("Halve batch_size (it is 256), or lower max_length")


def test_a_model_that_learns_by_heart_is_told_while_it_does(new_job):
    job = new_job()
    lesson = SimpleNamespace(labels=["allow", "rude"], validation=[{"labels": 0}, {"labels": 1}])
    watch = Watch(job, lesson, shares=(0.0, 1.0), batch_size=1)
    watch._answered = {"allow", "rude"}
    for step, loss in enumerate([0.6, 0.4, 0.42, 0.9, 1.1], start=1):
        watch._warn(loss, step)
    [warning] = [one for one in warnings_of(job) if "by heart" in one["message"]]
    assert "The loss on validation rose from 0.4 to 0.9 at step 4" in warning["message"]
    assert "patience=3" in warning["hint"]


def test_one_answer_to_everything_is_told_while_it_lasts(new_job):
    job = new_job(learning_rate=1e-8, epochs=1)
    with pytest.raises(BackendError, match="answers every comment of validation with"):
        train(job)
    assert not (job.folder.path / "work").exists(), "going on from there would only fail again"
    [warning] = warnings_of(job)
    assert warning["message"].startswith("At step 13 the model answers every comment of validation with '")
    assert "class_weight=balanced" in warning["hint"]


def test_a_warning_of_one_answer_ends_with_an_evaluation_that_has_several(new_job):
    job = new_job()
    lesson = SimpleNamespace(labels=["allow", "rude"], validation=[{"labels": 0}, {"labels": 1}])
    watch = Watch(job, lesson, shares=(0.0, 1.0), batch_size=1)
    said, standing = [{"allow"}, {"allow"}, {"allow", "rude"}, {"rude"}, {"rude"}], []
    for step, answers in enumerate(said, start=1):
        watch._answered = answers
        watch._warn(1.0, step)
        standing.append([one["message"] for one in watched_training(job.folder).warnings])
    assert [len(each) for each in standing] == [0, 1, 0, 0, 1]
    assert "'rude'" in standing[-1][0]


def test_a_loss_on_validation_that_grows_far_beyond_guessing_ends_the_training(new_job, monkeypatch):
    told = Watch.on_evaluate

    def on_evaluate(self, args, state, control, metrics, model, **given):
        if state.global_step == 14:  # as if the step before had gone far astray
            with torch.no_grad():
                model.classifier.weight.mul_(1e4)
            metrics = {**metrics, "eval_loss": evaluated(self, model)}
        told(self, args, state, control, metrics, **given)

    def evaluated(watch, model):
        lesson = watch._lesson
        losses = []
        for one in lesson.validation:
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([one["input_ids"]])).logits
            losses.append(torch.nn.functional.cross_entropy(logits, torch.tensor([one["labels"]])).item())
        return sum(losses) / len(losses)

    monkeypatch.setattr(Watch, "on_evaluate", on_evaluate)
    with pytest.raises(BackendError, match="diverges: the loss on validation rose from .* at step 14"):
        train(new_job())
