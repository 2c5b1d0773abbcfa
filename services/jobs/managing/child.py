"""The process of a job: started with what it cannot work without, and asked for its exit."""

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from services.jobs.process.folder import JobFolder
from services.modelling.hosted.providers import provider_of

_ROOT = Path(__file__).resolve().parents[3]

# What a job's process is told of ours: no token and no password is among it.
_PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "VIRTUAL_ENV",
)  # fmt: skip


def start_beside(folder: JobFolder, script: str) -> None:
    """Start a script in a folder that is no job of the database, but has its lock, events and end like one.

    Args:
        folder: Holds spec.json and the inputs.
        script: Its name in services/jobs.
    """
    lock = os.open(folder.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        start_process(folder, script, lock)
    finally:
        os.close(lock)


def child_environment(keys: Sequence[str] = ()) -> dict[str, str]:
    """What a process that we start is told of ours: what it cannot work without, and those keys."""
    # Threads that wait for each other sleep: spinning, they made the training of a small model more than ten
    # times slower where others needed the processors too.
    told = {"OMP_WAIT_POLICY": "PASSIVE"}
    return told | {name: os.environ[name] for name in (*_PASSED_ON, *keys) if name in os.environ}


def start_process(folder: JobFolder, kind: str, lock: int) -> None:
    """Start the script of that kind on a folder whose lock is held; the process holds it from then on."""
    command = [sys.executable, "-m", f"services.jobs.{kind}", str(folder.path), "--lock", str(lock)]
    environment = child_environment(_keys(folder))
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
    # Somebody has to ask for the exit status, or the ended process stays in the table as a zombie. The lock
    # is held until the status is noted, so that nobody calls the job dead without knowing of what.
    reaper = threading.Thread(target=_reap, args=(folder, process, os.dup(lock)), daemon=True)
    reaper.name = f"reap {folder.path.name}"
    reaper.start()


def _reap(folder: JobFolder, process: "subprocess.Popen[bytes]", lock: int) -> None:
    try:
        status = process.wait()
        with suppress(OSError):  # the folder is gone, or the disk is full: the exit stays unknown
            folder.note_exit(status)
    finally:
        os.close(lock)


def _keys(folder: JobFolder) -> list[str]:
    """The variable with the key of the provider that this job asks; other jobs get none."""
    told = folder.path / "inputs" / "provider.json"
    if not told.exists():
        return []
    variable = provider_of(json.loads(told.read_text(encoding="utf-8"))).key_variable
    return [variable] if variable else []
