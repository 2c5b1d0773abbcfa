"""The kept set of fine-tuning examples, and the files that it is frozen as."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

TRAIN, VALIDATION, FINDINGS = "train.jsonl", "validation.jsonl", "findings.jsonl"


@dataclass(frozen=True)
class ExampleSet:
    """Examples that were kept.

    Attributes:
        file_name: Of the file that they came from.
        sha256: Of the frozen lines of both files.
        counts: train, validation and refused; under found, how often each thing was found.
        prompt_sha256: Of the system prompt, where all examples share one.
    """

    example_set_id: str
    dataset_id: str
    name: str
    file_name: str
    sha256: str
    counts: dict[str, Any]
    prompt_sha256: str | None
    created_at: datetime
    created_by: str
