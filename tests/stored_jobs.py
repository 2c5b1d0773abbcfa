"""Jobs whose work is played by the test: it holds the lock and writes the events."""

import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass

from services.jobs.managing import child, launch
from services.jobs.process.folder import JobFolder
from services.modelling.training import train
from tests.stored_runs import labelled_dataset


def ready_to_train(db):
    """The dataset kids: 120 comments by 120 authors, every third one disallowed; their ids."""
    words = ["awful", "lovely", "sweet"]
    labels = ["disallow", "allow", "allow"]
    pairs = [(f"you are {words[n % 3]} number {n}", labels[n % 3]) for n in range(120)]
    return labelled_dataset(db, pairs, split="train")


@dataclass
class PlayedJob:
    """A job in the hands of a test."""

    job_id: str
    folder: JobFolder
    pid: int
    held: ExitStack

    def work(self, **facts) -> None:
        """The events of a job that has come to four tenths of its work."""
        self.folder.add_event("queued", pid=self.pid)
        self.folder.add_event("started", pid=self.pid, message="Has started.")
        self.folder.add_event("progress", share=0.4, message="Counts words.", **facts)

    def let_go(self) -> None:
        """What happens to the lock when a process ends, however it ends."""
        self.held.close()


class Stage:
    """Where jobs are played; once it is closed, no lock is held and no process is left."""

    def __init__(self, db, monkeypatch) -> None:
        self._db = db
        self._started: list[tuple[int, ExitStack]] = []
        for module in (launch, child):
            monkeypatch.setattr(module, "start_process", self._hold)

    def job(self, snapshot_id, *, name="Mine") -> PlayedJob:
        """A training that waits for its turn."""
        job = train(self._db, snapshot_id=snapshot_id, name=name, actor="ana")
        pid, held = self._started[-1]
        return PlayedJob(job.job_id, launch.folder_of(self._db, job.job_id), pid, held)

    def close(self) -> None:
        for _, held in self._started:
            held.close()

    def _hold(self, _folder, _kind, lock) -> None:
        """Instead of a process that works, one that sleeps: it takes the signals meant for the job."""
        held = ExitStack()
        held.callback(os.close, os.dup(lock))
        process = held.enter_context(subprocess.Popen(["sleep", "60"]))
        held.callback(process.kill)
        self._started.append((process.pid, held))
