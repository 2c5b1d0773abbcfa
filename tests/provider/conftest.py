"""What the provider's own tests share: the SDK as its client, and files that it can learn from."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openai import OpenAI

from tests.provider.building import as_jsonl, chat_line, comments
from tests.provider.fixtures import ProviderControl, provider, provider_address
from tests.provider.server import KEY

__all__ = ["provider", "provider_address"]


@pytest.fixture(scope="session")
def sdk(provider_address: str) -> Iterator[OpenAI]:
    """The SDK as a careful caller sets it up: it never repeats a request by itself."""
    with OpenAI(base_url=f"{provider_address}/v1", api_key=KEY, max_retries=0) as made:
        yield made


@pytest.fixture(scope="session")
def strict_sdk(provider_address: str) -> Iterator[OpenAI]:
    """The same, and every reply is checked against the SDK's types."""
    options: dict[str, Any] = {"api_key": KEY, "max_retries": 0, "_strict_response_validation": True}
    with OpenAI(base_url=f"{provider_address}/v1", **options) as made:
        yield made


@pytest.fixture
def client(provider: ProviderControl, sdk: OpenAI) -> OpenAI:
    """The SDK in front of an empty provider."""
    return sdk


@pytest.fixture
def strict_client(provider: ProviderControl, strict_sdk: OpenAI) -> OpenAI:
    """The unforgiving SDK in front of an empty provider."""
    return strict_sdk


@pytest.fixture
def uploaded(client: OpenAI) -> Callable[..., str]:
    """Uploads a training file and gives its id; without lines, 40 good comments."""

    def upload(lines: list[dict[str, object]] | None = None) -> str:
        content = as_jsonl(lines or [chat_line(*pair) for pair in comments(40)])
        return client.files.create(file=("train.jsonl", content), purpose="fine-tune").id

    return upload


@pytest.fixture
def trained(client: OpenAI, provider: ProviderControl, uploaded: Callable[..., str]) -> str:
    """A fine-tuned model of gpt-4o-mini, ready."""
    lines = [chat_line(*pair) for pair in comments(100)]
    job = client.fine_tuning.jobs.create(
        model="gpt-4o-mini", training_file=uploaded(lines), suffix="House Rules"
    )
    provider.advance(100)
    return client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model or ""
