from collections.abc import Callable
from typing import Any

import pytest
from openai import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    OpenAI,
)
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from openai.types.decision_create_params import DecisionCreateParams
from openai.types.fine_tuning.job_create_params import JobCreateParams

from tests.provider.building import as_jsonl, chat_line, comments
from tests.provider.fixtures import ProviderControl
from tests.provider.strict import check
from tests.provider.wire import ApiError

UploadedFile = Callable[..., str]
HELLO = [{"role": "user", "content": "hello"}]


def refusal(client: OpenAI, path: str, body: dict[str, object]) -> tuple[str | None, str | None]:
    """Code and param with which the server refuses a body."""
    with pytest.raises(APIStatusError) as caught:
        client.post(path, body=body, cast_to=object)
    assert caught.value.type == "invalid_request_error" and caught.value.message
    assert caught.value.status_code in (400, 404)
    return caught.value.code, caught.value.param


def test_only_the_key_opens(provider: ProviderControl) -> None:
    with OpenAI(base_url=provider.base_url, api_key="sk-wrong-000000", max_retries=0) as stranger:
        with pytest.raises(AuthenticationError, match="Incorrect API key provided: sk-w") as caught:
            stranger.models.list()
        assert caught.value.code == "invalid_api_key" and "wrong" not in str(caught.value)
        with pytest.raises(APIStatusError, match="You didn't provide an API key") as bare:
            stranger.with_options(default_headers={"Authorization": ""}).models.list()
    assert bare.value.status_code == 401


def test_an_address_that_does_not_exist_is_named(client: OpenAI) -> None:
    with pytest.raises(NotFoundError, match=r"Invalid URL \(GET /v1/nowhere\)"):
        client.get("/nowhere", cast_to=object)


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"messages": None}, "invalid_type", "messages"),
        ({"messages": []}, "empty_array", "messages"),
        ({"messages": [{"role": "user"}]}, "missing_required_parameter", "messages[0].content"),
        ({"messages": [{"content": "a"}]}, "missing_required_parameter", "messages[0].role"),
        ({"messages": [{"role": "boss", "content": "a"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "invalid_type", "messages[0].content"),
        (
            {"messages": [*HELLO, {"role": "user", "content": "a", "x": 1}]},
            "unknown_parameter",
            "messages[1].x",
        ),
        ({"temperature": 5}, "decimal_above_max_value", "temperature"),
        ({"temperature": "0"}, "invalid_type", "temperature"),
        ({"top_logprobs": 21, "logprobs": True}, "integer_above_max_value", "top_logprobs"),
        ({"top_logprobs": 5}, None, "top_logprobs"),
        ({"max_tokens": 0}, "integer_below_min_value", "max_tokens"),
        ({"max_tokens": 10**6}, "invalid_value", "max_tokens"),
        ({"n": True}, "invalid_type", "n"),
        ({"colour": "red"}, "unknown_parameter", "colour"),
        ({"metadata": {"k": "v" * 513}}, "string_above_max_length", "metadata.k"),
        ({"model": "gpt-99"}, "model_not_found", None),
        ({"model": "gpt-3.5-turbo"}, "model_not_found", None),
        ({"model": "ft:gpt-4o-2024-08-06:workbench::nobody"}, "model_not_found", None),
        ({"model": "text-embedding-3-small"}, None, "model"),
        ({"model": "gpt-6-luna", "logprobs": True}, "unsupported_parameter", "logprobs"),
        ({"model": "gpt-6-luna", "max_tokens": 5}, "unsupported_parameter", "max_tokens"),
        ({"model": "gpt-5-mini", "temperature": 0}, "unsupported_value", "temperature"),
        ({"response_format": {"type": "json_object"}}, None, "messages"),
    ],
)
def test_chat_refuses(
    client: OpenAI, changes: dict[str, object], code: str | None, param: str | None
) -> None:
    assert refusal(client, "/chat/completions", {"model": "gpt-4o", "messages": HELLO} | changes) == (
        code,
        param,
    )


def test_chat_refuses_a_body_without_messages(client: OpenAI) -> None:
    assert refusal(client, "/chat/completions", {"model": "gpt-4o"}) == (
        "missing_required_parameter",
        "messages",
    )


def test_chat_refuses_more_than_the_context_holds(client: OpenAI) -> None:
    messages = [{"role": "user", "content": "word " * 130_000}]
    found = refusal(client, "/chat/completions", {"model": "gpt-4o", "messages": messages})
    assert found == ("context_length_exceeded", "messages")


def test_a_strict_schema_must_be_closed(client: OpenAI) -> None:
    def told(schema: dict[str, object]) -> str:
        form: Any = {"type": "json_schema", "json_schema": {"name": "v", "strict": True, "schema": schema}}
        with pytest.raises(BadRequestError) as caught:
            client.chat.completions.create(model="gpt-4o", messages=HELLO, response_format=form)  # type: ignore[arg-type]
        return caught.value.message

    open_schema: dict[str, object] = {"type": "object", "properties": {"label": {"type": "string"}}}
    assert "'additionalProperties' is required" in told(open_schema)
    assert "Missing 'label'" in told(open_schema | {"additionalProperties": False})
    assert 'type: "object"' in told({"type": "string"})


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"model": "gpt-99"}, "model_not_available", "model"),
        ({"model": "gpt-6-luna"}, "model_not_available", "model"),
        ({"model": "gpt-4.1-nano"}, "model_not_found", None),
        ({"model": "gpt-4o", "method": {"type": "dpo"}}, "unsupported_value", "method"),
        ({"method": {"type": "magic"}}, "invalid_value", "method.type"),
        ({"method": {"type": "supervised", "dpo": {}}}, None, "method.dpo"),
        ({"training_file": "file-nobody"}, None, "training_file"),
        ({"validation_file": "file-nobody"}, None, "validation_file"),
        ({"suffix": "s" * 65}, "string_above_max_length", "suffix"),
        ({"seed": "5"}, "invalid_type", "seed"),
        ({"metadata": {f"k{n}": "v" for n in range(17)}}, "object_above_max_properties", "metadata"),
        ({"metadata": {"k" * 65: "v"}}, "string_above_max_length", "metadata"),
        ({"metadata": {"k": 5}}, "invalid_type", "metadata.k"),
        ({"hyperparameters": {"n_epochs": 51}}, "integer_above_max_value", "hyperparameters.n_epochs"),
        ({"hyperparameters": {"n_epochs": 0}}, "integer_below_min_value", "hyperparameters.n_epochs"),
        ({"hyperparameters": {"batch_size": 257}}, "integer_above_max_value", "hyperparameters.batch_size"),
        ({"hyperparameters": {"epochs": 3}}, "unknown_parameter", "hyperparameters.epochs"),
        ({"n_epochs": 3}, "unknown_parameter", "n_epochs"),
    ],
)
def test_a_job_is_refused(
    client: OpenAI, uploaded: UploadedFile, changes: dict[str, object], code: str | None, param: str | None
) -> None:
    body = {"model": "gpt-4.1", "training_file": uploaded()} | changes
    assert refusal(client, "/fine_tuning/jobs", body) == (code, param)
    assert list(client.fine_tuning.jobs.list()) == []


def test_a_job_refuses_a_file_of_another_purpose(client: OpenAI) -> None:
    file = client.files.create(file=("a.jsonl", b"{}"), purpose="user_data")
    found = refusal(client, "/fine_tuning/jobs", {"model": "gpt-4.1", "training_file": file.id})
    assert found == ("invalid_file_purpose", "training_file")


@pytest.mark.parametrize(
    ("name", "content", "purpose", "told"),
    [
        ("a.jsonl", b'{"messages": []}', "fine-tuning", "is not one of"),
        ("a.csv", b"a,b", "fine-tune", "Invalid extension csv"),
        ("a.jsonl", b'{"a": 1}\n[1, 2]', "fine-tune", "Line 2 is not a dictionary"),
        ("a.jsonl", b'{"a": 1', "batch", "every line is a valid JSON dictionary"),
        ("a.jsonl", b"\xff\xfe", "fine-tune", "every line is a valid JSON dictionary"),
        ("a.jsonl", b"\n\n", "fine-tune", "file is empty"),
    ],
)
def test_an_upload_is_refused(client: OpenAI, name: str, content: bytes, purpose: str, told: str) -> None:
    with pytest.raises(BadRequestError, match=told):
        client.files.create(file=(name, content), purpose=purpose)  # type: ignore[arg-type]
    assert list(client.files.list()) == []


USER = {"role": "user", "content": "a"}
ASSISTANT = {"role": "assistant", "content": "allow"}


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (
            {"messages": [USER, {"content": "x"}]},
            "Example 3, message 2 Discriminator 'role' is missing in value",
        ),
        ({"messages": [USER, {"role": "boss", "content": "x"}]}, "message 2 Input tag 'boss'"),
        ({"messages": [USER, {"role": "assistant", "content": 5}]}, "message 2 Invalid type"),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, "message 2 content is missing"),
        ({"messages": [USER]}, "the last message must be from the assistant"),
        ({"messages": []}, "must be a non-empty list"),
        ({"messages": [USER, ASSISTANT | {"weight": 2}]}, "weight must be 0 or 1"),
        ({"messages": [USER | {"weight": 1}, ASSISTANT]}, "weight must be 0 or 1"),
        ({"messages": [USER | {"label": "x"}, ASSISTANT]}, "Unknown parameter"),
        ({"messages": [USER, ASSISTANT], "label": "x"}, "Example 3: Unknown parameter: 'label'"),
    ],
)
def test_a_malformed_example_fails_the_job(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile, bad: dict[str, object], told: str
) -> None:
    lines = [chat_line(*pair) for pair in comments(12)]
    lines[2] = bad
    job = client.fine_tuning.jobs.create(model="gpt-4.1", training_file=uploaded(lines))
    provider.advance(2)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "validating_files"
    provider.advance(2)
    job = client.fine_tuning.jobs.retrieve(job.id)
    assert job.status == "failed" and job.error
    assert (job.error.code, job.error.param) == ("invalid_training_file", "training_file")
    assert told in job.error.message


def failure(client: OpenAI, provider: ProviderControl, **asked: Any) -> tuple[str, str]:
    job = client.fine_tuning.jobs.create(model="gpt-4.1", **asked)
    provider.advance(10)
    error = client.fine_tuning.jobs.retrieve(job.id).error
    assert error is not None
    return error.code, error.message


def test_nine_examples_are_too_few(client: OpenAI, provider: ProviderControl, uploaded: UploadedFile) -> None:
    lines = [chat_line(*pair) for pair in comments(9)]
    code, told = failure(client, provider, training_file=uploaded(lines))
    assert code == "invalid_n_examples" and "9 example(s), but must have at least 10" in told


def test_a_file_of_another_format_fails_the_job(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    pairs: list[dict[str, object]] = [{"prompt": text, "completion": label} for text, label in comments(12)]
    assert "prompt-completion format" in failure(client, provider, training_file=uploaded(pairs))[1]
    rows: list[dict[str, object]] = [{"text": text} for text, _ in comments(12)]
    assert (
        "expected either prompt/completion pairs or chat messages"
        in (failure(client, provider, training_file=uploaded(rows))[1])
    )
    found = failure(client, provider, training_file=uploaded(), method={"type": "dpo"})
    assert "is in the fine-tune-chat format, but the job is not using 'supervised'" in found[1]


def test_a_bad_validation_file_is_blamed_by_name(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    bad: list[dict[str, object]] = [{"messages": [USER]}] * 12
    job = client.fine_tuning.jobs.create(
        model="gpt-4.1", training_file=uploaded(), validation_file=uploaded(bad)
    )
    provider.advance(10)
    error = client.fine_tuning.jobs.retrieve(job.id).error
    assert error is not None and error.param == "validation_file" and "validation" in error.message


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"model": "gpt-4o"}, "unsupported_model", "model"),
        ({"questions": []}, "empty_array", "questions"),
        ({"questions": [{"type": "predicate"}]}, "missing_required_parameter", "questions[0].instructions"),
        ({"questions": [{"type": "guess", "instructions": "a"}]}, "invalid_value", "questions[0].type"),
        (
            {"questions": [{"type": "choice", "instructions": "a", "choices": [{"value": "x"}]}]},
            "array_below_min_length",
            "questions[0].choices",
        ),
        (
            {
                "questions": [
                    {"type": "choice", "instructions": "a", "choices": [{"value": "x"}, {"value": "x"}]}
                ]
            },
            "invalid_value",
            "questions[0].choices",
        ),
        ({"input": 5}, "invalid_type", "input"),
        ({"temperature": 0}, "unknown_parameter", "temperature"),
    ],
)
def test_a_decision_is_refused(client: OpenAI, changes: dict[str, object], code: str, param: str) -> None:
    body = {
        "model": "gpt-6-luna",
        "input": "a",
        "questions": [{"type": "predicate", "instructions": "b"}],
    } | changes
    assert refusal(client, "/decisions", body) == (code, param)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/moderations", {"input": "a", "model": "gpt-4o"}, "invalid_value"),
        ("/moderations", {"input": 5}, "invalid_type"),
        (
            "/embeddings",
            {"input": "a", "model": "text-embedding-3-small", "dimensions": 0},
            "integer_below_min_value",
        ),
        ("/embeddings", {"model": "text-embedding-3-small"}, "missing_required_parameter"),
        (
            "/batches",
            {"input_file_id": "f", "endpoint": "/v1/decisions", "completion_window": "24h"},
            "invalid_value",
        ),
        (
            "/batches",
            {"input_file_id": "f", "endpoint": "/v1/embeddings", "completion_window": "1h"},
            "invalid_value",
        ),
    ],
)
def test_other_endpoints_refuse(client: OpenAI, path: str, body: dict[str, object], code: str) -> None:
    assert refusal(client, path, body)[0] == code


def test_a_batch_refuses_a_file_of_another_purpose(client: OpenAI, uploaded: UploadedFile) -> None:
    body: dict[str, object] = {
        "input_file_id": uploaded(),
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    }
    assert refusal(client, "/batches", body) == ("invalid_file_purpose", "input_file_id")


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "many"}, {"after": "ftjob-nobody"}, {"sort": "up"}]
)
def test_a_query_is_checked_too(client: OpenAI, query: dict[str, str]) -> None:
    with pytest.raises(BadRequestError):
        client.fine_tuning.jobs.list(extra_query=query)


def test_things_that_are_not_there_are_named(client: OpenAI) -> None:
    for call, told in (
        (lambda: client.fine_tuning.jobs.retrieve("ftjob-x"), "Could not find fine tune: ftjob-x"),
        (lambda: client.files.content("file-x"), "No such File object: file-x"),
        (lambda: client.batches.retrieve("batch_x"), "No batch found with id 'batch_x'"),
        (lambda: client.models.retrieve("gpt-99"), "The model 'gpt-99' does not exist"),
    ):
        with pytest.raises(NotFoundError, match=told):
            call()


def test_a_body_that_is_no_json_is_refused(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="could not parse the JSON body"):
        client.post("/chat/completions", content=b"{", cast_to=object)


def test_multipart_without_a_file_is_refused(client: OpenAI) -> None:
    with pytest.raises(BadRequestError, match="'file' is a required property"):
        client.post("/files", body={"purpose": "fine-tune"}, cast_to=object)


def test_the_types_of_the_sdk_are_read_deeply() -> None:
    good = {"model": "m", "messages": [{"role": "assistant", "tool_calls": [_tool_call("f")]}, *HELLO]}
    check(CompletionCreateParamsNonStreaming, good)
    check(CompletionCreateParamsStreaming, good | {"stream": True})
    with pytest.raises(ApiError, match=r"Missing required parameter: 'stream'"):
        check(CompletionCreateParamsStreaming, good)
    bad = {"model": "m", "messages": [{"role": "assistant", "tool_calls": [_tool_call(5)]}]}
    with pytest.raises(ApiError, match=r"messages\[0\].tool_calls\[0\].function.name"):
        check(CompletionCreateParamsNonStreaming, bad)
    check(JobCreateParams, {"model": "m", "training_file": "f", "integrations": None})
    with pytest.raises(ApiError, match=r"input\[0\].content\[0\].text"):
        part = {"type": "input_text"}
        check(
            DecisionCreateParams,
            {"model": "m", "input": [{"role": "user", "content": [part]}], "questions": []},
        )


def _tool_call(name: object) -> dict[str, object]:
    return {"id": "c", "type": "function", "function": {"name": name, "arguments": "{}"}}


def test_a_training_file_of_tool_calls_and_weights_is_good(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    calling = {"role": "assistant", "content": None, "tool_calls": [_tool_call("look")]}
    answered = {"role": "tool", "tool_call_id": "c", "content": "found"}
    tool = {
        "type": "function",
        "function": {"name": "look", "parameters": {"type": "object", "properties": {}}},
    }
    line: dict[str, object] = {
        "messages": [
            {"role": "developer", "content": "d"},
            USER,
            calling,
            answered,
            ASSISTANT | {"weight": 0},
            ASSISTANT,
        ],
        "tools": [tool],
        "parallel_tool_calls": False,
    }
    job = client.fine_tuning.jobs.create(model="gpt-4.1", training_file=uploaded([line] * 10))
    provider.advance(100)
    assert client.fine_tuning.jobs.retrieve(job.id).error is None
    assert as_jsonl([line]).decode() in provider.requests("/files")[0].body
