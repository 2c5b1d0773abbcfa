"""Which label a model's raw answer means; an answer that leaves room for doubt means none."""

import json
import re
import unicodedata
from functools import lru_cache

from domain.errors import BadInput
from domain.models import ParseStatus

MAX_ANSWER_CHARACTERS = 4_000

_WHOLE = frozenset({"", "stop", "eos", "eos_token", "end_turn", "stop_sequence"})
_CUT_SHORT = frozenset({"length", "max_tokens", "abort"})
_FILTERED = frozenset({"content_filter", "safety"})

_PAIRS = {"(": ")", "[": "]", '"': '"', "'": "'", "`": "`", "*": "*", "_": "_", "“": "”", "‘": "’", "«": "»"}
_FENCE = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)
_ANSWER_KEYS = frozenset({"label", "answer", "decision", "class", "category", "classification", "verdict"})
_SIDE_KEYS = frozenset({"reason", "explanation", "rationale", "confidence", "score", "probability"})


def parse_answer(
    raw: str | None,
    labels: tuple[str, ...],
    *,
    finish_reason: str | None = None,
    refusal: str | None = None,
) -> tuple[str | None, ParseStatus]:
    """The label that the answer means, and "ok"; or None and why there is none.

    The whole answer must be the label: in any case and width, with quotes, brackets or stars in pairs
    around it and one full stop or exclamation mark after it, or as JSON. Nothing is searched for within a
    sentence: 'allow' stands within 'disallow', 'not allow' and 'Allow? Never.'.

    Args:
        raw: The text of the answer; None where there is none.
        labels: The label set.
        finish_reason: As the provider gives it; "length" makes any answer "truncated".
        refusal: The refusal that came in place of an answer, if one did.

    Raises:
        BadInput: two of the labels would be the same answer, or one is made of quotes alone.
    """
    keys = answer_keys(labels)
    if refusal:
        return None, "refusal"
    reason = (finish_reason or "").lower()
    if reason in _FILTERED:
        return None, "filtered"
    if reason in _CUT_SHORT:
        return None, "truncated"
    if reason not in _WHOLE or raw is None or len(raw) > MAX_ANSWER_CHARACTERS:
        return None, "invalid"
    label = _label(raw, keys)
    return (None, "invalid") if label is None else (label, "ok")


def answer_key(text: str) -> str:
    """What two answers share that mean the same: no case, no width, nothing in pairs around them."""
    kept = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    if kept[-1:] in (".", "!", "。"):
        kept = kept[:-1].rstrip()
    while len(kept) > 2 and _PAIRS.get(kept[0]) == kept[-1]:
        kept = kept[1:-1].strip()
        if kept[-1:] in (".", "!", "。"):
            kept = kept[:-1].rstrip()
    return kept


@lru_cache(maxsize=64)
def answer_keys(labels: tuple[str, ...]) -> dict[str, str]:
    """The label of each answer key.

    Raises:
        BadInput: two labels have the same key, or one has none.
    """
    keys: dict[str, str] = {}
    for label in labels:
        key = answer_key(label)
        if not key or key in keys:
            raise BadInput(
                f"The label {label!r} cannot be told from {keys.get(key, '')!r} in an answer.",
                hint="Rename one of them.",
            )
        keys[key] = label
    return keys


def _label(raw: str, keys: dict[str, str]) -> str | None:
    fenced = _FENCE.fullmatch(raw.strip())
    text = fenced[1] if fenced else raw
    try:
        value = json.loads(text, object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        return keys.get(answer_key(text))
    if isinstance(value, dict):
        named = [one for key, one in value.items() if key.casefold() in _ANSWER_KEYS]
        rest = {key.casefold() for key in value} - _ANSWER_KEYS
        if len(named) != 1 or not rest <= _SIDE_KEYS or not isinstance(named[0], str):
            return None
        return keys.get(answer_key(named[0]))
    # A label may be a number, and a list of one label is that label in brackets.
    return keys.get(answer_key(value if isinstance(value, str) else text))


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)
