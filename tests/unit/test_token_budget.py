import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput, NotFound
from services.modelling.tokens.budget import (
    ExampleCounts,
    TokenBudget,
    budget,
    counts_of,
    epochs_for,
    tokens_of_example,
)
from services.modelling.tokens.encodings import _FOLDER as FETCHED
from services.modelling.tokens.encodings import ENCODINGS, Encoding, encoding_of, fetch, get_encoding
from tests.provider.formats import trained_tokens
from tests.provider.tokens import pieces

TOY = Path(__file__).parents[3] / "shared" / "data" / "openai_cookbook" / "toy_chat_fine_tuning.jsonl"

WORDS = Encoding("words", exact=True, count=lambda text: len(text.split()))


@pytest.fixture(scope="module")
def encodings() -> None:
    missing = fetch()
    if missing:
        pytest.skip(f"the files of {missing} are not to be had")


def budget_of(path: Path, encoding: str, limit: int) -> TokenBudget:
    counter = get_encoding(encoding)
    lines = path.read_text(encoding="utf-8").splitlines()
    return budget(
        counts_of((json.loads(line)["messages"] for line in lines), counter), encoding=counter, limit=limit
    )


def counted(tokens: list[int], answers: list[int]) -> ExampleCounts:
    """Examples of a single message each."""
    both = np.array(tokens, dtype=np.int64), np.array(answers, dtype=np.int64)
    return ExampleCounts(*both, both[0] - 3)


# The rule's own vectors: examples to epochs.
@pytest.mark.parametrize(
    ("examples", "epochs"),
    [
        (1, 25),
        (3, 25),
        (5, 20),
        (10, 10),
        (33, 3),
        (34, 3),
        (8333, 3),
        (8334, 2),
        (12500, 2),
        (12501, 1),
        (30000, 1),
    ],
)
def test_epochs_follow_the_published_rule(examples: int, epochs: int) -> None:
    assert epochs_for(examples) == epochs


@pytest.mark.skipif(not TOY.exists(), reason="the public example file is not here")
def test_the_published_example_gives_the_published_numbers(encodings: None) -> None:
    found = budget_of(TOY, "cl100k_base", 4096)
    assert (found.examples, found.tokens.smallest, found.tokens.largest) == (5, 26, 8032)
    assert (len(found.over_limit), found.billed_tokens_per_epoch, found.epochs) == (1, 4306, 20)
    assert found.billed_tokens == 86_120


@pytest.mark.skipif(not TOY.exists(), reason="the public example file is not here")
def test_todays_limit_and_encoding_cut_nothing_of_it(encodings: None) -> None:
    found = budget_of(TOY, "o200k_base", 65_536)
    assert (found.over_limit, found.cut, found.tokens.smallest, found.tokens.largest) == ((), 0, 26, 8031)
    assert (found.tokens.total, found.epochs, found.billed_tokens) == (8233, 20, 164_660)


# The shape of the published file, in words of our own, so that its numbers can be checked without it.
TWIN = [
    [("system", "You are kind."), ("user", "Hello there."), ("assistant", "Good morning!")],
    [("system", "You are kind."), ("user", "Hello there, friend."), ("assistant", "Hi.")],
    [("user", "Who says so?"), ("assistant", "Somebody does.")],
    [("system", "You are kind."), ("assistant", "Nobody asked.")],
    [("system", "You are kind."), ("user", "Say much."), ("assistant", "word " * 5_000)],
]


def as_the_notebook_counts(messages: list[dict[str, str]], counter: Encoding) -> int:
    """The published function, line by line."""
    tokens = 0
    for message in messages:
        tokens += 3
        for key, value in message.items():
            tokens += counter.count(value)
            tokens += 1 if key == "name" else 0
    return tokens + 3


@pytest.mark.parametrize(
    ("encoding", "limit", "over"), [("cl100k_base", 4_096, 1), ("o200k_base", 65_536, 0)]
)
def test_a_file_of_the_published_shape_has_the_numbers_of_the_published_rule(
    encodings: None, tmp_path: Path, encoding: str, limit: int, over: int
) -> None:
    examples = [[{"role": role, "content": text} for role, text in one] for one in TWIN]
    path = tmp_path / "twin.jsonl"
    path.write_text("".join(json.dumps({"messages": one}) + "\n" for one in examples))
    found = budget_of(path, encoding, limit)
    expected = [as_the_notebook_counts(one, get_encoding(encoding)) for one in examples]
    assert (found.tokens.total, found.tokens.smallest) == (sum(expected), min(expected))
    assert len(found.over_limit) == over and found.cut == sum(max(one - limit, 0) for one in expected)
    assert (found.epochs, found.billed_tokens) == (20, 20 * sum(min(one, limit) for one in expected))
    assert found.message_tokens.count == 13
    assert found.message_tokens.total == found.tokens.total - 3 * 5


def test_a_message_costs_three_tokens_its_texts_and_one_for_a_name() -> None:
    messages = [{"role": "system", "content": "be kind"}, {"role": "user", "name": "ana", "content": "a b c"}]
    assert tokens_of_example(messages, WORDS) == (3 + (3 + 1 + 2) + (3 + 1 + 1 + 3 + 1), 0)


def test_truncation_takes_the_answer_first() -> None:
    found = budget(counted([10, 30], [2, 5]), encoding=WORDS, limit=24)
    assert (found.over_limit, found.cut, found.without_answer) == ((1,), 6, 1)


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=200), st.integers(1, 100_000))
def test_what_is_billed_and_what_is_cut_make_the_whole(tokens: list[int], limit: int) -> None:
    found = budget(counted(tokens, [1] * len(tokens)), encoding=WORDS, limit=limit)
    assert found.billed_tokens_per_epoch + found.cut == sum(tokens)
    assert found.tokens.smallest <= found.tokens.p5 <= found.tokens.median <= found.tokens.p95
    assert sum(count for _, _, count in found.histogram) == len(tokens)


def test_p5_and_p95_are_the_fifth_and_the_ninety_fifth_percentile() -> None:
    found = budget(counted([*range(101)], [1] * 101), encoding=WORDS, limit=1000)
    assert (found.tokens.p5, found.tokens.p95) == (5.0, 95.0)


def test_no_example_has_no_budget() -> None:
    with pytest.raises(BadInput, match="no example"):
        budget(counted([], []), encoding=WORDS, limit=10)


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o-mini-2024-07-18", "o200k_base"),
        ("ft:gpt-4.1-mini-2025-04-14:team::abc", "o200k_base"),
        ("gpt-4-0613", "cl100k_base"),
        ("gpt-3.5-turbo-0125", "cl100k_base"),
        ("gpt-6-luna", "o200k_base"),
    ],
)
def test_a_model_has_the_encoding_of_its_family(model: str, encoding: str) -> None:
    assert encoding_of(model) == encoding


def test_an_unknown_model_is_not_guessed() -> None:
    with pytest.raises(NotFound, match="llama"):
        encoding_of("llama-4")


def test_special_tokens_in_a_comment_count_as_the_text_they_are(encodings: None) -> None:
    assert all(get_encoding(name).count("<|endoftext|>") > 1 for name in ENCODINGS)


def test_without_its_file_an_encoding_estimates_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.modelling.tokens.encodings._FOLDER", tmp_path)
    estimate = get_encoding("o200k_base")
    assert not estimate.exact
    assert 15 <= estimate.count("a comment of some sixty characters, as they come under videos") <= 17


def test_an_encoding_that_arrives_while_the_program_runs_counts_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encodings: None
) -> None:
    monkeypatch.setattr("services.modelling.tokens.encodings._FOLDER", tmp_path)
    assert not get_encoding("o200k_base").exact
    for file in FETCHED.iterdir():
        shutil.copy(file, tmp_path)
    found = get_encoding("o200k_base")
    assert found.exact and found.count("an unbelievable comment") == 3


PLAIN = [
    {"role": "system", "content": "Answer with one word; say disallow to insults. " * 30},
    {"role": "user", "content": "you are lovely"},
    {"role": "assistant", "content": "allow"},
]
PARTS = [
    {"type": "text", "text": f"a part number {place} of what a person said at some length " * 4}
    for place in range(3)
]
CALL = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
ODD = [
    PLAIN,
    [PLAIN[0], {"role": "user", "content": PARTS}, {"role": "assistant", "content": "disallow", "weight": 0}],
    [*PLAIN[:2], {"role": "assistant", "content": None, "tool_calls": [CALL]},
     {"role": "tool", "tool_call_id": "c1", "content": "nothing found"}, PLAIN[2]],
]  # fmt: skip


@pytest.mark.parametrize("examples", [[PLAIN] * 12, ODD * 7], ids=["even", "odd"])
def test_no_token_that_is_billed_is_left_out_of_the_estimate(examples: list[list[dict[str, object]]]) -> None:
    """Counted by the provider's own tokenizer, so that nothing but the rule can make a difference."""
    theirs = Encoding("theirs", exact=True, count=lambda text: len(pieces(text)))
    found = budget(counts_of(examples, theirs), encoding=theirs, limit=65_536)
    billed = trained_tokens([{"messages": messages} for messages in examples])
    assert 1.0 <= found.billed_tokens_per_epoch / billed <= 1.02


def test_the_answer_of_a_content_in_parts_and_of_a_call_is_counted() -> None:
    parts = {"role": "assistant", "content": [{"type": "text", "text": "two words"}]}
    called = {"type": "function", "function": {"name": "a", "arguments": "b c"}}
    call = {"role": "assistant", "tool_calls": [called]}
    assert tokens_of_example([parts], WORDS) == (3 + 3 + 1 + 2, 2)
    assert tokens_of_example([call], WORDS) == (3 + 3 + 1 + 3, 0)
