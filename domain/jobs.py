"""The job: a piece of work in a folder of its own, and the states it goes through."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

JobKind = Literal["train_baseline", "train_encoder", "train_hosted", "predict"]
JOB_KINDS: tuple[str, ...] = get_args(JobKind)

JobStateName = Literal["queued", "running", "succeeded", "failed", "cancelled", "died"]
ENDS: tuple[str, ...] = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class JobState:
    """How far a job is.

    Attributes:
        name: `died` means that its process is gone and wrote no end.
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
