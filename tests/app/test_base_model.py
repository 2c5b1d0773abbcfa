"""The base model on the Train page: what the hub says of it, and keeping to its commit."""

import pytest

from domain.errors import BackendError
from domain.text import escape_markdown
from services.curation.snapshots import take_snapshot
from services.modelling import hub_models
from services.modelling.hub_models import BaseFacts
from tests.stored_jobs import ready_to_train

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def train_page(db, open_page):
    ready_to_train(db)
    take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    app = open_page("train")
    app.radio(key="train_recipe").set_value("solid").run()
    app.text_input(key="train_solid_base_model").set_value("owner/*model*").run()
    return app


def test_a_base_that_needs_no_network_offers_no_question_to_the_hub(train_page):
    app = train_page.text_input(key="train_solid_base_model").set_value("minilm").run()
    assert not app.exception and "Ask the hub" not in [one.label for one in app.button]
    assert escape_markdown("Base model minilm, licence: apache-2.0.") in [one.value for one in app.caption]


def test_the_hub_is_asked_on_demand_and_its_commit_is_kept_to(train_page, monkeypatch):
    app = train_page.text_input(key="train_solid_base_model").set_value("owner/model").run()
    asked = []

    def look_up(name, revision, *, endpoint=None):
        asked.append((name, revision))
        return BaseFacts(name, COMMIT, "**mit**", 440_000_000, is_here=False)

    monkeypatch.setattr(hub_models, "look_up", look_up)
    app.run()
    assert asked == [], "nothing is asked without a click"
    app.button(key="train_ask_hub").click().run()
    [told] = [one.value for one in app.markdown if "cloud_done" in one.value]
    assert f"{escape_markdown('owner/model')}: licence {escape_markdown('**mit**')}, 440 MB to fetch" in told
    app.button(key="train_pin").click().run()
    assert not app.exception
    assert app.text_input(key="train_solid_base_revision").value == COMMIT
    assert not app.exception and any(f"base_revision={COMMIT}" in one.value for one in app.code)
    assert "Keep to this commit" not in [one.label for one in app.button]


def test_a_hub_that_does_not_answer_is_told_on_the_page(train_page, monkeypatch):
    app = train_page.text_input(key="train_solid_base_model").set_value("owner/model").run()

    def silent(*_, **__):
        raise BackendError("The hub does not answer: timed out.", hint="Try again with a network.")

    monkeypatch.setattr(hub_models, "look_up", silent)
    app.button(key="train_ask_hub").click().run()
    assert not app.exception and "The hub does not answer" in app.error[0].value


def test_a_name_that_can_be_none_is_told_before_anything_else(train_page):
    assert any("neither the whole path" in one.value for one in train_page.caption)
