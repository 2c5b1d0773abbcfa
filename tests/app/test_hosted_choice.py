import json

import pytest

from services.curation.datasets import get_dataset, list_child_data_marks, write_guideline
from services.curation.snapshots import take_snapshot
from services.jobs.managing.launch import list_jobs
from services.modelling.hosted.lifecycle import TOLD
from services.modelling.hosted.spending import LIMITS, charge
from services.modelling.recipes import RECIPES
from tests.hosted import KEY_VARIABLE, about, address, comments
from tests.provider.fixtures import provider, provider_address
from tests.stored_jobs import ready_to_train
from tests.stored_models import stored_model
from tests.stored_runs import labelled_dataset

__all__ = ["provider", "provider_address"]
HOSTED = [name for name, recipe in RECIPES.items() if recipe.kind == "train_hosted"]
TUNED = "ft:gpt-4o-mini-2024-07-18:team::abc"


@pytest.fixture
def page(db, open_page):
    """The Train page with a hosted recipe chosen."""
    ready_to_train(db)
    write_guideline(db, "kids", "Disallow insults.", actor="ana")
    take_snapshot(db, "kids", actor="ana", split_mode="stratified")

    def opened(recipe="hosted"):
        app = open_page("train")
        return app.radio(key="train_recipe").set_value(recipe).run()

    return opened


def said(app):
    return " ".join(
        one.value for kind in ("markdown", "caption", "warning", "error", "info") for one in app.get(kind)
    )


def tiles(app):
    return {one.label: one.value for one in app.metric}


def estimated(app):
    return app.button(key="train_estimate_cost").click().run()


@pytest.mark.parametrize("recipe", HOSTED)
def test_prices_endings_and_who_may_tune_stand_before_the_click(page, recipe):
    app = page(recipe)
    assert not app.exception
    text = said(app)
    assert "prices of 2026-10-15" in text and "2027\\-01\\-14" in text
    assert [("training\\_not\\_available" in one.value) for one in app.info] == [True] * (recipe == "hosted")
    models = app.dataframe[-1].value
    assert models["model"].iloc[0] == "gpt-4.1-mini-2025-04-14"
    assert models["shuts on"].str.startswith("shut since").sum() == 2


def test_local_recipes_show_nothing_of_it(page):
    assert "provider" not in said(page("baseline")).lower()


def test_the_estimate_stands_beside_what_is_left_today(db, page):
    charge(db, actor="ana", provider="openai", model="m", usd=24.0, what="an answer")
    app = estimated(page())
    assert not app.exception
    shown = tiles(app)
    assert shown["Left for you today"] == "$1.00" and shown["This job may cost"] == "$1.00"
    parts = [float(shown[name][1:]) for name in ("Training", "Answers", "Together")]
    assert parts[0] > 0 and parts[2] == pytest.approx(parts[0] + parts[1], abs=0.011)
    (db.home / LIMITS).write_text('{"job_usd": 0.001}')
    assert "would stop before its first call" in said(app.run())


def test_examples_make_the_answers_dearer_and_nothing_is_tuned(page):
    as_is, few = estimated(page("hosted-as-is")), page("hosted-few-shot")
    assert tiles(as_is)["Training"] == tiles(few)["Training"] == "$0.00"
    few.number_input(key="train_hosted-few-shot_shots").set_value(32).run()
    assert float(tiles(few)["Answers"][1:]) > float(tiles(as_is)["Answers"][1:])


def test_a_mark_is_set_at_once_and_taken_back_only_with_a_reason(db, page):
    app = page()
    assert "Nobody has marked this dataset as holding any." in said(app)
    app.button[mark_of(app)].click().run()
    assert get_dataset(db, "kids").may_hold_child_data
    [marked] = [one.value for one in app.error if "its comments do not leave this machine" in one.value]
    assert "ana" in marked
    app.button[mark_of(app)].click().run()
    assert "Why should 'kids' hold no data of children" in said(app)
    assert get_dataset(db, "kids").may_hold_child_data
    reason = next(one for one in app.text_input if one.label == "How do you know?")
    reason.set_value("Staff *only*.")
    app.button[mark_of(app)].click().run()
    assert not get_dataset(db, "kids").may_hold_child_data
    assert [one.why for one in list_child_data_marks(db, "kids")] == ["Staff *only*.", ""]
    assert r"Staff \*only\*" in said(app)


def mark_of(app):
    return next(place for place, one in enumerate(app.button) if one.label.startswith("It "))


def test_a_marked_dataset_is_refused_by_the_service_too(db, page, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")
    app = page()
    app.button[mark_of(app)].click().run()
    app.button(key="train_start").click().run()
    assert any("may hold data of children" in one.value for one in app.error)
    assert list_jobs(db, "kids") == []


def test_models_that_the_provider_told_of_can_be_chosen_and_go_into_the_command(db, page):
    (db.home / TOLD).write_text(
        json.dumps({"openai": {"as_of": "2026-11-20", "models": {TUNED: "2027-01-10", "gpt-6": None}}})
    )
    app = page("hosted-as-is")
    picker = app.selectbox(key="train_hosted-as-is_model_openai")
    assert TUNED in picker.options and "gpt-6" not in picker.options  # nobody knows what that costs
    picker.set_value(TUNED).run()
    assert f"--setting model={TUNED}" in app.code[0].value.replace("'", "")
    assert "shuts on 2027\\-01\\-10" in said(app)
    assert TUNED not in page("hosted").selectbox(key="train_hosted_model_openai").options


@pytest.mark.parametrize(
    ("is_known", "told"), [(False, "its training prompt is not known here"), (True, "which model\\-1 knows")]
)
def test_a_tuned_model_says_before_the_click_in_which_words_it_is_asked(db, page, is_known, told):
    if is_known:
        _, folder = stored_model(db, "hosted-1", backend="openai")
        (folder / "model.json").write_text(json.dumps(about(TUNED)))
    listed = {"openai": {"as_of": "2026-11-20", "models": {TUNED: None}}}
    (db.home / TOLD).write_text(json.dumps(listed))
    app = page("hosted-as-is")
    app.selectbox(key="train_hosted-as-is_model_openai").set_value(TUNED).run()
    assert not app.exception
    assert told in said(app)


def test_a_model_without_a_price_is_told(db, page):
    nothing = {"as_of": "2026-11-01", "source": "none", "no_new_jobs_after": "2027-01-06", "models": []}
    (db.home / "hosted_models.json").write_text(json.dumps(nothing))
    app = page("hosted-as-is")
    assert not app.exception
    assert "not in the table of prices" in said(app)


def test_one_press_asks_the_provider_for_the_models_of_the_account(db, page, provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    provider.add_model(TUNED, comments(12))
    (db.home / "providers.json").write_text(json.dumps([address(provider).as_dict()]))
    app = page("hosted-as-is")
    app.selectbox(key="train_hosted-as-is_provider").set_value("test").run()
    app.button(key="train_refresh_test").click().run()
    assert not app.exception
    assert TUNED in app.selectbox(key="train_hosted-as-is_model_test").options
    assert "last asked on" in app.button(key="train_refresh_test").label


@pytest.fixture
def personal(db, open_page):
    """The Train page on 42 comments, two of them with personal data, with a hosted recipe chosen."""
    pairs = [(f"you are kind {n}", "allow" if n % 2 else "disallow") for n in range(40)]
    held = [("write to bob@example.org", "allow"), ("call 555-0142", "disallow")]
    labelled_dataset(db, [*pairs, *held], split="train")
    write_guideline(db, "kids", "Disallow insults.", actor="ana")
    take_snapshot(db, "kids", actor="ana")
    app = open_page("train")
    return lambda recipe="hosted": app.radio(key="train_recipe").set_value(recipe).run()


@pytest.mark.parametrize("recipe", HOSTED)
def test_how_many_comments_hold_personal_data_stands_before_the_click_with_the_choice(personal, recipe):
    app = personal(recipe)
    assert not app.exception
    assert "2 of the 42 comments of this snapshot hold personal data" in said(app)
    assert "bob" not in said(app)
    choice = app.radio(key=f"train_{recipe}_personal_data")
    assert choice.value == "stop" and "personal_data" not in app.code[0].value
    choice.set_value("withhold").run()
    assert "--setting personal_data=withhold" in app.code[0].value


def test_the_comments_of_a_snapshot_are_looked_through_once(personal, monkeypatch):
    personal("hosted")
    monkeypatch.setattr("ui.curation.withholding.count_personal_data", None)
    app = personal("hosted-as-is")
    assert not app.exception
    assert "2 of the 42 comments" in said(app)


def test_a_snapshot_without_personal_data_says_so(page):
    assert "None of the 120 comments of this snapshot holds personal data" in said(page())


@pytest.mark.parametrize("key", [None, "sk-nobody"])
def test_a_key_that_is_not_set_is_told_before_the_click(page, monkeypatch, key):
    if key is None:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    else:
        monkeypatch.setenv("OPENAI_API_KEY", key)
    told = [one.value.replace("\\", "") for one in page().error]
    missing = [one for one in told if one.startswith("OPENAI_API_KEY is not set where the dashboard runs")]
    assert len(missing) == (key is None)
