"""JSONL: one object a line; a line that is anything else is refused and the others go on."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from storage.intake.batch import (
    MAX_COLUMNS,
    MAX_FIELD_CHARACTERS,
    Batch,
    FileLook,
    Finding,
    first_rows,
    refusal,
)
from storage.intake.lines import encoding_of, encoding_reason, is_damaged, line_blocks

MAX_DEPTH = 20

_SAMPLE_BLOCKS = 3
_BLANK = " \t\r\n"


class _Literal(str):
    """A number or truth value as it stands in the file."""


class _Refused(Exception):
    """Why one line is not taken; never leaves this module."""


def columns_of(path: Path) -> tuple[str, ...]:
    """The keys of the first objects, in the order of their first appearance.

    Raises:
        BadInput: no line of the first three megabytes holds an object, or they have more than 200 keys.
    """
    names: dict[str, None] = {}
    encoding = encoding_of(path)
    for block in islice(line_blocks(path, encoding), _SAMPLE_BLOCKS):
        for line in block.lines:
            try:
                names.update(dict.fromkeys(_object(line, encoding)))
            except _Refused:
                continue
            if len(names) > MAX_COLUMNS:
                raise BadInput(
                    f"The objects have more than {MAX_COLUMNS} keys.",
                    hint="Export only the keys that are needed.",
                )
    if not names:
        raise BadInput(
            "No line holds a JSON object.",
            hint='Each line must be one object, as in {"text": "…", "label": "…"}.',
        )
    return tuple(names)


def look(path: Path, size: int) -> FileLook:
    """Keys and first rows of the file; a nested value is only named, as in (a list)."""
    columns = columns_of(path)
    encoding = encoding_of(path)
    rows, findings = first_rows(_batches(path, encoding, partial(_shown, columns=columns), list(columns)))
    return FileLook("jsonl", encoding.removesuffix("-sig"), "", columns, rows, size, findings)


def batches(path: Path, columns: dict[str, str]) -> Iterator[Batch]:
    """The wanted keys (field name to key) of every object; only the text must be there, and be a string."""
    return _batches(path, encoding_of(path), partial(_cells, columns=columns), list(columns))


def _batches(
    path: Path, encoding: str, cells_of: Callable[[dict[str, Any]], dict[str, str | None]], names: list[str]
) -> Iterator[Batch]:
    before = 0
    for block in line_blocks(path, encoding):
        numbers: list[int] = []
        findings: list[Finding] = []
        fields: dict[str, list[Any]] = {name: [] for name in names}
        for number, line in enumerate(block.lines, start=before + 1):
            if not line.strip(_BLANK):
                continue
            try:
                cells = cells_of(_object(line, encoding))
            except _Refused as refused:
                findings.append(refusal(number, str(refused), line.rstrip("\r\n")))
                continue
            numbers.append(number)
            for name, cell in cells.items():
                fields[name].append(cell)
        before += len(block.lines)
        yield Batch(numbers, fields, findings, block.share)


def _object(line: str, encoding: str) -> dict[str, Any]:
    if is_damaged(line):
        raise _Refused(encoding_reason(line, encoding))
    try:
        value = _DECODER.decode(line.strip(_BLANK))
    except RecursionError as error:
        raise _Refused(f"Nested deeper than {MAX_DEPTH} levels.") from error
    except json.JSONDecodeError as error:
        raise _Refused(f"Not JSON: {error.msg} at character {error.pos + 1}.") from error
    if not isinstance(value, dict):
        raise _Refused(f"The line is {_kind(value)}, not an object.")
    if line.count("[") + line.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise _Refused(f"Nested deeper than {MAX_DEPTH} levels.")
    return value


def _cells(found: dict[str, Any], columns: dict[str, str]) -> dict[str, str | None]:
    return {
        name: _text(found, key) if name == "text" else _cell(found.get(key), key)
        for name, key in columns.items()
    }


def _shown(found: dict[str, Any], columns: tuple[str, ...]) -> dict[str, str | None]:
    return {
        key: f"({_kind(value)})" if isinstance(value := found.get(key), dict | list) else _plain(value)
        for key in columns
    }


def _plain(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _cell(value: Any, key: str) -> str | None:
    if isinstance(value, dict | list):
        raise _Refused(f"{key} is {_kind(value)}, not a string.")
    text = _plain(value)
    return _checked(text, key) if text else None


def _text(found: dict[str, Any], key: str) -> str:
    if key not in found:
        raise _Refused(f"There is no {key}.")
    value = found[key]
    if not isinstance(value, str) or isinstance(value, _Literal):
        raise _Refused(f"{key} is {_kind(value)}, not a string.")
    return _checked(value, key)


def _checked(value: str, key: str) -> str:
    if len(value) > MAX_FIELD_CHARACTERS:
        raise _Refused(f"{key} is longer than {MAX_FIELD_CHARACTERS:,} characters.")
    if is_damaged(value):
        raise _Refused(f"{key} holds half of a character, as in \\ud83d without its other half.")
    return value


def _kind(value: Any) -> str:
    if isinstance(value, _Literal):
        return "a number"
    if value is None:
        return "null"
    kinds: dict[type, str] = {bool: "true or false", str: "a string", list: "a list", dict: "an object"}
    return kinds[type(value)]


def _depth(value: Any) -> int:
    """Levels of lists and objects, without recursion."""
    level, depth = [value], 0
    while level:
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [part for one in inner for part in (one.values() if isinstance(one, dict) else one)]
        depth += bool(inner)
    return depth


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        double = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refused(f"The key {double} appears twice.")
    return found


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys,
    parse_int=_Literal,
    parse_float=_Literal,
    parse_constant=_no_constant,
)
