"""A provider that speaks OpenAI's protocol: every call, with its errors in our words."""

import random
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import openai
from openai import OpenAI

from domain.errors import BackendError
from domain.text import sentence, visible
from services.backends.deadline import TimelyTransport
from services.modelling.answers.label_scores import Position
from services.modelling.hosted.patience import FOR_A_JOB, Patience
from services.modelling.hosted.providers import APPROVED, ProviderAddress

ENDED = ("succeeded", "failed", "cancelled")
TRAIN_HERE = "Train locally instead: recipe quick-look, solid or baseline."
PAGE = 100
_LONGEST_WAIT_S = 60.0
_CONNECT_S = 10.0
_UPLOAD_TIMEOUT_S = 600.0
_MESSAGE_CHARACTERS = 300

Result = TypeVar("Result")


class ProviderError(BackendError):
    """A call to a provider failed; `status` is None where there was no answer."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        retryable: bool = False,
        status: int | None = None,
        code: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint, retryable=retryable)
        self.status, self.code, self.retry_after_s = status, code, retry_after_s


@dataclass(frozen=True)
class HostedJob:
    """A fine-tuning job as the provider shows it; `status` may be a word that nobody foresaw."""

    id: str
    status: str
    created_at: int
    fine_tuned_model: str | None
    error: str
    result_files: tuple[str, ...]
    trained_tokens: int | None
    base: str = ""
    client_id: str | None = None


@dataclass(frozen=True)
class HostedEvent:
    """Something that happened to a job; metric events carry numbers in `data`."""

    id: str
    created_at: int
    level: str
    message: str
    type: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One chat answer; `positions` is empty where no log-probabilities came."""

    text: str | None
    refusal: str | None
    finish_reason: str | None
    tokens_in: int | None
    tokens_out: int | None
    positions: tuple[Position, ...]


class Provider:
    """The client. It follows no redirect and repeats only what can be repeated without harm.

    Args:
        address: An approved one; the key is read from its environment variable.
        pause: Waits so many seconds.
        patience: How long answers are waited for; counted from now on where it has an end.

    Raises:
        BackendError: the variable that holds the key is not set.
    """

    def __init__(
        self,
        address: ProviderAddress,
        *,
        pause: Callable[[float], None] = time.sleep,
        patience: Patience = FOR_A_JOB,
    ) -> None:
        key = address.key
        if address.key_variable and key is None:
            raise BackendError(
                f"The key of the provider '{address.name}' is not there: {address.key_variable} is not set.",
                hint=f"Set {address.key_variable} where the dashboard is started, then try again.",
            )
        self.address, self.pause, self.patience, self._key = address, pause, patience, key
        self._ends = time.monotonic() + patience.whole_s
        self._client = OpenAI(
            api_key=key or "none",
            base_url=address.base_url,
            max_retries=0,
            http_client=httpx2.Client(
                transport=TimelyTransport(httpx2.HTTPTransport(trust_env=False), self._ends),
                follow_redirects=False,
                trust_env=False,
                timeout=httpx2.Timeout(patience.silence_s, connect=_CONNECT_S),
            ),
        )
        weakref.finalize(self, self._client.close)  # its connections end with it

    def __repr__(self) -> str:
        return f"Provider({self.address.name!r})"

    def find_file(self, name: str, size: int) -> str | None:
        """The id of an uploaded training file of that name and size in bytes, or None."""

        def look() -> str | None:
            files = self._client.files.list(purpose="fine-tune", limit=1_000)
            return next((file.id for file in files if (file.filename, file.bytes) == (name, size)), None)

        return self._read("looking for an uploaded file", look)

    def upload(self, path: Path, name: str) -> str:
        """Upload a training file and return its id. A lost answer may leave a second copy, which is harmless.

        Raises:
            ProviderError: it was refused, or no answer came.
        """
        with self._translated("uploading a file"):
            file = self._client.files.create(
                file=(name, path.read_bytes()), purpose="fine-tune", timeout=_UPLOAD_TIMEOUT_S
            )
            return str(file.id)

    def create_job(self, request: dict[str, Any]) -> HostedJob:
        """Create a fine-tuning job; called once, for it is not known what became of a lost call.

        Raises:
            ProviderError: it was refused; or, where it is retryable, nobody knows.
        """
        with self._translated("creating a job"):
            return _job(self._client.fine_tuning.jobs.create(**request))

    def list_jobs(self, metadata: dict[str, str]) -> list[HostedJob]:
        """The jobs with that metadata, newest first, each once."""

        def look() -> list[HostedJob]:
            found = self._client.fine_tuning.jobs.list(metadata=metadata, limit=PAGE)
            # A host that does not know the filter returns every job.
            return [_job(one) for one in found if metadata.items() <= (one.metadata or {}).items()]

        return list({job.id: job for job in self._read("listing jobs", look)}.values())

    def list_newest_jobs(self, most: int) -> list[HostedJob]:
        """Up to so many jobs of the account, whoever made them, newest first, each once."""

        def look() -> list[HostedJob]:
            found: dict[str, HostedJob] = {}
            for one in self._client.fine_tuning.jobs.list(limit=PAGE):
                found[one.id] = _job(one)
                if len(found) >= most:
                    break
            return list(found.values())

        return self._read("listing jobs", look)

    def get_job(self, job_id: str) -> HostedJob:
        """The job as it stands now."""
        return self._read("asking about a job", lambda: _job(self._client.fine_tuning.jobs.retrieve(job_id)))

    def new_events(self, job_id: str, seen: set[str]) -> list[HostedEvent]:
        """The events of a job that are not in `seen`, oldest first, each once."""

        def look() -> list[HostedEvent]:
            fresh: dict[str, HostedEvent] = {}
            for one in self._client.fine_tuning.jobs.list_events(job_id, limit=PAGE):
                if one.id in seen:
                    break  # newest first: everything after it is known
                fresh[one.id] = _event(one)
            return list(fresh.values())[::-1]

        return self._read("reading a job's events", look)

    def list_checkpoints(self, job_id: str) -> list[dict[str, Any]]:
        """The checkpoints of a job: step, model and metrics of each."""

        def look() -> list[dict[str, Any]]:
            found = self._client.fine_tuning.jobs.checkpoints.list(job_id, limit=PAGE)
            return [
                {
                    "step": one.step_number,
                    "model": one.fine_tuned_model_checkpoint,
                    "metrics": one.metrics.to_dict() if one.metrics else {},
                }
                for one in found
            ]

        return self._read("listing checkpoints", look)

    def read_file(self, file_id: str) -> bytes:
        """The content of a file, such as a job's results."""
        return self._read("downloading a file", lambda: self._client.files.content(file_id).read())

    def list_models(self) -> dict[str, str | None]:
        """The models that the account may ask, each with the day on which it is shut, where one is told."""

        def look() -> dict[str, str | None]:
            # Other hosts know no such day; the SDK gives then nothing at all.
            return {one.id: getattr(one, "shutdown_date", None) for one in self._client.models.list()}

        return self._read("listing models", look)

    def check_model(self, model: str) -> None:
        """Make sure that the account may ask this very model.

        Raises:
            ProviderError: the provider does not know it, or no answer came.
        """
        self._read(f"looking for {model}", lambda: self._client.models.retrieve(model))

    def cancel_job(self, job_id: str) -> None:
        """Ask for a job to be cancelled.

        Raises:
            ProviderError: it has ended, or no answer came.
        """
        with self._translated("cancelling a job"):
            self._client.fine_tuning.jobs.cancel(job_id, timeout=4.0)

    def ask(self, model: str, messages: Sequence[dict[str, str]], options: dict[str, Any]) -> Reply:
        """One answer of a chat model.

        Raises:
            ProviderError: it was refused, or no answer came.
        """
        with self._translated(f"asking {model}"):
            told = self._client.chat.completions.create(
                model=model,
                messages=list(messages),  # type: ignore[arg-type]
                **options,
            )
            return _reply(told)

    def _read(self, doing: str, call: Callable[[], Result]) -> Result:
        """The result of a call that changes nothing, repeated while that may help."""
        for attempt in range(self.patience.tries):
            try:
                with self._translated(doing):
                    return call()
            except ProviderError as error:
                pause = wait_s(attempt, error)
                too_late = time.monotonic() + pause >= self._ends
                if not error.retryable or attempt + 1 == self.patience.tries or too_late:
                    raise
                self.pause(pause)
        raise AssertionError("unreachable")

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """Every error of the SDK and of the wire as ours; the key is in none of them."""
        name = f"The provider '{self.address.name}'"
        try:
            yield
        except openai.APITimeoutError as error:
            raise ProviderError(
                f"{name} did not answer in time when {doing}.",
                hint=f"Try again later, or check its address in {APPROVED}.",
                retryable=True,
            ) from error
        except openai.APIStatusError as error:
            raise self._refused(doing, error) from error
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            raise ProviderError(
                f"{name} cannot be reached, or hung up, when {doing}.",
                hint=f"Check the network and its address in {APPROVED}, then try again.",
                retryable=True,
            ) from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            # A reply cut off in the middle is no JSON; one without its parts is not what the SDK expects.
            raise ProviderError(
                f"{name} sent a damaged answer when {doing}: {type(error).__name__}.", retryable=True
            ) from error

    def _refused(self, doing: str, error: openai.APIStatusError) -> ProviderError:
        status, code = error.status_code, error.code or ""
        told = visible(error.message)[:_MESSAGE_CHARACTERS]
        if self._key:
            told = told.replace(self._key, "…")
        hint, retryable = "", status >= 500 or status in (408, 409, 429)
        if 300 <= status < 400:
            told, hint = "it points elsewhere, which is not followed", f"Put its true address in {APPROVED}."
        elif status == 401:
            told, hint = "the key is not accepted", f"Check the key in {self.address.key_variable}."
        elif code == "training_not_available":
            told = "it takes no new training job from this account (training_not_available)"
            hint = f"{TRAIN_HERE} Models tuned before go on answering until their base is shut."
        elif code == "insufficient_quota":
            hint, retryable = "Add credit at the provider, then try again.", False
        elif status in (403, 404):
            hint = "Check the name of the model, and what the account may do."
        return ProviderError(
            sentence(f"The provider '{self.address.name}' refused when {doing} ({status}): {told}"),
            hint=hint, retryable=retryable, status=status, code=code,
            retry_after_s=_retry_after(error.response),
        )  # fmt: skip


def wait_s(attempt: int, error: ProviderError | None = None) -> float:
    """Seconds to wait after the attempt of that number, from 0: what was asked for, else a growing random."""
    if error is not None and error.retry_after_s is not None:
        return min(error.retry_after_s, _LONGEST_WAIT_S)
    return random.uniform(0.25, 0.5) * min(2.0**attempt, _LONGEST_WAIT_S)


def _retry_after(response: httpx2.Response) -> float | None:
    try:
        asked = float(response.headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return asked if asked >= 0 else None


def _job(job: Any) -> HostedJob:
    error = job.error
    return HostedJob(
        id=str(job.id),
        status=str(job.status or "unknown"),
        created_at=int(job.created_at or 0),
        fine_tuned_model=job.fine_tuned_model,
        error=visible(str(error.message))[:_MESSAGE_CHARACTERS] if error and error.message else "",
        result_files=tuple(job.result_files or ()),
        trained_tokens=job.trained_tokens,
        base=str(job.model or ""),
        client_id=(job.metadata or {}).get("client_id"),
    )


def _event(event: Any) -> HostedEvent:
    data = event.data if isinstance(event.data, dict) else {}
    message = visible(str(event.message or ""))[:_MESSAGE_CHARACTERS]
    return HostedEvent(event.id, int(event.created_at or 0), str(event.level), message, str(event.type), data)


def _reply(told: Any) -> Reply:
    usage, choice = told.usage, told.choices[0] if told.choices else None
    read, written = (usage.prompt_tokens, usage.completion_tokens) if usage else (None, None)
    if choice is None:
        return Reply(None, None, None, read, written, ())
    said, logged = choice.message, choice.logprobs.content if choice.logprobs else None
    positions = tuple(
        Position(one.token, one.logprob, tuple((other.token, other.logprob) for other in one.top_logprobs))
        for one in logged or ()
    )
    return Reply(said.content, said.refusal, choice.finish_reason, read, written, positions)
