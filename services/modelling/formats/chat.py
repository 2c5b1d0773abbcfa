"""Chat examples of labelled comments, and the one prompt that training and serving share."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import TypeAlias

from domain.errors import BadInput
from domain.json_text import Json
from services.modelling.answers.parsing import answer_key, answer_keys
from services.modelling.formats.examples import ChatExample, jsonl_line
from services.modelling.formats.findings import Finding

Message: TypeAlias = dict[str, str]

_WORD = "comment"
_INVISIBLE = "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]*"
# Each letter in either case and width; invisible characters between them do not hide a tag.
_LETTERS = _INVISIBLE.join(
    f"[{low}{low.upper()}{chr(ord(low) + 0xFEE0)}{chr(ord(low.upper()) + 0xFEE0)}]" for low in _WORD
)
_GAP = f"(?:\\s|{_INVISIBLE[:-1]})*"
_TAG = re.compile(f"[<＜﹤]{_GAP}(?:[/／]{_GAP})?{_LETTERS}(?!\\w)(?:{_GAP}[>＞﹥])?")
# Not nothing, and not a space: what is left and right of a tag must not become a tag together.
_INSTEAD_OF_TAG = "…"


@dataclass(frozen=True)
class ChatSet:
    """Examples made of comments, the prompt they were made with, and what was noticed on the way."""

    examples: tuple[ChatExample, ...]
    prompt_sha256: str
    findings: tuple[Finding, ...]


def prompt_for(text: str, system_prompt: str) -> list[Message]:
    """The messages that ask about one comment; the same bytes in training and in serving.

    The comment stands between two tags. Whatever looks like one of them is taken out of the comment first,
    so that it cannot close its own quotation.
    """
    quoted = f"<{_WORD}>\n{_without_tags(text)}\n</{_WORD}>"
    return [{"role": "system", "content": system_prompt}, {"role": "user", "content": quoted}]


def prompt_sha256(system_prompt: str) -> str:
    """The hash of the prompt around an empty comment; it changes with the system prompt and our template."""
    return hashlib.sha256(json.dumps(prompt_for("", system_prompt)).encode("utf-8")).hexdigest()


def from_comments(
    rows: Iterable[tuple[str, str, str]],
    *,
    system_prompt: str,
    labels: Sequence[str],
    weight: int | None = None,
) -> ChatSet:
    """One example per labelled comment: the policy, the comment, and the label alone as the answer.

    Comments without a visible character are left out and listed.

    Args:
        rows: (external id, text, label) of each comment.
        system_prompt: The guideline, as it will be sent when the model is asked.
        labels: The label set; answers that could be confused are flagged.
        weight: Written on every answer, 1 counts and 0 does not; None writes none.

    Raises:
        BadInput: the system prompt is blank, two labels are the same answer, a row has another label, or the
            weight is neither 0 nor 1.
    """
    if weight not in (None, 0, 1):
        raise BadInput(f"A weight of {weight} is not possible.", hint="1 is learned from, 0 is not.")
    if not system_prompt.strip():
        raise BadInput("The system prompt is empty.", hint="Use the guideline as system prompt.")
    answer_keys(tuple(labels))  # raises before anything is paid for
    examples: list[ChatExample] = []
    findings = confusable_labels(labels)
    for row, (comment_id, text, label) in enumerate(rows, start=1):
        if label not in labels:
            known = f"Labels: {', '.join(labels)}."
            raise BadInput(f"Comment {comment_id[:60]!r} has the label {label[:60]!r}.", hint=known)
        if not _is_visible(text):
            left_out = "The comment is empty and was left out."
            findings.append(Finding(row, "", "empty_comment", left_out, severity="warning"))
            continue
        if _TAG.search(text):
            taken_out = "The comment held the tag that quotes it; the tag was taken out."
            findings.append(Finding(row, "messages[1].content", "quoting_tag", taken_out, severity="note"))
        answer: dict[str, Json] = {"role": "assistant", "content": label}
        if weight is not None:
            answer["weight"] = weight
        asked: list[Json] = [{**message} for message in prompt_for(text, system_prompt)]
        examples.append(ChatExample(row, {"messages": [*asked, answer]}, comment_id))
    return ChatSet(tuple(examples), prompt_sha256(system_prompt), tuple(findings))


def confusable_labels(
    labels: Sequence[str], first_token: Callable[[str], object] | None = None
) -> list[Finding]:
    """The labels of which one could be read for another.

    Args:
        labels: The label set.
        first_token: The token that an answer starts with, if a tokenizer is at hand: two labels that share
            it have no score of their own at that place.
    """
    findings = []
    for one, other in permutations(labels, 2):
        if answer_key(one) in answer_key(other) and (answer_key(one) != answer_key(other) or one < other):
            inside = f"{one!r} stands within {other!r}: only a whole answer tells them apart."
            findings.append(Finding(0, "labels", "confusable_labels", inside, severity="warning"))
        if first_token is not None and one < other and first_token(one) == first_token(other):
            same = f"{one!r} and {other!r} begin with the same token: the first token gives no score."
            findings.append(Finding(0, "labels", "same_first_token", same, severity="warning"))
    return findings


def write_jsonl(examples: Iterable[ChatExample], path: Path) -> int:
    """Write one example a line and return how many; an existing file is replaced when the new one is whole.

    Raises:
        BadInput: the name does not end in .jsonl, or an example cannot be written as UTF-8 JSON.
    """
    if path.suffix != ".jsonl":
        raise BadInput(f"'{path.name}' does not end in .jsonl.", hint="Hosts take no other ending.")
    draft = path.with_name(f".{path.name}.draft")
    count = 0
    try:
        with open(draft, "wb") as file:
            for example in examples:
                file.write(_line(example))
                count += 1
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _line(example: ChatExample) -> bytes:
    try:
        return jsonl_line(example).encode("utf-8")
    except ValueError as error:  # UnicodeEncodeError is one too
        raise BadInput(
            f"Row {example.row:,} cannot be written: it holds half of a character, or NaN.",
            hint="Check the examples before writing them.",
        ) from error


def _without_tags(text: str) -> str:
    return _TAG.sub(_INSTEAD_OF_TAG, text)


def _is_visible(text: str) -> bool:
    return any(unicodedata.category(character)[0] not in "ZC" for character in text)
