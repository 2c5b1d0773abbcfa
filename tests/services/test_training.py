"""What is asked of a training, refused before it starts, told while it waits, and kept when it goes on."""

import json
import sys

import pytest
from typer.testing import CliRunner

import workbench
from domain.errors import BadInput, NotFound
from services.commands import training as commands
from services.curation.snapshots import take_snapshot
from services.jobs.managing import launch
from services.jobs.managing.watched import watched_training
from services.modelling.recipes import asked_recipe, get_recipe
from services.modelling.training import train
from tests.stored_jobs import Stage, ready_to_train
from tests.stored_runs import labelled_dataset


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ({}, ("baseline", {})),
        ({"backend": "tfidf"}, ("baseline", {})),
        ({"backend": "huggingface"}, ("quick-look", {})),
        ({"backend": "openai"}, ("hosted", {})),
        ({"recipe": "quick"}, ("quick-look", {})),
        (
            {"recipe": "classic", "backend": "huggingface", "base": "/a/b", "settings": {"epochs": 1}},
            ("classic", {"epochs": 1, "base_model": "/a/b"}),
        ),
        ({"recipe": "hosted-as-is", "base": "ft:mine"}, ("hosted-as-is", {"model": "ft:mine"})),
    ],
)
def test_backend_base_and_recipe_come_to_a_recipe_with_settings(asked, chosen):
    assert asked_recipe(**{"recipe": None, **asked}) == chosen
    assert get_recipe(chosen[0]).name == chosen[0]


@pytest.mark.parametrize(
    ("asked", "error", "complaint"),
    [
        ({"backend": "vertex"}, NotFound, "There is no backend 'vertex'."),
        ({"recipe": "slow"}, NotFound, "There is no recipe 'slow'."),
        (
            {"recipe": "solid", "backend": "openai"},
            BadInput,
            "The recipe 'solid' is of the backend 'huggingface', not 'openai'.",
        ),
        ({"base": "minilm"}, BadInput, "The recipe 'baseline' has no base model."),
        (
            {"recipe": "solid", "base": "minilm", "settings": {"base_model": "/a"}},
            BadInput,
            "The base model is given twice: 'minilm', and '/a' as base_model.",
        ),
    ],
)
def test_what_does_not_belong_together_is_refused_by_name(asked, error, complaint):
    with pytest.raises(error) as refused:
        asked_recipe(**{"recipe": None, **asked})
    assert str(refused.value) == complaint and refused.value.hint


@pytest.mark.parametrize(
    ("base", "named"), [("./mine", "{here}/mine"), ("mine", "{here}/mine"), ("owner/model", "owner/model")]
)
def test_a_folder_is_named_by_its_whole_path_for_the_dashboard(monkeypatch, tmp_path, base, named):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    asked = {}
    monkeypatch.setattr(commands, "do_job", lambda verb, given, *_, **__: asked.update({verb: given}))
    words = ["train", "--snapshot", "snapshot-1", "--backend", "huggingface", "--base", base]
    done = CliRunner().invoke(workbench.app, [*words, "--recipe", "quick"])
    assert done.exit_code == 0, done.output
    found = {name: asked["train"][name] for name in ("backend", "base", "recipe")}
    assert found == {"backend": "huggingface", "base": named.format(here=tmp_path), "recipe": "quick"}


def test_a_restart_takes_no_wait_and_asks_for_the_job_to_be_found(home, monkeypatch):
    words = ["jobs", "job-9", "--restart", "--no-wait", "--json"]
    monkeypatch.setattr(sys, "argv", ["workbench.py", *words])
    done = CliRunner().invoke(workbench.app, words)
    assert json.loads(done.stdout)["error"] == "NotFound"


@pytest.fixture
def stage(db, monkeypatch):
    stage = Stage(db, monkeypatch)
    yield stage
    stage.close()


@pytest.fixture
def snapshot(db, stage):
    ready_to_train(db)
    return take_snapshot(db, "kids", actor="ana", split_mode="stratified").snapshot_id


def test_a_label_with_one_training_comment_is_refused_before_there_is_a_job(db, stage):
    pairs = [("you are nice", "allow")] * 4 + [("you are awful", "disallow")]
    labelled_dataset(db, [(f"{text} {n}", label) for n, (text, label) in enumerate(pairs)], split="train")
    taken = take_snapshot(db, "kids", actor="ana")
    with pytest.raises(BadInput, match=r"too few comments labelled disallow \(allow: 4, disallow: 1\)"):
        train(db, snapshot_id=taken.snapshot_id, actor="ana")
    assert launch.list_jobs(db) == []


def test_an_encoder_without_validation_comments_is_refused_before_there_is_a_job(db, stage):
    ready_to_train(db)
    taken = take_snapshot(db, "kids", actor="ana")
    assert not taken.manifest["counts"]["validation"]
    with pytest.raises(BadInput, match=f"Snapshot {taken.snapshot_id} has no validation comment"):
        train(db, snapshot_id=taken.snapshot_id, recipe="solid", actor="ana")
    assert launch.list_jobs(db) == []
    assert train(db, snapshot_id=taken.snapshot_id, actor="ana").state.name == "queued"


def test_a_job_in_line_says_what_it_waits_for_and_how_many_come_before(db, stage, snapshot):
    works, second, third = (stage.job(snapshot) for _ in range(3))
    for job in (second, third):
        job.folder.add_event("queued", pid=job.pid)
    assert launch.get_job(db, third.job_id).state.message == "Waits for its turn on this machine."
    works.work()
    told = {job.job_id: job.state.message for job in launch.list_jobs(db)}
    assert told[second.job_id] == f"Waits for {works.job_id} (training)."
    assert told[third.job_id] == f"Waits for {works.job_id} (training), 1 before it."


def test_a_job_at_a_provider_holds_nobody_up(db, stage, snapshot):
    works, asks, waits = (stage.job(snapshot) for _ in range(3))
    (asks.folder.path / "inputs" / "provider.json").write_text("{}", encoding="utf-8")
    for job in (works, asks):
        job.work()
    waits.folder.add_event("queued", pid=waits.pid)
    assert launch.get_job(db, waits.job_id).state.message == f"Waits for {works.job_id} (training)."
    works.let_go()
    assert launch.get_job(db, waits.job_id).state.message == "Waits for its turn on this machine."


def tell(folder, told, steps):
    """Numbers of a training at these steps, with an evaluation at each."""
    for step in steps:
        stage = f"validation{told}"
        folder.add_metric({"stage": f"train{told}", "step": step, "loss": 1 / step})
        folder.add_metric({"stage": stage, "step": step, "loss": 1.0, "macro_f1": step / 100})
        folder.add_metric({"stage": f"{stage}, x, seed 7", "label": "x, seed 7", "step": step, "f1": 0.5})
        folder.add_shown({"stage": stage, "step": step, "comments": []})


def checkpoint(folder, name, step):
    path = folder.path / "work" / name / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "trainer_state.json").write_text(json.dumps({"global_step": step}), encoding="utf-8")


def restarted(db, job_id):
    folder = launch.folder_of(db, job_id)
    folder.add_event("failed", message="Stopped.")
    return launch.folder_of(db, launch.restart(db, job_id, "ben").job_id)


def steps_of(folder, name):
    seed = watched_training(folder).seeds.get(name)
    if seed is None:
        return []
    told = [line["step"] for line in seed.steps]
    assert [line["step"] for line in seed.evaluations] == told
    assert [line["step"] for line in seed.labels["x, seed 7"]] == told
    assert [shown["step"] for shown in seed.shown] == told
    return told


def test_a_training_that_goes_on_keeps_its_numbers_up_to_the_checkpoint_and_none_twice(db, stage, snapshot):
    job = train(db, snapshot_id=snapshot, recipe="quick-look", actor="ana")
    first = launch.folder_of(db, job.job_id)
    first.add_metric({"stage": "beside it: TF-IDF", "macro_f1": 0.6})  # told anew by whoever goes on
    tell(first, "", [10, 20, 30])
    checkpoint(first, "seed-0", 20)
    checkpoint(first, "seed-0", 10)
    second = restarted(db, job.job_id)
    assert steps_of(second, "") == [10, 20] and not watched_training(second).opponents
    tell(second, "", [30, 40])
    checkpoint(second, "seed-0", 40)
    third = restarted(db, second.path.name)
    assert steps_of(third, "") == [10, 20, 30, 40]


def test_of_several_seeds_each_keeps_what_it_goes_on_from(db, stage, snapshot):
    job = train(db, snapshot_id=snapshot, recipe="best", actor="ana")
    first = launch.folder_of(db, job.job_id)
    for seed in (0, 1, 2):
        tell(first, f", seed {seed}", [10, 20])
    (first.path / "work" / "seed-0").mkdir(parents=True)
    (first.path / "work" / "seed-0" / "result.json").write_text("{}", encoding="utf-8")
    checkpoint(first, "seed-1", 10)
    again = restarted(db, job.job_id)
    assert [steps_of(again, f"seed {seed}") for seed in (0, 1, 2)] == [[10, 20], [10], []]


def test_a_training_that_begins_anew_keeps_no_numbers(db, stage, snapshot):
    job = train(db, snapshot_id=snapshot, recipe="quick-look", actor="ana")
    tell(launch.folder_of(db, job.job_id), "", [10])
    assert not restarted(db, job.job_id).metrics()


def test_a_warning_stands_until_it_is_over_and_only_for_its_seed(db, stage, snapshot):
    job = train(db, snapshot_id=snapshot, recipe="best", actor="ana")
    folder = launch.folder_of(db, job.job_id)
    for seed in (0, 1):
        folder.add_event("warning", kind="one answer", of=f", seed {seed}", message="One.", hint="")
    folder.add_event("warning", kind="overfitting", of=", seed 0", message="By heart.", hint="")
    folder.add_event("warning_over", kind="one answer", of=", seed 0", message="Several.")
    left = [(one["kind"], one["of"]) for one in watched_training(folder).warnings]
    assert left == [("one answer", ", seed 1"), ("overfitting", ", seed 0")]
