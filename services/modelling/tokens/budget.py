"""What a fine-tuning file costs: tokens per example, epochs, billed tokens, and what truncation would cut.

Source: counting and epoch rule as in OpenAI's published notebook "Data preparation and analysis for chat
model fine-tuning", without its defects: p5 and p95 are the 5th and 95th percentile, limit and encoding the
model's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.errors import BadInput
from services.modelling.tokens.encodings import Encoding

TOKENS_PER_MESSAGE = 3
TOKENS_PER_NAME = 1
TOKENS_PER_EXAMPLE = 3

_TARGET_EPOCHS, _MIN_EXAMPLES, _MAX_EXAMPLES, _MAX_EPOCHS = 3, 100, 25_000, 25
_BINS = 30
_TEXT_KEYS = ("text", "refusal", "name", "arguments")

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class ExampleCounts:
    """The tokens of examples.

    Attributes:
        tokens: Of each example, shape (n,).
        answers: Of the answers in each, their texts alone, shape (n,).
        messages: Of each message of all of them, shape (m,), in any order.
    """

    tokens: Counts
    answers: Counts
    messages: Counts


@dataclass(frozen=True)
class Spread:
    """How a count is spread over so many examples or messages."""

    count: int
    total: int
    smallest: int
    p5: float
    mean: float
    median: float
    p95: float
    largest: int


@dataclass(frozen=True)
class TokenBudget:
    """The tokens of a file of chat examples.

    Attributes:
        exact: False where the encoding's file is not in place and every count is an estimate.
        tokens: Per example.
        message_tokens: Per message, whoever speaks.
        answer_tokens: Of the answers in each example, their texts alone.
        over_limit: Places (from 0) of the examples longer than `limit`.
        cut: Tokens that truncation would take from the end of those, the answer first.
        without_answer: How many examples would lose their whole answer so.
        epochs: As the provider chooses them for so many examples.
        billed_tokens: The tokens within the limit, times the epochs.
    """

    encoding: str
    exact: bool
    limit: int
    examples: int
    tokens: Spread
    message_tokens: Spread
    answer_tokens: Spread
    histogram: tuple[tuple[float, float, int], ...]
    over_limit: tuple[int, ...]
    cut: int
    without_answer: int
    epochs: int
    billed_tokens_per_epoch: int
    billed_tokens: int


def epochs_for(examples: int) -> int:
    """How many epochs the provider runs over so many examples unless told otherwise, 1 to 25."""
    if _TARGET_EPOCHS * examples < _MIN_EXAMPLES:
        return min(_MAX_EPOCHS, _MIN_EXAMPLES // max(examples, 1))
    if _TARGET_EPOCHS * examples > _MAX_EXAMPLES:
        return max(1, _MAX_EXAMPLES // examples)
    return _TARGET_EPOCHS


def tokens_of_message(message: Mapping[str, Any], encoding: Encoding) -> int:
    """Tokens of one message: three, those of every text in it, and one more for a name.

    Texts are also the parts of a content that is a list, and what is called with which arguments; pictures
    are not counted.
    """
    texts = sum(encoding.count(text) for value in message.values() for text in _texts_of(value))
    return TOKENS_PER_MESSAGE + texts + (TOKENS_PER_NAME if "name" in message else 0)


def tokens_of_example(messages: Sequence[Mapping[str, Any]], encoding: Encoding) -> tuple[int, int]:
    """Tokens of one example, and of the answers in it (their texts alone)."""
    total = TOKENS_PER_EXAMPLE + sum(tokens_of_message(message, encoding) for message in messages)
    return total, _tokens_of_answers(messages, encoding)


def _tokens_of_answers(messages: Sequence[Mapping[str, Any]], encoding: Encoding) -> int:
    return sum(
        encoding.count(text)
        for message in messages
        if message.get("role") == "assistant"
        for text in _texts_of(message.get("content"))
    )


def _texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, dict):
            call = part.get("function")
            named = {**part, **call} if isinstance(call, dict) else part
            yield from (named[key] for key in _TEXT_KEYS if isinstance(named.get(key), str))


def counts_of(examples: Iterable[Sequence[Mapping[str, Any]]], encoding: Encoding) -> ExampleCounts:
    """The tokens of examples, each given as the list of its messages."""
    tokens, answers, messages = [], [], []
    for example in examples:
        own = [tokens_of_message(message, encoding) for message in example]
        messages += own
        tokens.append(TOKENS_PER_EXAMPLE + sum(own))
        answers.append(_tokens_of_answers(example, encoding))
    return ExampleCounts(*(np.array(counts, dtype=np.int64) for counts in (tokens, answers, messages)))


def budget(counts: ExampleCounts, *, encoding: Encoding, limit: int) -> TokenBudget:
    """The budget of examples with so many tokens each.

    Args:
        counts: Their tokens.
        encoding: What they were counted with.
        limit: Tokens of an example that the model takes; the rest is cut from the end.

    Raises:
        BadInput: there is no example, or the limit is not positive.
    """
    tokens, answers = counts.tokens, counts.answers
    if len(tokens) == 0:
        raise BadInput("There is no example to count.", hint="Label some comments, or choose another file.")
    if limit < 1:
        raise BadInput(f"A limit of {limit} tokens is not possible.", hint="Give the model's context length.")
    excess = np.maximum(tokens - limit, 0)
    heights, edges = np.histogram(tokens, bins=min(_BINS, max(1, int(np.ptp(tokens)))))
    epochs = epochs_for(len(tokens))
    per_epoch = int(np.minimum(tokens, limit).sum())
    return TokenBudget(
        encoding=encoding.name,
        exact=encoding.exact,
        limit=limit,
        examples=len(tokens),
        tokens=_spread(tokens),
        message_tokens=_spread(counts.messages),
        answer_tokens=_spread(answers),
        histogram=tuple(zip(edges[:-1].tolist(), edges[1:].tolist(), heights.tolist(), strict=True)),
        over_limit=tuple(np.flatnonzero(excess).tolist()),
        cut=int(excess.sum()),
        without_answer=int(np.count_nonzero((excess > 0) & (excess >= answers))),
        epochs=epochs,
        billed_tokens_per_epoch=per_epoch,
        billed_tokens=per_epoch * epochs,
    )


def _spread(counts: Counts) -> Spread:
    p5, median, p95 = np.percentile(counts, [5, 50, 95])
    return Spread(
        count=len(counts),
        total=int(counts.sum()),
        smallest=int(counts.min()),
        p5=float(p5),
        mean=float(counts.mean()),
        median=float(median),
        p95=float(p95),
        largest=int(counts.max()),
    )
