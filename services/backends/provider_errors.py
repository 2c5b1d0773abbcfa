"""What can go wrong between us and a provider, in words that say what to do."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import openai

from domain.errors import BackendError
from domain.text import sentence, visible
from services.backends.provider_replies import MESSAGE_CHARACTERS
from services.modelling.hosted.providers import APPROVED, ProviderAddress

TRAIN_HERE = "Train locally instead: recipe quick-look, solid or baseline."
_LONGEST_WAIT_S = 60.0


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


@contextmanager
def translated(address: ProviderAddress, doing: str) -> Iterator[None]:
    """Every error of the SDK and of the wire as ours; the key is in none of them.

    Raises:
        ProviderError: in place of each of them.
    """
    name = f"The provider '{address.name}'"
    try:
        yield
    except openai.APITimeoutError as error:
        raise ProviderError(
            f"{name} did not answer in time when {doing}.",
            hint=f"Try again later, or check its address in {APPROVED}.",
            retryable=True,
        ) from error
    except openai.APIStatusError as error:
        raise _refused(address, doing, error) from error
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


def _refused(address: ProviderAddress, doing: str, error: openai.APIStatusError) -> ProviderError:
    status, code = error.status_code, error.code or ""
    told = visible(error.message)
    if address.key:
        told = told.replace(address.key, "…")
    told = told[:MESSAGE_CHARACTERS]
    hint, retryable = "", status >= 500 or status in (408, 409, 429)
    if 300 <= status < 400:
        told, hint = "it points elsewhere, which is not followed", f"Put its true address in {APPROVED}."
    elif status == 401:
        told, hint = "the key is not accepted", f"Check the key in {address.key_variable}."
    elif code == "training_not_available":
        told = "it takes no new training job from this account (training_not_available)"
        hint = f"{TRAIN_HERE} Models tuned before go on answering until their base is shut."
    elif code == "insufficient_quota":
        hint, retryable = "Add credit at the provider, then try again.", False
    elif status in (403, 404):
        hint = "Check the name of the model, and what the account may do."
    return ProviderError(
        sentence(f"The provider '{address.name}' refused when {doing} ({status}): {told}"),
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
