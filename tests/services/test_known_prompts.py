"""A tuned model is asked in the words of its training, or it is said that nobody here knows them."""

import json

import pytest

from domain.errors import Conflict
from services.curation.datasets import write_guideline
from services.curation.snapshots import take_snapshot
from services.jobs.managing import launch
from services.modelling.model_facts import get_model_facts
from services.modelling.models import model_folder
from services.modelling.prediction import predict
from services.modelling.training import train
from services.telling.told import told
from services.verbs.running import run_verb
from tests.hosted import GUIDELINE, KEY_VARIABLE, about, address
from tests.provider.fixtures import provider, provider_address
from tests.stored_models import TUNED, dataset, hosted, stored_model
from tests.stored_runs import labelled_dataset, stored_run

__all__ = ["provider", "provider_address"]
OTHER = "Other words."


@pytest.fixture(autouse=True)
def nothing_starts(provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    monkeypatch.setattr(launch, "start_process", lambda *_: None)


@pytest.fixture
def snapshot(db, provider):
    """A snapshot whose guideline has moved on since the models here were tuned."""
    dataset(db)
    write_guideline(db, "kids", "The newest guideline.", actor="ana")
    (db.home / "providers.json").write_text(json.dumps([address(provider).as_dict()]))
    return take_snapshot(db, "kids", actor="ana", split_mode="stratified").snapshot_id


def quiet(*_):
    """Nobody watches."""


def as_is(db, prompt):
    """A tuned model that was asked as it is with that prompt; its id."""
    told = about(TUNED, prompt=prompt, tune=False, system_prompt=prompt)
    told["settings"]["model"] = TUNED
    model_id, folder = stored_model(db, "job-as-is", backend="openai", settings=told["settings"])
    (folder / "model.json").write_text(json.dumps(told))
    return model_id


def run_of(db, model_id):
    """A run of the model on two comments."""
    ids = labelled_dataset(db, [("kind", "allow"), ("rude", "disallow")], dataset_id="more")
    run = stored_run(db, {ids[0]: "allow", ids[1]: "allow"}, dataset_id="more")
    with db.writing("more") as cursor:
        cursor.execute("UPDATE runs SET model_id = ? WHERE run_id = ?", [model_id, run])
    return run


def asked_as_is(db, snapshot, recipe="hosted-as-is", **settings):
    """What the job is told to tell the model."""
    given = {"provider": "test", "model": TUNED, **settings}
    job = train(db, snapshot_id=snapshot, recipe=recipe, settings=given, actor="ana")
    return job.spec["settings"]["system_prompt"]


@pytest.mark.parametrize("recipe", ["hosted-as-is", "hosted-few-shot"])
def test_a_known_tuned_model_is_refused_other_words_before_anything_is_launched(
    db, snapshot, provider, recipe
):
    ours = hosted(db, provider)
    with pytest.raises(Conflict, match=f"trained with another prompt, which {ours} knows") as caught:
        asked_as_is(db, snapshot, recipe, system_prompt=OTHER)
    assert "without system_prompt" in caught.value.hint
    assert launch.list_jobs(db) == [] and provider.requests() == []
    assert asked_as_is(db, snapshot, recipe, system_prompt=GUIDELINE) == GUIDELINE


def test_without_a_prompt_it_is_asked_in_that_of_its_training_though_the_guideline_moved_on(
    db, snapshot, provider
):
    hosted(db, provider)
    assert asked_as_is(db, snapshot) == GUIDELINE
    assert asked_as_is(db, snapshot, model="gpt-4.1-mini-2025-04-14") == "The newest guideline."


def test_a_new_training_may_use_other_words(db, snapshot, provider):
    hosted(db, provider, model="gpt-4.1-mini-2025-04-14")
    given = {"provider": "test", "model": "gpt-4.1-mini-2025-04-14", "system_prompt": OTHER}
    job = train(db, snapshot_id=snapshot, recipe="hosted", settings=given, actor="ana")
    assert job.spec["settings"]["system_prompt"] == OTHER


def test_how_a_model_was_asked_says_nothing_of_how_it_was_trained(db, snapshot, provider):
    ours = as_is(db, OTHER)
    assert asked_as_is(db, snapshot, system_prompt=GUIDELINE) == GUIDELINE
    assert (
        get_model_facts(db, ours).prompt
        == f"{TUNED} was tuned elsewhere: its training prompt is not known here."
    )


def test_a_model_whose_files_are_gone_knows_nothing(db, snapshot, provider):
    ours = hosted(db, provider)
    (model_folder(db, ours) / "model.json").unlink()
    assert asked_as_is(db, snapshot, system_prompt=OTHER) == OTHER


def test_the_model_and_its_evaluation_say_where_the_training_prompt_is_not_known(db, snapshot, provider):
    tuned_elsewhere = as_is(db, GUIDELINE)
    assert "not known here" in told("models", run_verb(db, "models", {"model": tuned_elsewhere}, quiet))
    run = run_of(db, tuned_elsewhere)
    assert "its training prompt is not known here" in told(
        "evaluate", run_verb(db, "evaluate", {"run": run, "actor": "ana"}, quiet)
    )
    ours = hosted(db, provider)
    known = f"is asked in the prompt of its training, which {ours} knows."
    assert get_model_facts(db, tuned_elsewhere).prompt == f"{TUNED} {known}"
    assert known in told("evaluate", run_verb(db, "evaluate", {"run": run, "actor": "ana"}, quiet))
    assert get_model_facts(db, ours).prompt is None


def test_answers_of_a_model_made_with_other_words_are_refused_and_told(db, snapshot, provider):
    other = as_is(db, OTHER)
    ours = hosted(db, provider)
    assert (
        f"in other words than those of its training, which {ours} knows" in get_model_facts(db, other).prompt
    )
    with pytest.raises(Conflict, match=f"which {ours} knows"):
        predict(db, model_id=other, snapshot_id=snapshot, split="test", actor="ana")
    assert launch.list_jobs(db) == []
