"""The last layer for the first token only gives the scores of the whole model, and saves its work."""

import copy

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from services.backends.first_token import FirstTokenLayer, only_first_token

SHAPE = {
    "vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 32, "max_position_embeddings": 40, "num_labels": 3,
}  # fmt: skip


def made(config, kind, **named):
    torch.manual_seed(0)
    return kind(config(**SHAPE, **named)).eval()


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize(
    ("config", "kind"),
    [
        (BertConfig, BertForSequenceClassification),
        (RobertaConfig, RobertaForSequenceClassification),
        (XLMRobertaConfig, XLMRobertaForSequenceClassification),
        (ElectraConfig, ElectraForSequenceClassification),
    ],
)
def test_the_scores_are_those_of_the_whole_model_in_any_company(config, kind, attention):
    whole = made(config, kind, attn_implementation=attention)
    quick = only_first_token(copy.deepcopy(whole))
    assert isinstance(quick.base_model.encoder.layer[-1], FirstTokenLayer)
    ids = torch.randint(5, 50, (4, 12), generator=torch.Generator().manual_seed(1))
    masks = torch.ones_like(ids)
    for row, length in enumerate((12, 3, 7, 1)):
        ids[row, length:], masks[row, length:] = whole.config.pad_token_id, 0
    with torch.inference_mode():
        for given in ({"input_ids": ids, "attention_mask": masks}, {"input_ids": ids[:1]}):
            assert torch.allclose(quick(**given).logits, whole(**given).logits, atol=1e-6)


def test_a_kind_that_is_not_known_to_allow_it_stays_as_it_is():
    config = DistilBertConfig(vocab_size=50, dim=16, n_layers=2, n_heads=2, hidden_dim=32, num_labels=3)
    model = DistilBertForSequenceClassification(config)
    before = [type(part) for part in model.modules()]
    assert [type(part) for part in only_first_token(model).modules()] == before
