import os
import signal

import pytest

from services.backends import onnx_encoder
from services.curation.snapshots import take_snapshot
from services.jobs import predict, train_encoder
from services.jobs.managing import launch
from services.jobs.managing.absorb import absorb
from services.jobs.process import worker
from services.modelling.models import list_models, list_runs, model_folder
from services.modelling.prediction import predict as ask
from services.modelling.training import train
from storage.predictions import list_predictions
from tests.stored_jobs import ready_to_train

WORK = {"train_encoder": train_encoder.train, "predict": predict.predict}


@pytest.fixture
def jobs_in_this_process(monkeypatch):
    """Jobs run where they are started: a process of their own would load torch anew."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr(
        launch,
        "start_process",
        lambda folder, kind, lock: worker.run(WORK[kind], [str(folder.path), "--lock", str(lock)]),
    )
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_trained_encoder_is_taken_in_and_answers_the_same_when_asked_again(
    db, tiny_base, jobs_in_this_process
):
    ready_to_train(db)
    snapshot = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    settings = {
        "base_model": str(tiny_base),
        "epochs": 10,
        "batch_size": 8,
        "learning_rate": 6e-3,
        "patience": 0,
    }
    job = train(db, snapshot_id=snapshot.snapshot_id, recipe="solid", settings=settings, actor="ana")
    assert job.state.name == "succeeded", (job.state, launch.folder_of(db, job.job_id).log_tail())
    assert absorb(db) == [job.job_id]
    [model] = list_models(db, "kids")
    assert (model.backend, model.labels, model.settings["epochs"]) == (
        "huggingface",
        ("allow", "disallow"),
        10,
    )
    assert model.name == f"solid on {snapshot.snapshot_id}"

    asked = ask(db, model_id=model.model_id, snapshot_id=snapshot.snapshot_id, split="test", actor="ben")
    assert absorb(db) == [asked.job_id]
    new, old = list_runs(db, model_id=model.model_id, split="test")
    before, after = (list_predictions(db, run.run_id).to_pylist() for run in (old, new))
    assert len(before) == new.row_count > 0 and new.score_kind == "softmax"
    for first, second in zip(before, after, strict=True):
        assert (first["comment_id"], first["label"]) == (second["comment_id"], second["label"])
        assert first["scores"] == pytest.approx(second["scores"], abs=1e-6)


def test_onnx_files_are_made_and_compared_once_and_used_by_the_next_prediction(
    db, tiny_base, jobs_in_this_process, monkeypatch
):
    ready_to_train(db)
    snapshot = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    settings = {"base_model": str(tiny_base), "epochs": 10, "batch_size": 8, "learning_rate": 6e-3}
    settings["patience"] = 0
    trained = train(db, snapshot_id=snapshot.snapshot_id, recipe="solid", settings=settings, actor="ana")
    assert trained.state.name == "succeeded", trained.state
    absorb(db)
    [model] = list_models(db, "kids")
    before = files_of(model_folder(db, model.model_id))
    made, export = [], onnx_encoder.export
    monkeypatch.setattr(
        onnx_encoder, "export", lambda *given, **named: (made.append(given), export(*given, **named))
    )

    def engine_told(engine):
        job = ask(db, model_id=model.model_id, snapshot_id=snapshot.snapshot_id, split="test", actor="ben",
                  engine=engine)  # fmt: skip
        folder = launch.folder_of(db, job.job_id)
        assert job.state.name == "succeeded", (job.state, folder.log_tail())
        absorb(db)
        assert not (folder.path / "onnx").exists() and not (folder.path / "work").exists()
        return next(event["message"] for event in folder.events() if event["event"] == "engine")

    kept = launch.folder_of(db, trained.job_id).path / "onnx"
    again = "Its files were made and compared by an earlier prediction. On "
    assert again not in engine_told("onnx")
    assert sorted(path.name for path in kept.iterdir()) == ["check.json", "model.onnx"]
    assert again in engine_told("onnx")
    assert again not in engine_told("onnx-int8"), "the 8-bit file is new"
    assert again in engine_told("onnx-int8")
    (kept / "check.json").write_text('{"libraries": {"torch": "0.1"}, "told": "", "other_labels": 1}')
    assert again not in engine_told("onnx"), "compared with another torch"
    assert again in engine_told("onnx")
    assert sorted(path.name for path in kept.iterdir()) == ["check.json", "model-int8.onnx", "model.onnx"]
    assert len(made) == 1
    assert files_of(model_folder(db, model.model_id)) == before


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
