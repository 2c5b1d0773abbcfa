"""JSON: one object a line, or one array of objects; what else stands there is refused, the others go on."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from domain.errors import BadInput
from storage.intake.batch import MAX_COLUMNS, MAX_FIELD_CHARACTERS, Batch, FileLook, first_rows, refusal
from storage.intake.encodings import json_encoding_of
from storage.intake.json_objects import Literal, Refused, kind, objects_of
from storage.intake.lines import is_damaged
from storage.intake.reading import Reading

_SAMPLE_BLOCKS = 3


def columns_of(path: Path, reading: Reading, *, is_array: bool = False) -> tuple[str, ...]:
    """The keys of the first objects, in the order of their first appearance.

    Raises:
        BadInput: nothing in the first three megabytes is an object, or they have more than 200 keys.
    """
    names: dict[str, None] = {}
    for found, _ in islice(objects_of(path, _encoding(path, reading), is_array=is_array), _SAMPLE_BLOCKS):
        for one in found:
            names.update(dict.fromkeys(one.value))
            if len(names) > MAX_COLUMNS:
                raise BadInput(
                    f"The objects have more than {MAX_COLUMNS} keys.",
                    hint="Export only the keys that are needed.",
                )
    if not names:
        raise BadInput(
            f"No {'item of the array' if is_array else 'line'} holds a JSON object.",
            hint='Each must be one object, as in {"text": "…", "label": "…"}.',
        )
    return tuple(names)


def look(path: Path, reading: Reading, *, is_array: bool = False) -> FileLook:
    """Keys and first rows of the file; a nested value is only named, as in (a list)."""
    columns = columns_of(path, reading, is_array=is_array)
    encoding = _encoding(path, reading)
    shown = partial(_shown, columns=columns)
    rows, findings = first_rows(_batches(path, encoding, shown, list(columns), is_array=is_array))
    name = encoding.removesuffix("-sig")
    return FileLook("json" if is_array else "jsonl", name, "", columns, rows, path.stat().st_size, findings)


def batches(
    path: Path, columns: dict[str, str], reading: Reading, *, is_array: bool = False
) -> Iterator[Batch]:
    """The wanted keys (field name to key) of every object; only the text must be there, and be a string."""
    cells = partial(_cells, columns=columns)
    return _batches(path, _encoding(path, reading), cells, list(columns), is_array=is_array)


def _encoding(path: Path, reading: Reading) -> str:
    """JSON is Unicode: what is not, costs its object, unless somebody says which encoding it is in."""
    if not reading.encoding:
        return json_encoding_of(path)
    return "utf-8-sig" if reading.encoding == "utf-8" else reading.encoding


def _batches(
    path: Path,
    encoding: str,
    cells_of: Callable[[dict[str, Any]], dict[str, str | None]],
    names: list[str],
    *,
    is_array: bool,
) -> Iterator[Batch]:
    for found, share in objects_of(path, encoding, is_array=is_array):
        numbers: list[int] = []
        findings = []
        fields: dict[str, list[Any]] = {name: [] for name in names}
        for one in found:
            if one.reason:
                findings.append(refusal(one.line, one.reason, one.raw))
                continue
            try:
                cells = cells_of(one.value)
            except Refused as refused:
                findings.append(refusal(one.line, str(refused), one.raw.rstrip("\r\n")))
                continue
            numbers.append(one.line)
            for name, cell in cells.items():
                fields[name].append(cell)
        yield Batch(numbers, fields, findings, share)


def _cells(found: dict[str, Any], columns: dict[str, str]) -> dict[str, str | None]:
    return {
        name: text_of(found, key) if name == "text" else cell_of(found.get(key), key)
        for name, key in columns.items()
    }


def _shown(found: dict[str, Any], columns: tuple[str, ...]) -> dict[str, str | None]:
    return {
        key: f"({kind(value)})" if isinstance(value := found.get(key), dict | list) else _plain(value)
        for key in columns
    }


def _plain(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def cell_of(value: Any, key: str) -> str | None:
    """A value as the text of a field; None where it is null or empty.

    Raises:
        Refused: it is a list or an object, too long, or holds half of a character.
    """
    if isinstance(value, dict | list):
        raise Refused(f"{key} is {kind(value)}, not a string.")
    text = _plain(value)
    return _checked(text, key) if text else None


def text_of(found: dict[str, Any], key: str) -> str:
    """The text of the comment, which must be there.

    Raises:
        Refused: it is missing, no string, too long, or holds half of a character.
    """
    if key not in found:
        raise Refused(f"There is no {key}.")
    value = found[key]
    if not isinstance(value, str) or isinstance(value, Literal):
        raise Refused(f"{key} is {kind(value)}, not a string.")
    return _checked(value, key)


def _checked(value: str, key: str) -> str:
    if len(value) > MAX_FIELD_CHARACTERS:
        raise Refused(f"{key} is longer than {MAX_FIELD_CHARACTERS:,} characters.")
    if is_damaged(value):
        raise Refused(f"{key} holds half of a character, as in \\ud83d without its other half.")
    return value
