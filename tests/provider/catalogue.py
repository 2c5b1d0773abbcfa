"""The models that the server offers, with what each one can do and when it ends.

Source: the deprecations page and the price table as of November 2026, and the dates in the SDK's `ChatModel`.
"""

from dataclasses import dataclass

from tests.provider.wire import ApiError

TRAINING_ENDS = "2027-01-06"


@dataclass(frozen=True)
class BaseModel:
    """A model of the provider's own; `methods` are the ways in which it can be fine-tuned."""

    id: str
    shutdown_date: str | None = None
    alias: str = ""
    methods: tuple[str, ...] = ()
    kind: str = "chat"
    reasons: bool = False
    fixed_temperature: bool = False
    decides: bool = False
    context_tokens: int = 128_000
    answer_tokens: int = 16_384


BASES = (
    BaseModel("gpt-4.1-2025-04-14", "2027-01-14", "gpt-4.1", ("supervised", "dpo")),
    BaseModel("gpt-4.1-mini-2025-04-14", "2027-01-14", "gpt-4.1-mini", ("supervised", "dpo")),
    BaseModel("gpt-4.1-nano-2025-04-14", "2026-10-23", "gpt-4.1-nano", ("supervised", "dpo")),
    BaseModel("gpt-4o-2024-08-06", "2027-01-14", "gpt-4o", ("supervised",)),
    BaseModel("gpt-4o-mini-2024-07-18", "2027-01-14", "gpt-4o-mini", ("supervised",)),
    BaseModel("gpt-3.5-turbo-0125", "2026-10-23", "gpt-3.5-turbo", ("supervised",)),
    BaseModel("o4-mini-2025-04-16", "2026-10-23", "o4-mini", ("reinforcement",), reasons=True),
    BaseModel("gpt-5-mini-2025-08-07", "2026-12-11", "gpt-5-mini", reasons=True, fixed_temperature=True),
    BaseModel("gpt-6-luna", reasons=True, decides=True),
    BaseModel("gpt-6-astra", reasons=True),
    BaseModel("omni-moderation-2024-09-26", alias="omni-moderation-latest", kind="moderation"),
    BaseModel("text-embedding-3-small", kind="embedding"),
    BaseModel("text-embedding-3-large", kind="embedding"),
)
BY_NAME = {name: base for base in BASES for name in (base.id, base.alias) if name}


def base_named(name: str, today: str) -> BaseModel:
    """The base model of that id or alias, unless it has been shut down by `today` (YYYY-MM-DD)."""
    base = BY_NAME.get(name)
    if base is None:
        raise no_model(name)
    if base.shutdown_date and base.shutdown_date <= today:
        message = f"The model `{name}` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
        raise ApiError(message, status=404, code="model_not_found")
    return base


def no_model(name: str) -> ApiError:
    message = f"The model `{name}` does not exist or you do not have access to it."
    return ApiError(message, status=404, code="model_not_found")
