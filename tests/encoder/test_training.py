import json
import math
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from domain.errors import BackendError, BadInput
from services.backends.registry import load_classifier, read_about
from services.jobs import train_encoder
from services.jobs.encoders.encoder_losses import classification_loss
from services.jobs.train_encoder import train
from services.jobs.trainer import checkpoints
from services.jobs.trainer.kept_trainer import EpochOrder, KeptTrainer
from services.modelling.base_models import find_base_model
from tests.encoder.conftest import LABELS, comments


@pytest.fixture(scope="module")
def trained(request, tiny_base, tmp_path_factory):
    """One training with length grouping, done once; its job."""
    make = request.getfixturevalue("job_maker")
    job = make(tmp_path_factory.mktemp("trained") / "job-1", epochs=8, learning_rate=6e-3)
    train(job)
    return job


def answers_of(job):
    return pq.read_table(job.folder.path / "predictions.parquet").to_pylist()


def stages(job):
    return {line["stage"]: line for line in job.folder.metrics()}


def told(job, event):
    return [one for one in job.folder.events() if one["event"] == event]


def plain_pass(folder):
    """The saved model by nothing but transformers: a text to its scores, one at a time."""
    model = AutoModelForSequenceClassification.from_pretrained(folder / "hf").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder / "hf")
    limit = read_about(folder)["max_length"]

    def scores(text):
        with torch.inference_mode():
            logits = model(**tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")).logits
        return torch.softmax(logits[0], dim=-1).tolist()

    return scores


def test_it_learns_what_the_words_say(trained):
    about = read_about(trained.folder.path / "model")
    assert about["seeds"][0]["macro_f1"] > 0.9 > 0.4 > about["opponents"][-1]["macro_f1"]


def test_every_stored_prediction_equals_a_plain_forward_pass_of_that_comment(trained):
    texts = {row["comment_id"]: row["text"] for row in comments().to_pylist()}
    stored, plain = answers_of(trained), plain_pass(trained.folder.path / "model")
    assert len({row["label"] for row in stored}) > 1
    for row in stored:
        expected = plain(texts[row["comment_id"]])
        assert row["scores"] == pytest.approx(expected, abs=1e-5), row["comment_id"]
        assert row["label"] == sorted(LABELS)[int(np.argmax(expected))]


def test_the_saved_folder_gives_the_same_scores_in_a_bare_pipeline(trained):
    bare = pipeline("text-classification", model=str(trained.folder.path / "model" / "hf"), top_k=None)
    texts = {row["comment_id"]: row["text"] for row in comments().to_pylist()}
    for row in answers_of(trained)[-12:]:
        given = {one["label"]: one["score"] for one in bare([texts[row["comment_id"]]], truncation=True)[0]}
        assert [given[label] for label in sorted(LABELS)] == pytest.approx(row["scores"], abs=1e-5)


def test_the_model_read_back_answers_the_same_in_any_order_and_company(trained):
    model = load_classifier(trained.folder.path / "model")
    texts = [row["text"] for row in comments().to_pylist() if row["split"] != "train"]
    together = model.predict(texts)
    assert together.scores == pytest.approx(np.vstack([model.scores([text]) for text in texts]), abs=1e-5)
    backwards = model.predict(texts[::-1])
    assert backwards.scores == pytest.approx(together.scores[::-1], abs=1e-5)
    assert together.tokens[texts.index("")] == 2
    assert model.predict([]).labels == []


def test_a_comment_that_spells_a_special_token_is_text(trained):
    model = load_classifier(trained.folder.path / "model")
    [tokens] = model.predict(["[SEP] [PAD]"]).tokens
    assert tokens > 4


def test_the_folder_says_where_the_model_comes_from_and_holds_no_pickle(trained, tiny_base):
    folder = trained.folder.path / "model"
    about = read_about(folder)
    assert about["kind"] == "huggingface" and about["labels"] == sorted(LABELS)
    assert about["base_model"] == {
        "name": str(tiny_base), "source": "folder", "revision": None, "licence": "mit",
        "sha256": find_base_model(str(tiny_base)).sha256,
    }  # fmt: skip
    assert about["snapshot_sha256"] == "f00d" and sum(about["training_rows"].values()) == 208
    assert set(about["libraries"]) == {"python", "torch", "transformers"}
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    assert {"model.safetensors", "tokenizer.json", "config.json", "model.json"} <= files
    assert not [file for file in files if file.endswith((".bin", ".pt", ".pth", ".pkl"))]
    assert not (trained.folder.path / "work").exists()


def test_the_simple_models_are_told_and_the_strongest_is_named_and_compared(trained):
    opponents = read_about(trained.folder.path / "model")["opponents"]
    assert [one["name"] for one in opponents][-1] == "majority label"
    assert {one["name"] for one in opponents} == {
        "majority label", "keyword lists", "TF-IDF", "TF-IDF, rare labels weighted up",
        "frozen embeddings, logistic regression", "frozen embeddings, nearest neighbours",
    }  # fmt: skip
    assert all(one["seconds"] >= 0 for one in opponents)
    best = max(opponents, key=lambda one: one["macro_f1"])
    assert opponents[0] == best
    assert best["name"] in told(trained, "opponents")[0]["message"]
    [comparison] = told(trained, "comparison")
    assert "McNemar" in comparison["message"] and comparison["message"].startswith("The encoder is right on")
    assert f"and {best['macro_f1']:.3f} of {best['name']}." in comparison["message"]
    assert max(opponents, key=lambda one: one["accuracy"])["name"] in comparison["message"]
    assert comparison["verdict"] in ("better", "worse", "not decidable")


def test_metrics_tell_loss_speed_and_every_label(trained):
    lines = trained.folder.metrics()
    steps = [line for line in lines if line["stage"] == "train"]
    assert [line["step"] for line in steps] == sorted({line["step"] for line in steps})
    assert steps[-1]["loss"] < 0.6 * steps[0]["loss"]
    assert all(line["examples_per_second"] > 0 and line["memory_mb"] > 0 for line in steps)
    assert {line["learning_rate"] for line in steps} > {0.0}
    evaluations = [line["step"] for line in lines if line["stage"] == "validation" and "step" in line]
    assert evaluations == [*range(7, 104, 7), 104]
    for label in LABELS:
        assert set(stages(trained)[f"validation, {label}"]) >= {
            "precision",
            "recall",
            "f1",
            "support",
            "step",
        }
    assert set(stages(trained)["validation"]) >= {"accuracy", "macro_f1"}


def test_the_first_batch_is_shown_as_the_model_sees_it(trained):
    [batch] = told(trained, "first_batch")
    assert batch["message"].startswith("The first batch: 16 comments of up to ")
    assert len(batch["comments"]) == 4
    for one in batch["comments"]:
        assert one["tokens"][0] == "[CLS]" and one["tokens"][-1] == "[SEP]" and one["label"] in LABELS
        assert one["padding"] >= 0


@pytest.mark.parametrize(
    "settings",
    [
        {"focal_gamma": 2.0, "class_weight": "balanced", "group_by_length": False},
        {"precision": "bf16", "max_length": 8, "warmup": 3},
    ],
)
def test_every_option_trains(new_job, settings):
    job = new_job(**settings, epochs=2)
    try:
        train(job)
    except BackendError as error:  # so few steps may learn nothing, which is told as such
        assert "answers every comment" in str(error)
    lines = [line for line in job.folder.metrics() if line["stage"] == "train"]
    assert all(math.isfinite(line["loss"]) for line in lines) and lines[-1]["step"] == 26
    if "max_length" in settings:
        assert "at most 8 tokens" in told(job, "base_model")[0]["message"]


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # peft asks
def test_lora_trains_added_matrices_and_merges_them(new_job, tiny_base, monkeypatch):
    monkeypatch.setattr(
        train_encoder, "refuse_one_answer", lambda *_: None
    )  # an untrained base learns little
    job = new_job(lora_rank=8, learning_rate=2e-2)
    train(job)
    before = load_file(tiny_base / "model.safetensors")
    after = load_file(job.folder.path / "model" / "hf" / "model.safetensors")
    changed = {name for name, weight in before.items() if not torch.equal(weight, after[f"bert.{name}"])}
    assert changed and all(name.endswith(("dense.weight", "query.weight", "key.weight", "value.weight"))
                           for name in changed)  # fmt: skip
    assert not [name for name in after if "lora" in name]
    [row] = [row for row in answers_of(job) if row["comment_id"] == 1009]
    plain = plain_pass(job.folder.path / "model")
    assert row["scores"] == pytest.approx(plain(comments()["text"][8].as_py()), abs=1e-5)


def test_several_seeds_are_all_told_and_the_best_on_validation_is_kept(new_job):
    job = new_job(seeds=2, seed=7)
    train(job)
    about = read_about(job.folder.path / "model")
    seeds = {one["seed"]: one["macro_f1"] for one in about["seeds"]}
    assert list(seeds) == [7, 8] and about["kept_seed"] == max(seeds, key=seeds.get)
    assert about["spread"]["macro_f1"]["mean"] == pytest.approx(np.mean(list(seeds.values())))
    assert about["spread"]["macro_f1"]["stdev"] == pytest.approx(np.std(list(seeds.values()), ddof=1))
    assert {"train, seed 7", "train, seed 8"} <= set(stages(job))


def test_a_training_that_gets_no_better_stops_early_and_one_answer_is_named(new_job):
    job = new_job(learning_rate=1e-8, patience=2, epochs=10)
    with pytest.raises(BackendError, match="answers every comment of validation with") as named:
        train(job)
    assert "class_weight=balanced" in named.value.hint
    evaluations = [line["step"] for line in job.folder.metrics() if line["stage"] == "validation"]
    assert evaluations == [7, 14, 21]


def test_a_loss_that_is_no_number_is_named(new_job, monkeypatch):
    def overflows(outputs, *_, **__):
        return outputs["logits"].sum() * math.nan

    monkeypatch.setattr(train_encoder, "classification_loss", lambda *_: overflows)
    job = new_job()
    with pytest.raises(BackendError, match="The loss is nan after step 1") as named:
        train(job)
    assert "Lower learning_rate (it is 0.01)" in named.value.hint
    assert not (job.folder.path / "work").exists()


def test_a_training_that_diverges_is_named(new_job):
    with pytest.raises(BackendError, match="The training diverges: the loss rose from"):
        train(new_job(learning_rate=1.0, warmup=0))


def test_full_memory_is_named_with_what_to_try(new_job, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(KeptTrainer, "training_step", full)
    with pytest.raises(BackendError, match="The memory does not suffice") as named:
        train(new_job())
    assert named.value.hint.startswith("Halve batch_size (it is 16)")


def test_a_full_disk_is_told_before_the_training(new_job, monkeypatch):
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(BadInput, match="the disk has 0.0 GB left"):
        train(new_job())


def test_without_validation_comments_nothing_is_trained(new_job):
    rows = comments()
    with pytest.raises(BadInput, match="has no validation comment"):
        train(new_job(rows=rows.filter(np.array(rows["split"].to_pylist()) != "validation")))


def test_the_loss_is_the_one_of_torch_and_focal_takes_the_weight_from_the_easy():
    draw = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(20, 3, generator=draw), torch.randint(3, (20,), generator=draw)
    weights = torch.tensor([0.5, 1.0, 4.0])
    for given in (None, weights):
        ours = classification_loss(given, 0.0)({"logits": logits}, labels)
        assert ours == pytest.approx(torch.nn.functional.cross_entropy(logits, labels, weight=given).item())
    p = torch.tensor(0.9)  # (1 - 0.9)^2 * -log 0.9, by hand
    focal = classification_loss(None, 2.0)
    certain = torch.stack([p.log(), (1 - p).log()])[None]
    assert focal({"logits": certain}, torch.tensor([0])).item() == pytest.approx(0.00105361, rel=1e-4)


def test_the_order_is_another_in_each_epoch_and_the_same_for_the_same_seed():
    lengths = [number % 17 for number in range(100)]
    first, again = (EpochOrder(lengths, 10, seed=3, grouped=True) for _ in range(2))
    assert list(first) == list(again) and sorted(first) == list(range(100))
    again.set_epoch(1)
    assert list(first) != list(again)
    spreads = [max(lengths[i] for i in batch) - min(lengths[i] for i in batch)
               for batch in np.array(list(first)[10:]).reshape(-1, 10).tolist()]  # fmt: skip
    assert np.mean(spreads) < 8


def test_the_settings_of_the_model_are_those_of_the_job(trained):
    settings = json.loads((trained.folder.path / "spec.json").read_text())["settings"]
    assert read_about(trained.folder.path / "model")["settings"].items() >= settings.items()
