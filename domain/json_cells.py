"""JSON inside the cells of a table: taken out and repaired where only one reading is possible."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from domain.json_text import Json, NotJson, kind, read_json
from domain.tolerant_json import read_quoted_objects, read_values

MAX_CELL_CHARACTERS = 1_000_000
MAX_LAYERS = 4

_QUOTES = re.compile('"+')


@dataclass(frozen=True)
class Cell:
    """What a cell holds: objects in their order, or the reason why there is none.

    `repairs` names what had to be changed to read it; empty where the cell is one plain JSON object.
    """

    objects: tuple[dict[str, Json], ...]
    repairs: tuple[str, ...] = ()
    reason: str = ""


def read_cell(text: str) -> Cell:
    """The objects of a cell: plain, several in a row, in a list, in quotes once or more, or as Python.

    A cell of which no reading is certain gives no object and a reason; it is never guessed at.
    """
    if not text.strip():
        return Cell((), reason="The cell is empty.")
    if len(text) > MAX_CELL_CHARACTERS:
        return Cell((), reason=f"The cell is longer than {MAX_CELL_CHARACTERS:,} characters.")
    repairs: dict[str, None] = {}
    try:
        objects = _objects(_values(text, repairs), repairs, layer=1)
    except NotJson as error:
        return Cell((), reason=str(error))
    if not objects:
        return Cell((), reason="The cell holds no object.")
    if len(objects) > 1:
        repairs[f"{len(objects)} objects of one cell separated"] = None
    return Cell(tuple(objects), tuple(repairs))


def _objects(values: list[Json], repairs: dict[str, None], *, layer: int) -> list[dict[str, Json]]:
    """The objects among the values; lists are taken apart, and texts that hold JSON are read."""
    if layer > MAX_LAYERS:
        raise NotJson(f"JSON within JSON, more than {MAX_LAYERS} times.")
    found: list[dict[str, Json]] = []
    for value in values:
        if isinstance(value, dict):
            found.append(value)
        elif isinstance(value, list):
            repairs["list taken apart"] = None
            found += _objects(value, repairs, layer=layer + 1)
        elif isinstance(value, str):
            repairs["quotes around JSON removed"] = None
            found += _objects(_values(value, repairs), repairs, layer=layer + 1)
        else:
            raise NotJson(f"The cell holds {kind(value)}, not an object.")
    return found


def _values(text: str, repairs: dict[str, None]) -> list[Json]:
    """The values in the text, by the first reading that comes out even."""
    try:
        return [read_json(text)]
    except NotJson:
        pass  # the readings below say more about what is wrong
    first: NotJson | None = None
    for variant, name in _variants(text):
        for reading in (read_values, read_quoted_objects):
            try:
                values, needed = reading(variant)
            except NotJson as error:
                first = first or error
                continue
            repairs.update(dict.fromkeys([*name, *needed]))
            return values
    raise first or NotJson("The cell holds no object.")


def _variants(text: str) -> Iterator[tuple[str, list[str]]]:
    """The text as it stands, then with one layer of quoting undone in each way that fits all of it."""
    yield text, []
    undoubled = _undoubled(text.strip())
    for start, names in ((text.strip(), []), (undoubled, ["doubled quotes made single"])):
        if start is None:
            continue
        if names:
            yield start, names
        if (unescaped := _unescaped(start)) is not None:
            yield unescaped, [*names, "escaped quotes unescaped"]


def _undoubled(text: str) -> str | None:
    """The text with every pair of quotes made one; None where some quote stands alone."""
    inner = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' and text[1] != '"' else text
    runs = _QUOTES.findall(inner)
    if not runs or any(len(run) % 2 for run in runs):
        return None
    return _QUOTES.sub(lambda run: run.group()[: len(run.group()) // 2], inner)


def _unescaped(text: str) -> str | None:
    r"""The text with one layer of backslashes taken off; None where a quote stands without one."""
    if '\\"' not in text:
        return None
    try:
        value = read_json('"' + text.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t") + '"')
    except NotJson:
        return None
    return value if isinstance(value, str) else None
