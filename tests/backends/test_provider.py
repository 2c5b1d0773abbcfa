import json

import pytest

from domain.errors import BackendError, BadInput, NotFound
from services.backends.provider import Provider
from services.backends.provider_errors import ProviderError, wait_s
from services.modelling.hosted.providers import OPENAI, ProviderAddress, get_provider, list_providers
from tests.hosted import KEY_VARIABLE, address, client

GOOD = [
    "https://api.example.com/v1",
    "http://127.0.0.1:8000/v1",
    "http://localhost:8000",
    "http://[::1]:1/v1",
]
BAD = [
    "http://api.example.com/v1", "http://169.254.169.254/latest", "https://169.254.169.254/", "https://0.0.0.0/",
    "http://0x7f000001/", "https://0x7f000001/", "http://2130706433/", "http://127.0.0.1.evil.example/",
    "http://127.0.0.1@evil.example/", "https://user:secret@example.com/v1", "https://example.com/v1?x=1",
    "file:///etc/passwd", "ftp://localhost/", "localhost:8000", "", "https://", "https://example.com:x/",
    "https://[fe80::1]/v1", "https://127.1/v1",
]  # fmt: skip


@pytest.fixture(autouse=True)
def key(provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)


@pytest.mark.parametrize("url", GOOD)
def test_https_and_this_machine_are_let_through(url):
    assert ProviderAddress("ours", url).base_url == url


@pytest.mark.parametrize("url", BAD)
def test_every_other_address_is_refused(url):
    with pytest.raises(BadInput, match="is refused"):
        ProviderAddress("ours", url)


def test_only_approved_providers_are_known(tmp_path):
    assert list_providers(tmp_path) == {"openai": OPENAI}
    ours = {
        "name": "ours",
        "base_url": "https://llm.example.com/v1",
        "key_variable": "OURS",
        "charges": False,
    }
    (tmp_path / "providers.json").write_text(json.dumps([ours]))
    assert get_provider(tmp_path, "ours") == ProviderAddress(**ours)
    with pytest.raises(NotFound, match="'theirs' is not an approved provider"):
        get_provider(tmp_path, "theirs")


@pytest.mark.parametrize("text", ["{", "[1]", '[{"name": "x"}]', '[{"name": "x", "base_url": "http://x.y"}]'])
def test_a_list_of_providers_that_cannot_be_used_is_refused(tmp_path, text):
    (tmp_path / "providers.json").write_text(text)
    with pytest.raises(BadInput):
        list_providers(tmp_path)


def test_a_key_that_is_not_set_is_named(provider, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(BackendError, match=f"{KEY_VARIABLE} is not set"):
        client(provider)


def test_the_key_is_shown_nowhere(provider):
    one = client(provider)
    assert provider.key not in repr(one) + repr(one.address) + json.dumps(one.address.as_dict())


def test_a_wrong_key_is_told_without_it(provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "sk-wrong-1234567890")
    with pytest.raises(ProviderError, match="the key is not accepted") as caught:
        client(provider).list_jobs({})
    assert "7890" not in str(caught.value) and KEY_VARIABLE in caught.value.hint
    assert str(caught.value).endswith("(401): the key is not accepted.")


def test_a_redirect_is_not_followed(provider):
    provider.fault("redirect", "/models|/jobs", times=None, text=provider.root + "/v1/elsewhere")
    with pytest.raises(ProviderError, match="points elsewhere") as caught:
        client(provider).get_job("ftjob-1")
    assert not caught.value.retryable
    assert provider.requests("elsewhere") == []


@pytest.mark.parametrize("kind", ["server_error", "overloaded", "drop_before", "drop_after", "truncated"])
def test_reading_survives_what_passes(provider, kind):
    provider.fault(kind, "/jobs", times=2)
    assert client(provider).list_jobs({"client_id": "x"}) == []


@pytest.mark.parametrize("kind", ["server_error", "drop_before", "truncated", "rate_limited"])
def test_what_does_not_pass_is_an_error_that_may_be_tried_again(provider, kind):
    provider.fault(kind, "/jobs", times=None)
    with pytest.raises(ProviderError) as caught:
        client(provider).list_jobs({})
    assert caught.value.retryable


def test_a_rate_limit_is_waited_out_as_asked(provider):
    provider.fault("rate_limited", "/jobs", seconds=7)
    pauses = []
    client(provider, pauses).list_jobs({})
    assert pauses == [7.0]


def test_waits_grow_and_are_never_alike():
    assert max(wait_s(0) for _ in range(50)) <= 0.5 < min(wait_s(3) for _ in range(50))
    assert wait_s(50) <= 60 and len({wait_s(2) for _ in range(50)}) > 40
    assert wait_s(0, ProviderError("", retry_after_s=1e9)) == 60


def test_creating_is_never_repeated_by_itself(provider):
    provider.fault("server_error", "/jobs$", method="POST")
    with pytest.raises(ProviderError):
        client(provider).create_job({"model": "gpt-4o-mini-2024-07-18", "training_file": "file-1"})
    assert len(provider.requests("/jobs", "POST")) == 1


def test_training_that_is_closed_says_what_to_do_instead(provider):
    provider.fault("training_not_available", "/jobs$", method="POST")
    with pytest.raises(ProviderError, match="training_not_available") as caught:
        client(provider).create_job({"model": "gpt-4o-mini-2024-07-18", "training_file": "file-1"})
    assert "quick-look" in caught.value.hint and not caught.value.retryable


def test_an_empty_purse_is_not_waited_for(provider):
    provider.fault("quota_exceeded", "/jobs")
    with pytest.raises(ProviderError, match="quota") as caught:
        client(provider).list_jobs({})
    assert not caught.value.retryable and len(provider.requests("/jobs")) == 1
    assert caught.value.hint == "Add credit at the provider, then try again."  # there may be no job to start


def test_an_address_where_nobody_listens_is_an_error_of_ours():
    nowhere = ProviderAddress("nowhere", "http://127.0.0.1:9/v1")
    with pytest.raises(ProviderError, match="cannot be reached"):
        Provider(nowhere, pause=lambda s: None).get_job("x")


def test_a_host_that_ignores_the_filter_gives_no_foreign_job(provider, tmp_path):
    one = client(provider)
    lines = "".join(
        json.dumps(
            {"messages": [{"role": "user", "content": f"hi {n}"}, {"role": "assistant", "content": "ok"}]}
        )
        + "\n"
        for n in range(12)
    )
    (tmp_path / "t.jsonl").write_text(lines)
    file = one.upload(tmp_path / "t.jsonl", "t.jsonl")
    base = {"model": "gpt-4o-mini-2024-07-18", "training_file": file}
    made = one.create_job({**base, "metadata": {"client_id": "a"}})
    one.create_job({**base, "metadata": {"client_id": "b"}})
    assert [job.id for job in one.list_jobs({"client_id": "a"})] == [made.id]
    provider.fault("duplicate_ids", "/jobs$", method="GET")
    assert [job.id for job in one.list_jobs({"client_id": "a"})] == [made.id]
    assert address(provider).name == "test"
