"""Tiny models that write, with words made on the spot, and the pairs that teach them; no network."""

import json
import os
import random

os.environ["HF_HUB_OFFLINE"] = "1"

import pyarrow.parquet as pq
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from domain.pairs import Pair
from services.generation.frozen_pairs import table_of
from services.jobs.process.folder import JobFolder
from services.jobs.process.worker import RunningJob

torch.set_num_threads(1)  # for so small a model, threads that wait for each other cost more than they give

RUDE = ("stupid", "damn", "lousy", "idiotic")
WHO = ("your", "my", "his", "her", "our", "their")
WHAT = ("video", "song", "dog", "cat", "house", "story", "picture", "cake")
ABOUT = ("about", "with", "near", "without")
WHOM = ("music", "water", "trees", "cars", "birds", "snow", "books", "bread")
HOW = ("long", "short", "green", "loud", "old", "new", "cold", "sweet")
# Room for words before the source and after it.
PROMPT = "polite : {source}"


def polite_sentence(draw):
    return [
        draw.choice(WHO),
        draw.choice(WHAT),
        draw.choice(ABOUT),
        draw.choice(WHOM),
        "is",
        draw.choice(HOW),
    ]


def detox_pairs(count=400, *, kept=0.0, seed=1):
    """Sources with a rude word in them; a share of the references `kept` it."""
    draw, pairs = random.Random(seed), []
    for number in range(1, count + 1):
        words = polite_sentence(draw)
        rude = [words[0], draw.choice(RUDE), *words[1:]]
        target = " ".join(rude if draw.random() < kept else words)
        split = {8: "validation", 9: "test"}.get(number % 10, "train")
        pairs.append(Pair(number, " ".join(rude), (target,), split, " ".join(rude), (target,)))
    return pairs


def word_tokenizer(folder, texts):
    """A tokenizer whose tokens are the words of the texts."""
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = ["<pad>", "</s>", "<unk>"]
    made.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=special))
    return made, PreTrainedTokenizerFast, special


def all_words():
    return [" ".join((*RUDE, *WHO, *WHAT, *ABOUT, *WHOM, *HOW, "is", "polite", ":", "reply", "so"))]


@pytest.fixture(scope="session")
def tiny_t5(tmp_path_factory):
    """The folder of an untrained encoder-decoder."""
    from transformers import T5Config, T5ForConditionalGeneration, set_seed

    folder = tmp_path_factory.mktemp("bases") / "t5"
    made, fast, special = word_tokenizer(folder, all_words())
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer = fast(tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    tokenizer.save_pretrained(folder)
    set_seed(0)
    T5ForConditionalGeneration(
        T5Config(
            vocab_size=made.get_vocab_size(), d_model=64, d_kv=16, d_ff=128, num_layers=2,
            num_decoder_layers=2,
            num_heads=4, dropout_rate=0.0, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
            relative_attention_num_buckets=32, relative_attention_max_distance=32,
        )
    ).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def tiny_decoder(tmp_path_factory):
    """The folder of an untrained decoder."""
    from transformers import LlamaConfig, LlamaForCausalLM, set_seed

    folder = tmp_path_factory.mktemp("bases") / "llama"
    made, fast, special = word_tokenizer(folder, all_words())
    tokenizer = fast(tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    tokenizer.save_pretrained(folder)
    set_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=made.get_vocab_size(), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=128, pad_token_id=0,
            eos_token_id=1, bos_token_id=None,
        )
    ).save_pretrained(folder)  # fmt: skip
    return folder


def new_job(path, kind, pairs, *, task="detoxify", start=None, **settings):
    """A job's folder with pairs and settings, as the launcher makes it."""
    (path / "inputs").mkdir(parents=True)
    pq.write_table(table_of(pairs), path / "inputs" / "pairs.parquet")
    if start is not None:
        (path / "inputs" / "start").symlink_to(start)
        settings["start"] = "model-1"
    spec = {
        "kind": kind, "task": task, "snapshot_id": "pairs-1", "snapshot_sha256": "f00d", "splits": [],
        "settings": settings,
    }  # fmt: skip
    (path / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    return RunningJob(JobFolder(path))


def report_of(job):
    return json.loads((job.folder.path / "report.json").read_text(encoding="utf-8"))


def system(report, name):
    return next(one for one in report["systems"] if one["name"] == name)


def dialogue_pairs(count=400, *, noise=0.0, reply=False, seed=3):
    """Two turns: the first is summed up, or the second answered; `noise` is a share of dull answers."""
    draw, pairs = random.Random(seed), []
    for number in range(1, count + 1):
        turns = [f"{draw.choice(WHO)} {draw.choice(WHAT)} is {draw.choice(HOW)}" for _ in range(2)]
        dull = draw.random() < noise
        target = ("so my story is old" if dull else f"so {turns[1]}") if reply else turns[0]
        split = {8: "validation", 9: "test"}.get(number % 10, "train")
        source = " ".join(turns)
        pairs.append(Pair(number, source, (target,), split, source, (target,)))
    return pairs
