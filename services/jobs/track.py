"""Keep a training in the MLflow of its home: settings, origin, and every number along the way.

    python -m services.jobs.track FOLDER

FOLDER is that of a training whose model/ is whole; it is only read. The run goes into mlflow.db, two folders
above, with SQLite and without a server. No comment goes there. Needs requirements-mlflow.txt.
"""

import argparse
import logging
import re
import sqlite3
import sys
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from services.backends.registry import read_about
from services.jobs.process.folder import Facts, JobFolder
from services.jobs.process.tracking import DATABASE

_JOB_TAG = "workbench.job"
_METRICS_AT_ONCE, _PARAMS_AT_ONCE = 1_000, 100  # more are refused
_LONGEST = 500  # characters of a value
_REFUSED = re.compile(r"[^A-Za-z0-9_\-. :/]")  # in a name


def keep(folder: JobFolder, home: Path) -> str:
    """Write the training as a run, once; says what was done."""
    from mlflow import MlflowClient  # an extra, and seconds to load
    from mlflow.entities import Metric, Param, RunTag

    with closing(sqlite3.connect(home / DATABASE)) as file:  # MLflow itself tries for minutes before it fails
        file.execute("PRAGMA schema_version")
    client = MlflowClient(tracking_uri=f"sqlite:///{home / DATABASE}")
    spec, about = folder.spec(), read_about(folder.path / "model")
    experiment_id = _experiment(client, str(spec.get("dataset_id") or "trainings"), home)
    name = str(spec.get("job_id") or folder.path.name)
    if known := client.search_runs([experiment_id], f"tags.`{_JOB_TAG}` = '{name}'", max_results=1):
        return f"MLflow has {name} already, as run {known[0].info.run_id}."
    events = folder.events()
    started_ms = _milliseconds(events[0]["at"]) if events else 0
    run = client.create_run(
        experiment_id, start_time=started_ms, run_name=f"{name} {spec.get('name') or ''}".strip()
    )
    run_id = run.info.run_id
    tags = [RunTag(_JOB_TAG, name), *(RunTag(key, value) for key, value in tags_of(spec, about).items())]
    client.log_batch(run_id, tags=tags)
    for some in _portions([Param(*pair) for pair in params_of(spec, about).items()], _PARAMS_AT_ONCE):
        client.log_batch(run_id, params=some)
    metrics = [
        Metric(key, value, started_ms + round(1000 * seconds), step)
        for key, value, seconds, step in metrics_of(folder.metrics(), about["labels"])
    ]
    for some in _portions(metrics, _METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=some)
    client.set_terminated(run_id, "FINISHED", end_time=_milliseconds(events[-1]["at"]) if events else None)
    return f"MLflow has {name} as run {run_id}, with {len(metrics):,} numbers."


def params_of(spec: Facts, about: Facts) -> dict[str, str]:
    """Recipe, settings, base model and snapshot, as text."""
    base = about.get("base_model", {})
    told = {
        "recipe": spec.get("recipe"),
        "kind": about["kind"],
        "snapshot": about.get("snapshot_id"),
        "snapshot_sha256": about.get("snapshot_sha256"),
        **{f"base.{key}": base[key] for key in ("name", "revision", "licence") if key in base},
        **{f"setting.{key}": value for key, value in about.get("settings", {}).items()},
    }
    return {name: str(value)[:_LONGEST] for name, value in told.items() if value is not None}


def tags_of(spec: Facts, about: Facts) -> dict[str, str]:
    """Who trained it, what its labels are, and with which libraries."""
    told = {
        "mlflow.user": spec.get("created_by"),
        "workbench.restart_of": spec.get("restart_of"),
        **{f"label {place}": label for place, label in enumerate(about["labels"])},
        **{f"library.{name}": version for name, version in about.get("libraries", {}).items()},
    }
    return {name: str(value)[:_LONGEST] for name, value in told.items() if value is not None}


def metrics_of(lines: list[Facts], labels: list[str]) -> Iterator[tuple[str, float, float, int]]:
    """Name, value, seconds since the start and step of every number; a label is named by its place."""
    for line in lines:
        stage = str(line.get("stage", "job"))
        if line.get("label") in labels:
            stage = f"{stage.removesuffix(', ' + line['label'])}/label {labels.index(line['label'])}"
        for name, value in line.items():
            if name in ("step", "seconds") or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            step = int(line.get("step") or line.get("iteration") or 0)
            yield _REFUSED.sub("_", f"{stage}/{name}"), float(value), float(line["seconds"]), step


def _experiment(client: Any, name: str, home: Path) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(name, artifact_location=(home / "mlflow-files").as_uri()))


def _portions(items: list[Any], most: int) -> Iterator[list[Any]]:
    return (items[start : start + most] for start in range(0, len(items), most))


def _milliseconds(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp() * 1000)


def main() -> int:
    """Keep the training of the folder on the command line."""
    parser = argparse.ArgumentParser(description="Keep one training in MLflow.")
    parser.add_argument("folder", type=Path)
    path = parser.parse_args().folder.resolve()
    logging.getLogger("mlflow").setLevel(logging.WARNING)  # it tells of each table that it makes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own libraries, about each other
        sys.stdout.write(keep(JobFolder(path), path.parent.parent) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
