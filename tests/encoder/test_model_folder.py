import hashlib
import json
import shlex
import subprocess
import sys

import numpy as np
import pytest
from transformers import AutoTokenizer, pipeline

from domain.errors import BackendError, BadInput
from services.curation.snapshots import take_snapshot
from services.evaluation.reports import evaluate
from services.jobs.managing import launch
from services.jobs.managing.absorb import absorb
from services.modelling.models import list_models, list_runs
from services.modelling.training import train
from services.release import model_folder
from services.release.model_folder import export_model
from storage.predictions import list_predictions
from tests.encoder.test_around_the_loop import jobs_in_this_process  # noqa: F401 - a fixture
from tests.stored_jobs import ready_to_train

pytestmark = pytest.mark.slow


def quiet(_what, _share):
    pass


@pytest.fixture
def model(db, tiny_base, jobs_in_this_process):  # noqa: F811
    """A tiny encoder that went through the whole loop."""
    ready_to_train(db)
    snapshot = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    settings = {"base_model": str(tiny_base), "epochs": 6, "batch_size": 8, "learning_rate": 6e-3}
    job = train(
        db, snapshot_id=snapshot.snapshot_id, recipe="solid", settings={**settings, "seeds": 2},
        name="*Mine* <b>| x", actor="ana",
    )  # fmt: skip
    assert job.state.name == "succeeded", (job.state, launch.folder_of(db, job.job_id).log_tail())
    absorb(db)
    return list_models(db, "kids")[0]


def card_of(folder):
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))


def frozen_answers(db, model, split="test"):
    """Texts and scores of the model's own run."""
    [run] = list_runs(db, model_id=model.model_id, split=split)
    with db.reading() as cursor:
        texts = dict(cursor.execute("SELECT comment_id, body FROM comments").fetchall())
    rows = list_predictions(db, run.run_id).to_pylist()
    return [texts[row["comment_id"]] for row in rows], np.array([row["scores"] for row in rows])


def test_the_folder_loads_in_bare_libraries_with_the_scores_of_the_run(db, model, tmp_path):
    folder = tmp_path / "out"
    written = export_model(db, model.model_id, folder, onnx=True, int8=True, progress=quiet)
    texts, expected = frozen_answers(db, model)

    bare = pipeline("text-classification", model=str(folder), top_k=None)
    given = [{one["label"]: one["score"] for one in row} for row in bare(texts, truncation=True)]
    assert [[row[label] for label in model.labels] for row in given] == pytest.approx(expected, abs=1e-5)

    import onnxruntime

    tokenizer = AutoTokenizer.from_pretrained(folder)
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"))
    [logits] = session.run(
        ["logits"], dict(tokenizer(texts, truncation=True, padding=True, return_tensors="np"))
    )
    powers = np.exp(logits)
    assert powers / powers.sum(axis=1, keepdims=True) == pytest.approx(expected, abs=1e-5)

    assert written.onnx["difference"] < 1e-5 and written.onnx["other_labels"]["n"] == written.onnx["n"] > 0
    assert (folder / "onnx" / "model-int8.onnx").is_file()
    assert str(tmp_path) not in (folder / "config.json").read_text(encoding="utf-8")
    assert not [name for name in written.files if name.endswith((".bin", ".pt", ".pkl", ".joblib"))]


def test_every_file_has_its_hash_and_the_folder_comes_whole_or_not_at_all(db, model, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    written = export_model(db, model.model_id, folder, progress=quiet)
    hashes = json.loads((folder / "hashes.json").read_text(encoding="utf-8"))
    assert set(hashes) | {"hashes.json"} == set(written.files)
    for name, expected in hashes.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected
    with pytest.raises(BadInput, match="exists already"):
        export_model(db, model.model_id, folder, progress=quiet)

    def fails(*_, **__):
        raise BackendError("no.")

    monkeypatch.setattr(model_folder, "card_text", fails)
    with pytest.raises(BackendError):
        export_model(db, model.model_id, tmp_path / "second", progress=quiet)
    assert sorted(path.name for path in tmp_path.iterdir() if "second" in path.name) == []


def test_the_card_says_what_it_learned_from_how_good_it_is_and_whom_it_beats(db, model, tmp_path):
    export_model(db, model.model_id, tmp_path / "out", progress=quiet)
    facts, text = card_of(tmp_path / "out"), (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert facts["data"]["counts"]["train"] and facts["data"]["sha256"] in text
    assert facts["base"]["licence"] == "mit" and 'license: "mit"' in text.split("---")[1]
    [run] = list_runs(db, model_id=model.model_id, split="test")
    accuracy = evaluate(db, run.run_id).report.accuracy
    assert f"{accuracy.value:.3f} ({accuracy.low:.3f} to {accuracy.high:.3f})" in text
    assert [one["seed"] for one in facts["seeds"]] == [0, 1] and "standard deviation" in text
    assert facts["verdict"] in text.replace("\\", "") and "majority label" in text
    assert r"# \*Mine\* \<b\>\| x" in text
    assert (tmp_path / "out" / "train_plain.py").is_file() and "train_plain.py" in text


def test_a_run_repeated_from_its_card_gives_the_same_metrics(db, model, tmp_path):
    export_model(db, model.model_id, tmp_path / "out", progress=quiet)
    facts = card_of(tmp_path / "out")
    words = shlex.split(facts["command"])
    named = dict(zip(words[3::2], words[4::2], strict=False))
    pairs = [words[place + 1].split("=", 1) for place, word in enumerate(words) if word == "--setting"]
    from services.commands.terminal import number_or_text

    again = train(
        db, snapshot_id=named["--snapshot"], recipe=named["--recipe"], name=named["--name"], actor="ben",
        settings={name: number_or_text(value) for name, value in pairs},
    )  # fmt: skip
    assert absorb(db) == [again.job_id]
    repeated = list_models(db, "kids")[0]
    assert repeated.settings == model.settings
    for split in ("validation", "test"):
        before, after = frozen_answers(db, model, split), frozen_answers(db, repeated, split)
        assert before[0] == after[0] and after[1] == pytest.approx(before[1], abs=1e-6)
    export_model(db, repeated.model_id, tmp_path / "again", progress=quiet)
    found = card_of(tmp_path / "again")
    for name, value in facts["spread"].items():
        assert found["spread"][name] == pytest.approx(value, abs=1e-6), name
    assert found["measured"]["macro_f1"] == pytest.approx(facts["measured"]["macro_f1"], abs=1e-6)


def test_an_onnx_export_that_fails_is_told_in_the_words_of_the_error(db, model, tmp_path):
    (db.home / "jobs" / model.job_id / "model" / "hf" / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(BadInput, match="damaged"):
        export_model(db, model.model_id, tmp_path / "out", onnx=True, progress=quiet)
    assert not (tmp_path / "out").exists()


def test_the_export_of_a_model_loads_no_torch_into_the_process_that_owns_the_database():
    code = "import sys, services.release.model_folder; print('torch' in sys.modules, 'onnx' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False False"
