import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BackendError, BadInput, Conflict, NotFound
from services.curation.comments import history
from services.curation.datasets import mark_child_data
from services.curation.saved_texts import save_text
from services.jobs.managing.answering import Answering, answering
from services.labelling.desk import count_desk, next_comments
from services.modelling.explaining import explain
from services.modelling.formats.chat import prompt_for
from services.modelling.hosted import spending
from services.modelling.models import model_folder
from services.modelling.playground import labelling as playground
from services.modelling.playground.free_chat import (
    FreeQuestion,
    Target,
    ask_freely,
    list_chat_models,
    targets_of,
)
from services.modelling.playground.labelling import default_keys, list_choices, texts_of, try_texts
from services.telling.told import told as told_as_lines
from services.verbs.running import run_verb
from storage.imports import list_findings, list_imports
from tests.building import kids, numbers, put_in, texts
from tests.encoder.conftest import tiny_base
from tests.hosted import GUIDELINE, KEY_VARIABLE, everything_written
from tests.hostile import HOSTILE
from tests.provider.fixtures import provider, provider_address
from tests.stored_models import TUNED, baseline, dataset, encoder, hosted, stored_model
from tests.waiting import until

pytestmark = pytest.mark.slow

__all__ = ["provider", "provider_address", "tiny_base"]
ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
SPEAKS = "you are lovely"


@pytest.fixture(autouse=True)
def key(provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)


@pytest.fixture(scope="module", autouse=True)
def nothing_left_running():
    yield
    answering().close()


@pytest.fixture
def comments(db):
    return dataset(db)


@pytest.fixture
def imported(db):
    """The dataset kids out of a file, with nothing labelled."""
    kids(db)
    put_in(db, texts(*(f"comment {n}" for n in range(12))))
    return numbers(db)


def tuned(provider, answers):
    """The provider's tuned model learned these answers to these texts."""
    provider.add_model(TUNED, [(prompt_for(text, GUIDELINE)[1]["content"], label) for text, label in answers])


def asked(provider):
    return [json.loads(one.body) for one in provider.requests("/chat", "POST")]


def test_models_of_every_kind_answer_side_by_side(db, comments, tiny_base, provider):
    first, small, ours = baseline(db), encoder(db, tiny_base), hosted(db, provider)
    tuned(provider, [(SPEAKS, "disallow"), ("go away", "allow")])
    keys = [first.model_id, small, ours]
    tried = try_texts(db, [SPEAKS, "you are rotten"], keys, actor="ana")
    assert [one.choice.key for one in tried] == keys and not any(one.error for one in tried)
    assert [[said.label for said in one.said] for one in tried][0] == ["allow", "disallow"]
    assert [one.score_kind for one in tried] == ["softmax", "softmax", "logprob"]
    for one in tried:
        for said in one.said:
            assert said.parse_status == "ok" and said.latency_ms > 0
            assert said.score == max(score for _, score in said.scores)
    assert [said.raw is None for one in tried for said in one.said] == [True] * 4 + [False] * 2
    assert tried[2].said[0].tokens > 10 and tried[2].said[0].cost_usd > 0
    assert tried[0].said[0].cost_usd is None
    assert {"torch", "sklearn"} & imported_by("services.modelling.playground.labelling") == set()


def imported_by(module):
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_base_is_asked_beside_the_tuned_model_in_the_same_words(db, comments, provider):
    ours = hosted(db, provider)
    [untuned] = try_texts(db, [SPEAKS], [f"{ours}:base"], actor="ana")
    opposite = "allow" if untuned.said[0].label == "disallow" else "disallow"
    tuned(provider, [(SPEAKS, opposite)])
    choices = list_choices(db, "kids")
    assert [one.key for one in choices] == [ours, f"{ours}:base"]
    assert [one.ends_on.isoformat() for one in choices] == ["2027-01-14"] * 2
    after, before = try_texts(db, [SPEAKS], [ours, f"{ours}:base"], actor="ana")
    _, first, second = asked(provider)
    assert first["messages"] == second["messages"] == prompt_for(SPEAKS, GUIDELINE)
    assert {first["model"], second["model"]} == {TUNED, "gpt-4o-mini-2024-07-18"}
    assert (after.said[0].label, before.said[0].label) == (opposite, untuned.said[0].label)


def test_proposed_are_the_newest_its_base_and_the_newest_baseline(db, comments, provider):
    older, newer = baseline(db, "Older"), baseline(db, "Newer")
    ours = hosted(db, provider)
    assert default_keys(list_choices(db, "kids")) == [ours, f"{ours}:base", newer.model_id]
    assert older.model_id in {one.key for one in list_choices(db, "kids")}
    assert default_keys([]) == []


def test_a_model_of_free_text_gives_no_verdict_but_can_be_asked_freely(db, comments, provider):
    free = hosted(db, provider, labels=(), name="Writes")
    assert list_choices(db, "kids") == [] and list_chat_models(db, "kids") == {free: "Writes"}
    with pytest.raises(BadInput, match="free text"):
        try_texts(db, ["hm"], [free], actor="ana")
    targets, prompt = targets_of(db, free)
    assert [one.model for one in targets] == [TUNED, "gpt-4o-mini-2024-07-18"] and prompt == GUIDELINE


def test_what_an_answer_cost_counts_against_the_limit_of_the_day(db, comments, provider):
    ours = hosted(db, provider)
    tuned(provider, [(SPEAKS, "disallow")])
    before = spending.left_today(db, "ana").person_day_usd
    [tried] = try_texts(db, [SPEAKS], [ours], actor="ana")
    assert before - spending.left_today(db, "ana").person_day_usd == pytest.approx(tried.said[0].cost_usd)
    (db.home / "limits.json").write_text(json.dumps({"person_day_usd": 1e-5}))
    [refused] = try_texts(db, [SPEAKS], [ours], actor="ana")
    assert refused.said == () and "person" in f"{refused.error} {refused.hint}"
    assert len(asked(provider)) == 1


@pytest.mark.parametrize(
    "text", ["write to bob@example.org", "call +49 151 23456789", "at 192.168.1.7", "hm <|endoftext|>"]
)
def test_personal_data_and_special_tokens_never_leave_and_local_models_answer_all_the_same(
    db, comments, provider, text
):
    first, ours = baseline(db), hosted(db, provider)
    local, refused = try_texts(db, [text], [first.model_id, ours], actor="ana")
    assert len(local.said) == 1
    assert "Text 1 holds" in refused.error and refused.said == () and text not in refused.error
    with pytest.raises(BadInput, match="The system text holds"):
        ask_freely(db, FreeQuestion("hm", system=text), [Target("test", TUNED)], actor="ana")
    assert provider.requests() == []


def test_of_a_list_only_the_lines_that_may_not_leave_are_refused_and_named(db, comments, provider):
    first, ours = baseline(db), hosted(db, provider)
    tuned(provider, [(SPEAKS, "disallow"), ("go away", "allow")])
    list_ = ["write to bob@example.org", SPEAKS, "hm <|endoftext|>", "go away"]
    local, told = try_texts(db, list_, [first.model_id, ours], actor="ana")
    assert not told.error and [one.note for one in local.said] == [""] * 4
    assert [(one.label, one.parse_status) for one in told.said] == [
        (None, "filtered"), ("disallow", "ok"), (None, "filtered"), ("allow", "ok"),
    ]  # fmt: skip
    assert "Text 1 holds an e-mail address" in told.said[0].note and "bob" not in told.said[0].note
    assert "Text 3 holds the token <|endoftext|>" in told.said[2].note
    sent = sorted(json.dumps(one["messages"]) for one in asked(provider))  # they are asked at the same time
    assert sent == sorted(json.dumps(prompt_for(text, GUIDELINE)) for text in (SPEAKS, "go away"))
    left = spending.left_today(db, "ana").person_day_usd
    assert 25 - left == pytest.approx(sum(one.cost_usd or 0.0 for one in told.said))
    given = {"texts": list_, "models": [ours], "actor": "ana"}
    lines = told_as_lines("try", run_verb(db, "try", given, lambda *_: None))
    assert "no label (filtered)" in lines and "Text 1 holds an e-mail address: it was not sent." in lines


def test_a_list_of_which_nothing_may_leave_is_refused_as_a_whole(db, comments, provider):
    ours = hosted(db, provider)
    [refused] = try_texts(db, ["at 192.168.1.7", "write to bob@example.org"], [ours], actor="ana")
    assert "Text 1 holds" in refused.error and "Text 2 holds" in refused.error and refused.said == ()
    assert provider.requests() == []


def test_what_was_withheld_from_a_model_is_not_among_what_it_learned_from(db, comments, provider):
    rows = [("you are awful bob@example.org", "disallow"), ("you are awful today", "disallow")]
    for kept, nearest in (("stop", [1, 2]), ("withhold", [2])):
        ours = hosted(db, provider, personal_data=kept)
        inputs = model_folder(db, ours).parent / "inputs"
        inputs.mkdir()
        table = {
            "comment_id": pa.array([1, 2], pa.int64()), "text": [text for text, _ in rows],
            "label": [label for _, label in rows], "split": ["train", "train"],
        }  # fmt: skip
        pq.write_table(pa.table(table), inputs / "comments.parquet")
        why = explain(db, ours, "you are awful", "disallow")
        assert sorted(one.comment_id for one in why.near) == nearest
        assert (why.searched, why.training_rows) == (len(nearest), len(nearest))


def test_comments_that_may_hold_data_of_children_never_leave(db, comments, provider):
    ours = hosted(db, provider)
    mark_child_data(db, "kids", may_hold_child_data=True, actor="ana", why="test")
    [refused] = try_texts(db, ["hm"], [ours], actor="ana")
    assert "may hold data of children" in refused.error
    with pytest.raises(Conflict, match="may hold data of children"):
        ask_freely(db, FreeQuestion("hm"), [Target("test", TUNED)], actor="ana", dataset_id="kids")
    assert provider.requests() == []


def test_a_model_that_is_shut_or_has_no_key_says_so_and_keeps_nobody_waiting(
    db, comments, provider, monkeypatch
):
    first = baseline(db)
    shut, ours = hosted(db, provider, "gpt-3.5-turbo-0125", tune=False), hosted(db, provider)
    monkeypatch.delenv(KEY_VARIABLE)
    told = try_texts(db, ["hm"], [first.model_id, shut, ours], actor="ana")
    assert told[0].said and "KEY" in told[2].error and told[1].error
    assert provider.requests() == []


def test_nothing_is_kept_of_what_was_tried(db, comments, provider):
    first, ours = baseline(db), hosted(db, provider)
    tuned(provider, [(SPEAKS, "disallow")])
    word = "unheardofword"
    try_texts(db, [f"{word} lovely"], [first.model_id, ours], actor="ana")
    explain(db, first.model_id, f"{word} lovely", "allow")
    assert word.encode() not in everything_written(db.home)
    assert provider.key.encode() not in everything_written(db.home)


def test_the_process_that_answers_has_no_key_in_its_environment(db, comments, provider):
    ours = hosted(db, provider)
    tuned(provider, [(SPEAKS, "disallow")])
    assert try_texts(db, [SPEAKS], [ours], actor="ana")[0].said
    environment = Path(f"/proc/{answering().process_id}/environ").read_bytes()
    assert provider.key.encode() not in environment and KEY_VARIABLE.encode() not in environment


def test_the_words_and_the_nearest_comments_behind_an_answer(db, comments, tiny_base, provider):
    first, small, ours = baseline(db), encoder(db, tiny_base), hosted(db, provider)
    text = "you are rotten said number9"
    exact = explain(db, first.model_id, text, "disallow")
    assert exact.how == "exact" and exact.words[0][0] == "rotten" and exact.words[0][1] > 0
    assert exact.searched == exact.training_rows > 30
    assert {(one.split, one.label) for one in exact.near if "rotten" in one.text} == {("train", "disallow")}
    assert set(comments) >= {one.comment_id for one in exact.near}
    left_out = explain(db, small, text, "allow")
    whole, without = try_texts(db, [text, "you are said number9"], [small], actor="ana")[0].said
    fall = dict(whole.scores)["allow"] - dict(without.scores)["allow"]
    assert left_out.how == "left out" and dict(left_out.words)["rotten"] == pytest.approx(fall, abs=1e-5)
    assert explain(db, ours, text, "allow").how is None
    assert provider.requests() == []


def test_a_killed_process_is_told_and_the_next_question_starts_another(db, comments, provider):
    first, ours = baseline(db), hosted(db, provider)
    assert try_texts(db, [SPEAKS], [first.model_id], actor="ana")[0].said
    killed = answering().process_id
    provider.fault("slow", "/chat", seconds=30, times=None)
    found = []
    waiting = threading.Thread(target=lambda: found.extend(try_texts(db, ["hm"], [ours], actor="ana")))
    waiting.start()
    until(lambda: asked(provider), "the question is at the provider")
    os.kill(killed, signal.SIGKILL)
    waiting.join(PATIENCE_S)
    assert "signal 9" in found[0].error and "Ask again" in found[0].hint
    assert try_texts(db, [SPEAKS], [first.model_id], actor="ana")[0].said[0].label == "allow"
    assert answering().process_id not in (None, killed)


def test_two_people_ask_at_once_and_each_gets_their_own_answers(db, comments, provider):
    first, ours = baseline(db), hosted(db, provider)
    said = [f"you are {word} said {n}" for n in range(8) for word in ("lovely", "rotten")]
    tuned(provider, [(text, "disallow" if "lovely" in text else "allow") for text in said])
    found = {}

    def ask(person, place):
        mine = said[place::4]
        for _ in range(3):
            tried = try_texts(db, mine, [first.model_id, ours], actor=person)
            found.setdefault(person, []).append([[said.label for said in one.said] for one in tried])

    people = [threading.Thread(target=ask, args=(f"person {n}", n)) for n in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join(PATIENCE_S)
    for n in range(4):
        local = ["allow" if "lovely" in text else "disallow" for text in said[n::4]]
        opposite = ["disallow" if label == "allow" else "allow" for label in local]
        assert found[f"person {n}"] == [[local, opposite]] * 3


def test_a_hosted_question_does_not_wait_for_a_local_model_that_loads(db, comments, provider):
    ours = hosted(db, provider)
    tuned(provider, [(SPEAKS, "disallow")])
    stuck, folder = stored_model(db, "job-stuck", backend="tfidf", name="Stuck")
    os.mkfifo(folder / "model.json")  # who reads it waits until somebody writes
    come = []

    def arrived(tried):
        come.append(tried.choice.key)
        if tried.choice.key == ours:
            (folder / "model.json").write_text("{}")

    tried = try_texts(db, [SPEAKS], [stuck, ours], actor="ana", arrived=arrived)
    assert come == [ours, stuck]
    assert "model.json" in tried[0].error and tried[1].said[0].label == "disallow"


def test_a_question_taken_back_is_asked_no_further(db, comments, provider):
    first, ours = baseline(db), hosted(db, provider, at_once=1)
    tuned(provider, [(SPEAKS, "disallow")])
    provider.fault("slow", "/chat", seconds=0.05, times=None)

    class Enough(Exception):
        pass

    def progress(_key, _what):
        if asked(provider):
            raise Enough

    before = spending.left_today(db, "ana").person_day_usd
    with pytest.raises(Enough):
        try_texts(db, [f"hm {n}" for n in range(60)], [ours], actor="ana", progress=progress)
    assert spending.left_today(db, "ana").person_day_usd < before
    assert try_texts(db, [SPEAKS], [first.model_id], actor="ana")[0].said
    until(lambda: len(asked(provider)) >= 16, "the end of what was under way")
    assert len(asked(provider)) < 40


def test_what_takes_too_long_is_told(db, comments):
    _, folder = stored_model(db, "job-stuck", backend="tfidf")
    os.mkfifo(folder / "model.json")
    one, found = Answering(), []
    question = {"kind": "classify", "folder": str(folder), "texts": ["hm"]}
    one.ask(
        [question], arrived=lambda _, answer: found.append(answer), progress=lambda *_: None, within_s=0.5
    )
    assert isinstance(found[0], BackendError) and "within" in str(found[0])
    one.close()
    assert one.process_id is None


def test_an_idle_process_ends_and_the_next_question_starts_another():
    one, found = Answering(idle_s=0.1), []
    question = {"kind": "explain", "text": "hm", "label": None, "folder": None, "comments": None}

    def ask():
        one.ask([question], arrived=lambda _, answer: found.append(answer), progress=lambda *_: None)

    ask()
    until(lambda: one.process_id is None, "the process ends")
    ask()
    assert found == [{"words": None, "near": None}] * 2
    one.close()


def test_the_process_ends_with_its_parent_however_that_ends():
    code = (
        "import time\nfrom services.jobs.managing.answering import answering\n"
        "question = {'kind': 'explain', 'text': 'x', 'label': None, 'folder': None, 'comments': None}\n"
        "answering().ask([question], arrived=lambda *_: None, progress=lambda *_: None)\n"
        "print(answering().process_id, flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert Path(f"/proc/{child}").exists()
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not Path(f"/proc/{child}").exists(), "the end of the child")


def test_a_pasted_list_has_a_text_per_line():
    assert texts_of("a\n\n  \nb c\r\nd", one_per_line=True) == ["a", "b c", "d"]
    assert texts_of("a\nb", one_per_line=False) == ["a\nb"]


@pytest.mark.parametrize("pasted", ["", " \n ", "x\n" * (playground.MOST_TEXTS + 1), "x" * 20_001, "\ud83d"])
def test_what_cannot_be_tried_is_refused(pasted):
    with pytest.raises(BadInput):
        texts_of(pasted, one_per_line=True)


@pytest.mark.parametrize(
    ("keys", "error"), [([], BadInput), (["model-9"], NotFound), (["model-1:base"], NotFound)]
)
def test_models_that_cannot_be_tried_are_refused(db, comments, keys, error):
    stored_model(db, "job-x", backend="tfidf")
    with pytest.raises(error):
        try_texts(db, ["hm"], keys, actor="ana")


def test_hostile_texts_come_back_as_answers(db, comments):
    first = baseline(db)
    hostile = [text for text in HOSTILE if text.strip()]
    [tried] = try_texts(db, hostile, [first.model_id], actor="ana")
    assert len(tried.said) == len(hostile) and {one.parse_status for one in tried.said} == {"ok"}


def test_base_and_tuned_answer_the_same_free_words(db, comments, provider):
    hosted(db, provider)
    provider.add_model(TUNED, [("What is it?", "A tuned answer.")])
    targets = [Target("test", TUNED), Target("test", "gpt-4o-mini-2024-07-18")]
    question = FreeQuestion("What is it?", system="Be brief.", temperature=0.7, max_tokens=50)
    after, before = ask_freely(db, question, targets, actor="ana")
    assert after.text == "A tuned answer." != before.text
    assert [
        (one["messages"], one["temperature"], one["max_completion_tokens"]) for one in asked(provider)
    ] == [(question.messages, 0.7, 50)] * 2
    assert after.tokens_in > 5 and after.tokens_out > 1 and after.latency_ms > 0 and after.cost_usd > 0
    assert after.finish_reason == "stop" and after.note == after.error == ""


def test_each_way_to_end_a_free_answer_is_told(db, comments, provider):
    hosted(db, provider)
    provider.add_model(TUNED, [("What?", "one two three four five six seven")])
    [cut] = ask_freely(db, FreeQuestion("What?", max_tokens=2), [Target("test", TUNED)], actor="ana")
    assert cut.finish_reason == "length"
    provider.fault("refusal", "/chat", text="I will not.")
    [refused] = ask_freely(db, FreeQuestion("What?"), [Target("test", TUNED)], actor="ana")
    assert refused.refusal == "I will not."
    gone, unknown = ask_freely(
        db, FreeQuestion("What?"), [Target("test", f"{TUNED}2"), Target("elsewhere", TUNED)], actor="ana"
    )
    assert "does not exist" in gone.error and "not an approved provider" in unknown.error


def test_a_model_without_a_temperature_is_asked_without_and_says_so(db, comments, provider):
    hosted(db, provider, charges=False)
    [answer] = ask_freely(db, FreeQuestion("What?"), [Target("test", "gpt-5-mini-2025-08-07")], actor="ana")
    assert "no temperature" in answer.note and answer.cost_usd == 0
    assert ["temperature" in body for body in asked(provider)] == [True, False]


@pytest.mark.parametrize(
    "wrong",
    [{"user": " "}, {"user": "x" * 30_000}, {"temperature": 2.5}, {"max_tokens": 0}, {"max_tokens": 9_999}],
)
def test_a_free_question_out_of_range_is_refused(wrong):
    with pytest.raises(BadInput):
        FreeQuestion(**{"user": "What?", **wrong})


def test_a_saved_text_waits_first_under_label_with_a_note_of_what_was_said(db, imported):
    saved = save_text(db, "kids", "so new", actor="ana", notes=["model-1 said allow (softmax 0.900)"])
    assert not saved.was_known and saved.label is None
    waiting = [one.comment_id for one in next_comments(db, "kids", actor="ben")]
    assert waiting == [saved.comment_id, *imported]
    told = history(db, saved.comment_id)
    assert told.comment.body == "so new" and told.notes == ("model-1 said allow (softmax 0.900)",)
    made, _ = list_imports(db, "kids")
    assert (made.file_name, made.created_by, made.counts["added"], made.counts["notes"]) == (
        "playground",
        "ana",
        1,
        1,
    )
    assert [one.kind for one in list_findings(db, made.import_id)] == ["note"]
    assert history(db, imported[0]).notes == ()


def test_saved_texts_come_before_older_comments_but_not_into_the_middle_of_a_queue(db, imported):
    before = [one.comment_id for one in next_comments(db, "kids", actor="ben", wanted=5)]
    new = [save_text(db, "kids", f"so new {n}", actor="ana").comment_id for n in range(2)]
    again = next_comments(db, "kids", actor="ben", wanted=5)
    assert [one.comment_id for one in again] == [*new, *before[:3]]
    behind = next_comments(db, "kids", actor="ben", wanted=3, after=before[2] - 1)
    assert [one.comment_id for one in behind] == before[2:5]
    assert count_desk(db, "kids", actor="ben").waiting == len(imported) + 2


def test_a_known_text_is_linked_and_not_added_again(db, imported):
    known = save_text(db, "kids", "comment 3", actor="ana")
    assert known.was_known and known.comment_id in imported
    first = save_text(db, "kids", "so new", actor="ana")
    again = save_text(db, "kids", "so new", actor="ben", label="disallow")
    assert (again.comment_id, again.was_known, again.label) == (first.comment_id, True, "disallow")
    assert len(list_imports(db, "kids")) == 2


def test_whoever_saves_a_text_may_say_at_once_what_is_right(db, imported):
    saved = save_text(db, "kids", "so new", actor="ana", label="disallow")
    told = history(db, saved.comment_id)
    assert [(vote.annotator, vote.label) for vote in told.votes] == [("ana", "disallow")]
    assert told.comment.label == "disallow"


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()])
def test_a_hostile_text_is_saved_letter_by_letter(db, imported, text):
    saved = save_text(db, "kids", text, actor="ana", notes=[text])
    assert history(db, saved.comment_id).comment.body == text


@pytest.mark.parametrize("text", ["", "  ", "x" * 20_001, "\ud83d"])
def test_what_cannot_be_a_comment_is_not_saved(db, imported, text):
    with pytest.raises(BadInput):
        save_text(db, "kids", text, actor="ana")
    assert len(list_imports(db, "kids")) == 1


def test_the_verb_answers_with_reasons_and_saves(db, comments):
    baseline(db)
    given = {
        "texts": ["you are rotten indeed"],
        "dataset": "kids",
        "actor": "ana",
        "save": True,
        "label": "allow",
    }
    told = run_verb(db, "try", given, lambda *_: None)
    [said] = told["models"][0]["said"]
    assert said["label"] == "disallow" and said["score"] > 0.5 and said["why"]["how"] == "exact"
    assert history(db, told["saved"]["comment_id"]).comment.label == "allow"
    assert "model-1 said disallow (softmax 0." in history(db, told["saved"]["comment_id"]).notes[0]


def test_the_verb_fails_where_every_model_did(db, comments, provider):
    ours = hosted(db, provider)
    given = {"texts": ["write to bob@example.org"], "models": [ours], "actor": "ana"}
    with pytest.raises(BackendError, match="an e-mail address"):
        run_verb(db, "try", given, lambda *_: None)


def test_the_verb_asks_freely(db, comments, provider):
    hosted(db, provider)
    provider.add_model(TUNED, [("What is it?", "A tuned answer.")])
    given = {"texts": ["What is it?"], "provider": "test", "model_ids": [TUNED], "actor": "ana"}
    with pytest.raises(BadInput, match="Which dataset"):
        run_verb(db, "try", given, lambda *_: None)
    assert provider.requests() == []
    given["dataset"] = "kids"
    [answer] = run_verb(db, "try", given, lambda *_: None)["answers"]
    assert answer["text"] == "A tuned answer."


def test_the_verb_asks_nothing_freely_for_a_dataset_that_may_hold_data_of_children(db, comments, provider):
    hosted(db, provider)
    mark_child_data(db, "kids", may_hold_child_data=True, actor="ana", why="test")
    given = {"texts": ["hm"], "provider": "test", "model_ids": [TUNED], "actor": "ana", "dataset": "kids"}
    with pytest.raises(Conflict, match="may hold data of children"):
        run_verb(db, "try", given, lambda *_: None)
    assert provider.requests() == []
