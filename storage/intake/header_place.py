"""Where the header of a table stands: on top, or below a title and other lines that are not of the table."""

from collections.abc import Sequence

from domain.column_names import is_usual_name

MAX_PREAMBLE_LINES = 10

_MIN_TABLE_COLUMNS = 3  # fewer may be prose with a comma in it
_HALF, _ALMOST_ALL = 0.5, 0.9  # of the rows below are as wide as the header


def header_place(records: Sequence[Sequence[str]], delimiter: str = ",") -> int:
    """Which record is the header: the first, unless narrower ones stand before a table.

    Up to ten may stand there, none of them names alone. A header of usual names alone is one; else it has
    more filled cells than any before it, and a usual name in it where width is not enough to tell (two
    columns with a comma, rows of equal length).
    """
    head = records[: MAX_PREAMBLE_LINES + 1]
    filled = [sum(bool(cell.strip()) for cell in record) for record in head]
    for place in range(1, len(head)):
        if _is_names(head[place - 1]):
            return 0
        widest, same = max(filled[:place]), _same_width(records[place:])
        if filled[place] < max(2, widest) or same < _HALF:
            continue
        is_named = filled[place] > widest and any(map(is_usual_name, head[place]))
        is_title = filled[place] > widest or not _are_words(head[place - 1])
        if is_named or (is_title and _is_names(head[place])):
            return place
        is_clear = filled[place] >= _MIN_TABLE_COLUMNS or delimiter != ","
        if is_clear and same >= _ALMOST_ALL and widest < 2 and len(head[place - 1]) < len(head[place]):
            return place
    return 0


def _is_names(record: Sequence[str]) -> bool:
    cells = [cell for cell in record if cell.strip()]
    return bool(cells) and len(set(cells)) == len(cells) and all(map(is_usual_name, cells))


def _are_words(record: Sequence[str]) -> bool:
    """Whether each cell is one word, and none comes twice, as in a header of names that are not usual."""
    return len(set(record)) == len(record) and all(len(cell.split()) == 1 for cell in record)


def _same_width(records: Sequence[Sequence[str]]) -> float:
    """The share of the records that are as wide as the first; 0 where it is alone."""
    same = sum(len(record) == len(records[0]) for record in records)
    return same / len(records) if len(records) > 1 else 0.0
