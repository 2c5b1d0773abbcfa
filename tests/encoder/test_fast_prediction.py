import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from domain.errors import BackendError
from services.backends import onnx_encoder
from services.backends.encoder_batches import batches, distinct, padded
from services.backends.registry import load_classifier, read_about
from services.jobs import train_encoder
from services.jobs.files import answers
from services.jobs.predict import predict
from services.jobs.process.folder import JobFolder
from services.jobs.process.worker import RunningJob
from tests.encoder.conftest import LABELS, comments

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

# The prediction in chunks of 40, killed as by `kill -9` when it has kept the number given.
DIES = """
import os, signal, sys, torch
torch.set_num_threads(1)
from services.jobs.files import answer_chunks
from services.jobs.files import answers
from services.jobs import predict
from services.jobs.process.worker import run
answers.CHUNK_ROWS, kept = 40, int(sys.argv.pop(1))
add = answer_chunks.KeptChunks.add
def dying(self, number, rows):
    add(self, number, rows)
    if number == kept - 1:
        os.kill(os.getpid(), signal.SIGKILL)
answer_chunks.KeptChunks.add = dying
sys.exit(run(predict.predict))
"""


@pytest.fixture(scope="module")
def model(request, tiny_base, tmp_path_factory):
    """The folder of a tiny encoder that was trained on these comments."""
    job = request.getfixturevalue("job_maker")(
        tmp_path_factory.mktemp("trained") / "job-1", epochs=8, learning_rate=6e-3
    )
    train_encoder.train(job)
    return job.folder.path / "model"


@pytest.fixture(scope="module")
def files(model, tmp_path_factory):
    """Its ONNX files."""
    folder = tmp_path_factory.mktemp("onnx")
    onnx_encoder.export(model, folder, int8=True)
    return folder


@pytest.fixture
def job_of(model, tmp_path):
    """Makes the folder of a job that lets the model predict everything; optionally with an engine."""

    def make(name, **settings):
        folder = tmp_path / name
        shutil.copytree(model, folder / "inputs" / "model")
        pq.write_table(comments(), folder / "inputs" / "comments.parquet")
        spec = {"kind": "predict", "snapshot_id": "snapshot-1", "settings": settings,
                "splits": ["train", "validation", "test"]}  # fmt: skip
        (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        return RunningJob(JobFolder(folder))

    return make


def texts():
    return comments()["text"].to_pylist()


def scores_by_id(job):
    rows = pq.read_table(job.folder.path / "predictions.parquet").to_pylist()
    return {row["comment_id"]: row["scores"] for row in rows}


def near(scores):
    return {comment_id: pytest.approx(row, abs=1e-5) for comment_id, row in scores.items()}


def counted(classifier, monkeypatch):
    """The number of texts in each batch that the classifier computes from now on."""
    seen, compute = [], classifier._probabilities

    def count(tokens):
        seen.append(len(tokens))
        return compute(tokens)

    monkeypatch.setattr(classifier, "_probabilities", count)
    return seen


def test_equal_texts_are_computed_once_and_all_answered(model, monkeypatch):
    classifier = load_classifier(model)
    seen = counted(classifier, monkeypatch)
    answers = classifier.predict(["lovely", "scum", "lovely", "", "lovely"])
    assert sum(seen) == 3
    assert (answers.scores[0] == answers.scores[2]).all() and (answers.scores[0] == answers.scores[4]).all()
    assert len(answers.labels) == 5 and answers.tokens[0] == answers.tokens[2]


def test_batches_hold_every_place_once_and_never_more_tokens_than_asked():
    lengths = [5, 90, 3, 3, 40, 41, 2, 700, 12]
    together = list(batches(lengths, 100))
    assert sorted(place for batch in together for place in batch) == list(range(len(lengths)))
    for batch in together:
        assert len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= 100
    assert distinct(["b", "a", "b"]) == (["b", "a"], [0, 1, 0])


def test_a_batch_is_padded_to_its_longest_text_and_no_further():
    ids, mask = padded([[7, 8], [9]], 4)
    assert ids.tolist() == [[7, 8], [9, 4]] and mask.tolist() == [[1, 1], [1, 0]]


def test_a_killed_prediction_goes_on_and_computes_no_answer_twice(job_of, monkeypatch):
    monkeypatch.setattr(answers, "CHUNK_ROWS", 40)
    unbroken, killed = job_of("unbroken"), job_of("job-1")
    predict(unbroken)
    died = subprocess.run(
        [sys.executable, "-c", DIES, "4", killed.folder.path], cwd=ROOT, capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    again = job_of("job-2")
    shutil.copytree(killed.folder.path / "work", again.folder.path / "work", copy_function=os.link)
    asked, read = [], load_classifier

    def load(folder):
        classifier = read(folder)
        answer = classifier.predict
        monkeypatch.setattr(classifier, "predict", lambda given: (asked.extend(given), answer(given))[1])
        return classifier

    monkeypatch.setattr("services.jobs.predict.load_classifier", load)
    predict(again)
    assert len(asked) == len(texts()) - 4 * 40
    assert scores_by_id(again) == near(scores_by_id(unbroken))
    assert not (again.folder.path / "work").exists()


@pytest.mark.parametrize("damage", ["torn", "of other comments"])
def test_a_kept_chunk_that_is_of_no_use_is_asked_about_again(job_of, monkeypatch, damage):
    monkeypatch.setattr(answers, "CHUNK_ROWS", 100)
    whole, job = job_of("whole"), job_of("job-1")
    predict(whole)
    kept = job.folder.path / "work" / "answers" / "chunk-000000.parquet"
    kept.parent.mkdir(parents=True)
    rows = pq.read_table(whole.folder.path / "predictions.parquet")
    pq.write_table(rows.slice(100, 100), kept)
    if damage == "torn":
        kept.write_bytes(kept.read_bytes()[:200])
    predict(job)
    assert scores_by_id(job) == near(scores_by_id(whole))


def test_the_onnx_file_gives_the_scores_of_the_model_in_any_length_and_company(model, files):
    exact, plain = onnx_encoder.load(model, files, "onnx"), load_classifier(model)
    assert exact.scores(texts()) == pytest.approx(plain.scores(texts()), abs=1e-5)
    for text in ("", "lovely", "lovely " * 700):
        assert exact.scores([text]) == pytest.approx(plain.scores([text]), abs=1e-5)
    assert exact.predict(texts()).tokens == plain.predict(texts()).tokens


def test_the_onnx_file_loads_in_a_bare_onnxruntime(model, files):
    import onnxruntime
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model / "hf")
    session = onnxruntime.InferenceSession(str(files / "model.onnx"))
    given = tokenizer(texts()[:20], truncation=True, padding=True, return_tensors="np")
    [logits] = session.run(["logits"], dict(given))
    powers = np.exp(logits)
    expected = load_classifier(model).scores(texts()[:20])
    assert powers / powers.sum(axis=1, keepdims=True) == pytest.approx(expected, abs=1e-5)


def test_close_calls_of_the_8_bit_file_get_the_answer_of_the_32_bit_file(model, files, monkeypatch):
    careful, plain = onnx_encoder.load(model, files, "onnx-int8"), load_classifier(model)
    rough, exact = careful.scores(texts()), plain.scores(texts())
    assert np.abs(rough - exact).max() > 1e-6  # or nothing was made smaller
    monkeypatch.setattr(onnx_encoder, "CLOSE", 1.1)  # everything is close
    assert careful.scores(texts()) == pytest.approx(exact, abs=1e-5)
    assert careful.asked_again >= len(set(texts()))


def test_the_check_counts_labels_that_change_and_refuses_another_model(model, files, tmp_path):
    found = onnx_encoder.check(model, files, texts())
    assert found.n == len(texts()) and found.difference < 1e-5 < found.difference_int8
    assert (
        found.other_labels.n == found.n and found.other_labels_close.successes <= found.other_labels.successes
    )
    assert "get another label" in str(found) and f"On {found.n:,} comments" in str(found)
    other = shutil.copytree(model, tmp_path / "other")
    from safetensors.torch import load_file, save_file

    weights = load_file(other / "hf" / "model.safetensors")
    weights["classifier.weight"] = -weights["classifier.weight"]
    save_file(weights, other / "hf" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BackendError, match="differs from the model by"):
        onnx_encoder.check(other, files, texts())


@pytest.mark.parametrize("engine", ["onnx", "onnx-int8"])
def test_a_job_with_another_engine_says_how_it_compares_and_answers_every_comment(job_of, engine):
    plain, job = job_of("plain"), job_of("job-1", engine=engine)
    predict(plain)
    predict(job)
    expected, found = scores_by_id(plain), scores_by_id(job)
    assert found.keys() == expected.keys()
    if engine == "onnx":
        assert found == near(expected)
    [told] = [event for event in job.folder.events() if event["event"] == "engine"]
    assert told["message"].startswith(f"Answers come from {engine}. On 256 comments")
    assert read_about(job.folder.path / "inputs" / "model")["labels"] == sorted(LABELS)
