"""The documented limits that a type cannot say, and the words in which the API reports them."""

from collections.abc import Iterable
from typing import Any

from tests.provider.wire import ApiError, Json

EXAMPLES_AT_LEAST = 10
FILE_BYTES_AT_MOST = 512 * 1024 * 1024
BATCH_BYTES_AT_MOST = 200 * 1024 * 1024
BATCH_LINES_AT_MOST = 50_000
TRAINING_CONTEXT_TOKENS = 65_536
EXPIRY_SECONDS = (3600, 2_592_000)


def between(name: str, value: Any, low: float | None, high: float | None = None) -> None:
    """A number (or null) must lie in [low, high]."""
    if value is None or isinstance(value, str):  # "auto" is a value of its own
        return
    kind = "integer" if isinstance(value, int) and isinstance(low, int) else "decimal"
    if low is not None and value < low:
        raise _out_of_range(name, f"{kind} below minimum value", f">= {low:.16g}", value)
    if high is not None and value > high:
        raise _out_of_range(name, f"{kind} above maximum value", f"<= {high:.16g}", value)


def _out_of_range(name: str, what: str, bound: str, value: float) -> ApiError:
    message = f"Invalid '{name}': {what}. Expected a value {bound}, but got {value} instead."
    return ApiError(message, param=name, code=what.replace("imum", "").replace(" ", "_"))


def no_longer_than(name: str, text: str | None, length: int) -> None:
    if text is not None and len(text) > length:
        message = (
            f"Invalid '{name}': string too long. Expected a string with maximum length {length}, "
            f"but got a string with length {len(text)} instead."
        )
        raise ApiError(message, param=name, code="string_above_max_length")


def sized(name: str, items: Iterable[Any], low: int, high: int) -> None:
    count = len(list(items))
    if count < low:
        got = "an empty array" if count == 0 else f"an array with length {count}"
        message = (
            f"Invalid '{name}': array too short. Expected an array with minimum length {low}, "
            f"but got {got} instead."
        )
        raise ApiError(message, param=name, code="empty_array" if count == 0 else "array_below_min_length")
    if count > high:
        message = (
            f"Invalid '{name}': array too long. Expected an array with maximum length {high}, "
            f"but got an array with length {count} instead."
        )
        raise ApiError(message, param=name, code="array_above_max_length")


def check_metadata(metadata: dict[str, str] | None) -> None:
    """At most 16 pairs, keys of 64 and values of 512 characters."""
    if not metadata:
        return
    if len(metadata) > 16:
        message = (
            "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, "
            f"but got an object with {len(metadata)} properties instead."
        )
        raise ApiError(message, param="metadata", code="object_above_max_properties")
    for key, value in metadata.items():
        no_longer_than("metadata", key, 64)
        no_longer_than(f"metadata.{key}", value, 512)


def check_hyperparameters(values: Json, where: str) -> None:
    between(f"{where}.n_epochs", values.get("n_epochs"), 1, 50)
    between(f"{where}.batch_size", values.get("batch_size"), 1, 256)
    multiplier = values.get("learning_rate_multiplier")
    if not isinstance(multiplier, str) and multiplier is not None and multiplier <= 0:
        raise _out_of_range(
            f"{where}.learning_rate_multiplier", "decimal below minimum value", "> 0", multiplier
        )
    beta = values.get("beta")
    if not isinstance(beta, str) and beta is not None and not 0 < beta <= 2:
        raise _out_of_range(f"{where}.beta", "decimal above maximum value", "in (0, 2]", beta)


def check_chat(body: Json) -> None:
    """Everything of a chat completion that the types leave open."""
    sized("messages", body["messages"], 1, 2048)
    for name, low, high in (
        ("temperature", 0.0, 2.0),
        ("top_p", 0.0, 1.0),
        ("frequency_penalty", -2.0, 2.0),
        ("presence_penalty", -2.0, 2.0),
    ):
        between(name, body.get(name), low, high)
    for name, least, most in (
        ("n", 1, 128),
        ("top_logprobs", 0, 20),
        ("max_tokens", 1, None),
        ("max_completion_tokens", 1, None),
    ):
        between(name, body.get(name), least, most)
    no_longer_than("safety_identifier", body.get("safety_identifier"), 128)
    check_metadata(body.get("metadata"))
    if isinstance(body.get("stop"), list):
        sized("stop", body["stop"], 0, 4)
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled."
        raise ApiError(message, param="top_logprobs")
    if body.get("stream_options") and not body.get("stream"):
        raise ApiError(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options"
        )
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise ApiError(message, code="invalid_parameter_combination")
