import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.curation.snapshots import take_snapshot
from services.jobs import train_baseline
from services.jobs.managing import launch
from services.jobs.managing.absorb import absorb
from services.jobs.process import worker
from services.modelling import model_facts
from services.modelling.models import list_engines, list_models, list_runs, model_folder
from services.modelling.prediction import predict
from services.modelling.training import train
from services.plain import plain
from services.release.model_folder import export_model
from services.telling.models import models_told
from services.verbs.models import VERBS
from storage import jobs, models
from storage.audit import list_entries
from storage.predictions import list_predictions
from tests.stored_jobs import ready_to_train
from tests.stored_runs import labelled_dataset, stored_run


def quiet(_what, _share):
    pass


@pytest.fixture
def model(db, monkeypatch):
    """A baseline that was trained on the dataset kids, in this process."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr(
        launch, "start_process",
        lambda folder, _kind, lock: worker.run(train_baseline.train, [str(folder.path), "--lock", str(lock)]),
    )  # fmt: skip
    ready_to_train(db)
    snapshot = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    train(db, snapshot_id=snapshot.snapshot_id, settings={"min_df": 1}, actor="ana")
    absorb(db)
    yield list_models(db, "kids")[0]
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def stored(db):
    """A model without files."""
    ids = labelled_dataset(db, [("one", "allow"), ("two", "disallow")])
    stored_run(db, {ids[0]: "allow", ids[1]: "allow"})
    return list_models(db, "kids")[0]


def test_a_baseline_answers_the_same_by_its_own_script_and_nothing_of_ours(db, model, tmp_path):
    folder = tmp_path / "out"
    export_model(db, model.model_id, folder, progress=quiet)
    [run] = list_runs(db, model_id=model.model_id, split="test")
    rows = list_predictions(db, run.run_id).to_pylist()
    with db.reading() as cursor:
        texts = dict(cursor.execute("SELECT comment_id, body FROM comments").fetchall())
    (tmp_path / "asked.txt").write_text("\n".join(texts[row["comment_id"]] for row in rows), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "predict.py"), str(tmp_path / "asked.txt")],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["label"] for one in told] == [row["label"] for row in rows]
    found = np.array([[one["scores"][label] for label in model.labels] for one in told])
    assert found == pytest.approx(np.array([row["scores"] for row in rows]), abs=1e-6)
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "python predict.py comments.txt" in text and "train_plain.py" not in text


@pytest.mark.parametrize("what", ["onnx", "no files", "unknown", "elsewhere", "no place"])
def test_an_export_that_cannot_be_is_refused_and_leaves_nothing(db, model, tmp_path, what):
    folder, asked, wrong = tmp_path / "out", model.model_id, BadInput
    if what == "no files":
        model_folder(db, asked).rename(tmp_path / "away")
        wrong = NotFound
    elif what == "unknown":
        asked, wrong = "model-99", NotFound
    elif what == "elsewhere":
        with db.writing("kids") as cursor:
            cursor.execute("UPDATE models SET backend = 'openai'")
    elif what == "no place":
        (tmp_path / "file").write_text("", encoding="utf-8")
        folder = tmp_path / "file" / "out"
    with pytest.raises(wrong):
        export_model(db, asked, folder, onnx=what == "onnx", progress=quiet)
    assert not folder.exists() and not list(tmp_path.glob(".*draft"))


def test_an_engine_is_for_encoders_and_is_known(db, model):
    given = {"model_id": model.model_id, "snapshot_id": model.snapshot_id, "split": "test", "actor": "ana"}
    with pytest.raises(BadInput, match="is no encoder"):
        predict(db, **given, engine="onnx")
    with pytest.raises(BadInput, match="no engine 'steam'"):
        predict(db, **given, engine="steam")


def test_an_archived_model_leaves_the_list_and_can_be_taken_back(db, stored):
    model_facts.archive(db, stored.model_id, actor="ben")
    assert model_facts.list_model_facts(db, "kids") == []
    [facts] = model_facts.list_model_facts(db, "kids", archived=True)
    assert (facts.archiving.created_by, facts.model) == ("ben", stored)
    with pytest.raises(Conflict, match="archived already"):
        model_facts.archive(db, stored.model_id, actor="ana")
    model_facts.take_back(db, stored.model_id, actor="ana")
    assert [one.model for one in model_facts.list_model_facts(db, "kids")] == [stored]
    with pytest.raises(Conflict, match="not archived"):
        model_facts.take_back(db, stored.model_id, actor="ana")
    told = [(one.actor, one.verb, one.object) for one in list_entries(db, "kids")][-2:]
    assert told == [("ben", "model archived", stored.model_id), ("ana", "model taken back", stored.model_id)]


def test_the_facts_are_of_the_first_test_run_with_its_speed_and_the_size_on_disk(db, model):
    [facts] = model_facts.list_model_facts(db, "kids")
    files = model_folder(db, model.model_id).iterdir()
    assert facts.size_bytes == sum(path.stat().st_size for path in files) > 0
    assert facts.run.split == "test" and facts.comments_per_second > 0
    assert facts.base == "words and letter sequences" and facts.seeds is None and facts.archiving is None


def test_a_model_without_files_and_latencies_is_listed_too(db, stored):
    [facts] = model_facts.list_model_facts(db)
    assert (facts.size_bytes, facts.comments_per_second, facts.licence, facts.ends) == (0, None, None, None)


def test_two_models_are_compared_by_the_settings_that_differ(db, model):
    train(db, snapshot_id=model.snapshot_id, settings={"min_df": 1, "c": 5.0}, actor="ana")
    absorb(db)
    newer = list_models(db, "kids")[0]
    assert model_facts.differences(model, newer) == [("c", 2.0, 5.0)]
    assert model_facts.differences(model, model) == []


def later_run(db, model, *, engine=None, snapshot_id=None, split="test"):
    """Another run of the model, as a job of today would leave it; its id."""
    spec = {"kind": "predict", "snapshot_id": snapshot_id or model.snapshot_id, "restart_of": None,
            "settings": {"engine": engine} if engine else {}}  # fmt: skip
    job_id = jobs.add_job(db, dataset_id="kids", spec=spec, actor="ben", prepare=lambda _: None)
    with db.writing("kids") as cursor:
        return models.add_run(
            cursor, jobs.get_job(db, job_id), model_id=model.model_id, split=split, labels=model.labels,
            score_kind="none", row_count=2,
        )  # fmt: skip


def test_no_later_run_changes_the_run_that_counts(db, stored):
    [first] = list_runs(db, model_id=stored.model_id)
    elsewhere = take_snapshot(db, "kids", actor="ana", split_mode="imported").snapshot_id
    for given in ({}, {"snapshot_id": elsewhere}, {"split": "validation"}):
        later_run(db, stored, **given)
    quick = later_run(db, stored, engine="onnx-int8")
    assert model_facts.headline_run(db, stored) == first
    assert list_engines(db, stored.model_id)[quick] == "onnx-int8"
    assert list_engines(db, stored.model_id)[first.run_id] == "torch"


def test_full_precision_counts_before_an_earlier_8_bit_run_and_test_before_validation(db, stored):
    with db.writing("kids") as cursor:
        cursor.execute("DELETE FROM runs")
    validation = later_run(db, stored, split="validation")
    assert model_facts.headline_run(db, stored).run_id == validation
    quick = later_run(db, stored, engine="onnx-int8")
    assert model_facts.headline_run(db, stored).run_id == quick
    exact = later_run(db, stored)
    assert model_facts.headline_run(db, stored).run_id == exact


def test_the_recipe_of_a_new_model_is_known_and_of_an_older_one_blank(db, model):
    assert model_facts.get_model_facts(db, model.model_id).recipe == "baseline"
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE jobs SET spec = json_merge_patch(spec, '{\"recipe\": null}')")
    assert model_facts.get_model_facts(db, model.model_id).recipe is None


def test_each_run_of_a_model_is_told_with_its_time_accuracy_and_macro_f1(db, stored):
    [run] = list_runs(db, model_id=stored.model_id)
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE models SET backend = 'huggingface'")
    answer = VERBS["models"](db, model=stored.model_id)
    [told] = answer["runs"]
    assert told["engine"] == "torch" and told["accuracy"]["value"] == 0.5
    assert told["macro_f1"]["value"] == pytest.approx(1 / 3)
    line = models_told(plain(answer)).splitlines()[-1]
    assert f"{run.run_id}: test of {stored.snapshot_id}, torch, {told['created_at']}" in line
    assert "accuracy 0.500 (" in line and "macro F1 0.333 (" in line
