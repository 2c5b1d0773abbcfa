"""A provider that speaks OpenAI's protocol: every call, with its errors in our words."""

import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from openai import OpenAI

from domain.errors import BackendError
from services.backends.deadline import TimelyTransport
from services.backends.provider_errors import ProviderError, translated, wait_s
from services.backends.provider_replies import HostedEvent, HostedJob, Reply, as_event, as_job, as_reply
from services.modelling.hosted.patience import FOR_A_JOB, Patience
from services.modelling.hosted.providers import ProviderAddress

ENDED = ("succeeded", "failed", "cancelled")
PAGE = 100
_CONNECT_S = 10.0
_UPLOAD_TIMEOUT_S = 600.0

Result = TypeVar("Result")


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
        self.address, self.pause, self.patience = address, pause, patience
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
        with translated(self.address, "uploading a file"):
            file = self._client.files.create(
                file=(name, path.read_bytes()), purpose="fine-tune", timeout=_UPLOAD_TIMEOUT_S
            )
            return str(file.id)

    def create_job(self, request: dict[str, Any]) -> HostedJob:
        """Create a fine-tuning job; called once, for it is not known what became of a lost call.

        Raises:
            ProviderError: it was refused; or, where it is retryable, nobody knows.
        """
        with translated(self.address, "creating a job"):
            return as_job(self._client.fine_tuning.jobs.create(**request))

    def list_jobs(self, metadata: dict[str, str]) -> list[HostedJob]:
        """The jobs with that metadata, newest first, each once."""

        def look() -> list[HostedJob]:
            found = self._client.fine_tuning.jobs.list(metadata=metadata, limit=PAGE)
            # A host that does not know the filter returns every job.
            return [as_job(one) for one in found if metadata.items() <= (one.metadata or {}).items()]

        return list({job.id: job for job in self._read("listing jobs", look)}.values())

    def list_newest_jobs(self, most: int) -> list[HostedJob]:
        """Up to so many jobs of the account, whoever made them, newest first, each once."""

        def look() -> list[HostedJob]:
            found: dict[str, HostedJob] = {}
            for one in self._client.fine_tuning.jobs.list(limit=PAGE):
                found[one.id] = as_job(one)
                if len(found) >= most:
                    break
            return list(found.values())

        return self._read("listing jobs", look)

    def get_job(self, job_id: str) -> HostedJob:
        """The job as it stands now."""
        return self._read(
            "asking about a job", lambda: as_job(self._client.fine_tuning.jobs.retrieve(job_id))
        )

    def new_events(self, job_id: str, seen: set[str]) -> list[HostedEvent]:
        """The events of a job that are not in `seen`, oldest first, each once."""

        def look() -> list[HostedEvent]:
            fresh: dict[str, HostedEvent] = {}
            for one in self._client.fine_tuning.jobs.list_events(job_id, limit=PAGE):
                if one.id in seen:
                    break  # newest first: everything after it is known
                fresh[one.id] = as_event(one)
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
        with translated(self.address, "cancelling a job"):
            self._client.fine_tuning.jobs.cancel(job_id, timeout=4.0)

    def ask(self, model: str, messages: Sequence[dict[str, str]], options: dict[str, Any]) -> Reply:
        """One answer of a chat model.

        Raises:
            ProviderError: it was refused, or no answer came.
        """
        with translated(self.address, f"asking {model}"):
            told = self._client.chat.completions.create(
                model=model,
                messages=list(messages),  # type: ignore[arg-type]
                **options,
            )
            return as_reply(told)

    def _read(self, doing: str, call: Callable[[], Result]) -> Result:
        """The result of a call that changes nothing, repeated while that may help."""
        for attempt in range(self.patience.tries):
            try:
                with translated(self.address, doing):
                    return call()
            except ProviderError as error:
                pause = wait_s(attempt, error)
                too_late = time.monotonic() + pause >= self._ends
                if not error.retryable or attempt + 1 == self.patience.tries or too_late:
                    raise
                self.pause(pause)
        raise AssertionError("unreachable")
