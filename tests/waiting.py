"""Waiting for what happens elsewhere: in a job, a server, a browser. The limits are for what hangs."""

import time
from collections.abc import Callable
from typing import Any

from domain.jobs import Job
from services.jobs.managing.absorb import absorb
from services.jobs.managing.launch import folder_of, get_job
from storage.database import Database

HANGS_S = 120.0


def until(check: Callable[[], Any], what: str, *, within_s: float = HANGS_S, every_s: float = 0.02) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + within_s
    while not (found := check()):
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(every_s)
    return found


def over(db: Database, job: Job | str, *, within_s: float = HANGS_S) -> Job:
    """The job, or the one of that id, when its process has ended, well or badly."""
    job_id = job if isinstance(job, str) else job.job_id
    until(lambda: get_job(db, job_id).state.is_over, f"the end of {job_id}", within_s=within_s)
    return get_job(db, job_id)


def done(db: Database, job: Job, *, within_s: float = HANGS_S) -> Job:
    """The job when it has ended well and its results are taken in, which is done here."""
    ended = over(db, job, within_s=within_s)
    assert ended.state.name == "succeeded", (ended.state, folder_of(db, job.job_id).log_tail())
    absorb(db)
    return get_job(db, job.job_id)


def absorbed(db: Database, job: Job | str) -> Job:
    """The job when somebody else, such as the app, has taken in how it ended."""
    job_id = job if isinstance(job, str) else job.job_id
    until(lambda: get_job(db, job_id).absorbed_at is not None, f"that {job_id} is taken in")
    return get_job(db, job_id)
