"""Votes as the browser sends them, read with suspicion: whoever owns the browser can send anything."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast, get_args

from domain.labels import MAX_ANSWER_LENGTH, VoteKind

MAX_VOTES = 200
_MAX_SECONDS = 86_400.0
_MAX_COMMENT_ID = 2**63 - 1
_MAX_REASON = 2_000
_MAX_SPANS = 200
_CLIENT_ID = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)


@dataclass(frozen=True)
class DeskVote:
    """One key press at the desk; `client_id` is the browser's and stays the same however often it is sent."""

    client_id: str
    comment_id: int
    kind: VoteKind
    label: str | None
    seconds: float
    undoes: str | None
    reason: str | None = None
    severity: int | None = None
    spans: tuple[tuple[int, int], ...] = ()


def parse_votes(outbox: object) -> list[DeskVote]:
    """The well-formed votes of an outbox, oldest first, each client id once.

    Args:
        outbox: What the browser put into the component's state, of any shape; `{"votes": [...]}` from an
            honest one.

    Returns:
        At most `MAX_VOTES` votes. What is not a vote is left out in silence; whether the comment and the
        label exist is for the service to say.
    """
    items = outbox.get("votes") if isinstance(outbox, Mapping) else None
    if not isinstance(items, list):
        return []
    votes: dict[str, DeskVote] = {}
    for item in items[:MAX_VOTES]:
        vote = _vote(item) if isinstance(item, Mapping) else None
        if vote is not None:
            votes.setdefault(vote.client_id, vote)
    return list(votes.values())


def _vote(item: Mapping[object, object]) -> DeskVote | None:
    client_id, comment_id, kind = item.get("client_id"), item.get("comment_id"), item.get("kind")
    label, seconds, undoes = item.get("label"), item.get("seconds"), item.get("undoes")
    if not _is_client_id(client_id) or not isinstance(kind, str) or kind not in get_args(VoteKind):
        return None
    if not _is_number(comment_id, whole=True) or not _is_number(seconds):
        return None
    # Comparing before converting: a number too big for a float would raise, and NaN is in no range.
    if not (0 <= cast(int, comment_id) <= _MAX_COMMENT_ID and 0 <= cast(float, seconds) <= _MAX_SECONDS):
        return None
    if kind == "label" and not (isinstance(label, str) and 0 < len(label) <= MAX_ANSWER_LENGTH):
        return None
    if kind == "undo" and not _is_client_id(undoes):
        return None
    return DeskVote(
        client_id=cast(str, client_id),
        comment_id=cast(int, comment_id),
        kind=cast(VoteKind, kind),
        label=cast(str, label) if kind == "label" else None,
        seconds=float(cast(float, seconds)),
        undoes=cast(str, undoes) if kind == "undo" else None,
        reason=_reason(item.get("reason")) if kind != "undo" else None,
        severity=_severity(item.get("severity")) if kind == "label" else None,
        spans=_spans(item.get("spans")) if kind == "label" else (),
    )


def parse_asked(asked: object) -> int | None:
    """The comment whose surroundings the browser asks for; None where it asks for nothing."""
    number = asked.get("comment_id") if isinstance(asked, Mapping) else None
    is_one = _is_number(number, whole=True) and 0 <= cast(int, number) <= _MAX_COMMENT_ID
    return cast(int, number) if is_one else None


def _reason(value: object) -> str | None:
    return (value.strip()[:_MAX_REASON] or None) if isinstance(value, str) else None


def _severity(value: object) -> int | None:
    return cast(int, value) if _is_number(value, whole=True) and 0 <= cast(int, value) <= 9 else None


def _spans(value: object) -> tuple[tuple[int, int], ...]:
    found = []
    for span in value[:_MAX_SPANS] if isinstance(value, list) else []:
        if isinstance(span, list) and len(span) == 2 and all(_is_number(end, whole=True) for end in span):
            found.append((int(span[0]), int(span[1])))
    return tuple(found)


def _is_client_id(value: object) -> bool:
    return isinstance(value, str) and _CLIENT_ID.fullmatch(value) is not None


def _is_number(value: object, *, whole: bool = False) -> bool:
    return isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
