"""Votes and how the desk is set, as lines for a terminal."""

from collections.abc import Callable
from typing import Any

from domain.text import shortened

Answer = Any


def vote_told(answer: Answer) -> str:
    """What was said of a comment."""
    more = [f"severity {answer['severity']}"] if answer["severity"] is not None else []
    more += [f"{len(answer['spans'])} span(s)"] if answer["spans"] else []
    more += [shortened(answer["reason"], 100)] if answer["reason"] else []
    said = ", ".join([shortened(answer["label"] or answer["kind"]), *more])
    return f"Comment {answer['comment_id']}: {said}, by {shortened(answer['annotator'])}."


def desk_told(answer: Answer) -> str:
    """How the desk is set, one setting a line, and the person's day."""
    lines = [
        f"{name}: {', '.join(map(shortened, value)) if isinstance(value, list) else value}"
        for name, value in answer["settings"].items()
        if value not in (None, [], "")
    ]
    today = answer["today"]
    lines.append(f"You today: {today['comments']:,} comments, {today['severe']:,} of them severe.")
    lines += [answer["rest"]] if answer["rest"] else []
    return "\n".join(lines)


def spare_told(answer: Answer) -> str:
    """What a person is spared."""
    labels = ", ".join(map(shortened, answer["spared"])) or "nothing"
    return f"{shortened(answer['annotator'])} is spared {labels}."


def labels_told(answer: Answer) -> str:
    """A label a line, with its key, colour and meaning."""
    return "\n".join(
        f"{one['key'] or '-'}  {shortened(one['name'])}  {one['colour']}  "
        f"{shortened(one['definition'], 200)}".rstrip()
        for one in answer
    )


TELLERS: dict[str, Callable[[Answer], str]] = {
    "vote": vote_told,
    "desk": desk_told,
    "spare": spare_told,
    "labels": labels_told,
}
