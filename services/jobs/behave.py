"""Ask a model about texts that were made to test it.

    python -m services.jobs.behave FOLDER

FOLDER holds spec.json, inputs/model/, inputs/suite.csv where there is a suite, and inputs/comments.parquet
where comments are written otherwise. The script leaves behaviour.json and events.jsonl there.
"""

import hashlib
import shutil
import sys
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from domain.behaviour import Behaviour
from domain.errors import BadInput
from services.backends.registry import load_classifier
from services.evaluation.behaviour import (
    Original,
    Trial,
    counted,
    functional_trials,
    injection_trials,
    invariance_trials,
    sentence_of,
)
from services.evaluation.injections import read_payloads
from services.evaluation.suites import in_labels_of, read_suite
from services.jobs.files.answers import read_answers, write_answers
from services.jobs.files.behaviour_file import write_behaviour
from services.jobs.predict import works_here
from services.jobs.process.worker import RunningJob, run


def behave(job: RunningJob) -> None:
    """The whole test, top to bottom."""
    settings = job.spec["settings"]
    job.progress(0.0, "Loads the model.")
    classifier = load_classifier(job.folder.path / "inputs" / "model")
    trials = trials_of(job, tuple(classifier.labels))
    # As predictions are: what leaves is looked at first, answers are kept, and a restart goes on with them.
    write_answers(job, classifier, _table(trials), keeps_chunks=works_here(job.folder))
    said = _said(job, tuple(classifier.labels))
    groups, overall, originals, lost = counted(
        trials,
        [said[number] for number in range(len(trials))],
        unwanted=settings["unwanted"],
        injects=settings["kind"] == "injection",
    )
    if not groups:
        raise BadInput(
            "No comment was answered as it had been before, so that nothing could be tested.",
            hint="Let the model predict the test split anew.",
        )
    found = Behaviour(
        kind=settings["kind"],
        suite=settings["suite"],
        suite_sha256=settings["suite_sha256"],
        mapping=settings["mapping"],
        unwanted=tuple(settings["unwanted"]),
        seed=settings["seed"],
        originals=originals,
        lost=lost,
        overall=overall,
        groups=tuple(groups),
    )
    write_behaviour(job.folder.path, found)
    job.folder.add_event("behaviour", message=sentence_of(found))
    shutil.rmtree(job.folder.path / "work", ignore_errors=True)  # what a restart would have gone on with


def trials_of(job: RunningJob, labels: tuple[str, ...]) -> list[Trial]:
    """Every text that the model is asked about, from the job's inputs alone."""
    settings = job.spec["settings"]
    if settings["kind"] == "functional":
        suite = read_suite(_suite_bytes(job, settings))
        cases = in_labels_of(suite, labels, settings["mapping"], left_out=settings["left_out"])
        return functional_trials(cases)
    originals = _originals(job, settings["comment_ids"])
    if settings["kind"] == "invariance":
        return invariance_trials(originals, seed=settings["seed"])
    payloads = read_payloads(_suite_bytes(job, settings))
    return injection_trials(originals, payloads, allow=settings["allow"])


def _suite_bytes(job: RunningJob, settings: dict[str, Any]) -> bytes:
    content = (job.folder.path / "inputs" / "suite.csv").read_bytes()
    if hashlib.sha256(content).hexdigest() != settings["suite_sha256"]:
        raise BadInput(
            "The suite in the job's folder is not the one that was chosen.", hint="Start it again."
        )
    return content


def _originals(job: RunningJob, comment_ids: list[int]) -> list[Original]:
    rows = job.comments(["test"])
    rows = rows.filter(pc.is_in(rows["comment_id"], pa.array(comment_ids, pa.int64()))).to_pylist()
    if len(rows) != len(comment_ids):
        raise BadInput(f"{len(comment_ids) - len(rows):,} of the comments are not in the snapshot.")
    return [Original(row["comment_id"], row["text"], row["label"]) for row in rows]


def _table(trials: list[Trial]) -> pa.Table:
    return pa.table(
        {
            "comment_id": pa.array(range(len(trials)), pa.int64()),
            "text": pa.array([trial.text for trial in trials], pa.string()),
            "label": pa.array([trial.expected for trial in trials], pa.string()),
            "split": pa.array(["test"] * len(trials), pa.string()),
        }
    )


def _said(job: RunningJob, labels: tuple[str, ...]) -> dict[int, str | None]:
    rows = read_answers(job.folder.path / "predictions.parquet", label_names=labels)
    return dict(zip(rows["comment_id"].to_pylist(), rows["label"].to_pylist(), strict=True))


if __name__ == "__main__":
    sys.exit(run(behave, waits=works_here))
