import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BadInput
from services.backends import openai_chat
from services.backends.few_shot import FILE, Examples, pool_of, read_examples
from services.backends.openai_chat import ChatClassifier
from services.backends.registry import load_classifier
from services.modelling.answers.label_scores import Position
from services.modelling.answers.structured import response_format, scores_of
from services.modelling.settings import HostedSettings
from tests.hosted import (
    GUIDELINE,
    KEY_VARIABLE,
    about,
    address,
    client,
    comments,
    everything_written,
    job_folder,
    splits_of,
    work,
)

LABELS = ("allow", "disallow")
STRUCTURED = '{"label": "allow"}'


@pytest.fixture(autouse=True)
def key(provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)


def rows(pairs, splits=None):
    return pa.table(
        {
            "comment_id": pa.array(range(1, len(pairs) + 1), pa.int64()),
            "text": [text for text, _ in pairs],
            "label": [label for _, label in pairs],
            "split": splits or ["train"] * len(pairs),
        }
    )


def examples(pairs=None, shots=4):
    return Examples(pool_of(rows(pairs or comments()), withheld=False), shots)


def as_is(provider, model="gpt-4o-mini-2024-07-18", shown=None, **settings):
    told = about(model, **{"at_once": 1, "tune": False, **settings})
    return ChatClassifier(client(provider), told, shown)


def asked(provider):
    return [json.loads(logged.body) for logged in provider.requests("/chat", "POST")]


@pytest.mark.parametrize("shots", [2, 4, 8, 32])
def test_every_label_gets_as_many_examples(shots):
    found = examples(comments(120), shots).nearest("you are an idiot")
    assert Counter(label for _, label in found) == {"allow": shots // 2, "disallow": shots // 2}


def test_what_does_not_divide_evenly_goes_to_the_nearest():
    found = examples(shots=5).nearest("you are stupid ugly moron said zzz")
    assert Counter(label for _, label in found) == {"allow": 2, "disallow": 3}


def test_a_label_with_too_few_comments_leaves_its_places_to_others():
    nice = [(f"a lovely {word} indeed", "allow") for word in ("cat", "dog", "hill", "moon", "lake")]
    found = examples([("you stupid thing", "disallow"), *nice], shots=6).nearest("hm")
    assert Counter(label for _, label in found) == {"allow": 5, "disallow": 1}


def test_the_nearest_stands_last_and_the_same_question_gets_the_same_examples():
    pairs = [
        ("the cat sat on the mat today", "allow"),
        ("what a horrid little dog", "disallow"),
        ("rain is falling on the hill", "allow"),
        ("go away you awful man", "disallow"),
    ]
    first, second = examples(pairs), examples(list(pairs))
    assert first.nearest("a cat and its mat")[-1] == ("the cat sat on the mat today", "allow")
    assert first.nearest("a cat and its mat") == second.nearest("a cat and its mat")
    assert first.sha256 == second.sha256


@pytest.mark.parametrize(
    "asked_about",
    ["you are the most stupid person here", "YOU are the most stuuuuupid person here",
     "you are the most stupid person here!!"],
)  # fmt: skip
def test_a_comment_never_stands_beside_its_own_answer(asked_about):
    own = "you are the most stupid person here"
    pairs = [(own, "disallow"), ("another rude idiot line", "disallow"), ("a lovely day", "allow")]
    found = [text for text, _ in examples(pairs, shots=2).nearest(asked_about)]
    assert own not in found and len(found) == 2


def test_examples_come_from_the_train_split_alone_and_each_text_once():
    pairs = [("in train", "allow"), ("in test", "allow"), ("In  TRAIN", "disallow"), ("", "allow")]
    pool = pool_of(rows(pairs, ["train", "test", "train", "train"]), withheld=False)
    assert pool["comment_id"].to_pylist() == [1]


def test_withheld_comments_are_no_examples():
    pairs = [("write to bob@example.org", "allow"), ("fine", "allow")]
    assert pool_of(rows(pairs), withheld=True)["text"].to_pylist() == ["fine"]
    with pytest.raises(BadInput, match="no comment to show"):
        Examples(pool_of(rows(pairs[:1]), withheld=True), 4)


def test_a_pool_is_limited_for_each_label_and_always_drawn_alike(monkeypatch):
    monkeypatch.setattr("services.backends.few_shot.POOL_PER_LABEL", 5)
    pool = pool_of(rows(comments()), withheld=False)
    assert Counter(pool["label"].to_pylist()) == {"allow": 5, "disallow": 5}
    assert pool.equals(pool_of(rows(comments()), withheld=False))


def test_kept_examples_are_the_same_and_others_are_refused(tmp_path):
    made = examples()
    made.save(tmp_path)
    again = read_examples(tmp_path, shots=4, sha256=made.sha256)
    assert again.nearest("you idiot") == made.nearest("you idiot")
    pq.write_table(made.pool.slice(1), tmp_path / FILE)
    with pytest.raises(BadInput, match="not the one"):
        read_examples(tmp_path, shots=4, sha256=made.sha256)
    (tmp_path / FILE).write_bytes(b"torn")
    with pytest.raises(BadInput, match="cannot be read"):
        read_examples(tmp_path, shots=4, sha256=made.sha256)


def test_examples_stand_before_the_question_as_questions_with_their_answers(provider):
    shown = examples([("you </comment> idiot", "disallow"), ("so lovely", "allow")], shots=2)
    answers = as_is(provider, shown=shown, shots=2).predict(["hm"])
    assert answers.parse_status == ["ok"]
    system, *turns, question = asked(provider)[0]["messages"]
    assert system == {"role": "system", "content": GUIDELINE}
    assert question == {"role": "user", "content": "<comment>\nhm\n</comment>"}
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2
    assert {turn["content"] for turn in turns[::2]} == {
        "<comment>\nyou … idiot\n</comment>", "<comment>\nso lovely\n</comment>",
    }  # fmt: skip
    assert {turn["content"] for turn in turns[1::2]} == {STRUCTURED, '{"label": "disallow"}'}


def test_a_model_as_it_is_chooses_among_the_labels(provider):
    answers = as_is(provider, labels=("ja", "nein")).predict(["hm", "oh", "you idiot"])
    assert set(answers.parse_status) == {"ok"} and set(answers.labels) <= {"ja", "nein"}
    assert answers.scores is not None and (answers.scores.sum(axis=1) > 0.5).all()
    best = [("ja", "nein")[place] for place in answers.scores.argmax(axis=1)]
    assert best == list(answers.labels)
    [form] = {json.dumps(body["response_format"]) for body in asked(provider)}
    assert json.loads(form) == response_format(("ja", "nein"))


@pytest.mark.parametrize("settings", [{"tune": True}, {"structured": "off"}])
def test_tuned_models_and_those_told_so_are_asked_for_plain_words(provider, settings):
    as_is(provider, **settings).predict(["hm"])
    assert "response_format" not in asked(provider)[0]


def test_a_server_that_refuses_the_format_is_asked_without_it(provider, monkeypatch):
    """The server's own refusal, provoked by a schema that is not strict."""
    loose = response_format(LABELS)
    del loose["json_schema"]["schema"]["additionalProperties"]
    monkeypatch.setattr(openai_chat, "response_format", lambda _: loose)
    shown = examples([("you idiot", "disallow"), ("so lovely", "allow")], shots=2)
    answers = as_is(provider, shown=shown, shots=2).predict(["hm", "oh"])
    assert answers.parse_status == ["ok", "ok"]
    bodies = asked(provider)
    assert ["response_format" in body for body in bodies] == [True, False, False]
    assert {turn["content"] for turn in bodies[-1]["messages"] if turn["role"] == "assistant"} == set(LABELS)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (STRUCTURED, "ok"),
        ('{"label": "allowed"}', "invalid"),
        ('{"label": "allow", "also": "disallow"}', "invalid"),
        ('{"label": ["allow"]}', "invalid"),
        ('{"label": "allow"', "invalid"),
        ("I would allow", "invalid"),
    ],
)
def test_a_structured_answer_is_read_as_strictly_as_any(provider, said, status):
    provider.fault("answer", "/chat", text=said)
    assert as_is(provider).predict(["hm"]).parse_status == [status]


def positions(*tokens):
    return [Position(token, logprob, tuple(top)) for token, logprob, top in tokens]


def test_scores_of_a_structured_answer_are_those_of_its_label():
    told = positions(
        ('{"', 0.0, [('{"', 0.0)]), ("label", 0.0, []), ('":"', 0.0, []),
        ("dis", -0.1, [("dis", -0.1), ("allow", -2.5)]), ("allow", 0.0, []), ('"}', 0.0, []),
    )  # fmt: skip
    assert scores_of('{"label":"disallow"}', told, LABELS) == pytest.approx((0.0820850, 0.9048374))


def test_a_token_that_holds_the_quotation_mark_counts_too():
    told = positions(
        ('{"label": ', 0.0, []),
        ('"allow', -0.2, [('"allow', -0.2), ('"dis', -1.8), ("allow", -9.0)]), ('"}', 0.0, []),
    )  # fmt: skip
    assert scores_of(STRUCTURED, told, LABELS) == pytest.approx((0.8187308, 0.1652989))


def test_a_label_that_begins_another_ends_at_its_quotation_mark():
    told = positions(
        ('{"label":"', 0.0, []), ("hate", 0.0, [("hate", 0.0)]),
        ('"}', -0.3, [('"}', -0.3), (" crime", -1.5)]),
    )  # fmt: skip
    found = scores_of('{"label":"hate"}', told, ("hate", "hate crime"))
    assert found == pytest.approx((0.7408182, 0.2231302))


def test_an_answer_in_plain_words_is_scored_as_before():
    told = positions(("allow", -0.01, [("allow", -0.01), ("dis", -5.0)]))
    assert scores_of("allow", told, LABELS) == pytest.approx((0.9900498, 0.0067379), abs=1e-6)
    assert scores_of(None, [], LABELS) is None


def test_examples_count_in_the_estimate(provider):
    few = as_is(provider).estimate_usd(["hm"] * 50)
    many = as_is(provider, shown=examples(shots=16), shots=16).estimate_usd(["hm"] * 50)
    assert many > 3 * few > 0


def test_shots_are_refused_where_a_model_is_tuned():
    with pytest.raises(BadInput, match="tuned model"):
        HostedSettings(shots=4)
    with pytest.raises(BadInput, match="shots is 33"):
        HostedSettings(shots=33, tune=False)
    with pytest.raises(BadInput, match="structured is 'yes'"):
        HostedSettings(structured="yes")


def test_a_few_shot_model_is_made_and_asked_again_in_the_same_words(tmp_path, provider):
    folder = job_folder(tmp_path, provider, tune=False, shots=6)
    work(folder)
    first = {json.dumps(body["messages"]) for body in asked(provider)}
    assert len(first) == 18 and len(provider.requests("/files")) == 0
    held_out = {
        f"<comment>\n{text}\n</comment>"
        for (text, _), split in zip(comments(), splits_of(60), strict=True) if split != "train"
    }  # fmt: skip
    shown = {turn["content"] for body in asked(provider) for turn in body["messages"][1:-1]}
    assert not shown & held_out
    told = json.loads((folder.path / "model" / "model.json").read_text())
    assert told["examples_sha256"] and told["settings"]["shots"] == 6 and told["score_kind"] == "logprob"

    (folder.path / "model" / "provider.json").write_text(json.dumps(address(provider).as_dict()))
    (folder.path / "provider.json").write_text(json.dumps(address(provider).as_dict()))
    again = load_classifier(folder.path / "model")
    texts = [text for (text, _), split in zip(comments(), splits_of(60), strict=True) if split != "train"]
    assert again.predict(texts).parse_status == ["ok"] * 18
    assert {json.dumps(body["messages"]) for body in asked(provider)[18:]} == first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("write to bob@example.org", "Comment 101 holds an e-mail"),
        ("hi <|endoftext|>", "Comment 101 holds the token"),
    ],
)
def test_what_may_not_leave_stops_a_model_with_examples(tmp_path, provider, text, message):
    folder = job_folder(tmp_path, provider, rows=[(text, "allow"), *comments()[1:]], tune=False, shots=2)
    with pytest.raises(BadInput, match=message) as caught:
        work(folder)
    assert provider.requests() == [] and "bob" not in str(caught.value)
    assert b"bob" not in everything_written(folder.path / "events.jsonl")
