"""A filter of comments as named conditions in plain text: in a URL, on the command line, in a saved slice."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from domain.comments import FLAGS, CommentFilter
from domain.errors import BadInput
from domain.splits import SPLITS
from domain.text import shortened

MAX_VALUE = 500
LABEL_SOURCES = ("single", "majority", "tied", "imported", "adjudicated", "aggregated")

# What can be asked of a comment, and the field of the filter that asks it.
CONDITIONS = {
    "contains": "contains",
    "label": "label",
    "from": "label_from",
    "split": "split",
    "language": "language",
    "author": "author",
    "thread": "thread",
    "source": "source",
    "import": "import_id",
    "since": "since",
    "before": "before",
    "shortest": "shortest",
    "longest": "longest",
    "annotator": "annotator",
    "flag": "flag",
    "excluded": "excluded",
}
_CHOICES = {"from": LABEL_SOURCES, "split": SPLITS, "flag": tuple(FLAGS)}


def filter_of(dataset_id: str, wanted: Mapping[str, str], **more: Any) -> CommentFilter:
    """The filter that the conditions come to; all of them have to hold.

    Args:
        wanted: Each of CONDITIONS that is asked for, and its value; dates as 2026-11-21.
        more: Fields of the filter beside them, such as `limit`.

    Raises:
        BadInput: there is no such condition, or a value cannot be used.
    """
    fields: dict[str, Any] = {}
    for name, value in wanted.items():
        if name not in CONDITIONS:
            raise BadInput(
                f"A slice cannot ask for '{shortened(name)}'.", hint=f"It knows {', '.join(CONDITIONS)}."
            )
        if not 0 < len(value.strip()) <= MAX_VALUE:
            raise _unusable(name, value)
        fields[CONDITIONS[name]] = _READ.get(name, _as_it_is)(name, value)
    return CommentFilter(dataset_id, **fields, **more)


def conditions_of(wanted: CommentFilter) -> dict[str, str]:
    """What the filter asks for, as `filter_of` reads it; empty where it asks for nothing."""
    found = {name: getattr(wanted, field) for name, field in CONDITIONS.items()}
    return {name: _written(value) for name, value in found.items() if value not in (None, "")}


def _written(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _as_it_is(_name: str, value: str) -> str:
    return value


def _one_of(name: str, value: str) -> str:
    if value not in _CHOICES[name]:
        raise _unusable(name, value, f"One of {', '.join(_CHOICES[name])}.")
    return value


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) < 19):
        raise _unusable(name, value, "A whole number.")
    return int(value)


def _day(name: str, value: str) -> str:
    try:
        usable = datetime.fromisoformat(value).tzinfo is None
    except ValueError:
        usable = False
    if not usable:
        raise _unusable(name, value, "A day, as in 2026-11-21.")
    return value


def _yes_or_no(name: str, value: str) -> bool:
    if value not in ("yes", "no"):
        raise _unusable(name, value, "yes or no.")
    return value == "yes"


def _unusable(name: str, value: str, hint: str = "Give another value.") -> BadInput:
    return BadInput(f"A slice cannot ask for {name} '{shortened(value)}'.", hint=hint)


_READ: dict[str, Callable[[str, str], Any]] = {
    "from": _one_of,
    "split": _one_of,
    "flag": _one_of,
    "import": _number,
    "shortest": _number,
    "longest": _number,
    "since": _day,
    "before": _day,
    "excluded": _yes_or_no,
}
