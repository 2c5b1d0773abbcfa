"""Structured output: a schema in which the answer is one of the labels, and the scores of such an answer."""

import json
import re
from collections.abc import Sequence
from typing import Any

from services.modelling.answers.label_scores import Position, label_scores

_BEFORE_LABEL = re.compile(r'\s*\{\s*"label"\s*:\s*"')


def response_format(labels: Sequence[str]) -> dict[str, Any]:
    """What asks a chat model for one of the labels, and nothing else."""
    schema = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": list(labels)}},
        "required": ["label"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "label", "strict": True, "schema": schema}}


def structured_answer(label: str) -> str:
    """How the label is answered in that format."""
    return json.dumps({"label": label}, ensure_ascii=False)


def scores_of(
    text: str | None, positions: Sequence[Position], labels: Sequence[str]
) -> tuple[float, ...] | None:
    """The probability of each label, whether the answer is the label alone or in the format above."""
    begun = _BEFORE_LABEL.match(text or "")
    if begun is None:
        return label_scores(positions, labels)
    return label_scores(_from(positions, begun.end()), labels, ends_with='"')


def _from(positions: Sequence[Position], start: int) -> list[Position]:
    """The positions from that character of the answer on; a token that begins before it is cut there."""
    kept, at = [], 0
    for position in positions:
        cut = max(0, start - at)
        at += len(position.token)
        if at <= start:
            continue
        before = position.token[:cut]
        top = tuple((token[cut:], logprob) for token, logprob in position.top if token.startswith(before))
        kept.append(Position(position.token[cut:], position.logprob, top))
    return kept
