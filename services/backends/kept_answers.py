"""Answers that were paid for, kept one by one as they come, so that none is paid for twice."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from domain.models import Answer


def read_answers(path: Path) -> dict[str, Answer]:
    """The answers kept by whoever worked here before; a last line torn by a kill is passed over."""
    known: dict[str, Answer] = {}
    if not path.exists():
        return known
    whole, _, torn = path.read_bytes().rpartition(b"\n")
    for line in whole.splitlines():
        fields = json.loads(line)
        key, scores = fields.pop("key"), fields.pop("scores")
        known[key] = Answer(scores=None if scores is None else tuple(scores), **fields)
    if torn:
        os.truncate(path, len(whole) + 1 if whole else 0)
    return known


def append_answer(path: Path | None, key: str, answer: Answer) -> None:
    """Keep an answer that was paid for, before anything else is done with it."""
    if path is None:
        return
    path.parent.mkdir(exist_ok=True)
    with path.open("ab", buffering=0) as file:
        file.write(json.dumps({"key": key, **asdict(answer)}).encode() + b"\n")
