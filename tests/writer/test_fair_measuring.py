"""What trainings that write are measured by: no dropout, no pair that was learned from, no judge twice."""

import copy

import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration, T5Config, T5ForConditionalGeneration

from domain.errors import BadInput
from services.backends.writer import load_writer, open_writer
from services.jobs.reward_writer import word_logps
from services.jobs.writers.dropout import without_dropout
from services.jobs.writers.writing_panel import panel_of
from services.jobs.writers.writing_report import measured_pairs, rated_pairs
from tests.writer.conftest import detox_pairs, new_job

T5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "dropout_rate": 0.1,
      "decoder_start_token_id": 0}  # fmt: skip
BART = {
    "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "dropout": 0.1,
    "attention_dropout": 0.1, "activation_dropout": 0.1, "encoder_layerdrop": 0.1, "decoder_layerdrop": 0.1,
    "max_position_embeddings": 32,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "config"),
    [(T5ForConditionalGeneration, T5Config(vocab_size=30, **T5)),
     (BartForConditionalGeneration, BartConfig(vocab_size=30, **BART))],
    ids=["t5", "bart"],
)  # fmt: skip
def test_before_the_first_step_a_model_with_dropout_differs_in_nothing_from_itself(kind, config):
    torch.manual_seed(0)
    model = kind(config)
    start = copy.deepcopy(model).eval()
    ids = torch.randint(3, 30, (3, 8))
    batch, drawn = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, torch.randint(3, 30, (3, 6))
    model.train()
    with torch.no_grad():
        wanted, _ = word_logps(start, batch, drawn, 1.0)
        dropped, _ = word_logps(model, batch, drawn, 1.0)
        found, _ = word_logps(without_dropout(model), batch, drawn, 1.0)
    assert not torch.allclose(dropped, wanted)
    assert torch.allclose(found, wanted, atol=1e-6)
    assert model.training
    assert 0.1 in (getattr(model.config, name, 0) for name in ("dropout_rate", "dropout"))


def test_pairs_that_a_model_learned_from_by_ratings_are_left_out_and_counted(tmp_path):
    job = new_job(tmp_path / "job", "write_texts", detox_pairs(100))
    about = {"rated_pairs": {"pairs-1": [9, 29, 30], "pairs-2": [19]}}
    rated = rated_pairs(about, job)
    tested, left_out = measured_pairs(job, 5, rated)
    assert (rated, [one.pair_id for one in tested], left_out) == ({9, 29, 30}, [19, 39, 49, 59, 69], 2)
    [told] = [one["message"] for one in job.folder.events() if one["event"] == "left_out"]
    assert told.startswith("Left out: 2 pairs of the test split")
    assert measured_pairs(job, 5, rated_pairs({}, job))[1] == 0
    with pytest.raises(BadInput, match="People rated every pair"):
        measured_pairs(job, 5, set(range(101)))


def test_the_classifier_that_rewards_is_another_than_the_one_that_judges():
    told = panel_of("detoxify", detox_pairs(60)).signatures
    assert told["reward"].endswith("(words), 'toxic'") and told["toxicity"].endswith("(letters), 'toxic'")


def test_limits_that_are_given_go_before_those_of_the_model(tiny_t5, tmp_path):
    open_writer(tiny_t5, name="t5", max_source=32, max_target=8).save(tmp_path, {})
    asked, _ = load_writer(tmp_path, max_target=3)
    assert (asked.max_source, asked.max_target) == (32, 3)
    assert asked.reads_whole("your " * 31) and not asked.reads_whole("your " * 32)  # with the end
