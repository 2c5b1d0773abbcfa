"""An encoder where a comment may have several labels, from training to the folder that others load."""

import json

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import AutoTokenizer, pipeline

from domain.errors import BadInput
from domain.labels import answer_of
from services.backends import onnx_encoder
from services.curation.snapshots import take_snapshot
from services.evaluation.set_reports import evaluate_sets
from services.jobs.encoders.encoder_losses import several_labels_loss
from services.jobs.managing import launch
from services.jobs.managing.absorb import absorb
from services.modelling.models import list_models, list_runs, model_folder
from services.modelling.prediction import predict as ask
from services.modelling.training import train
from services.release.model_folder import export_model
from storage.predictions import list_predictions
from tests.encoder.test_around_the_loop import jobs_in_this_process  # noqa: F401 - a fixture
from tests.encoder.test_model_folder import frozen_answers, quiet
from tests.several import LABELS, SEVERAL, several_dataset
from tests.stored_jobs import ready_to_train

SETTINGS = {"epochs": 12, "batch_size": 16, "learning_rate": 1e-2, "patience": 0, "precision": "fp32"}


@pytest.fixture
def trained(db, tmp_path, tiny_base, jobs_in_this_process):  # noqa: F811
    """Takes a tiny encoder through the whole loop; the model and its snapshot."""

    def make(**settings):
        snapshot = several_dataset(db, tmp_path)
        given = {**SETTINGS, "base_model": str(tiny_base), **settings}
        job = train(db, snapshot_id=snapshot.snapshot_id, recipe="solid", settings=given, actor="ana")
        assert job.state.name == "succeeded", (job.state, launch.folder_of(db, job.job_id).log_tail())
        absorb(db)
        return list_models(db, SEVERAL)[0], snapshot

    return make


def outputs(logits):
    return {"logits": torch.tensor(logits)}


def test_the_loss_is_binary_cross_entropy_with_the_weights_of_torch():
    logits = [[0.3, -1.2, 4.0], [-30.0, 30.0, 0.0]]
    labels, weights = torch.tensor([[1.0, 0, 1], [1, 0, 0]]), torch.tensor([2.0, 1.0, 0.5])
    for given in (None, weights):
        expected = binary_cross_entropy_with_logits(torch.tensor(logits), labels, pos_weight=given)
        assert several_labels_loss(given, 0.0)(outputs(logits), labels) == pytest.approx(expected.item())


def test_the_focal_loss_takes_weight_from_what_is_predicted_well():
    p, labels = 0.9, torch.tensor([[1.0, 0.0]])
    logits = [[np.log(p / (1 - p)), -np.log(p / (1 - p))]]  # both right with 0.9
    found = several_labels_loss(None, 2.0)(outputs(logits), labels)
    assert found.item() == pytest.approx(-((1 - p) ** 2) * np.log(p), rel=1e-4)


@pytest.mark.slow
def test_a_trained_encoder_gives_each_label_a_score_of_its_own_and_the_set_from_one_half_on(db, trained):
    model, snapshot = trained()
    assert model.labels == LABELS
    [run] = list_runs(db, model_id=model.model_id, split="test")
    assert run.score_kind == "sigmoid" and run.several
    for row in list_predictions(db, run.run_id).to_pylist():
        over = [label for label, score in zip(LABELS, row["scores"], strict=True) if score >= 0.5]
        assert row["label"] == answer_of(over, LABELS)
    found = evaluate_sets(db, run.run_id).report
    assert found.subset_accuracy.value > 0.45 and found.macro_f1.value > 0.7  # most often seen: 0.27 and 0
    events = launch.folder_of(db, model.job_id).events()
    told = [event["message"] for event in events if event["event"] in ("opponents", "comparison")]
    assert any("do not do several labels" in message for message in told)
    metrics = launch.folder_of(db, model.job_id).metrics()
    beside = {str(line["stage"]) for line in metrics if str(line["stage"]).startswith("beside it")}
    assert {name.removeprefix("beside it: ") for name in beside} == {
        "majority label", "keyword lists", "TF-IDF", "TF-IDF, rare labels weighted up",
    }  # fmt: skip
    assert {line["label"] for line in metrics if "label" in line} == set(LABELS)


@pytest.mark.slow
def test_the_folder_loads_in_bare_libraries_with_the_scores_of_the_run_of_several_labels(
    db, tmp_path, trained
):
    model, snapshot = trained(class_weight="balanced", focal_gamma=1.0)
    folder = tmp_path / "out"
    written = export_model(db, model.model_id, folder, onnx=True, int8=True, progress=quiet)
    texts, expected = frozen_answers(db, model)
    bare = pipeline("text-classification", model=str(folder), top_k=None)
    given = [{one["label"]: one["score"] for one in row} for row in bare(texts, truncation=True)]
    assert [[row[label] for label in LABELS] for row in given] == pytest.approx(expected, abs=1e-5)
    assert bare.model.config.problem_type == "multi_label_classification"

    import onnxruntime

    tokenizer = AutoTokenizer.from_pretrained(folder)
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"))
    [logits] = session.run(
        ["logits"], dict(tokenizer(texts, truncation=True, padding=True, return_tensors="np"))
    )
    assert 1 / (1 + np.exp(-logits)) == pytest.approx(expected, abs=1e-5)
    assert written.onnx["difference"] < 1e-5
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "any of 3 labels" in card and "subset accuracy" in card
    assert "train_plain.py" not in written.files and json.loads((folder / "card.json").read_text())

    # The same through our own reading of the files, in 32 bits and in 8 with a second look.
    for engine in ("onnx", "onnx-int8"):
        asked = ask(db, model_id=model.model_id, snapshot_id=snapshot.snapshot_id, split="test",
                    engine=engine, actor="ana")  # fmt: skip
        assert absorb(db) == [asked.job_id]
        newest = list_runs(db, model_id=model.model_id, split="test")[0]
        rows = list_predictions(db, newest.run_id).to_pylist()
        assert newest.several
        assert np.array([row["scores"] for row in rows]) == pytest.approx(expected, abs=0.1)
    files = model_folder(db, model.model_id).parent / "onnx"
    assert (files / onnx_encoder.FILE_INT8).exists()


@pytest.mark.slow
def test_a_model_of_several_labels_and_a_snapshot_of_one_do_not_meet(db, trained):
    model, _ = trained(epochs=6)
    ready_to_train(db)
    single = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    with pytest.raises(BadInput, match="do not fit"):
        ask(db, model_id=model.model_id, snapshot_id=single.snapshot_id, split="test", actor="ana")
