"""Everything that is checked of a set of examples before it leaves."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from domain.json_text import Json
from services.modelling.formats.examples import ChatExample, jsonl_line
from services.modelling.formats.findings import Checked, Finding
from services.modelling.formats.personal import PersonalDataSearch
from services.modelling.formats.shape import shape_findings
from services.modelling.formats.texts import texts_in

# Names between <| and |> steer a model; the provider fails the whole file over one of them, so all that
# look alike are refused, and no list of today's names can be outdated.
SPECIAL_TOKEN = re.compile(r"<\|\w{1,40}\|>")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Limits:
    """What a host takes.

    Attributes:
        min_examples: Fewer are refused.
        file_bytes: Size of the file as UTF-8, at most.
        example_tokens: Tokens of one example, at most; a longer one is cut from its end, answer first.
    """

    min_examples: int = 10
    file_bytes: int = 512_000_000
    example_tokens: int = 65_536


OPENAI_LIMITS = Limits()


def check(
    examples: Iterable[ChatExample],
    *,
    validation: Iterable[ChatExample] = (),
    limits: Limits = OPENAI_LIMITS,
    count_tokens: Callable[[ChatExample], int] | None = None,
    personal_data: bool = False,
) -> Checked:
    """Everything found in the examples; only errors keep them from being uploaded.

    Args:
        examples: What is to be trained on.
        validation: A second set, of which only the overlap with the first is checked here.
        limits: Of the host that they go to.
        count_tokens: Tokens of one example that is right in form; None leaves that limit unchecked.
        personal_data: Whether to look for it too, which the gate does in words of its own.
    """
    findings: list[Finding] = []
    seen, personal = _Seen(), PersonalDataSearch()
    count = size = 0
    for example in examples:
        count += 1
        size += len(jsonl_line(example).encode("utf-8", "surrogatepass"))
        own = [*shape_findings(example), *_text_findings(example)]
        if not any(finding.severity == "error" for finding in own):
            if count_tokens is not None:
                own += _length_findings(example, count_tokens(example), limits)
            own += seen.findings(example)
        findings += own
        if personal_data:
            findings += personal.findings(example)
    findings += _set_findings(count, size, limits)
    for example in validation:
        findings += seen.overlap(example)
    return Checked(count, tuple(findings))


def _set_findings(count: int, size: int, limits: Limits) -> Iterator[Finding]:
    if count < limits.min_examples:
        few = f"{count:,} examples are fewer than the {limits.min_examples:,} that are needed."
        yield Finding(0, "", "too_few_examples", few)
    if size > limits.file_bytes:
        large = f"The file has {size:,} bytes; at most {limits.file_bytes:,} are taken."
        yield Finding(0, "", "file_too_large", large)


def _length_findings(example: ChatExample, tokens: int, limits: Limits) -> list[Finding]:
    if tokens <= limits.example_tokens:
        return []
    long = (
        f"{tokens:,} tokens are more than {limits.example_tokens:,}; the end, with the answer, would be cut."
    )
    return [Finding(example.row, "messages", "too_many_tokens", long)]


def _text_findings(example: ChatExample) -> Iterator[Finding]:
    """Texts that would fail the whole file: special tokens, and what UTF-8 cannot hold."""
    for field, text in texts_in(example.value):
        if token := SPECIAL_TOKEN.search(text):
            yield Finding(example.row, field, "special_token", f"The text holds the token {token.group()}.")
        if _HALF_CHARACTER.search(text):
            yield Finding(example.row, field, "invalid_unicode", "The text holds half of a character.")


class _Seen:
    """Inputs and answers that went by, as hashes: the texts themselves may not fit into memory twice."""

    def __init__(self) -> None:
        self._answers: dict[bytes, tuple[int, bytes]] = {}
        self._pairs: dict[bytes, int] = {}

    def findings(self, example: ChatExample) -> list[Finding]:
        """The finding if an earlier row has the same input; this one is remembered."""
        question, answer = _input_hash(example), _hash(_told(example.messages[-1]))
        if (earlier := self._pairs.get(question + answer)) is not None:
            same = f"The same example stands in row {earlier:,}."
            return [Finding(example.row, "messages", "duplicate_example", same, severity="warning")]
        self._pairs[question + answer] = example.row
        first_row, first_answer = self._answers.setdefault(question, (example.row, answer))
        if answer != first_answer:
            other = f"Row {first_row:,} has the same input and another answer."
            return [Finding(example.row, "messages", "contradicting_example", other, severity="warning")]
        return []

    def overlap(self, example: ChatExample) -> list[Finding]:
        """The finding if the input of a validation example was trained on."""
        if not example.messages or (found := self._answers.get(_input_hash(example))) is None:
            return []
        both = f"Its input is row {found[0]:,} of the training set: the validation figures would flatter."
        return [Finding(example.row, "validation", "validation_overlap", both, severity="warning")]


def _input_hash(example: ChatExample) -> bytes:
    tools = example.value.get("tools") if isinstance(example.value, dict) else None
    return _hash([tools, *(_told(message) for message in example.messages[:-1])])


def _told(message: dict[str, Json]) -> Json:
    """The message without its weight, and without white space around its text."""
    content = message.get("content")
    kept = {key: value for key, value in message.items() if key != "weight"}
    return {**kept, "content": content.strip()} if isinstance(content, str) else kept


def _hash(value: Json) -> bytes:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
