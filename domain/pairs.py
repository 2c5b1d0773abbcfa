"""Pairs of a source and what may be made of it, kept as a set; and the three tasks that they teach."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

Task = Literal["summarise", "reply", "detoxify"]
TASKS: tuple[str, ...] = get_args(Task)

PAIRS_FILE, FINDINGS_FILE = "pairs.parquet", "findings.jsonl"
EARLIER_FILE = "earlier.parquet"  # in a job's inputs: what was written when its model was trained


@dataclass(frozen=True)
class Pair:
    """A source text and its references, at least one.

    Attributes:
        pair_id: Its number within the set, from 1.
        clean_source, clean_references: Without tags and invisible characters; derived, the originals stay.
    """

    pair_id: int
    source: str
    references: tuple[str, ...]
    split: str
    clean_source: str
    clean_references: tuple[str, ...]


@dataclass(frozen=True)
class PairSet:
    """Pairs that were kept.

    Attributes:
        task: One of TASKS.
        file_name: Of the file that they came from.
        sha256: Of the frozen rows.
        counts: train, validation, test and refused; under references, how many pairs have so many; words of
            sources and references (median and p99); and the version of the cleaning.
    """

    pair_set_id: str
    dataset_id: str
    task: str
    name: str
    file_name: str
    sha256: str
    counts: dict[str, Any]
    created_at: datetime
    created_by: str


@dataclass(frozen=True)
class PromptVersion:
    """What a model is told before a source; version 0 is the task's own."""

    task: str
    version: int
    body: str
    created_by: str
