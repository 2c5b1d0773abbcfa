import json
import time
from collections.abc import Callable

import pytest
from openai import (
    APIConnectionError,
    APITimeoutError,
    InternalServerError,
    OpenAI,
    PermissionDeniedError,
    RateLimitError,
)

from tests.provider.building import ask, batch_line, read_lines, start_batch
from tests.provider.fixtures import ProviderControl

UploadedFile = Callable[..., str]


def test_training_may_be_closed_to_the_account(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    file = uploaded()
    provider.fault("training_not_available", "/fine_tuning/jobs$", method="POST")
    with pytest.raises(PermissionDeniedError) as caught:
        client.fine_tuning.jobs.create(model="gpt-4o", training_file=file)
    assert (caught.value.code, caught.value.type) == ("training_not_available", "invalid_request_error")
    assert list(client.fine_tuning.jobs.list()) == []


def test_training_is_closed_to_everybody_from_january(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    file = uploaded()
    provider.advance(46 * 86400)
    with pytest.raises(PermissionDeniedError, match="no longer available"):
        client.fine_tuning.jobs.create(model="gpt-4o", training_file=file)
    assert ask(client, "gpt-4o", "hello")


def test_a_rate_limit_says_when_to_come_back(client: OpenAI, provider: ProviderControl) -> None:
    provider.fault("rate_limited", "/models", seconds=0.2, times=2)
    with pytest.raises(RateLimitError) as caught:
        client.models.list()
    assert caught.value.response.headers["retry-after"] == "0.2"
    before = time.monotonic()
    assert client.with_options(max_retries=1).models.list().data
    assert time.monotonic() - before > 0.15
    assert provider.faults_left() == []


def test_an_empty_purse_is_a_rate_limit_without_a_time(client: OpenAI, provider: ProviderControl) -> None:
    provider.fault("quota_exceeded", "/chat")
    with pytest.raises(RateLimitError) as caught:
        ask(client, "gpt-4o", "hello")
    assert caught.value.code == "insufficient_quota" and "retry-after" not in caught.value.response.headers


@pytest.mark.parametrize(("kind", "status"), [("server_error", 500), ("overloaded", 503)])
def test_the_server_can_fail(client: OpenAI, provider: ProviderControl, kind: str, status: int) -> None:
    provider.fault(kind, "/models")  # type: ignore[arg-type]
    with pytest.raises(InternalServerError) as caught:
        client.models.list()
    assert caught.value.status_code == status and client.models.list().data


def test_a_reply_lost_after_the_effect_leaves_the_effect(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    file = uploaded()
    provider.fault("drop_after", "/fine_tuning/jobs$", method="POST")
    with pytest.raises(APIConnectionError):
        client.fine_tuning.jobs.create(model="gpt-4o", training_file=file, metadata={"client_id": "7"})
    assert len(list(client.fine_tuning.jobs.list(metadata={"client_id": "7"}))) == 1
    assert [(logged.status, logged.fault) for logged in provider.requests("/jobs", "POST")] == [
        (None, "drop_after")
    ]


def test_a_request_lost_before_the_effect_leaves_nothing(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    file = uploaded()
    provider.fault("drop_before", "/fine_tuning/jobs$", method="POST")
    with pytest.raises(APIConnectionError):
        client.fine_tuning.jobs.create(model="gpt-4o", training_file=file)
    assert list(client.fine_tuning.jobs.list()) == []


def test_a_share_of_replies_is_lost_the_same_ones_every_time(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    def lost(seed: int) -> list[int]:
        provider.reset()
        file = uploaded()
        provider.fault("drop_after", "/fine_tuning/jobs$", method="POST", share=0.3, times=None, seed=seed)
        found = []
        for number in range(40):
            try:
                client.fine_tuning.jobs.create(model="gpt-4o", training_file=file)
            except APIConnectionError:
                found.append(number)
        assert len(list(client.fine_tuning.jobs.list(limit=100))) == 40
        return found

    first = lost(1)
    assert 5 <= len(first) <= 20 and first == lost(1) != lost(2)


def test_faults_wait_for_their_turn(client: OpenAI, provider: ProviderControl) -> None:
    provider.fault("server_error", "/models$", skip=2)
    assert client.models.list().data and client.models.list().data
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"
    with pytest.raises(InternalServerError):
        client.models.list()


def test_a_slow_reply_runs_into_the_timeout(client: OpenAI, provider: ProviderControl) -> None:
    provider.fault("slow", "/models", seconds=0.5)
    with pytest.raises(APITimeoutError):
        client.with_options(timeout=0.1).models.list()


def test_a_truncated_reply_is_not_json(client: OpenAI, provider: ProviderControl) -> None:
    provider.fault("truncated", "/models")
    with pytest.raises(json.JSONDecodeError):
        client.models.list()


def test_a_status_may_be_unheard_of(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    job = client.fine_tuning.jobs.create(model="gpt-4o", training_file=uploaded())
    provider.fault("unknown_status", "/fine_tuning", text="daydreaming")
    assert str(client.fine_tuning.jobs.retrieve(job.id).status) == "daydreaming"
    assert client.fine_tuning.jobs.retrieve(job.id).status == "queued"


def test_fields_may_be_missing(client: OpenAI, provider: ProviderControl, uploaded: UploadedFile) -> None:
    job = client.fine_tuning.jobs.create(model="gpt-4o", training_file=uploaded())
    provider.fault("missing_fields", "/fine_tuning", fields=("status", "created_at"))
    reply = client.fine_tuning.jobs.with_raw_response.retrieve(job.id)
    content = json.loads(reply.content)
    assert not {"status", "created_at"} & set(content) and content["id"] == job.id


def test_a_redirect_points_elsewhere(client: OpenAI, provider: ProviderControl) -> None:
    provider.fault("redirect", "/models", text="http://127.0.0.1:9")
    with pytest.raises(APIConnectionError):
        client.models.list()
    assert [logged.status for logged in provider.requests("/models")] == [307]


def test_a_page_may_hold_the_same_id_twice(client: OpenAI, provider: ProviderControl) -> None:
    made = [client.files.create(file=(f"{n}.txt", b"x"), purpose="user_data").id for n in range(3)]
    provider.fault("duplicate_ids", "/files$", method="GET")
    assert [file.id for file in client.files.list(order="asc")] == [made[0], *made]


def test_a_file_may_be_refused_as_hateful(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    provider.fault("flagged_file")
    job = client.fine_tuning.jobs.create(model="gpt-4o", training_file=uploaded())
    assert job.status == "queued"
    provider.advance(10)
    job = client.fine_tuning.jobs.retrieve(job.id)
    assert job.status == "failed" and job.error and job.error.param == "training_file"
    assert "too many examples were flagged" in job.error.message and "hate" in job.error.message


def test_a_model_may_fail_the_safety_check_after_training(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    provider.fault("blocked_model")
    job = client.fine_tuning.jobs.create(model="gpt-4o", training_file=uploaded())
    provider.advance(50)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "running"
    provider.advance(50)
    job = client.fine_tuning.jobs.retrieve(job.id)
    assert (job.status, job.fine_tuned_model, job.result_files) == ("failed", None, [])
    checks = [
        event
        for event in client.fine_tuning.jobs.list_events(job.id)
        if str(event.type) == "moderation_checks"
    ]
    assert checks[0].data["blocked"] and len(checks[0].data["results"]) == 13  # type: ignore[index]


def test_a_job_may_break_halfway(client: OpenAI, provider: ProviderControl, uploaded: UploadedFile) -> None:
    provider.fault("failed_job")
    job = client.fine_tuning.jobs.create(model="gpt-4o", training_file=uploaded())
    provider.advance(100)
    job = client.fine_tuning.jobs.retrieve(job.id)
    assert job.status == "failed" and job.error and job.error.code == "server_error"


def test_answers_can_be_dictated(client: OpenAI, provider: ProviderControl) -> None:
    provider.fault("answer", text="  Disallow.")
    provider.fault("refusal")
    provider.fault("content_filter")

    def choice() -> tuple[str | None, str | None, str]:
        answer = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hm"}])
        said = answer.choices[0]
        return said.message.content, said.message.refusal, said.finish_reason

    assert choice() == ("  Disallow.", None, "stop")
    content, refusal, reason = choice()
    assert content is None and refusal and reason == "stop"
    assert choice() == ("", None, "content_filter")


def test_a_decision_may_be_refused(client: OpenAI, provider: ProviderControl) -> None:
    provider.fault("refusal", "/decisions")
    question = {"type": "predicate", "instructions": "It is rude.", "name": "rude"}
    decision = client.decisions.create(model="gpt-6-luna", input="hm", questions=[question, question])  # type: ignore[list-item]
    assert [answer.type for answer in decision.answers] == ["refusal", "predicate"]


def test_a_batch_may_expire_half_done(client: OpenAI, provider: ProviderControl) -> None:
    provider.fault("expired_batch")
    batch = start_batch(client, [batch_line(f"row-{number}", "gpt-4o") for number in range(10)])
    provider.advance(86400)
    ended = client.batches.retrieve(batch)
    left = read_lines(client, ended.error_file_id)
    assert ended.status == "expired" and len(read_lines(client, ended.output_file_id)) == 5
    assert {line["error"]["code"] for line in left} == {"batch_expired"} and len(left) == 5  # type: ignore[index]


def test_a_batch_may_lose_lines(client: OpenAI, provider: ProviderControl) -> None:
    provider.fault("missing_lines")
    batch = start_batch(client, [batch_line(f"row-{number}", "gpt-4o") for number in range(10)])
    provider.advance(100)
    ended = client.batches.retrieve(batch)
    assert ended.status == "completed" and ended.error_file_id is None
    assert len(read_lines(client, ended.output_file_id)) == 8


def test_an_unknown_fault_is_refused(provider: ProviderControl) -> None:
    with pytest.raises(AssertionError, match="Not a fault"):
        provider.fault("mischief")  # type: ignore[arg-type]
