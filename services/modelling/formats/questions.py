"""What an example asks, as a hash: which belong on the same side of a split, and how they are frozen."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from domain.json_text import Json
from services.modelling.formats.examples import ChatExample

_SYSTEM = ("system", "developer")


def question_sha256(example: ChatExample) -> str:
    """The hash of what an example asks: all before its last message, without system prompts and white space.

    Where nothing but system prompts comes before it, they are the question.
    """
    before = [(str(one.get("role")), _plain(one.get("content"))) for one in example.messages[:-1]]
    asked = [one for one in before if one[0] not in _SYSTEM] or before
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def split_by_question(
    examples: Sequence[ChatExample], share: float, *, min_trained: int
) -> tuple[list[ChatExample], list[ChatExample]]:
    """Training and held-out examples, both in their order; a question is on one side with all its answers.

    Args:
        examples: All of them.
        share: Held out, 0 to 1, as nearly as whole questions allow: in the order of their hashes.
        min_trained: So many stay for training at least.
    """
    questions = [question_sha256(one) for one in examples]
    left = max(0, min(round(share * len(examples)), len(examples) - min_trained))
    held: set[str] = set()
    for question, count in sorted(Counter(questions).items()):
        if count <= left:
            held.add(question)
            left -= count
    pairs = list(zip(examples, questions, strict=True))
    return [one for one, q in pairs if q not in held], [one for one, q in pairs if q in held]


def shared_system_prompt(examples: Iterable[ChatExample]) -> str | None:
    """What every example tells the model first; None where they differ, or tell nothing."""
    prompts = {_system_prompt_of(one.messages) for one in examples}
    return next(iter(prompts)) or None if len(prompts) == 1 else None


def files_sha256(train: bytes, validation: bytes) -> str:
    """The hash of a set of examples: of each of its files, its length in bytes, a colon and its bytes."""
    digest = hashlib.sha256()
    for content in (train, validation):
        digest.update(b"%d:" % len(content))
        digest.update(content)
    return digest.hexdigest()


def read_frozen(path: Path) -> list[ChatExample]:
    """The examples of a file that was frozen here, row 1 first."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [ChatExample(row, json.loads(line)) for row, line in enumerate(lines, start=1) if line]


def _system_prompt_of(messages: Sequence[dict[str, Json]]) -> str:
    first = messages[0] if messages else {}
    content = first.get("content")
    return content if first.get("role") in _SYSTEM and isinstance(content, str) else ""


def _plain(content: Json) -> str:
    return content.strip() if isinstance(content, str) else json.dumps(content, sort_keys=True)
