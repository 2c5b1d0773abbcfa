import json
from datetime import UTC, date, datetime

import pytest

from domain.errors import BackendError, BadInput, Conflict, NotFound
from services.curation import datasets
from services.modelling.hosted.hosting import check_provider
from services.modelling.hosted.lifecycle import (
    TOLD,
    expiry_of,
    expiry_of_settings,
    refresh_models,
    told_models,
)
from services.modelling.hosted.providers import OPENAI, ProviderAddress
from services.modelling.settings import HostedSettings
from services.verbs.running import run_verb
from tests.building import kids
from tests.hosted import KEY_VARIABLE, address, comments
from tests.provider.fixtures import provider, provider_address

__all__ = ["provider", "provider_address"]

TODAY = date(2026, 11, 21)
BASE = "gpt-4o-mini-2024-07-18"
TUNED = f"ft:{BASE}:team::abc"
FREE = ProviderAddress("ours", "http://127.0.0.1:9", charges=False)


@pytest.fixture
def place(db, provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    (db.home / "providers.json").write_text(json.dumps([address(provider).as_dict(), FREE.as_dict()]))
    return db.home


def verb(db, name, **arguments):
    return run_verb(db, name, arguments, lambda *_: None)


def tell(place, name, models, as_of="2026-11-20"):
    (place / TOLD).write_text(json.dumps({name: {"as_of": as_of, "models": models}}))


def test_a_tuned_model_ends_with_its_base(place):
    found = expiry_of(place, OPENAI, TUNED, TODAY)
    assert (found.base, found.shuts_on, found.days_left) == (BASE, date(2027, 1, 14), 54)
    assert found.told == (
        f"Its base {BASE} shuts on 2027-01-14, in 54 days, says the table of 2026-10-15."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("today", "told"),
    [(date(2027, 1, 13), "shuts on 2027-01-14, tomorrow"), (date(2027, 1, 14), "was shut on 2027-01-14")],
)
def test_the_last_day_is_told_as_such(place, today, told):
    assert told in expiry_of(place, OPENAI, BASE, today).told


def test_what_the_provider_told_comes_before_the_table(place):
    tell(place, "openai", {BASE: "2027-03-01", TUNED: "2027-02-01", "gpt-x": None})
    assert expiry_of(place, OPENAI, TUNED, TODAY).shuts_on == date(2027, 2, 1)
    found = expiry_of(place, OPENAI, f"{TUNED}2", TODAY)
    assert (found.shuts_on, found.known_from) == (date(2027, 3, 1), "openai on 2026-11-20")
    assert expiry_of(place, OPENAI, "gpt-x", TODAY) is None


def test_models_of_ones_own_server_have_no_end_unless_it_tells_one(place):
    assert expiry_of(place, FREE, BASE, TODAY) is None
    tell(place, "ours", {BASE: "2026-12-01"})
    assert expiry_of(place, FREE, BASE, TODAY).days_left == 10


def test_local_models_and_forgotten_providers_have_no_end(place):
    assert expiry_of_settings(place, {"class_weight": None}, TODAY) is None
    assert expiry_of_settings(place, {"provider": "gone", "model": BASE}, TODAY) is None


def test_a_provider_is_asked_for_its_models_and_the_answer_is_kept_with_its_date(place, provider):
    provider.add_model(TUNED, [(text, label) for text, label in comments(12)])
    found = refresh_models(place, "test")
    today = datetime.now(UTC).date()
    assert found.as_of == today and found.models[TUNED] == date(2027, 1, 14)
    assert told_models(place, "test") == found and told_models(place, "ours") is None
    assert provider.key not in (place / TOLD).read_text()
    provider.fault("server_error", "/models", times=None)
    with pytest.raises(BackendError):
        refresh_models(place, "test")
    assert told_models(place, "test") == found


def test_a_list_that_is_damaged_is_told(place):
    (place / TOLD).write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        told_models(place, "test")
    tell(place, "test", {"m": "soon"})
    with pytest.raises(BadInput, match="cannot be read"):
        told_models(place, "test")


def test_a_model_that_its_provider_calls_shut_is_not_started(db, place):
    settings = HostedSettings(provider="test", model=BASE)
    check_provider(db, settings, TODAY)
    tell(place, "test", {BASE: "2026-11-21"})
    with pytest.raises(Conflict, match="was shut on 2026-11-21"):
        check_provider(db, settings, TODAY)


def test_the_verb_lists_providers_with_keys_and_endings_and_asks_on_demand(db, place, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    told = {one["provider"]: one for one in verb(db, "providers")}
    assert set(told) == {"openai", "test", "ours"}
    assert [told[name]["key_is_set"] for name in ("openai", "test", "ours")] == [False, True, True]
    assert told["test"]["asked_on"] is None and told["test"]["models"] == []
    told = {one["provider"]: one for one in verb(db, "providers", refresh="test")}
    ends = {one["model"]: one["shuts_on"] for one in told["test"]["models"]}
    assert ends[BASE] == "2027-01-14" and told["test"]["asked_on"]
    with pytest.raises(NotFound, match="not an approved provider"):
        verb(db, "providers", refresh="elsewhere")


def test_who_marked_a_dataset_and_why_it_was_taken_back_is_kept(db):
    kids(db)
    assert verb(db, "child-data", dataset="kids", actor="ana")["marks"] == []
    verb(db, "child-data", dataset="kids", actor="ana", child_data=True)
    assert datasets.get_dataset(db, "kids").may_hold_child_data
    for why in ("", "  "):
        with pytest.raises(BadInput, match="Why should 'kids' hold no data of children"):
            verb(db, "child-data", dataset="kids", actor="ben", child_data=False, why=why)
    assert datasets.get_dataset(db, "kids").may_hold_child_data
    told = verb(db, "child-data", dataset="kids", actor="ben", child_data=False, why=" Staff only. ")
    assert not told["may_hold_child_data"]
    assert [(one["created_by"], one["may_hold_child_data"], one["why"]) for one in told["marks"]] == [
        ("ben", False, "Staff only."), ("ana", True, ""),
    ]  # fmt: skip
    with pytest.raises(BadInput, match="1,001 characters"):
        verb(db, "child-data", dataset="kids", actor="ben", child_data=False, why="x" * 1_001)
    with pytest.raises(NotFound):
        verb(db, "child-data", dataset="none", actor="ben")


def test_the_verb_tells_what_is_left(db):
    (db.home / "limits.json").write_text('{"person_day_usd": 4}')
    told = verb(db, "spending", actor="ana")
    assert told["next_job_usd"] == 4 and told["left"]["day_usd"] == 100
