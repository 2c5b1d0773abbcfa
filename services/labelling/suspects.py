"""Labels that may be wrong: start the search, and read what it found."""

from dataclasses import dataclass
from typing import Any

from domain.errors import BadInput, NotFound
from domain.jobs import Job
from services.curation.datasets import get_dataset
from services.jobs.managing.inputs import SUSPECTS
from services.jobs.managing.launch import get_job, launch, list_jobs
from services.several import refuse_several
from storage import suspects as stored
from storage.database import Database
from storage.snapshots import get_snapshot
from storage.suspects import Suspect

MOST_FOLDS = 20


@dataclass(frozen=True)
class SuspectList:
    """What a search found: `count` suspects, of which the most suspicious are listed."""

    job: Job
    snapshot_id: str
    count: int
    suspects: tuple[Suspect, ...]


def start_search(db: Database, *, snapshot_id: str, folds: int = 5, seed: int = 0, actor: str) -> Job:
    """Start a job that looks for suspects among the labels of a snapshot; it changes none.

    Args:
        folds: Parts, each answered by a model that learned from the others, 2 to MOST_FOLDS.
        seed: Of the parts.

    Raises:
        NotFound: there is no such snapshot.
        BadInput: the number of parts is out of range, or comments have several labels.
    """
    snapshot = get_snapshot(db, snapshot_id)
    if not 2 <= folds <= MOST_FOLDS:
        raise BadInput(f"{folds} parts are not possible.", hint=f"Between 2 and {MOST_FOLDS}.")
    refuse_several(snapshot, "Suspected labels")
    settings: dict[str, Any] = {
        "folds": folds,
        "seed": seed,
        "group_by": snapshot.manifest.get("group_by", "none"),
    }
    return launch(
        db, kind=SUSPECTS, dataset_id=snapshot.dataset_id, snapshot_id=snapshot_id, splits=(),
        settings=settings, actor=actor, name="Suspected labels",
    )  # fmt: skip


def suspects_of_job(db: Database, job_id: str, *, limit: int = 100) -> SuspectList:
    """What one search found so far: nothing before it has succeeded.

    Raises:
        NotFound: there is no such job, or it looked for something else.
    """
    job = get_job(db, job_id)
    if job.kind != SUSPECTS:
        raise NotFound(f"{job_id} looked for no suspects.", hint="`suspects --snapshot S` does.")
    found = stored.list_suspects(db, job.dataset_id, job_id, limit=limit)
    return SuspectList(job, job.snapshot_id, stored.count_suspects(db, job_id), tuple(found))


def newest_suspects(db: Database, dataset_id: str, *, limit: int = 100) -> SuspectList:
    """The suspects of the newest search that succeeded.

    Raises:
        NotFound: there is no such dataset, or none of its snapshots was searched.
    """
    wanted = get_dataset(db, dataset_id).dataset_id
    for job in list_jobs(db, wanted):
        if job.kind == SUSPECTS and job.state.name == "succeeded" and job.absorbed_at is not None:
            return suspects_of_job(db, job.job_id, limit=limit)
    raise NotFound(f"Nobody looked for suspects in '{wanted}'.", hint="`suspects --snapshot S` does.")
