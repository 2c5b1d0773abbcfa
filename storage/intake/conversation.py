"""Chat examples: what each role said last becomes a value of its own beside the list of messages."""

from typing import Any

_LISTS = ("messages", "prompt", "completion")
_MAX_ROLES = 10


def with_roles(value: dict[str, Any]) -> dict[str, Any]:
    """The object with `messages.user`, `messages.assistant` and so on, where it holds a list of messages."""
    more: dict[str, Any] = {}
    for name in _LISTS:
        said = value.get(name)
        if isinstance(said, list):
            more |= {f"{name}.{role}": text for role, text in _last_of_each(said).items()}
    return value | more if more else value


def _last_of_each(messages: list[Any]) -> dict[str, Any]:
    last: dict[str, Any] = {}
    for message in messages:
        if not isinstance(message, dict) or type(message.get("role")) is not str:
            return {}
        last[message["role"]] = _text(message.get("content"))
    return last if len(last) <= _MAX_ROLES else {}


def _text(content: Any) -> Any:
    """The text of a content, which may come in parts; anything else as it is."""
    if not isinstance(content, list):
        return content
    parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    is_text = len(parts) == len(content) and all(isinstance(part, str) for part in parts)
    return "".join(part for part in parts if isinstance(part, str)) if is_text else content
