import json

import pytest

from domain.errors import Conflict
from services.curation.datasets import mark_child_data, write_guideline
from services.curation.snapshots import take_snapshot
from services.evaluation.behaving import get_behaviour, start_functional, start_injection
from services.jobs.managing.launch import folder_of
from services.modelling.training import train
from tests.hosted import GUIDELINE, KEY_VARIABLE, address, comments, splits_of
from tests.provider.fixtures import provider, provider_address
from tests.stored_runs import labelled_dataset
from tests.waiting import done, over

pytestmark = pytest.mark.slow

__all__ = ["provider", "provider_address"]
HEAD = "text,expected,functionality\n"


@pytest.fixture
def hosted(db, provider, monkeypatch):
    """A model of a provider that has answered the test split of a snapshot."""
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    provider.speed(400)
    ids = labelled_dataset(db, comments())
    with db.writing("kids") as cursor:
        for number, split in zip(ids, splits_of(60), strict=True):
            cursor.execute("UPDATE comments SET split = ? WHERE comment_id = ?", [split, number])
    write_guideline(db, "kids", GUIDELINE, actor="ana")
    (db.home / "providers.json").write_text(json.dumps([address(provider).as_dict()]))
    snapshot = take_snapshot(db, "kids", actor="ana").snapshot_id
    settings = {"provider": "test", "poll_s": 0.05, "model": "gpt-4o-mini-2024-07-18"}
    job = done(db, train(db, snapshot_id=snapshot, recipe="hosted", settings=settings, actor="ana"))
    assert job.state.name == "succeeded", job
    return db


def asked(provider):
    return [json.loads(one.body) for one in provider.requests("/chat/completions", "POST")]


def suite(db, rows):
    content = (HEAD + rows).encode()
    return start_functional(db, model_id="model-1", suite=content, name="mine.csv", actor="ana")


def test_a_hosted_model_is_asked_about_each_case_once_and_the_bill_is_told(hosted, provider):
    before = len(asked(provider))
    job = done(hosted, suite(hosted, "you moron of a kind,disallow,insults\nlovely day,allow,kindness\n"))
    assert job.state.name == "succeeded", folder_of(hosted, job.job_id).log_tail()
    assert len(asked(provider)) == before + 2
    assert get_behaviour(hosted, job.job_id).found.overall.n == 2
    events = folder_of(hosted, job.job_id).events()
    assert any("estimate_usd" in one for one in events) and any("billed_usd" in one for one in events)


def test_a_case_with_personal_data_stops_the_test_before_anything_is_sent(hosted, provider):
    before = len(asked(provider))
    rows = "lovely day,allow,kindness\nwrite to jane.roe@mail-for-jane.com you moron,disallow,insults\n"
    job = over(hosted, suite(hosted, rows))
    assert job.state.name == "failed" and "Nothing was sent" in job.state.message
    assert len(asked(provider)) == before


def test_comments_of_children_are_not_put_into_payloads_either(hosted, provider):
    mark_child_data(hosted, "kids", may_hold_child_data=True, actor="ana")
    before = len(asked(provider))
    with pytest.raises(Conflict, match="children"):
        start_injection(hosted, model_id="model-1", actor="ana")
    assert len(asked(provider)) == before
