import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from services.jobs import track
from services.jobs.managing.launch import folder_of
from services.jobs.process.folder import JobFolder
from services.jobs.process.tracking import DATABASE, SWITCH
from tests.stored_models import baseline, dataset

ROOT = Path(__file__).resolve().parents[2]
ODD = "=1+1 'hate' ✋"


def runs_in(home):
    from mlflow import MlflowClient

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own libraries, about each other
        client = MlflowClient(tracking_uri=f"sqlite:///{home / DATABASE}")
        experiment = client.get_experiment_by_name("kids")
        runs = client.search_runs([experiment.experiment_id]) if experiment else []
        return client, runs


@pytest.mark.slow
def test_a_training_is_kept_with_its_origin_its_settings_and_every_number(db, monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    (db.home / SWITCH).write_text('{"mlflow": true}')
    dataset(db)
    model = baseline(db)
    client, [run] = runs_in(db.home)
    assert run.info.status == "FINISHED" and run.info.run_name == "job-1 Mine"
    assert run.data.params["setting.c"] == str(model.settings["c"])
    assert run.data.params["recipe"] == "baseline" and len(run.data.params["snapshot_sha256"]) == 64
    assert run.data.tags["mlflow.user"] == "ana" and run.data.tags["label 0"] == "allow"
    told = folder_of(db, model.job_id).metrics()
    final = next(line for line in told if line["stage"] == "validation" and "macro_f1" in line)
    assert run.data.metrics["validation/macro_f1"] == final["macro_f1"]
    steps = [line["iteration"] for line in told if line["stage"] == "fit"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept = client.get_metric_history(run.info.run_id, "fit/iteration")
    assert {one.step for one in kept} == set(steps)  # of two that are quite the same it keeps one
    assert "you are" not in (db.home / DATABASE).read_bytes().decode("latin-1")  # how every comment begins
    again = track.keep(folder_of(db, model.job_id), db.home)
    assert "already" in again and len(runs_in(db.home)[1]) == 1


@pytest.mark.parametrize(
    ("switch", "told"),
    [
        (None, None),
        ('{"mlflow": false}', None),
        ("no JSON", "tracking.json cannot be used"),
        ("[]", "its form"),
    ],
)
def test_tracking_is_off_unless_its_switch_says_otherwise(db, switch, told):
    if switch is not None:
        (db.home / SWITCH).write_text(switch)
    dataset(db)
    model = baseline(db)
    warned = [
        event["message"] for event in folder_of(db, model.job_id).events() if event["event"] == "warning"
    ]
    assert not (db.home / DATABASE).exists()
    assert warned == [] if told is None else told in warned[0]


@pytest.mark.slow
def test_a_training_succeeds_although_mlflow_fails_and_says_so(db):
    (db.home / SWITCH).write_text('{"mlflow": true}')
    (db.home / DATABASE).mkdir()  # where its file should be
    dataset(db)
    model = baseline(db)
    folder = folder_of(db, model.job_id)
    [warned] = [event for event in folder.events() if event["event"] == "warning"]
    assert warned["message"].startswith("MLflow does not know of this training")
    assert folder.state().name == "succeeded"


def test_a_label_is_named_by_its_place_and_odd_names_are_made_fit():
    lines = [
        {
            "seconds": 1.5,
            "stage": f"validation, seed 1, {ODD}",
            "label": ODD,
            "step": 7,
            "f1": 0.5,
            "recall": None,
        },
        {"seconds": 2.0, "stage": "beside it: TF-IDF (plain)", "accuracy": 0.9, "converged": True},
    ]
    assert list(track.metrics_of(lines, ["allow", ODD])) == [
        ("validation_ seed 1/label 1/f1", 0.5, 1.5, 7),
        ("beside it: TF-IDF _plain_/accuracy", 0.9, 2.0, 0),
    ]


@pytest.mark.slow
def test_nothing_of_mlflow_is_loaded_by_the_app_or_by_a_job():
    code = (
        "import sys, services.verbs.table, services.jobs.train_baseline;"
        "sys.exit(any(name.startswith('mlflow') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.slow
def test_a_folder_without_a_model_is_refused(tmp_path):
    (tmp_path / "spec.json").write_text(json.dumps({"job_id": "job-9"}))
    done = subprocess.run(
        [sys.executable, "-m", "services.jobs.track", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0 and JobFolder(tmp_path).events() == []
