"""What a job that waits for the machine waits for, as the folders beside it tell."""

import re
from dataclasses import replace
from pathlib import Path

from domain.jobs import STUDY_KINDS, JobState
from services.jobs.process.folder import JobFolder

_NAME = re.compile(r"job-(\d+)")


def state_in_line(folder: JobFolder) -> JobState:
    """How far a job is; of one that waits, also for whom."""
    state = folder.state()
    if state.name != "queued" or not folder.events():
        return state
    mine, holder, before = _number(folder.path), None, 0
    for path in folder.path.parent.glob("job-*"):
        other = JobFolder(path)
        if path == folder.path or not _number(path) or not _takes_turns(path) or not other.is_held():
            continue
        told = other.state().name
        if told == "running":
            holder = other
        elif told == "queued" and _number(path) < mine:
            before += 1
    if holder is None:
        return state
    line = f", {before:,} before it" if before else ""
    return replace(state, message=f"Waits for {holder.path.name} ({_what(holder)}){line}.")


def _number(path: Path) -> int:
    """Of the job, from 1; 0 for a folder that is none yet."""
    found = _NAME.fullmatch(path.name)
    return int(found[1]) if found else 0


def _takes_turns(path: Path) -> bool:
    """Whether it works on this machine; what asks a provider holds nobody up."""
    return not (path / "inputs" / "provider.json").exists()


_NAMES = {"behave": "behaviour test", "find_suspects": "search for suspects"}


def _what(folder: JobFolder) -> str:
    kind = str(folder.spec()["kind"])
    if kind in STUDY_KINDS:
        return "experiment"
    if kind.startswith("train"):
        return "training"
    return _NAMES.get(kind, "prediction")
