import json

import numpy as np
import pytest
import torch

from domain.errors import BackendError
from services.jobs.cross_validate import cross_validate
from services.jobs.encoders.lesson import load_tokenizer
from services.jobs.learning_curve import learning_curve
from services.jobs.opponents.embedding_opponents import NEIGHBOURS, EmbeddingOpponents, chosen
from services.jobs.opponents.opponents import train_opponents
from services.jobs.search import search
from services.jobs.studies import encoder_attempts
from services.jobs.studies.attempt import Attempt
from services.jobs.studies.attempts import fit_and_answer
from services.jobs.train_encoder import train
from services.modelling.base_models import find_base_model
from services.modelling.settings import EncoderSettings
from services.modelling.studies import search_spaces
from services.modelling.studies.search_spaces import Choice, Span
from tests.encoder.conftest import LABELS, comments

pytestmark = pytest.mark.slow

SMALL_SPACE = {
    "learning_rate": Span(1e-3, 2e-2, log=True),
    "epochs": Span(1, 4, whole=True),
    "batch_size": Choice((16,)),
}


@pytest.fixture
def study(new_job, tiny_base, monkeypatch):
    """Makes a study's job for the tiny base."""
    monkeypatch.setattr(search_spaces, "ENCODER_SPACE", SMALL_SPACE)

    def make(kind, name="study", rows=None, **plan):
        job = new_job(name, rows=rows)
        settings = {"base_model": str(tiny_base), "epochs": 3, "batch_size": 16, "learning_rate": 1e-2}
        spec = {**job.spec, "kind": kind}
        spec["settings"] = {"recipe": "quick-look", "settings": {**settings, "precision": "fp32"}, **plan}
        (job.folder.path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        return type(job)(job.folder)

    return make


def found_by(job):
    return json.loads((job.folder.path / "study.json").read_text(encoding="utf-8"))


def test_a_search_tries_the_recipe_first_and_every_trial_within_the_space(study):
    job = study("search", trials=3)
    search(job)
    found = found_by(job)
    assert found["trials"][0]["settings"] == {"learning_rate": 1e-2, "epochs": 3, "batch_size": 16}
    assert all(1e-3 <= one["settings"]["learning_rate"] <= 2e-2 for one in found["trials"])
    best = max(found["trials"], key=lambda one: one["value"])
    assert found["trials"][found["best"]["trial"] - 1]["value"] == best["value"] > 0.6
    assert found["best"]["settings"].items() >= {"precision": "fp32"}.items()
    assert {line["stage"] for line in job.folder.metrics()} == {"trials"}
    assert [event["event"] for event in job.folder.events()] == [
        *["progress"] * (len(job.folder.events()) - 1), "study",
    ]  # fmt: skip
    assert not (job.folder.path / "work").exists()


def test_a_trial_reaches_what_a_training_with_its_settings_reaches(study, new_job, tiny_base):
    job = study("search", trials=1)
    search(job)
    [trial] = found_by(job)["trials"]
    training = new_job("training", epochs=3)
    train(training)
    about = json.loads((training.folder.path / "model" / "model.json").read_text(encoding="utf-8"))
    assert trial["value"] == pytest.approx(about["seeds"][0]["macro_f1"], abs=1e-9)


class GivenUp(Exception):
    pass


def test_an_attempt_tells_every_evaluation_and_may_be_given_up_at_any(new_job, tiny_base, tmp_path):
    job, heard = new_job(), []
    rows, validation = job.comments(["train"]), job.comments(["validation"])
    config = EncoderSettings(base_model=str(tiny_base), epochs=2, batch_size=16, learning_rate=1e-2)
    first = Attempt(rows, validation, validation, tmp_path / "first")
    fit_and_answer(job, config, first, lambda step, found: heard.append((step, found.n)))
    assert heard == [(step, validation.num_rows) for step in (1, 2, 3, 4)]  # two in each epoch

    def give_up(step, found):
        heard.append(step)
        if step == 3:
            raise GivenUp

    with pytest.raises(GivenUp):
        fit_and_answer(job, config, Attempt(rows, validation, validation, tmp_path / "second"), give_up)
    assert heard[4:] == [1, 2, 3]


def test_a_diverging_trial_has_failed_and_the_search_goes_on(study, monkeypatch):
    real, calls = encoder_attempts.fit_seed, []

    def diverges_second(*given, **named):
        calls.append(1)
        if len(calls) == 2:
            raise BackendError("The training diverges: the loss rose.")
        return real(*given, **named)

    monkeypatch.setattr(encoder_attempts, "fit_seed", diverges_second)
    job = study("search", trials=3)
    search(job)
    assert [one["state"] for one in found_by(job)["trials"]] == ["finished", "failed", "finished"]


def test_a_cross_validation_chooses_no_checkpoint_by_the_comments_asked(study, monkeypatch):
    parts, real = [], encoder_attempts.prepare

    def noted(config, base, *, rows, validation):
        parts.append((rows["comment_id"].to_pylist(), validation["comment_id"].to_pylist()))
        return real(config, base, rows=rows, validation=validation)

    monkeypatch.setattr(encoder_attempts, "prepare", noted)
    job = study("cross_validate", folds=2)
    cross_validate(job)
    found = found_by(job)
    assert [one["asked"] for one in found["folds"]] == [len(b) + len(a) for a, b in reversed(parts)]
    for learned, watched in parts:
        assert set(learned).isdisjoint(watched) and 0.05 < len(watched) / len(learned) < 0.3
    (first, first_watched), (second, second_watched) = parts
    assert {*first, *first_watched}.isdisjoint({*second, *second_watched})
    assert found["mean"] > 0.4


def test_a_learning_curve_of_an_encoder_trains_once_per_share(study):
    job = study("learning_curve", rows=comments(400))
    learning_curve(job)
    points = found_by(job)["points"]
    assert [(one["share"], len(one["values"])) for one in points] == [(0.1, 1), (0.25, 1), (0.5, 1), (1.0, 1)]
    assert points[-1]["value"] > points[0]["value"]


@pytest.fixture
def on_embeddings(tiny_base):
    base = find_base_model(str(tiny_base))
    return EmbeddingOpponents(base, load_tokenizer(base)[0], 64)


def test_an_embedding_is_the_mean_of_the_tokens_whatever_the_company(on_embeddings):
    texts = ["lovely", "stupid idiot word1 word2 word3", "", "scum " * 300]
    together = on_embeddings.embed(texts)
    alone = np.vstack([on_embeddings.embed([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    from transformers import AutoModel

    model = AutoModel.from_pretrained(on_embeddings._base.folder).eval()
    with torch.inference_mode():
        tokens = on_embeddings._tokenizer(texts[1], return_tensors="pt")
        plain = model(**tokens).last_hidden_state[0].mean(dim=0).numpy()
    assert np.allclose(together[1], plain / np.linalg.norm(plain), atol=1e-5)


def test_the_opponents_on_embeddings_beat_the_majority_and_are_kept_for_a_restart(new_job, on_embeddings):
    job = new_job(rows=comments(400))
    rows, validation = job.comments(["train"]), job.comments(["validation"])
    found = train_opponents(job, rows, validation, more=on_embeddings)
    scores = {one.name: one.macro_f1 for one in found}
    assert found[0].macro_f1 == max(scores.values())
    assert scores["frozen embeddings, logistic regression"] > scores["majority label"]
    assert scores["frozen embeddings, nearest neighbours"] > scores["majority label"]
    assert scores["keyword lists"] > scores["majority label"]
    again = train_opponents(job, rows, validation, more=lambda *_: pytest.fail("trained again"))
    assert again == found


def test_k_is_chosen_by_comments_held_out_of_training():
    draw = np.random.default_rng(3)
    names = np.array([LABELS[n % 2] for n in range(300)], dtype=object)
    learned = np.eye(2, dtype=np.float32)[np.arange(300) % 2] + draw.normal(0, 0.05, (300, 2)).astype(
        np.float32
    )
    seen = []

    def fit(k, rows, of, asked):
        seen.append((k, len(rows), len(asked)))
        return names[:60].tolist() if k == 5 else [LABELS[0]] * 60

    assert chosen(NEIGHBOURS, fit, learned, names) == 5
    assert {(rows, asked) for _, rows, asked in seen} == {(240, 60)}
