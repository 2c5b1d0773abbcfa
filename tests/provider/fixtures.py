"""The `provider` fixture: a running provider with its address, its key, and a hand on its controls."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest

from tests.provider.faults import FaultKind
from tests.provider.server import KEY, running
from tests.provider.state import Logged


@dataclass(frozen=True)
class ProviderControl:
    """A provider that runs somewhere; `root` is its address without /v1."""

    root: str
    key: str = KEY

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base_url."""
        return f"{self.root}/v1"

    def advance(self, seconds: float) -> None:
        """Move the virtual clock: a job needs 70 seconds, a batch 45."""
        self._post("advance", {"seconds": seconds})

    def speed(self, speed: float) -> None:
        """Let this many virtual seconds pass in a real one, from now on; 0 stops the clock."""
        self._post("settings", {"speed": speed})

    def results(
        self, *, columns: Literal["new", "old"] = "new", encoding: Literal["plain", "base64"] = "plain"
    ) -> None:
        """Choose the generation and the encoding of the result files of jobs that end from now on."""
        self._post("settings", {"result_columns": columns, "result_encoding": encoding})

    def fault(
        self,
        kind: FaultKind,
        path: str = "",
        *,
        method: str = ".*",
        times: int | None = 1,
        skip: int = 0,
        share: float = 1.0,
        seed: int = 7,
        seconds: float = 0.0,
        text: str = "",
        fields: tuple[str, ...] = (),
    ) -> None:
        """Queue one fault; the arguments are those of `tests.provider.faults.Fault`."""
        rule: dict[str, Any] = {
            "kind": kind,
            "path": path,
            "method": method,
            "times": times,
            "skip": skip,
            "share": share,
        }
        rule |= {"seed": seed, "seconds": seconds, "text": text, "fields": list(fields)}
        self._post("faults", {"faults": [rule]})

    def faults_left(self) -> list[str]:
        """The kinds of the faults that have not been used up."""
        return [fault["kind"] for fault in self._get("faults")["faults"]]

    def add_model(self, name: str, examples: list[tuple[str, str]], shutdown_date: str | None = None) -> None:
        """Give the account a fine-tuned model from before, `ft:<base>:<team>:<suffix>:<id>`."""
        self._post("models", {"id": name, "examples": examples, "shutdown_date": shutdown_date})

    def requests(self, path: str = "", method: str = "") -> list[Logged]:
        """What arrived, oldest first: requests whose path contains `path`, of one method if that is given."""
        found = [Logged(**logged) for logged in self._get("log")["requests"]]
        return [logged for logged in found if path in logged.path and method in ("", logged.method)]

    def today(self) -> str:
        """The virtual date, YYYY-MM-DD."""
        return str(self._get("clock")["today"])

    def reset(self) -> None:
        """Forget files, jobs, models, faults and log, and set the clock back."""
        self._post("reset", {})

    def _post(self, verb: str, body: dict[str, Any]) -> None:
        self._send("POST", verb, json.dumps(body))

    def _get(self, verb: str) -> Any:
        return self._send("GET", verb, None)

    def _send(self, method: str, verb: str, body: str | None) -> Any:
        # The standard library's client: an SDK's takes a tenth of a second to set up.
        with closing(HTTPConnection(urlsplit(self.root).netloc, timeout=30)) as connection:
            connection.request(method, f"/__test__/{verb}", body)
            reply = connection.getresponse()
            content = reply.read().decode()
        assert reply.status == 200, content
        return json.loads(content)


@pytest.fixture(scope="session")
def provider_address() -> Iterator[str]:
    """One server for the whole run; `provider` empties it before each test."""
    with running() as root:
        yield root


@pytest.fixture
def provider(provider_address: str) -> ProviderControl:
    """An empty provider whose clock stands still until a test moves it."""
    control = ProviderControl(provider_address)
    control.reset()
    return control
