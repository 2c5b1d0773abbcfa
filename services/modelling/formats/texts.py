"""Every text within a JSON value."""

from collections.abc import Iterator

from domain.json_text import Json


def texts_in(value: Json) -> Iterator[tuple[str, str]]:
    """Every text in the value, keys included, with its place; without recursion."""
    waiting: list[tuple[str, Json]] = [("", value)]
    while waiting:
        at, one = waiting.pop()
        if isinstance(one, str):
            yield at, one
        elif isinstance(one, list):
            waiting += reversed([(f"{at}[{place}]", item) for place, item in enumerate(one)])
        elif isinstance(one, dict):
            yield from ((f"{at} (a key)".strip(), key) for key in one)
            waiting += reversed([(f"{at}.{_name(key)}".lstrip("."), item) for key, item in one.items()])


def _name(key: str) -> str:
    """The beginning of a key, with everything odd in it written out: it is as hostile as any text."""
    return key[:40].encode("ascii", "backslashreplace").decode("ascii")
