"""Files and jobs at a provider: each is made once, whatever becomes of the answers on the way."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from domain.errors import BackendError
from services.backends.provider import Provider
from services.backends.provider_errors import ProviderError, wait_s
from services.backends.provider_replies import HostedJob

_TRIES = 8
_LOOKS = 3  # after a lost answer a job may take a moment to be listed


def uploaded(provider: Provider, path: Path, sha256: str) -> str:
    """The id of the file at the provider: one uploaded before, known by the hash in its name, or a new one.

    Raises:
        BackendError: it was refused, or no answer came after several tries.
    """
    name = f"{path.stem}-{sha256[:32]}.jsonl"
    for attempt in range(_TRIES):
        found = provider.find_file(name, path.stat().st_size)
        if found is not None:
            return found
        try:
            return provider.upload(path, name)
        except ProviderError as error:
            if not error.retryable or attempt + 1 == _TRIES:
                raise
            provider.pause(wait_s(attempt, error))
    raise AssertionError("unreachable")


def submitted(
    provider: Provider, request: dict[str, Any], client_id: str, *, note: Callable[[], None] = lambda: None
) -> HostedJob:
    """The provider's job for this click: the one that exists already, else a new one.

    Args:
        provider: The client.
        request: What to create, without metadata.
        client_id: Names the click; was written down before, and goes with the job as metadata.
        note: Called right before each attempt to create one.

    Raises:
        BackendError: it was refused; or, after several tries, nobody knows whether there is one.
    """
    job = _standing(provider, client_id)
    for attempt in range(_TRIES):
        if job is not None:
            return job
        note()
        try:
            return provider.create_job({**request, "metadata": {"client_id": client_id}})
        except ProviderError as error:
            if not error.retryable:
                raise
            provider.pause(wait_s(attempt, error))
            job = _looked_for(provider, client_id, looks=_LOOKS if error.status is None else 1)
    if job is not None:
        return job
    raise BackendError(
        f"The provider '{provider.address.name}' gave no clear answer to {_TRIES} tries to create a job.",
        hint="Start the job again later: a job that was made after all is found and taken over.",
        retryable=True,
    )


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let no other job of this home submit meanwhile: two that repeat one click would not see each other."""
    if folder.parent.name != "jobs":  # a folder copied elsewhere is alone
        yield
        return
    with (folder.parent.parent / "submitting.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits; SIGTERM ends the waiting
        yield


def standing_jobs(provider: Provider, client_id: str) -> list[HostedJob]:
    """The provider's jobs of this click that have not failed or been cancelled, newest first."""
    jobs = provider.list_jobs({"client_id": client_id})
    return [job for job in jobs if job.status not in ("failed", "cancelled")]


def _standing(provider: Provider, client_id: str) -> HostedJob | None:
    return next(iter(standing_jobs(provider, client_id)), None)


def _looked_for(provider: Provider, client_id: str, *, looks: int) -> HostedJob | None:
    for look in range(looks):
        job = _standing(provider, client_id)
        if job is not None or look + 1 == looks:
            return job
        provider.pause(wait_s(look))
    return None
