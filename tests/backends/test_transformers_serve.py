"""The client against `transformers serve`, a server of others, with a tiny model taught on the spot."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from services.backends.openai_chat import ChatClassifier
from services.backends.provider import Provider
from services.modelling.formats.chat import prompt_for
from services.modelling.hosted.providers import ProviderAddress
from tests.hosted import GUIDELINE, about, comments

pytestmark = pytest.mark.slow
HANG_S = 120
TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}> {{ message['content'] }} {% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def prompt_text(text):
    system, user = prompt_for(text, GUIDELINE)
    return f"<system> {system['content']} <user> {user['content']} <assistant>"


def taught_model(folder, rows):
    """A two-layer Llama that has learned by heart to answer these comments in one word."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, set_seed

    words = {word for text, label in rows for word in f"{prompt_text(text)} {label}".split()}
    known = {word: place for place, word in enumerate(["<pad>", "<unk>", "<end>", *sorted(words)])}
    tokenizer = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", eos_token="<end>"
    )
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)

    set_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(known), hidden_size=48, intermediate_size=96, num_hidden_layers=2,
            num_attention_heads=2, max_position_embeddings=128, eos_token_id=2, pad_token_id=0,
        )
    )  # fmt: skip
    lines = [fast.encode(f"{prompt_text(text)} {label} <end>") for text, label in rows]
    assert len({len(line) for line in lines}) == 1
    tokens = torch.tensor(lines)
    wanted = tokens.clone()
    wanted[:, :-2] = -100  # the answer and the end alone are learned
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(300):
        loss = model(input_ids=tokens, labels=wanted).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if loss.item() < 0.01:
            break
    assert loss.item() < 0.05
    model.save_pretrained(folder)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_until_up(process, port, log):
    for _ in range(HANG_S * 5):
        assert process.poll() is None, log.read_text(errors="replace")
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"transformers serve did not come up: {log.read_text(errors='replace')}")


@pytest.fixture(scope="module")
def rows():
    """Comments of the same length in words, which is all that the tiny model can do."""
    return comments(40)


@pytest.fixture(scope="module")
def served(tmp_path_factory, rows):
    """(address, name of the model) of `transformers serve` on this machine; it wants no key and no money."""
    folder = tmp_path_factory.mktemp("served")
    taught_model(folder / "model", rows)
    port, log = free_port(), folder / "log.txt"
    command = [
        str(Path(sys.executable).with_name("transformers")), "serve", str(folder / "model"),
        "--host", "127.0.0.1", "--port", str(port), "--device", "cpu",
    ]  # fmt: skip
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hub"), "OMP_NUM_THREADS": "1"}
    with open(log, "wb") as told:
        process = subprocess.Popen(
            command, stdout=told, stderr=subprocess.STDOUT, env={**os.environ, **offline}
        )
    try:
        wait_until_up(process, port, log)
        yield ProviderAddress("ours", f"http://127.0.0.1:{port}/v1", charges=False), str(folder / "model")
    finally:
        process.terminate()
        process.wait(HANG_S)


def test_a_model_of_our_own_behind_it_answers_as_it_learned(served, rows, tmp_path):
    address, name = served
    classifier = ChatClassifier(Provider(address), about(name, at_once=1, provider="ours"))
    classifier.begin([text for text, _ in rows], tmp_path / "answers.jsonl")
    answers = classifier.predict([text for text, _ in rows])
    assert list(answers.parse_status) == ["ok"] * len(rows)
    assert list(answers.labels) == [label for _, label in rows]
    assert all(tokens > 10 for tokens in answers.tokens)


def test_it_gives_no_probabilities_and_none_are_made_up(served, rows):
    address, name = served
    classifier = ChatClassifier(Provider(address), about(name, at_once=1, provider="ours"))
    answers = classifier.predict([rows[0][0]])
    assert answers.scores is None or all(value != value for value in answers.scores[0])  # NaN: not told
