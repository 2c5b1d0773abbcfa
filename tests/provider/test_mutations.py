import copy
import json
import random
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.provider.building import as_jsonl, batch_line, chat_line, comments
from tests.provider.fixtures import ProviderControl

JUNK: tuple[object, ...] = (
    None,
    0,
    -1,
    1.5,
    "",
    "x",
    "🙂",
    [],
    {},
    [[]],
    {"type": "x"},
    True,
    "null",
    10**20,
    [1],
)
USER = {"role": "user", "content": [{"type": "text", "text": "hello"}]}
SCHEMA = {
    "type": "object",
    "properties": {"a": {"enum": ["x"]}},
    "required": ["a"],
    "additionalProperties": False,
}
FORM = {"type": "json_schema", "json_schema": {"name": "v", "strict": True, "schema": SCHEMA}}
GOOD: dict[str, dict[str, object]] = {
    "/v1/chat/completions": {
        "model": "gpt-4o",
        "messages": [{"role": "system", "content": "s"}, USER],
        "temperature": 0,
        "logprobs": True,
        "top_logprobs": 3,
        "stop": ["x"],
        "response_format": FORM,
        "metadata": {"k": "v"},
        "stream": False,
    },
    "/v1/decisions": {
        "model": "gpt-6-luna",
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}],
        "questions": [
            {"type": "choice", "instructions": "b", "choices": [{"value": True}, {"value": "x"}]},
            {"type": "score", "instructions": "b", "levels": [{"label": "x"}, {"label": "y"}]},
        ],
    },
    "/v1/moderations": {"model": "omni-moderation-latest", "input": [{"type": "text", "text": "a"}]},
    "/v1/embeddings": {"model": "text-embedding-3-small", "input": ["a"], "dimensions": 8},
    "/v1/fine_tuning/jobs": {
        "model": "gpt-4.1",
        "training_file": "file-x",
        "suffix": "s",
        "seed": 1,
        "metadata": {"k": "v"},
        "method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1, "n_epochs": "auto"}}},
    },
    "/v1/batches": {
        "input_file_id": "file-x",
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "output_expires_after": {"anchor": "created_at", "seconds": 3600},
    },
}


def places(value: object, way: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """The ways to every part of a JSON value."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*way, step)
        yield from places(inner, (*way, step))


def mutated(good: dict[str, object], draw: random.Random) -> dict[str, object]:
    """A copy in which one part was replaced by junk, removed, or given an unknown neighbour."""
    changed = copy.deepcopy(good)
    *way, last = draw.choice(list(places(changed)))
    here: object = changed
    for step in way:
        here = here[step]  # type: ignore[index]
    if draw.random() < 0.2:
        del here[last]  # type: ignore[attr-defined]
    else:
        here[last] = draw.choice(JUNK)  # type: ignore[index]
    return changed


class Sender:
    """Posts bodies over one connection and gives back status and content."""

    def __init__(self, provider: ProviderControl) -> None:
        self.key = provider.key
        self.connection = HTTPConnection(urlsplit(provider.root).netloc, timeout=30)

    def post(self, path: str, body: object) -> tuple[int, bytes]:
        return self._send("POST", path, json.dumps(body).encode(), "application/json")

    def get(self, path: str) -> tuple[int, bytes]:
        return self._send("GET", path, None, "application/json")

    def upload(self, content: bytes, purpose: str) -> str:
        head = b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n' + purpose.encode() + b"\r\n"
        head += b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n'
        status, reply = self._send(
            "POST", "/v1/files", head + content + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"
        )
        assert status == 200, reply
        return str(json.loads(reply)["id"])

    def _send(self, method: str, path: str, body: bytes | None, kind: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind}
        self.connection.request(method, path, body, headers)
        reply = self.connection.getresponse()
        return reply.status, reply.read()


@pytest.fixture
def sender(provider: ProviderControl) -> Iterator[Sender]:
    made = Sender(provider)
    yield made
    made.connection.close()


@pytest.mark.parametrize("path", sorted(GOOD))
def test_a_damaged_request_is_answered_or_refused_in_the_documented_shape(sender: Sender, path: str) -> None:
    draw = random.Random(path)
    statuses = set()
    for _ in range(150):
        body = mutated(GOOD[path], draw)
        status, content = sender.post(path, body)
        statuses.add(status)
        assert status in (200, 400, 403, 404), body
        if status != 200:
            error = json.loads(content)["error"]
            assert set(error) == {"message", "type", "param", "code"} and error["message"], body
    assert 400 in statuses


def test_a_damaged_training_line_fails_its_job_or_is_learnt(
    sender: Sender, provider: ProviderControl
) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    rich: dict[str, object] = {
        "messages": [
            USER,
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "assistant", "weight": 1, "content": "x"},
        ],
        "tools": [{"type": "function", "function": {"name": "f"}}],
    }
    preference: dict[str, object] = {
        "input": {"messages": [USER]},
        "preferred_output": [{"role": "assistant", "content": "x"}],
        "non_preferred_output": [{"role": "assistant", "content": "y"}],
    }
    draw = random.Random(3)
    statuses = []
    for number in range(80):
        good, kind = ((rich, "supervised"), (preference, "dpo"))[number % 2]
        content = as_jsonl([good] * 11 + [mutated(good, draw)])
        asked = {
            "model": "gpt-4.1",
            "training_file": sender.upload(content, "fine-tune"),
            "method": {"type": kind},
        }
        status, reply = sender.post("/v1/fine_tuning/jobs", asked)
        assert status == 200, reply
        provider.advance(100)
        status, reply = sender.get(f"/v1/fine_tuning/jobs/{json.loads(reply)['id']}")
        assert status == 200, content[-400:]
        statuses.append(json.loads(reply)["status"])
    assert set(statuses) == {"succeeded", "failed"}


def test_a_damaged_batch_line_fails_its_batch_or_itself(sender: Sender, provider: ProviderControl) -> None:
    draw = random.Random(4)
    good: dict[str, object] = batch_line("a", "gpt-4o")
    statuses = []
    for _ in range(60):
        lines = [batch_line("b", "gpt-4o"), mutated(good, draw)]
        asked = {"input_file_id": sender.upload(as_jsonl(lines), "batch"), "endpoint": "/v1/chat/completions"}
        status, reply = sender.post("/v1/batches", asked | {"completion_window": "24h"})
        assert status == 200, reply
        provider.advance(100)
        status, reply = sender.get(f"/v1/batches/{json.loads(reply)['id']}")
        assert status == 200, lines
        batch = json.loads(reply)
        statuses.append(batch["status"])
        if batch["status"] == "completed":
            counts = batch["request_counts"]
            assert counts["completed"] + counts["failed"] == counts["total"] == 2
    assert set(statuses) == {"completed", "failed"}


def test_an_undamaged_training_file_is_learnt(sender: Sender, provider: ProviderControl) -> None:
    content = as_jsonl([chat_line(*pair) for pair in comments(10)])
    _, reply = sender.post(
        "/v1/fine_tuning/jobs", {"model": "gpt-4.1", "training_file": sender.upload(content, "fine-tune")}
    )
    provider.advance(100)
    _, reply = sender.get(f"/v1/fine_tuning/jobs/{json.loads(reply)['id']}")
    assert json.loads(reply)["status"] == "succeeded"
