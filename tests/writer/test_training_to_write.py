"""Models of a few hundred thousand parameters learn to write, on the spot; judged by what gave no reward."""

import json

import numpy as np
import pytest
import torch

from domain.errors import BackendError, BadInput
from domain.pairs import Pair
from services.backends.writer import load_writer, open_writer
from services.generation.settings import RewardSettings
from services.jobs import prefer_writer, reward_decoder, reward_writer, train_writer, write_texts
from services.jobs.writers.rewards import Rewards
from services.jobs.writers.writing_looks import Seen
from services.jobs.writers.writing_panel import panel_of
from tests.writer.conftest import (
    PROMPT,
    detox_pairs,
    dialogue_pairs,
    new_job,
    report_of,
    system,
)

QUICK = {"batch_size": 32, "learning_rate": 3e-3, "max_target": 12, "precision": "fp32", "judged": 40}
REWARDED = {
    "batch_size": 8,
    "samples": 4,
    "meaning_by": "letters",
    "judged": 40,
    "fluency": 0.0,
    "length": 0.0,
}

# Arguments of the library below that the library above still hands over.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning"),
]


def of_kind(job, event):
    return [one for one in job.folder.events() if one["event"] == event]


def change(report, metric):
    """The model last trained against the one before it."""
    return next(one for one in report["comparisons"] if one["metric"] == metric)


def assert_detoxified(job):
    """Mean toxicity fell by 40 % and more, at 0.8 and more of the copy's similarity, to the second judge."""
    report = report_of(job)
    judged, rewarded = report["signatures"]["toxicity"], report["signatures"]["reward"]
    assert judged.endswith("(letters), 'toxic'") and rewarded.endswith("(words), 'toxic'")
    assert report["signatures"]["how it is rewarded"].startswith("The reward is style")
    assert change(report, "toxicity")["verdict"] == "better"  # less of it
    change_of_toxicity = change(report, "toxicity")
    assert change_of_toxicity["relative"] <= -0.4
    assert change_of_toxicity["difference"]["high"] < 0
    after, copy = (
        system(report, name)["metrics"]["meaning"]["value"]
        for name in ("the rewarded model", "copy the input")
    )
    assert after >= 0.8 * copy
    assert change(report, "reward")["verdict"] == "better"


@pytest.fixture(scope="module")
def taught_t5(tiny_t5, tmp_path_factory):
    """A job that taught an encoder-decoder to copy, and to leave the rude word out every second time."""
    path = tmp_path_factory.mktemp("taught") / "job"
    pairs = detox_pairs(kept=0.5)
    job = new_job(path, "train_writer", pairs, base_model=str(tiny_t5), prompt=PROMPT, epochs=14, **QUICK)
    train_writer.train(job)
    return job


@pytest.fixture(scope="module")
def taught_decoder(tiny_decoder, tmp_path_factory):
    path = tmp_path_factory.mktemp("taught") / "job"
    pairs = detox_pairs(kept=0.5)
    job = new_job(
        path, "train_writer", pairs, base_model=str(tiny_decoder), prompt=PROMPT, epochs=14, **QUICK
    )
    train_writer.train(job)
    return job


def test_an_encoder_decoder_is_detoxified_by_our_own_rloo(taught_t5, tmp_path):
    start = taught_t5.folder.path / "model"
    job = new_job(
        tmp_path / "job",
        "reward_writer",
        detox_pairs(),
        start=start,
        steps=40,
        learning_rate=5e-4,
        **REWARDED,
    )
    reward_writer.train(job)
    assert_detoxified(job)
    steps = [one for one in job.folder.metrics() if one["stage"] == "reward"]
    assert {"reward", "kl", "entropy", "copied", "distinct_2", "length_ratio", "style", "meaning"} <= set(
        steps[0]
    )
    assert (len(steps), abs(steps[0]["kl"]) < 1e-4, steps[-1]["kl"] > 0) == (40, True, True)
    _, about = load_writer(job.folder.path / "model")
    assert (about["task"], about["has_encoder"], about["started_from"]) == ("detoxify", True, "model-1")


def test_a_decoder_is_detoxified_by_trl_with_kl(taught_decoder, tmp_path):
    start = taught_decoder.folder.path / "model"
    settings = {**REWARDED, "method": "grpo", "learning_rate": 3e-4}
    job = new_job(tmp_path / "job", "reward_decoder", detox_pairs(), start=start, steps=30, **settings)
    reward_decoder.train(job)
    assert_detoxified(job)
    assert all("kl" in one for one in job.folder.metrics() if one["stage"] == "policy")


def test_a_training_stops_when_kl_passes_its_budget(taught_t5, tmp_path):
    start = taught_t5.folder.path / "model"
    settings = {**REWARDED, "judged": 10, "learning_rate": 5e-3, "kl_budget": 0.5, "beta": 1e-6}
    job = new_job(tmp_path / "job", "reward_writer", detox_pairs(), start=start, steps=40, **settings)
    reward_writer.train(job)
    [stopped] = of_kind(job, "stopped")
    assert "passed its budget of 0.5" in stopped["message"]
    assert len([one for one in job.folder.metrics() if one["stage"] == "reward"]) < 40


def test_relevance_and_reward_of_a_reply_model_rise(tiny_t5, tmp_path):
    noisy = dialogue_pairs(noise=0.6, reply=True)  # mostly the same answer to everything
    taught = new_job(
        tmp_path / "taught", "train_writer", noisy, task="reply", base_model=str(tiny_t5),
        prompt="reply : {source}", epochs=8, **QUICK,
    )  # fmt: skip
    train_writer.train(taught)
    settings = {**REWARDED, "meaning_of": "reference", "learning_rate": 5e-4, "style": 0.0}
    job = new_job(
        tmp_path / "job", "reward_writer", dialogue_pairs(reply=True), task="reply",
        start=taught.folder.path / "model", steps=25, **settings,
    )  # fmt: skip
    reward_writer.train(job)
    report = report_of(job)
    assert change(report, "relevance")["verdict"] == "better"
    assert change(report, "reward")["verdict"] == "better"


def test_with_lora_few_numbers_are_trained_and_merged_at_the_end(tiny_t5, tmp_path):
    settings = {**QUICK, "lora_rank": 4, "epochs": 1, "judged": 10}
    job = new_job(tmp_path / "job", "train_writer", detox_pairs(80), base_model=str(tiny_t5), **settings)
    train_writer.train(job)
    [counted] = of_kind(job, "parameters")
    assert 0 < counted["trained"] < counted["parameters"] / 2
    writer, _ = load_writer(job.folder.path / "model")
    before = open_writer(tiny_t5, name="t5", max_source=64, max_target=8)
    names = set(writer.model.state_dict())
    assert names == set(before.model.state_dict())
    changed = [
        name for name in names
        if not torch.equal(writer.model.state_dict()[name], before.model.state_dict()[name])
    ]  # fmt: skip
    assert changed


@pytest.mark.parametrize("taught", ["taught_t5", "taught_decoder"])
def test_a_model_learns_from_what_people_preferred_and_is_measured_on_the_rest(taught, request, tmp_path):
    pairs = detox_pairs()
    start = request.getfixturevalue(taught).folder.path / "model"
    settings = {"epochs": 2, "learning_rate": 1e-4, "judged": 40}
    job = new_job(tmp_path / "job", "prefer_writer", pairs, start=start, **settings)
    rated = [one for one in pairs if one.split == "test"][:10] + pairs[:60]
    lines = [
        json.dumps({"pair_id": one.pair_id, "chosen": one.references[0], "rejected": one.source})
        for one in rated
    ]
    (job.folder.path / "inputs" / "preferences.jsonl").write_text("\n".join(lines))
    prefer_writer.train(job)
    report = report_of(job)
    assert report["n"] == 30  # of 40 test pairs, 10 were rated
    assert report["signatures"]["left out"].startswith("10 pairs")
    _, about = load_writer(job.folder.path / "model")
    assert about["rated_pairs"] == {"pairs-1": sorted({one.pair_id for one in rated})}
    assert change(report, "toxicity")["difference"]["value"] < 0
    preferred = [one["preferred"] for one in job.folder.metrics() if "preferred" in one]
    assert np.mean(preferred[-5:]) > np.mean(preferred[:5])


def test_a_model_writes_with_examples_and_the_best_of_several(taught_t5, tmp_path):
    settings = {
        "model": "model-1",
        "shots": 1,
        "best_of": 3,
        "temperature": 1.0,
        "judged": 20,
        "max_target": 12,
    }
    job = new_job(tmp_path / "job", "write_texts", detox_pairs(), **settings)
    (job.folder.path / "inputs" / "model").symlink_to(taught_t5.folder.path / "model")
    write_texts.write(job)
    report = report_of(job)
    names = [one["name"] for one in report["systems"] if one["kind"] == "model"]
    assert names == ["model-1, one-shot", "model-1, the best of 3 to the reward"]
    [asked] = of_kind(job, "prompt")
    assert asked["first"].count("polite :") == 2  # the solved example, and the question
    assert change(report, "reward")["difference"]["value"] > 0


def test_a_base_model_of_the_hub_says_clearly_that_the_hub_does_not_answer(tmp_path):
    job = new_job(tmp_path / "job", "train_writer", detox_pairs(80), base_model="google/flan-t5-base")
    with pytest.raises(
        BackendError, match="hub does not answer, and google/flan-t5-base was not fetched"
    ) as told:
        train_writer.train(job)
    assert "minilm" not in told.value.hint and "that writes" in told.value.hint


def test_a_model_that_does_not_write_is_refused_by_name(tmp_path):
    job = new_job(tmp_path / "job", "train_writer", detox_pairs(80), base_model="minilm")
    with pytest.raises(BadInput, match="minilm cannot write"):
        train_writer.train(job)


def test_leaving_one_out_compares_each_answer_with_the_others():
    found = reward_writer.leave_one_out(torch.tensor([1.0, 0.0, 0.5, 4.0, 4.0, 4.0]), 3)
    assert found.tolist() == pytest.approx([0.75, -0.75, 0.0, 0.0, 0.0, 0.0])


def test_words_after_the_end_of_an_answer_do_not_count():
    answers = torch.tensor([[5, 6, 1, 0], [5, 1, 1, 1], [5, 6, 7, 8]])
    assert reward_writer.said_mask(answers, 1).tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]


def test_the_log_probabilities_are_those_of_the_models_own_loss(tiny_t5):
    writer = open_writer(tiny_t5, name="t5", max_source=32, max_target=8)
    batch = writer.batch_of(["your video is long"])
    labels = writer.tokenizer(["my song is loud"], return_tensors="pt")["input_ids"]
    drawn = torch.cat([torch.zeros(1, 1, dtype=labels.dtype), labels], dim=1)
    writer.model.eval()
    with torch.no_grad():
        logps, entropy = reward_writer.word_logps(writer.model, batch, drawn, 1.0)
        loss = writer.model(**batch, labels=labels).loss
    assert float(-logps.mean()) == pytest.approx(float(loss), abs=1e-5)
    assert (entropy > 0).all()


def test_a_judge_that_disagrees_twice_in_a_row_is_counted():
    seen = Seen()
    assert seen.saw(0, 0.5, 0.5)
    assert seen.saw(20, 0.6, 0.6)
    assert not seen.saw(40, 0.7, 0.5)
    assert not seen.saw(60, 0.8, 0.4)
    assert (seen.disagreed, seen.best_step) == (2, 20)
    assert not seen.saw(80, 0.9, 0.595) and seen.disagreed == 0  # within the margin


def test_the_reward_is_the_weighted_mean_of_its_parts():
    pairs = [one for one in detox_pairs(60) if one.split == "train"]
    panel = panel_of("detoxify", pairs)
    rewards = Rewards(
        panel, RewardSettings(style=1.0, meaning=2.0, fluency=0.0, length=1.0, meaning_by="letters")
    )
    assert rewards.weights == {"style": 0.25, "meaning": 0.5, "length": 0.25}
    parts = rewards.parts(pairs[:1], [pairs[0].source])
    assert (parts["meaning"][0], parts["length"][0]) == (1.0, pytest.approx(1 - 1 / 6))
    assert rewards.total(parts)[0] == pytest.approx(0.25 * parts["style"][0] + 0.5 + 0.25 * (5 / 6))
    empty = rewards.parts([pairs[0]], [""])
    assert (empty["meaning"][0], empty["length"][0]) == (0.0, 0.0)
    assert np.isfinite(rewards.total(empty)).all()
    assert isinstance(pairs[0], Pair)
