"""Strict JSON: one value, no key twice, no number that JSON does not have, no deeper than it may be."""

import json
import math
from typing import TypeAlias

from domain.errors import BadInput

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"

MAX_DEPTH = 20

_BLANK = " \t\r\n"


class NotJson(BadInput):
    """A text that cannot be read as JSON without guessing; the message says where and why."""


def read_json(text: str) -> Json:
    """The one value that the text holds.

    Raises:
        NotJson: it is not JSON, has a key twice, NaN or an endless number, or more than 20 levels.
    """
    try:
        value: Json = _DECODER.decode(text.strip(_BLANK))
    except RecursionError as error:
        raise NotJson(f"Nested deeper than {MAX_DEPTH} levels.") from error
    except json.JSONDecodeError as error:
        raise NotJson(f"Not JSON: {error.msg} at character {error.pos + 1}.") from error
    except ValueError as error:  # the digits of an integer are limited, against slow conversion
        raise NotJson("A number is too long.") from error
    if text.count("[") + text.count("{") > MAX_DEPTH and depth(value) > MAX_DEPTH:
        raise NotJson(f"Nested deeper than {MAX_DEPTH} levels.")
    return value


def depth(value: Json) -> int:
    """Levels of lists and objects; 0 for anything else."""
    level, levels = [value], 0
    while level:
        inner = [one for one in level if isinstance(one, list | dict)]
        level = [part for one in inner for part in (one.values() if isinstance(one, dict) else one)]
        levels += bool(inner)
    return levels


def kind(value: Json) -> str:
    """What the value is, as a message says it."""
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list"}
    return names.get(type(value), "an object")


def unique_keys(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """The object of those pairs.

    Raises:
        NotJson: a key stands twice; which of the two counts would be a guess.
    """
    found: dict[str, Json] = {}
    for key, value in pairs:
        if key in found:
            raise NotJson(f"The key {key[:40]!r} stands twice.")
        found[key] = value
    return found


def finite(digits: str) -> float:
    """The number.

    Raises:
        NotJson: it is too large for a number.
    """
    number = float(digits)
    if not math.isfinite(number):
        raise NotJson(f"{digits[:20]} is too large for a number.")
    return number


def _no_constant(name: str) -> Json:
    raise NotJson(f"{name} is not JSON.")


_DECODER = json.JSONDecoder(object_pairs_hook=unique_keys, parse_float=finite, parse_constant=_no_constant)
