"""The base and the tuned model on the same prompts: what is asked, what it costs, and what was said."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.modelling.formats.examples import ChatExample
from services.modelling.hosted.outbound import Prices, counting
from services.modelling.settings import ExampleSettings
from services.modelling.tokens.budget import TOKENS_PER_EXAMPLE, tokens_of_message

ANSWERS = "answers.jsonl"
_PARTS = ("role", "content", "name")  # of a message that asks; weights belong to training


@dataclass(frozen=True)
class Question:
    """What an example asks, and the answer that stands in it."""

    row: int
    messages: tuple[dict[str, str], ...]
    expected: str


@dataclass(frozen=True)
class Said:
    """What a model said; `text` is None where nothing came, for the reason in `error`."""

    text: str | None
    finish_reason: str | None
    error: str
    tokens: int | None
    latency_ms: float
    cost_usd: float | None


def questions_of(examples: Sequence[ChatExample], most: int) -> list[Question]:
    """The first examples that are texts alone; those with tools or pictures are passed over."""
    found: list[Question] = []
    for example in examples:
        messages = example.messages
        plain = all(isinstance(one.get("content"), str) and "tool_calls" not in one for one in messages)
        if len(found) < most and len(messages) > 1 and plain and _has_no_tools(example):
            asked = tuple({key: str(one[key]) for key in _PARTS if key in one} for one in messages[:-1])
            found.append(Question(example.row, asked, str(messages[-1]["content"])))
    return found


def _has_no_tools(example: ChatExample) -> bool:
    return isinstance(example.value, dict) and set(example.value) == {"messages"}


def comparing_cost_usd(questions: Sequence[Question], config: ExampleSettings, prices: Prices) -> float:
    """What asking both models every question will cost at most; the base at the price of the tuned one."""
    encoding = counting(config.model)
    read = sum(
        TOKENS_PER_EXAMPLE + sum(tokens_of_message(message, encoding) for message in question.messages)
        for question in questions
    )
    return 2 * prices.answer_cost_usd(read, config.answer_tokens * len(questions))


def read_answers(folder: Path) -> list[dict[str, Any]]:
    """The questions of a job with what was said to them; empty where it asked none, or is not that far."""
    try:
        lines = (folder / ANSWERS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]
