"""The Hugging Face hub: what it may answer, and a download that is watched and can be ended."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import BackendError, BadInput, NotFound

HUB_TIMEOUT_S = 10.0
STALLED_S = 60.0  # without a byte; the library itself would wait and try again for many minutes
LOOK_EVERY_S = 0.5

# Told how many bytes are here, of how many; may raise to stop.
Told = Callable[[int, int], None]


@contextmanager
def asking(kind: str, name: str, revision: str | None, otherwise: str) -> Iterator[None]:
    """Answers of the hub that say no, and silence, as errors of ours.

    Args:
        kind: What is asked for: model or data set.
        otherwise: What else can be done.

    Raises:
        NotFound: there is no such thing or revision.
        BadInput: the name can be none.
        BackendError: the hub does not answer.
    """
    from httpx2 import ConnectError, HTTPError
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except RevisionNotFoundError as error:
        raise NotFound(f"{name} has no revision {revision!r} on the hub.", hint="Leave it out.") from error
    except RepositoryNotFoundError as error:
        raise NotFound(
            f"The hub has no {kind} {name!r}, or shows it to members only.", hint=otherwise
        ) from error
    except HFValidationError as error:
        raise BadInput(
            f"{name!r} cannot be a name on the hub.", hint=f"It is OWNER/NAME, as on its page. {otherwise}"
        ) from error
    except ConnectError as error:
        raise BackendError(
            "The hub does not answer: it cannot be reached.",
            hint=f"Check the network and try again. {otherwise}",
            retryable=True,
        ) from error
    except (HfHubHTTPError, HTTPError, OfflineModeIsEnabled, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BackendError(
            f"The hub does not answer: {reason.rstrip('.')}.",
            hint=f"Try again with a network. {otherwise}",
            retryable=True,
        ) from error


def check_room(name: str, size_bytes: int, folder: Path, otherwise: str) -> None:
    """Refuse what the disk has no room for."""
    free = shutil.disk_usage(folder).free
    if free < size_bytes:
        raise BadInput(
            f"{name} needs {size_bytes / 1e9:.1f} GB, and the disk has {free / 1e9:.1f} GB left.",
            hint=f"Make room. {otherwise}",
        )


def download(
    script: str,
    arguments: list[str],
    *,
    name: str,
    size_bytes: int,
    count: Callable[[], int],
    told: Told,
    otherwise: str,
) -> str:
    """Let a process of its own download: it can be ended, and the library's threads outlive who waits.

    Args:
        script: Python that downloads, and ends with a reason if it cannot.
        arguments: Its arguments.
        name: What is downloaded, to a person.
        size_bytes: How much it is.
        count: How many bytes are here.
        told: Told of them, twice a second.
        otherwise: What else can be done.

    Returns:
        The reason why something may be missing; empty where the process gave none.

    Raises:
        BackendError: the hub stops sending.
    """
    quietly = {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}  # who got here has a network
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, env={**os.environ, **quietly},
    )  # fmt: skip
    try:
        here, changed_at = 0, time.monotonic()
        while process.poll() is None:
            time.sleep(LOOK_EVERY_S)
            before, here = here, count()
            changed_at = time.monotonic() if here != before else changed_at
            told(here, size_bytes)
            if time.monotonic() - changed_at > STALLED_S:
                raise BackendError(
                    f"The hub stopped sending {name}: nothing came for {STALLED_S:.0f} s, "
                    f"{here / 1e6:.0f} of {size_bytes / 1e6:.0f} MB are here.",
                    hint=f"Start again: it goes on with the rest. {otherwise}",
                    retryable=True,
                )
    finally:
        process.kill()
        _, errors = process.communicate()
    return (errors.strip().splitlines() or [""])[-1]


def not_whole(name: str, reason: str, otherwise: str) -> BackendError:
    """What is told where files are missing after a download."""
    return BackendError(
        f"The hub did not send {name} whole: {(reason or 'some files are missing').rstrip('.')}.",
        hint=f"Start again: it goes on with the rest. {otherwise}",
        retryable=True,
    )


def bytes_in(folder: Path, pattern: str = "*") -> int:
    """What lies there; a file may get another name meanwhile."""
    total = 0
    for path in folder.glob(pattern):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total
