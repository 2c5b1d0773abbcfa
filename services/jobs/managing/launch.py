"""Start jobs, follow them, stop them: the row in the database and the folder beside it."""

import fcntl
import json
import math
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.errors import BadInput, Conflict, NotFound
from domain.jobs import JOB_KINDS, LEARNING_KINDS, PAUSABLE, Job
from domain.pairs import EARLIER_FILE
from domain.people import actor_named
from services.curation.golden import refuse_golden
from services.jobs.files.kept_onnx import FOLDER as ONNX
from services.jobs.managing.carried import carry_numbers
from services.jobs.managing.child import start_process
from services.jobs.managing.inputs import ADOPTS, input_files, source_of
from services.jobs.managing.waiting import state_in_line
from services.jobs.process.folder import JobFolder, link, write_whole
from services.modelling.hosted.providers import get_provider
from services.modelling.hosted.spending import reservation
from services.modelling.models import get_model, model_folder
from storage import jobs
from storage.database import Database
from storage.datasets import get_dataset
from storage.snapshots import Snapshot
from storage.spending import Ledger


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
    recipe: str | None = None,
    model_id: str | None = None,
    restart_of: str | None = None,
    provider: str | None = None,
    beside: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
) -> Job:
    """Start a job in a process of its own, which outlives this one.

    Args:
        db: The database.
        kind: The script in services/jobs.
        dataset_id: Whose job it is.
        snapshot_id: What it works on, a snapshot or kept examples; linked into the job's folder.
        splits: Those whose comments the job has to answer, each in full.
        settings: For the script.
        actor: Who wants it.
        name: Of the model that it makes.
        recipe: That the settings began with.
        model_id: The model that it asks instead of making one.
        restart_of: The job that this one repeats.
        provider: Whom it sends comments to; None where nothing leaves the machine.
        beside: Further models for its inputs: the name that each has there, and the model's id.
        more: What else its spec says.

    Raises:
        BadInput: there is no such kind of job.
        NotFound: there is no such snapshot, model or provider, or its files are gone.
        Conflict: the snapshot is of another dataset, or its comments may not leave.
    """
    if kind not in JOB_KINDS:
        raise BadInput(f"There is no kind of job {kind!r}.", hint=f"Kinds: {', '.join(JOB_KINDS)}.")
    source = source_of(db, kind, snapshot_id)
    if source is not None and source.dataset_id != dataset_id:
        raise Conflict(
            f"{snapshot_id} is of the dataset '{source.dataset_id}', not '{dataset_id}'.",
            hint="Choose one of this dataset.",
        )
    spec = {
        "kind": kind,
        "dataset_id": dataset_id,
        "snapshot_id": snapshot_id,
        "snapshot_sha256": source and source.sha256,
        "splits": list(splits),
        "name": name,
        "recipe": recipe,
        "model_id": model_id,
        "restart_of": restart_of,
        "settings": settings,
    }
    if beside:  # by the jobs that made them, so that started again it finds the same
        spec["beside"] = {part: get_model(db, one).job_id for part, one in beside.items()}
    spec |= more or {}
    if isinstance(source, Snapshot) and source.several:
        spec["several"] = list(source.labels)  # a comment may have several of these, in this order
    if isinstance(source, Snapshot) and "steps" in source.model_input:
        spec["reads"] = source.model_input  # how its texts were repaired; the model is asked in the same way
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
    spec = {
        key: value for key, value in job.spec.items() if key not in ("job_id", "created_by", "allowed_usd")
    }
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


def pause(db: Database, job_id: str, actor: str) -> Job:
    """Ask a training that keeps checkpoints to stop such that started again it goes on from the very step.

    Raises:
        NotFound: there is no such job.
        Conflict: it is of another kind, has not begun, or has ended.
    """
    job = get_job(db, job_id)
    if job.kind not in PAUSABLE:
        raise Conflict(
            f"{job_id} cannot be paused: it keeps no checkpoints.",
            hint="Cancel it; started again it begins anew.",
        )
    folder_of(db, job_id).pause(actor_named(actor))
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
    return (
        job if job.absorbed_at is not None else replace(job, state=state_in_line(folder_of(db, job.job_id)))
    )


def _start(db: Database, spec: dict[str, Any], actor: str) -> Job:
    """The lock is held from before the row is visible until the child has it: the job is never "dead"."""
    if spec["kind"] in LEARNING_KINDS:
        refuse_golden(db, spec["dataset_id"], spec["snapshot_id"])
    lock: int | None = None

    def prepare(whole: dict[str, Any]) -> None:
        nonlocal lock
        if whole["restart_of"] is not None:  # here, where one job at a time is added
            _refuse_second_restart(db, whole["restart_of"])
        lock = _make_folder(db, whole)

    try:
        job_id = jobs.add_job(
            db,
            dataset_id=spec["dataset_id"],
            spec=spec,
            actor=actor,
            prepare=prepare,
            reserve=_reservation(db, spec, actor),
        )
        assert lock is not None
        start_process(folder_of(db, job_id), spec["kind"], lock)
    finally:
        if lock is not None:
            os.close(lock)
    return get_job(db, job_id)


def _reservation(db: Database, spec: dict[str, Any], actor: str) -> Callable[[Ledger, str], float] | None:
    """What reserves the money for a job at a provider that charges; None for all others."""
    if (
        spec.get("provider") is None
        or spec["kind"] == ADOPTS
        or not get_provider(db.home, spec["provider"]).charges
    ):
        return None
    # What asks a model has the settings that the model was made with.
    settings = spec["settings"] if spec["model_id"] is None else get_model(db, spec["model_id"]).settings
    reserve = reservation(
        db, actor=actor, provider=spec["provider"], model=str(settings["model"]),
        wanted_usd=float(settings.get("cost_cap_usd", math.inf)), what=spec["kind"],
    )  # fmt: skip

    def taking_over(ledger: Ledger, job_id: str) -> float:
        if spec["restart_of"] is not None:  # what it did is billed with this one
            ledger.update_taken_over(spec["restart_of"])
        return reserve(ledger, job_id)

    return taking_over


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
    for name, frozen in input_files(db.home, spec).items():
        link(frozen, draft / "inputs" / name)
    if spec["model_id"] is not None:
        _link_model(model_folder(db, spec["model_id"]), draft / "inputs", onnx="engine" in spec["settings"])
    _link_beside(db, spec, draft / "inputs")
    if spec.get("provider") is not None:
        if spec["kind"] != ADOPTS:  # which sends nothing
            _refuse_children(db, spec["dataset_id"])
        address = get_provider(db.home, spec["provider"])
        write_whole(draft / "inputs" / "provider.json", json.dumps(address.as_dict()))
    if spec["restart_of"] is not None:
        unfinished = folder_of(db, spec["restart_of"]).path / "work"
        if unfinished.is_dir():  # how far a training came; it goes on from there
            shutil.copytree(unfinished, draft / "work", copy_function=link)
            if spec["kind"] in PAUSABLE:
                carry_numbers(JobFolder(unfinished.parent), JobFolder(draft), spec["settings"])
    write_whole(draft / "spec.json", json.dumps(spec, indent=2, ensure_ascii=False))
    lock = os.open(draft / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    draft.rename(folder)
    return lock


def _link_beside(db: Database, spec: dict[str, Any], inputs: Path) -> None:
    """Further models, each in a folder of its own among the inputs."""
    for part, job_id in spec.get("beside", {}).items():
        made = folder_of(db, job_id).path / "model"
        if not made.is_dir():
            raise NotFound(f"The model of {job_id} is gone: {made}", hint="Train the model again.")
        shutil.copytree(made, inputs / part, copy_function=link)
        written = made.parent / "written.parquet"
        # Only what was written for the very same pairs can stand in one table with what is to come.
        if part == "start" and written.exists() and get_job(db, job_id).snapshot_id == spec["snapshot_id"]:
            link(written, inputs / EARLIER_FILE)


def _link_model(model: Path, inputs: Path, *, onnx: bool) -> None:
    shutil.copytree(model, inputs / "model", copy_function=link)
    kept = model.parent / ONNX  # where an earlier prediction made them
    if onnx and kept.is_dir():
        shutil.copytree(kept, inputs / ONNX, copy_function=link)


def _refuse_children(db: Database, dataset_id: str) -> None:
    if get_dataset(db, dataset_id).may_hold_child_data:
        raise Conflict(
            f"The comments of '{dataset_id}' may hold data of children: they do not leave this machine.",
            hint="Train locally: recipe quick-look, solid or baseline.",
        )
