"""Start jobs, follow them, stop them: the row in the database and the folder beside it."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errors import BadInput, Conflict, NotFound
from domain.jobs import JOB_KINDS, Job
from domain.people import actor_named
from services.jobs.folder import JobFolder, write_whole
from services.modelling.models import model_folder
from services.modelling.providers import get_provider, provider_of
from storage import jobs
from storage.database import Database
from storage.datasets import get_dataset
from storage.snapshots import get_snapshot, snapshot_folder

_ROOT = Path(__file__).resolve().parents[2]

# What a job's process is told of ours: no token and no password is among it.
_PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "VIRTUAL_ENV",
)  # fmt: skip


def launch(
    db: Database,
    *,
    kind: str,
    dataset_id: str,
    snapshot_id: str,
    splits: Sequence[str],
    settings: dict[str, Any],
    actor: str,
    name: str = "",
    model_id: str | None = None,
    restart_of: str | None = None,
    provider: str | None = None,
) -> Job:
    """Start a job in a process of its own, which outlives this one.

    Args:
        db: The database.
        kind: The script in services/jobs.
        dataset_id: Whose job it is.
        snapshot_id: What it works on; linked into the job's folder.
        splits: Those whose comments the job has to answer, each in full.
        settings: For the script.
        actor: Who wants it.
        name: Of the model that it makes.
        model_id: The model that it asks instead of making one.
        restart_of: The job that this one repeats.
        provider: Whom it sends comments to; None where nothing leaves the machine.

    Raises:
        BadInput: there is no such kind of job.
        NotFound: there is no such snapshot, model or provider, or its files are gone.
        Conflict: the snapshot is of another dataset, or its comments may not leave.
    """
    if kind not in JOB_KINDS:
        raise BadInput(f"There is no kind of job {kind!r}.", hint=f"Kinds: {', '.join(JOB_KINDS)}.")
    snapshot = get_snapshot(db, snapshot_id)
    if snapshot.dataset_id != dataset_id:
        raise Conflict(
            f"{snapshot_id} is of the dataset '{snapshot.dataset_id}', not '{dataset_id}'.",
            hint="Choose a snapshot of this dataset.",
        )
    spec = {
        "kind": kind,
        "dataset_id": dataset_id,
        "snapshot_id": snapshot_id,
        "snapshot_sha256": snapshot.sha256,
        "splits": list(splits),
        "name": name,
        "model_id": model_id,
        "restart_of": restart_of,
        "settings": settings,
    }
    if provider is not None:
        # It names this click, also when the job is started again: what was made for it elsewhere is found.
        spec |= {"provider": provider, "client_id": str(uuid4())}
    return _start(db, spec, actor_named(actor))


def restart(db: Database, job_id: str, actor: str) -> Job:
    """Do a job that did not succeed once more, as a new job on the same inputs.

    A training that keeps checkpoints goes on from the last whole one.

    Raises:
        NotFound: there is no such job.
        Conflict: it has not ended, it succeeded, or a job that repeats it is at work or succeeded.
    """
    job = get_job(db, job_id)
    if not job.state.is_over or job.state.name == "succeeded":
        raise Conflict(
            f"{job_id} cannot be restarted: it is {job.state.name}.",
            hint="Start a new job instead." if job.state.is_over else "Cancel it first.",
        )
    spec = {key: value for key, value in job.spec.items() if key not in ("job_id", "created_by")}
    again = _start(db, {**spec, "restart_of": job_id}, actor_named(actor))
    shutil.rmtree(folder_of(db, job_id).path / "work", ignore_errors=True)  # the new job has it now
    return again


def cancel(db: Database, job_id: str, actor: str) -> Job:
    """Ask a job to stop; asked again after some seconds, its process is killed.

    Raises:
        NotFound: there is no such job.
        Conflict: it has ended.
    """
    get_job(db, job_id)
    folder_of(db, job_id).cancel(actor_named(actor))
    return get_job(db, job_id)


def get_job(db: Database, job_id: str) -> Job:
    """A job with its state of this moment.

    Raises:
        NotFound: there is none of that name.
    """
    return _with_state(db, jobs.get_job(db, job_id))


def list_jobs(db: Database, dataset_id: str | None = None) -> list[Job]:
    """The jobs of a dataset, or of all, newest first, each with its state of this moment."""
    return [_with_state(db, job) for job in jobs.list_jobs(db, dataset_id)]


def folder_of(db: Database, job_id: str) -> JobFolder:
    """The folder of a job: its progress, metrics and log."""
    return JobFolder(db.home / "jobs" / job_id)


def _with_state(db: Database, job: Job) -> Job:
    """Until a job is absorbed its folder knows its state, afterwards the database does."""
    return job if job.absorbed_at is not None else replace(job, state=folder_of(db, job.job_id).state())


def _start(db: Database, spec: dict[str, Any], actor: str) -> Job:
    """The lock is held from before the row is visible until the child has it: the job is never "dead"."""
    lock: int | None = None

    def prepare(whole: dict[str, Any]) -> None:
        nonlocal lock
        if whole["restart_of"] is not None:  # here, where one job at a time is added
            _refuse_second_restart(db, whole["restart_of"])
        lock = _make_folder(db, whole)

    try:
        job_id = jobs.add_job(db, dataset_id=spec["dataset_id"], spec=spec, actor=actor, prepare=prepare)
        assert lock is not None
        _start_process(folder_of(db, job_id), spec["kind"], lock)
    finally:
        if lock is not None:
            os.close(lock)
    return get_job(db, job_id)


def _refuse_second_restart(db: Database, job_id: str) -> None:
    """Two jobs would go on with the same unfinished work; a repeat of a repeat counts too."""
    repeats = {job_id}
    for row in reversed(jobs.list_jobs(db)):  # oldest first: what is repeated comes before its repeat
        if row.restart_of not in repeats:
            continue
        repeats.add(row.job_id)
        state = _with_state(db, row).state
        if state.name == "succeeded" or not state.is_over:
            raise Conflict(
                f"{job_id} cannot be restarted again: {row.job_id} repeats it and is {state.name}.",
                hint=f"Look at {row.job_id} instead.",
            )


def _make_folder(db: Database, spec: dict[str, Any]) -> int:
    """The job's folder with everything it needs; returns the descriptor of its lock, held."""
    folder = folder_of(db, spec["job_id"]).path
    draft = folder.with_name(f"{folder.name}.draft")
    for leftover in (draft, folder):  # of a program that died before its transaction ended
        shutil.rmtree(leftover, ignore_errors=True)
    (draft / "inputs").mkdir(parents=True)
    (db.home / "machine.lock").touch()
    frozen = snapshot_folder(db.home, spec["snapshot_id"]) / "comments.parquet"
    if not frozen.exists():
        raise NotFound(f"The file of {spec['snapshot_id']} is gone: {frozen}", hint="Take a new snapshot.")
    _link(frozen, draft / "inputs" / "comments.parquet")
    if spec["model_id"] is not None:
        shutil.copytree(model_folder(db, spec["model_id"]), draft / "inputs" / "model", copy_function=_link)
    if spec.get("provider") is not None:
        _refuse_children(db, spec["dataset_id"])
        address = get_provider(db.home, spec["provider"])
        write_whole(draft / "inputs" / "provider.json", json.dumps(address.as_dict()))
    if spec["restart_of"] is not None:
        unfinished = folder_of(db, spec["restart_of"]).path / "work"
        if unfinished.is_dir():  # how far a training came; it goes on from there
            shutil.copytree(unfinished, draft / "work", copy_function=_link)
    write_whole(draft / "spec.json", json.dumps(spec, indent=2, ensure_ascii=False))
    lock = os.open(draft / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    draft.rename(folder)
    return lock


def _refuse_children(db: Database, dataset_id: str) -> None:
    if get_dataset(db, dataset_id).may_hold_child_data:
        raise Conflict(
            f"The comments of '{dataset_id}' may hold data of children: they do not leave this machine.",
            hint="Train locally: recipe quick-look, solid or baseline.",
        )


def _link(source: str | Path, target: str | Path) -> str | Path:
    """A second name for a file that never changes; a copy where the disk knows no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _start_process(folder: JobFolder, kind: str, lock: int) -> None:
    command = [sys.executable, "-m", f"services.jobs.{kind}", str(folder.path), "--lock", str(lock)]
    # Threads that wait for each other sleep: spinning, they made the training of a small model more than ten
    # times slower where others needed the processors too.
    environment = {"OMP_WAIT_POLICY": "PASSIVE"}
    environment |= {name: os.environ[name] for name in (*_PASSED_ON, *_keys(folder)) if name in os.environ}
    with open(folder.path / "log.txt", "ab") as log:
        try:
            process = subprocess.Popen(
                command,
                cwd=_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
                start_new_session=True,
            )
        except OSError as error:
            folder.add_event("failed", message=f"The job's process cannot be started: {error}")
            return
    # Somebody has to ask for the exit status, or the ended process stays in the table as a zombie.
    threading.Thread(target=process.wait, name=f"reap {folder.path.name}", daemon=True).start()


def _keys(folder: JobFolder) -> list[str]:
    """The variable with the key of the provider that this job asks; other jobs get none."""
    told = folder.path / "inputs" / "provider.json"
    if not told.exists():
        return []
    variable = provider_of(json.loads(told.read_text(encoding="utf-8"))).key_variable
    return [variable] if variable else []
