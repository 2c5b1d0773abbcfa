"""The objects of JSONL, one a line, and of one JSON array, as they come; one that is damaged says why."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from storage.intake.conversation import with_roles
from storage.intake.lines import MAX_LINE_CHARACTERS, encoding_reason, is_damaged, line_blocks

MAX_DEPTH = 20

_BLANK = " \t\r\n"
_AT_ONCE = 2_000


class Literal(str):
    """A number or truth value as it stands in the file."""


class Refused(Exception):
    """Why one object is not taken; never leaves the readers of JSON."""


@dataclass(frozen=True)
class Found:
    """What stands at a line: an object, or the reason why there is none."""

    line: int
    value: dict[str, Any]
    raw: str
    reason: str = ""


def objects_of(path: Path, encoding: str, *, is_array: bool) -> Iterator[tuple[list[Found], float]]:
    """The objects of the file in portions, with the share of the file read so far."""
    return _in_array(path, encoding) if is_array else _in_lines(path, encoding)


def kind(value: Any) -> str:
    """What a value is called to a person."""
    if isinstance(value, Literal):
        return "a number"
    if value is None:
        return "null"
    kinds: dict[type, str] = {bool: "true or false", str: "a string", list: "a list", dict: "an object"}
    return kinds[type(value)]


def _in_lines(path: Path, encoding: str) -> Iterator[tuple[list[Found], float]]:
    before = 0
    for block in line_blocks(path, encoding):
        found = []
        for number, line in enumerate(block.lines, start=before + 1):
            if not line.strip(_BLANK):
                continue
            try:
                found.append(Found(number, _checked(_decoded(line, encoding), line), line))
            except Refused as refused:
                found.append(Found(number, {}, line.rstrip("\r\n"), str(refused)))
        before += len(block.lines)
        yield found, block.share


def _decoded(line: str, encoding: str) -> Any:
    if is_damaged(line):
        raise Refused(encoding_reason(line, encoding))
    try:
        return _STRICT.decode(line.strip(_BLANK))
    except RecursionError as error:
        raise Refused(f"Nested deeper than {MAX_DEPTH} levels.") from error
    except json.JSONDecodeError as error:
        raise Refused(f"Not JSON: {error.msg} at character {error.pos + 1}.") from error


def _checked(value: Any, raw: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused(f"The line is {kind(value)}, not an object.")
    if raw.count("[") + raw.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise Refused(f"Nested deeper than {MAX_DEPTH} levels.")
    return with_roles(value)


def _in_array(path: Path, encoding: str) -> Iterator[tuple[list[Found], float]]:
    """The items of the one array of the file; where one is not JSON, nothing after it would be sure."""
    text, line, share, is_begun = "", 1, 0.0, False
    found: list[Found] = []
    for block in line_blocks(path, encoding):
        text += "".join(block.lines)
        share = block.share
        place = 0
        while True:
            place, line = _past(text, place, line, _BLANK + ("," if is_begun else ""))
            if not is_begun and place < len(text):
                is_begun, place = True, place + 1
                continue
            if place == len(text) or text[place] == "]":
                break
            item, end = _item(text, place, line, is_last=block.is_last)
            if item is None:
                break
            found.append(item)
            line += text.count("\n", place, end)
            place = end
        if place < len(text) and text[place] == "]" and text[place + 1 :].strip(_BLANK):
            raise BadInput(f"Something stands after the array, at line {line}.", hint="Export it again.")
        if block.is_last and (place >= len(text) or text[place] != "]"):
            raise BadInput("The array of the file is not closed.", hint="It was cut off; copy it again.")
        text = text[place:]
        if len(text) > MAX_LINE_CHARACTERS:
            raise BadInput(
                f"The item at line {line} is longer than {MAX_LINE_CHARACTERS:,} characters.",
                hint="This is not a list of comments; check the export.",
            )
        yield found, share
        found = []


def _past(text: str, place: int, line: int, skipped: str) -> tuple[int, int]:
    """The first place that is none of these characters, and its line."""
    while place < len(text) and text[place] in skipped:
        line += text[place] == "\n"
        place += 1
    return place, line


def _item(text: str, place: int, line: int, *, is_last: bool) -> tuple[Found | None, int]:
    """The item that begins here and where it ends; None where more of the file is needed."""
    _SPOILT.clear()
    try:
        value, end = _LENIENT.raw_decode(text, place)
    except RecursionError as error:
        raise BadInput(f"The item at line {line} is nested too deep.", hint="Export it flat.") from error
    except json.JSONDecodeError as error:
        if not is_last:
            return None, place
        raise BadInput(
            f"The array is not JSON in the item at line {line}: {error.msg}.",
            hint="Mend it there, or write one object a line (JSONL): then only that line is refused.",
        ) from error
    if end == len(text) and not is_last:
        return None, place  # a number may go on
    raw = text[place:end]
    try:
        if _SPOILT:
            raise Refused(_SPOILT[0])
        if is_damaged(raw):
            raise Refused("It is no text in the encoding of the file.")
        return Found(line, _checked(value, raw), raw), end
    except Refused as refused:
        return Found(line, {}, raw, str(refused)), end


def _depth(value: Any) -> int:
    """Levels of lists and objects, without recursion."""
    level, depth = [value], 0
    while level:
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [part for one in inner for part in (one.values() if isinstance(one, dict) else one)]
        depth += bool(inner)
    return depth


def _doubled(pairs: list[tuple[str, Any]]) -> str:
    seen: set[str] = set()
    double = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return f"The key {double} appears twice."


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Refused(_doubled(pairs))
    return found


def _no_constant(name: str) -> Any:
    raise Refused(f"{name} is not JSON.")


_SPOILT: list[str] = []  # what the item in hand is refused for; reading has to go on to its end first


def _keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _SPOILT.append(_doubled(pairs))
    return found


def _constant(name: str) -> Any:
    _SPOILT.append(f"{name} is not JSON.")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique_keys, parse_int=Literal, parse_float=Literal, parse_constant=_no_constant
)
_LENIENT = json.JSONDecoder(
    object_pairs_hook=_keys, parse_int=Literal, parse_float=Literal, parse_constant=_constant
)
