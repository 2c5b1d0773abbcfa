"""A training of a model that writes is paused and goes on; on this processor nothing shows that it was."""

import json
import math
import shutil

import pytest
import torch
from safetensors.torch import load_file

from services.backends.huggingface import FILES
from services.jobs import prefer_writer, reward_decoder, reward_writer, train_writer
from services.jobs.process.worker import Paused
from services.jobs.writers import dpo
from tests.writer.conftest import PROMPT, detox_pairs, new_job, report_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*:FutureWarning"),
]

QUICK = {"learning_rate": 1e-3, "judged": 10}
REWARDED = {**QUICK, "steps": 6, "batch_size": 4, "samples": 2, "meaning_by": "letters", "look_every": 2}
LEARNS = {**QUICK, "epochs": 2, "batch_size": 16, "max_target": 12, "prompt": PROMPT, "precision": "fp32"}
WAYS = {
    "pairs, encoder-decoder": (train_writer, "tiny_t5", {**LEARNS, "patience": 1}),
    "pairs, decoder with LoRA": (train_writer, "tiny_decoder", {**LEARNS, "lora_rank": 4}),
    "rewards, encoder-decoder": (reward_writer, "started_t5", REWARDED),
    "rewards, decoder": (reward_decoder, "started_decoder", {**REWARDED, "method": "grpo"}),
    "preferences, encoder-decoder": (prefer_writer, "started_t5", {**QUICK, "epochs": 2, "batch_size": 4}),
}
PAIRS = detox_pairs(100)


def with_dropout(folder, into, **dropped):
    """The same model, in which chance drops numbers as it learns."""
    shutil.copytree(folder, into)
    config = json.loads((into / "config.json").read_text())
    (into / "config.json").write_text(json.dumps({**config, **dropped}))
    return into


@pytest.fixture(scope="module")
def started(tiny_t5, tiny_decoder, tmp_path_factory):
    """Jobs that taught both kinds a little, and the bases themselves."""
    home = tmp_path_factory.mktemp("started")
    bases = {
        "tiny_t5": with_dropout(tiny_t5, home / "t5", dropout_rate=0.1),
        "tiny_decoder": with_dropout(tiny_decoder, home / "llama", attention_dropout=0.1),
    }
    found = dict(bases)
    for name, base in bases.items():
        settings = {**LEARNS, "epochs": 1, "base_model": str(base)}
        job = new_job(home / f"of-{name}", "train_writer", PAIRS, **settings)
        train_writer.train(job)
        found[name.replace("tiny", "started")] = job.folder.path / "model"
    return found


def a_job(path, way, started):
    script, name, settings = WAYS[way]
    if script is train_writer:
        return new_job(path, "train_writer", PAIRS, base_model=str(started[name]), **settings)
    job = new_job(path, script.__name__.rpartition(".")[2], PAIRS, start=started[name], **settings)
    lines = [
        json.dumps({"pair_id": one.pair_id, "chosen": one.references[0], "rejected": one.source})
        for one in PAIRS[:12]
    ]
    (path / "inputs" / "preferences.jsonl").write_text("\n".join(lines))
    return job


@pytest.mark.parametrize("way", WAYS)
def test_a_paused_training_ends_with_the_weights_of_an_unbroken_one(way, started, tmp_path, monkeypatch):
    script = WAYS[way][0]
    whole, broken, rest = (a_job(tmp_path / name, way, started) for name in ("whole", "broken", "rest"))
    script.train(whole)

    def asked():  # somebody asks as the third step is told
        told = (one.get("message", "") for one in broken.folder.events())
        return "ana" if any("step 3 of" in message for message in told) else None

    monkeypatch.setattr(broken.folder, "pauser", asked)
    with pytest.raises(Paused):
        script.train(broken)
    assert [path.name for path in (broken.folder.path / "work").glob("checkpoint-*")] == ["checkpoint-3"]
    (broken.folder.path / "work").rename(rest.folder.path / "work")
    script.train(rest)
    weights, same = (
        load_file(job.folder.path / "model" / FILES / "model.safetensors") for job in (whole, rest)
    )
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    assert report_of(whole)["systems"] == report_of(rest)["systems"]
    assert not (rest.folder.path / "work").exists()


def test_the_loss_of_preferences_is_that_of_its_formula():
    told = torch.tensor
    # A margin of (-1 + 2) - (-3 + 2) = 2 at beta 0.5 is log(1 + e^-1); no margin is log 2.
    loss = dpo.dpo_loss(told([-1.0, -5.0]), told([-3.0, -5.0]), told([-2.0, -5.0]), told([-2.0, -5.0]), 0.5)
    assert float(loss) == pytest.approx((math.log1p(math.exp(-1)) + math.log(2)) / 2)
