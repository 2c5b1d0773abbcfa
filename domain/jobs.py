"""The job: a piece of work in a folder of its own, and the states it goes through."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

StudyKind = Literal["search", "learning_curve", "cross_validate"]
STUDY_KINDS: tuple[StudyKind, ...] = get_args(StudyKind)  # these answer a question and make no model
WritingKind = Literal["train_writer", "reward_writer", "reward_decoder", "prefer_writer", "write_texts"]
WRITING_KINDS: tuple[WritingKind, ...] = get_args(WritingKind)  # these work on pairs
WRITES: WritingKind = "write_texts"  # and this one makes no model
# These keep checkpoints: paused, they go on from the very step.
PAUSABLE: tuple[str, ...] = ("train_encoder", *(kind for kind in WRITING_KINDS if kind != WRITES))
JobKind = Literal[
    "train_baseline",
    "train_encoder",
    "train_hosted",
    "tune_examples",
    "adopt_hosted",
    "predict",
    "score",
    "behave",
    "find_suspects",
    "search",
    "learning_curve",
    "cross_validate",
    "train_writer",
    "reward_writer",
    "reward_decoder",
    "prefer_writer",
    "write_texts",
]
JOB_KINDS: tuple[str, ...] = get_args(JobKind)
# A model learns from a snapshot in these, or is chosen by it.
LEARNING_KINDS: tuple[str, ...] = ("train_baseline", "train_encoder", "train_hosted", *STUDY_KINDS)

JobStateName = Literal["queued", "running", "succeeded", "failed", "cancelled", "paused", "died"]
ENDS: tuple[str, ...] = ("succeeded", "failed", "cancelled", "paused")


@dataclass(frozen=True)
class JobState:
    """How far a job is.

    Attributes:
        name: `died` means that its process is gone and wrote no end; `paused` that a job started again goes
            on from the very step.
        message: What it is doing, or why it ended.
        hint: What to do about it; empty where there is nothing.
        share: Work done, 0 to 1.
        seconds_left: Only where the remaining work is counted in equal pieces, else None.
    """

    name: JobStateName
    message: str = ""
    hint: str = ""
    share: float = 0.0
    seconds_left: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen in the job's folder."""
        return self.name not in ("queued", "running")


@dataclass(frozen=True)
class Job:
    """One piece of work on a snapshot; `spec` is what its folder was given."""

    job_id: str
    kind: str
    dataset_id: str
    snapshot_id: str
    spec: dict[str, Any]
    state: JobState
    restart_of: str | None
    created_at: datetime
    created_by: str
    absorbed_at: datetime | None
