import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.modelling.hosted.catalogue import OVERRIDE, HostedModel, hosted_models, shipped_models
from services.modelling.hosted.hosting import check_lifecycle
from services.modelling.hosted.lifecycle import expiry_of
from services.modelling.hosted.outbound import prices_of
from services.modelling.hosted.prices import forget_price, write_price
from services.modelling.hosted.providers import OPENAI
from services.modelling.settings import HostedSettings
from services.verbs.running import run_verb

TODAY = date(2026, 11, 29)
MINI = "gpt-4o-mini-2024-07-18"
ASKED_ALONE = HostedModel("gpt-6-luna", (), 0.0, 0.25, 2.0, 65_536, None)


def written(home, model, **more):
    return write_price(home, model, **{"source": "our contract", "today": TODAY, "actor": "lena", **more})


def row(home, name):
    return hosted_models(home).named(name)


def test_a_price_is_written_with_its_day_its_person_and_its_source_and_the_others_stay(tmp_path):
    before = hosted_models(tmp_path)
    written(tmp_path, replace(before.named(MINI), train_usd_per_million=2.5))
    after = hosted_models(tmp_path)
    changed = after.named(MINI)
    assert (changed.train_usd_per_million, changed.priced_on, changed.priced_by) == (2.5, TODAY, "lena")
    assert changed.price_source == "our contract" and after.day_of(changed) == TODAY
    assert [one for one in after.models if one.name != MINI] == [
        one for one in before.models if one.name != MINI
    ]
    assert after.day_of(after.models[0]) == before.as_of == after.as_of


def test_jobs_reckon_with_the_written_price_and_bear_its_day(tmp_path):
    written(tmp_path, replace(row(tmp_path, MINI), train_usd_per_million=2.5))
    prices = prices_of(f"ft:{MINI}:team::abc", hosted_models(tmp_path), charges=True)
    assert (prices.train_usd_per_million, prices.as_of, prices.shuts_on) == (2.5, "2026-11-29", "2027-01-14")


def test_a_model_that_can_only_be_asked_has_a_price_and_no_end(tmp_path):
    written(tmp_path, ASKED_ALONE)
    assert expiry_of(tmp_path, OPENAI, "gpt-6-luna", TODAY) is None
    prices = prices_of("gpt-6-luna", hosted_models(tmp_path), charges=True)
    assert (prices.answer_cost_usd(1_000_000, 1_000_000), prices.shuts_on) == (2.25, None)


@pytest.mark.parametrize("tune", [True, False])
def test_it_is_asked_but_not_tuned(db, tune):
    written(db.home, ASKED_ALONE)
    config = HostedSettings(provider="openai", model="gpt-6-luna", tune=tune)
    if not tune:
        check_lifecycle(db, OPENAI, config, date(2030, 1, 1))  # it has no end
        return
    with pytest.raises(Conflict, match="cannot be tuned"):
        check_lifecycle(db, OPENAI, config, TODAY)


def test_what_was_written_can_be_taken_back(tmp_path):
    written(tmp_path, replace(row(tmp_path, MINI), train_usd_per_million=2.5))
    written(tmp_path, ASKED_ALONE)
    forget_price(tmp_path, MINI, actor="lena")
    forget_price(tmp_path, "gpt-6-luna", actor="lena")
    assert hosted_models(tmp_path).models == shipped_models().models
    with pytest.raises(NotFound, match="Nobody here wrote"):
        forget_price(tmp_path, MINI, actor="lena")


def test_two_who_write_at_once_both_keep_their_rows(tmp_path):
    names = [f"model-{number}" for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: written(tmp_path, replace(ASKED_ALONE, name=name)), names))
    assert {one.name for one in hosted_models(tmp_path).models} >= set(names)
    assert [path.name for path in tmp_path.iterdir()] == [OVERRIDE]


@pytest.mark.parametrize(
    ("wrong", "more"),
    [
        ({"name": " "}, {}),
        ({"name": "ft:gpt-4o:a::b"}, {}),
        ({"train_usd_per_million": -1.0}, {}),
        ({"input_usd_per_million": float("nan")}, {}),
        ({"output_usd_per_million": 1e9}, {}),
        ({"example_limit": 0}, {}),
        ({}, {"source": "  "}),
        ({}, {"actor": ""}),
    ],
)
def test_what_is_no_price_is_refused_and_nothing_is_written(tmp_path, wrong, more):
    with pytest.raises(BadInput):
        written(tmp_path, replace(ASKED_ALONE, **wrong), **more)
    assert not (tmp_path / OVERRIDE).exists()


def test_a_table_that_somebody_wrote_by_hand_before_is_kept(tmp_path):
    told = {"as_of": "2026-11-01", "source": "by hand", "no_new_jobs_after": "2027-01-06", "models": [
        {"name": "ours", "methods": ["supervised"], "train_usd_per_million": 1, "input_usd_per_million": 1,
         "output_usd_per_million": 1, "example_limit": 100, "shuts_on": "2028-01-01"}]}  # fmt: skip
    (tmp_path / OVERRIDE).write_text(json.dumps(told))
    written(tmp_path, ASKED_ALONE)
    table = hosted_models(tmp_path)
    assert (table.source, [one.name for one in table.models]) == ("by hand", ["ours", "gpt-6-luna"])


def test_the_verb_lists_writes_and_takes_back(db):
    def prices(**given):
        answer = run_verb(db, "prices", {"actor": "lena", **given}, lambda *_: None)
        return {one["name"]: one for one in answer["models"]}

    assert prices()[MINI]["priced_on"] is None
    new = prices(model="gpt-6-luna", reading=0.25, writing=2.0, shuts_on="never", source="our contract")
    assert (new["gpt-6-luna"]["shuts_on"], new["gpt-6-luna"]["methods"]) == (None, [])
    more = {"tunable": True, "shuts_on": "2028-01-01", "source": "our contract"}
    later = prices(model="gpt-6-luna", **more)["gpt-6-luna"]
    assert (later["methods"], later["input_usd_per_million"]) == (["supervised"], 0.25)
    assert later["shuts_on"] == "2028-01-01"
    with pytest.raises(BadInput, match="is no day"):
        prices(model="gpt-6-luna", shuts_on="soon", source="our contract")
    assert "gpt-6-luna" not in prices(model="gpt-6-luna", forget=True)
