import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from domain.errors import BadInput, NotFound
from domain.jobs import JOB_KINDS
from services.curation.snapshots import take_snapshot
from services.jobs.managing.launch import list_jobs
from services.modelling.recipes import RECIPES, SETTINGS, get_recipe, settings_of
from services.modelling.settings import BaselineSettings, EncoderSettings
from services.modelling.training import train
from tests.stored_jobs import ready_to_train

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_has_a_job_and_settings_that_it_accepts(name):
    recipe = get_recipe(name)
    assert recipe.kind in JOB_KINDS
    assert (ROOT / "services" / "jobs" / f"{recipe.kind}.py").exists()
    settings = settings_of(recipe)
    assert type(settings) is SETTINGS[recipe.kind]
    assert asdict(settings).items() >= recipe.settings.items()


def test_classic_is_the_recipe_of_the_bert_project():
    classic = settings_of(get_recipe("classic"))
    assert classic.base_model == "google-bert/bert-base-uncased" and len(classic.base_revision) == 40
    assert (classic.epochs, classic.batch_size, classic.weight_decay, classic.warmup) == (3, 16, 0.01, 500)


def test_another_base_model_is_not_asked_for_the_revision_of_the_first():
    recipe = get_recipe("classic")
    assert settings_of(recipe, {"base_model": "minilm"}).base_revision is None
    assert settings_of(recipe, {"epochs": 1}).base_revision is not None
    assert settings_of(recipe, {"base_model": "a/b", "base_revision": "main"}).base_revision == "main"


@pytest.mark.parametrize(
    ("recipe", "settings", "complaint"),
    [
        ("quick-look", {"c": 1.0}, "There is no setting 'c'."),
        ("baseline", {"epochs": 1}, "There is no setting 'epochs'."),
        ("quick-look", {"epochs": 0}, "epochs is 0."),
        ("quick-look", {"epochs": 1.5}, "epochs is 1.5."),
        ("quick-look", {"learning_rate": 2}, "learning_rate is 2."),
        ("quick-look", {"learning_rate": "fast"}, "learning_rate is 'fast'."),
        ("quick-look", {"precision": "fp8"}, "precision is 'fp8'."),
        ("quick-look", {"class_weight": "hate"}, "class_weight is 'hate'."),
        ("quick-look", {"group_by_length": 1}, "group_by_length is 1."),
        ("quick-look", {"max_length": 2}, "max_length is 2."),
        ("quick-look", {"seeds": True}, "seeds is True."),
        ("quick-look", {"base_model": " "}, "base_model is ' '."),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(recipe, settings, complaint):
    with pytest.raises(BadInput) as refused:
        settings_of(get_recipe(recipe), settings)
    assert str(refused.value) == complaint and refused.value.hint


def test_every_setting_is_explained():
    for kind in (BaselineSettings, EncoderSettings):
        assert [name for name in kind.__dataclass_fields__ if f"        {name}: " not in kind.__doc__] == []


@pytest.mark.parametrize(
    ("base_model", "error"), [("/nowhere/at/all", NotFound), ("a b c", BadInput), ("../up", BadInput)]
)
def test_a_base_model_that_cannot_be_is_refused_before_a_job_exists(db, base_model, error):
    ready_to_train(db)
    snapshot = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    with pytest.raises(error):
        train(
            db,
            snapshot_id=snapshot.snapshot_id,
            recipe="solid",
            settings={"base_model": base_model},
            actor="ana",
        )
    assert list_jobs(db) == []


def test_choosing_a_recipe_imports_no_trainer():
    code = (
        "import sys, services.modelling.training, services.modelling.base_models;"
        "sys.exit(bool({'sklearn', 'torch', 'transformers', 'huggingface_hub'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
