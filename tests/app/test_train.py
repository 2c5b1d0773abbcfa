import dataclasses
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from domain.text import escape_markdown
from services.curation.snapshots import take_snapshot
from services.jobs.managing.launch import list_jobs
from services.modelling.models import list_models, list_runs
from services.modelling.recipes import RECIPES, SETTINGS, unused_settings
from tests.stored_jobs import ready_to_train
from tests.waiting import absorbed
from ui.modelling.training import meanings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def labelled(db):
    return ready_to_train(db)


@pytest.fixture
def taken(db, labelled):
    return take_snapshot(db, "kids", actor="ana", split_mode="stratified")


def test_without_a_snapshot_the_page_says_to_take_one(db, labelled, open_page):
    app = open_page("train")
    assert not app.exception
    assert "There is no snapshot yet" in app.main.markdown[0].value


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_setting_is_offered_with_its_meaning(taken, open_page, recipe):
    app = open_page("train")
    app.radio(key="train_recipe").set_value(recipe).run()
    assert not app.exception
    kind = SETTINGS[RECIPES[recipe].kind]
    names = [field.name for field in dataclasses.fields(kind)]
    assert list(meanings(kind)) == names
    shown = {caption.value for caption in app.caption}
    # Personal data is chosen where it is counted, in words of its own.
    left_out = unused_settings(RECIPES[recipe]) | {"personal_data"}
    used = {name: said for name, said in meanings(kind).items() if name not in left_out}
    assert {escape_markdown(meaning) for meaning in used.values()} <= shown
    assert "--setting" not in app.code[0].value


NOT_OFFERED = {
    "hosted": {"Tune", "Shots", "Structured"},
    "hosted-as-is": {"Tune", "Shots", "Suffix", "Epochs", "Batch size", "Learning rate multiplier",
                     "Seconds between looks"},
    "hosted-few-shot": {"Tune", "Suffix", "Epochs", "Batch size", "Learning rate multiplier",
                        "Seconds between looks"},
}  # fmt: skip


@pytest.mark.parametrize("recipe", NOT_OFFERED)
def test_a_hosted_recipe_offers_what_it_uses_with_its_unit(taken, open_page, recipe):
    app = open_page("train")
    app.radio(key="train_recipe").set_value(recipe).run()
    kinds = ("toggle", "number_input", "selectbox", "text_input")
    labels = {one.label for kind in kinds for one in app.get(kind)}
    assert not labels & NOT_OFFERED[recipe]
    assert labels >= {"Cost cap, USD", "Seed", "At once"}
    assert ("Seconds between looks" in labels) == (recipe == "hosted")
    assert ("Shots" in labels) == (recipe == "hosted-few-shot")


def test_each_recipe_says_what_it_does(taken, open_page):
    captions = open_page("train").radio(key="train_recipe").proto.captions
    assert list(captions) == [recipe.what for recipe in RECIPES.values()]


def test_the_command_follows_every_choice(taken, open_page):
    app = open_page("train", snapshot=taken.snapshot_id)
    app.radio(key="train_recipe").set_value("baseline-weighted")
    app.text_input(key="train_name").set_value("It's $(mine)")
    app.run()
    app.number_input(key="train_baseline-weighted_c").set_value(0.5)
    app.selectbox(key="train_baseline-weighted_class_weight").set_value("None")
    app.run()
    assert shlex.split(app.code[0].value) == [
        "python", "workbench.py", "train", "--snapshot", taken.snapshot_id,
        "--recipe", "baseline-weighted", "--name", "It's $(mine)",
        "--setting", "class_weight=null", "--setting", "c=0.5", "--as", "ana",
    ]  # fmt: skip


def test_a_refused_setting_is_told_and_starts_nothing(db, taken, open_page):
    app = open_page("train")
    app.number_input(key="train_baseline_c").set_value(-1.0).run()
    app.button(key="train_start").click().run()
    assert "c is" in app.error[0].value
    assert list_jobs(db, "kids") == []


def test_start_opens_the_job_and_ends_in_a_model(db, taken, open_page):
    app = open_page("train")
    app.text_input(key="train_name").set_value("Mine").run()
    app.button(key="train_start").click().run()
    assert not app.exception
    assert app.title[0].value == "Jobs"
    [job] = list_jobs(db, "kids")
    assert app.query_params["job"] == job.job_id
    assert absorbed(db, job).state.name == "succeeded"
    [model] = list_models(db, "kids")
    links = [link.label for link in open_page("jobs", job=job.job_id).main.page_link]
    assert sorted(links) == [
        "Evaluate on test",
        "Evaluate on validation",
        f"Open {model.model_id}",
        f"Worked on {job.snapshot_id}",
    ]


def test_the_command_does_what_the_button_does(db, taken, open_page):
    command = shlex.split(open_page("train").code[0].value)
    done = subprocess.run(
        [sys.executable, *command[1:], "--json"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    [model] = list_models(db, "kids")
    assert (model.name, model.created_by) == (f"baseline on {taken.snapshot_id}", "ana")
    assert {run.split for run in list_runs(db, model_id=model.model_id)} == {"validation", "test"}
