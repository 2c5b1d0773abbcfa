"""Keep finished trainings in MLflow too, where that is switched on: in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from services.jobs.process.worker import RunningJob

SWITCH, DATABASE = "tracking.json", "mlflow.db"  # both in the data folder
_ROOT = Path(__file__).resolve().parents[3]
_WITHIN_S = 300.0
_HINT = "The training is whole without it. docs/training.md says what MLflow needs here."


def track(job: RunningJob) -> None:
    """Tell MLflow of the training, if tracking.json asks for it; a failure is told and fails nothing."""
    home = job.folder.path.parent.parent
    if job.folder.path.parent.name != "jobs" or not (home / SWITCH).exists():
        return
    try:
        if json.loads((home / SWITCH).read_text(encoding="utf-8"))["mlflow"] is True:
            _in_a_process(job)
    except (OSError, ValueError, KeyError, TypeError) as error:
        _tell_failure(job, f'{SWITCH} cannot be used ({error}); its form is {{"mlflow": true}}.')


def _in_a_process(job: RunningJob) -> None:
    job.progress(1.0, "Keeps the training in MLflow.")
    command = [sys.executable, "-m", "services.jobs.track", str(job.folder.path)]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    try:
        done = subprocess.run(
            command,
            cwd=_ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        _tell_failure(job, f"it took more than {_WITHIN_S:.0f} s.")
        return
    if done.returncode != 0:
        sys.stderr.write(done.stderr)  # the job's log
        _tell_failure(job, (done.stderr.strip().splitlines() or ["it ended without a word."])[-1][:300])
        return
    job.folder.add_event("tracked", message=done.stdout.strip())


def _tell_failure(job: RunningJob, why: str) -> None:
    job.folder.add_event(
        "warning", kind="tracking", of="", message=f"MLflow does not know of this training: {why}", hint=_HINT
    )
