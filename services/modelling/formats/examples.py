"""Fine-tuning examples as chat messages, and prompt/completion pairs turned into them."""

import json
import re
from dataclasses import dataclass
from typing import Literal

from domain.errors import BadInput
from domain.json_text import Json

# What old guides put after a prompt and around a completion; chat models have roles instead.
_PROMPT_END = re.compile(r"\s*(?:###|->)?\s*\Z")
_COMPLETION_END = re.compile(r"\s*(?:###)?\s*\Z")

TargetFormat = Literal["chat", "prompt_completion"]


@dataclass(frozen=True)
class ChatExample:
    """One line of a chat file as it was read, right or wrong, and where it came from.

    Attributes:
        row: Line of the file where it starts, or place among the comments; 1 is the first.
        value: The line as JSON; an object with `messages` where all is well.
        comment_id: The id of the comment it was made of, if any.
    """

    row: int
    value: Json
    comment_id: str | None = None

    @property
    def messages(self) -> list[dict[str, Json]]:
        """The messages that are objects; empty where there is no list of them."""
        found = self.value.get("messages") if isinstance(self.value, dict) else None
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def require_upload_format(target: TargetFormat) -> None:
    """Nothing for chat; prompt/completion is refused, for no model takes it any more.

    Raises:
        BadInput: the target is prompt_completion.
    """
    if target == "prompt_completion":
        raise BadInput(
            "Prompt/completion files cannot be trained on: babbage-002 and davinci-002, the only models that "
            "took them, were shut down on 23 October 2026.",
            hint="Upload chat JSONL; prompt/completion pairs are converted to it.",
        )


def jsonl_line(example: ChatExample) -> str:
    """The example as one line of JSONL, with its line end, as it is counted and uploaded.

    Raises:
        ValueError: a number in it is NaN or endless, which no example that was read here holds.
    """
    return json.dumps(example.value, ensure_ascii=False, allow_nan=False) + "\n"


def pair_messages(prompt: Json, completion: Json, *, system_prompt: str | None) -> list[Json] | None:
    """The messages of a prompt/completion pair; None where they are neither texts nor lists of messages."""
    start: list[Json] = [] if system_prompt is None else [{"role": "system", "content": system_prompt}]
    if isinstance(prompt, list) and isinstance(completion, list):
        return [*start, *prompt, *completion]
    if not isinstance(prompt, str) or not isinstance(completion, str):
        return None
    question, answer = _PROMPT_END.sub("", prompt), _COMPLETION_END.sub("", completion).lstrip()
    return [*start, {"role": "user", "content": question}, {"role": "assistant", "content": answer}]
