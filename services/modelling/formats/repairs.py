"""Repairs of an example that change nothing a model would learn from it."""

from dataclasses import replace

from domain.json_text import Json
from services.modelling.formats.examples import ChatExample


def repaired(examples: list[ChatExample]) -> list[ChatExample]:
    """The examples with every finding gone that names a repair; all else stays as it stands."""
    return [replace(example, value=_repaired_value(example.value)) for example in examples]


def repaired_role(role: Json) -> Json:
    """The role in lower case without white space around it; anything but a text stays."""
    return role.strip().lower() if isinstance(role, str) else role


def repaired_weight(weight: Json) -> int | None:
    """0 or 1 where the weight is one of them, written as a whole number, as 1.0 or as "1"; else None."""
    if isinstance(weight, bool):
        return None
    return {0: 0, 1: 1, "0": 0, "1": 1}.get(weight) if isinstance(weight, int | float | str) else None


def repaired_content(content: Json, role: Json) -> Json:
    """The text of a whole number or, but for the user, of a list of one text; anything else stays."""
    if isinstance(content, int) and not isinstance(content, bool):
        return str(content)
    if (
        role != "user"
        and isinstance(content, list)
        and len(content) == 1
        and isinstance(part := content[0], dict)
    ):
        text = part.get("text")
        if set(part) == {"type", "text"} and part["type"] == "text" and isinstance(text, str):
            return text
    return content


def _repaired_value(value: Json) -> Json:
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(messages, list):
        return value
    done: list[Json] = [_repaired_message(one) if isinstance(one, dict) else one for one in messages]
    return {**value, "messages": done}


def _repaired_message(message: dict[str, Json]) -> dict[str, Json]:
    done = {key: value for key, value in message.items() if value is not None or key in ("role", "content")}
    if "role" in done:
        done["role"] = repaired_role(done["role"])
    if "content" in done:
        done["content"] = repaired_content(done["content"], done.get("role"))
    weight = repaired_weight(done.get("weight"))
    if done.get("role") != "assistant":
        done.pop("weight", None)
    elif weight is not None:
        done["weight"] = weight
    return done
