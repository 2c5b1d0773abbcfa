import hashlib
import json

import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.curation.datasets import create_dataset
from services.modelling.examples.sets import (
    examples_file,
    findings_of,
    get_example_set,
    keep_examples,
    list_example_sets,
)
from services.modelling.formats.questions import files_sha256
from storage.example_sets import example_set_folder
from tests.examples import SYSTEM, kept, pair, research_csv


@pytest.fixture
def kids(db):
    return create_dataset(db, "kids", ("allow", "disallow"), actor="ana").dataset_id


def jsonl(path, values):
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


def frozen(db, examples, name="train.jsonl"):
    lines = examples_file(db, examples.example_set_id, name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def question(example):
    return example["messages"][-2]["content"]


def test_json_in_the_cells_of_a_table_is_kept_as_chat_lines(db, tmp_path):
    examples = kept(db, tmp_path, 40)
    assert examples == get_example_set(db, "examples-1") == list_example_sets(db, "kids")[0]
    assert (examples.name, examples.file_name, examples.created_by) == ("study.csv", "study.csv", "ana")
    train, validation = frozen(db, examples), frozen(db, examples, "validation.jsonl")
    assert (len(train), len(validation)) == (36, 4)
    assert (examples.counts["train"], examples.counts["validation"], examples.counts["refused"]) == (36, 4, 0)
    assert examples.counts["found"]["repaired_cell"] == 20  # every second cell was wrapped
    everything = sorted([*train, *validation], key=lambda one: int(question(one).split()[-1]))
    assert everything == [pair(number) for number in range(40)]
    assert examples.prompt_sha256 == hashlib.sha256(SYSTEM.encode()).hexdigest()
    contents = [
        examples_file(db, "examples-1", name).read_bytes() for name in ("train.jsonl", "validation.jsonl")
    ]
    assert examples.sha256 == files_sha256(*contents)


def test_nothing_is_lost_without_a_word(db, kids, tmp_path):
    wrong = pair(100)
    wrong["messages"][2]["role"] = "Assistant "
    named = {**pair(101), "author": "Bob Example"}
    special = pair(102, answer="fine <|endoftext|>")
    path = jsonl(tmp_path / "mixed.jsonl", [*map(pair, range(12)), wrong, named, special, {"messages": []}])
    with path.open("a") as file:
        file.write("no json\n")
    examples = keep_examples(db, kids, path, actor="ana", held_out=0.0)
    listed = [(one.row, one.code, one.severity) for one in findings_of(db, examples.example_set_id)]
    assert listed == [
        (13, "unrecognized_role", "note"), (14, "example_unrecognized_key", "warning"),
        (15, "special_token", "error"), (16, "missing_messages_list", "error"), (17, "not_json", "error"),
    ]  # fmt: skip
    assert examples.counts["refused"] == 3
    rows = frozen(db, examples)
    assert len(rows) == 14
    assert rows[12]["messages"][2]["role"] == "assistant"  # repaired, for it changes nothing
    assert set(rows[13]) == {"messages"}
    assert b"Bob" not in examples_file(db, examples.example_set_id, "train.jsonl").read_bytes()


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_a_question_never_stands_on_both_sides(db, kids, tmp_path, share):
    # Each question three times: with another answer, and under another system prompt.
    values = [pair(n, answer=f"answer {way}", system=[SYSTEM, SYSTEM, "Be brief."][way])
              for n in range(30) for way in range(3)]  # fmt: skip
    examples = keep_examples(db, kids, jsonl(tmp_path / "a.jsonl", values), actor="ana", held_out=share)
    train = {question(one) for one in frozen(db, examples)}
    held = {question(one) for one in frozen(db, examples, "validation.jsonl")}
    assert not train & held and len(train | held) == 30
    assert examples.counts["validation"] == 3 * (round(share * 90) // 3)
    assert examples.prompt_sha256 is None  # they do not share one


def test_what_is_held_out_depends_on_the_questions_alone(db, kids, tmp_path):
    values = [pair(number) for number in range(40)]
    first = keep_examples(db, kids, jsonl(tmp_path / "a.jsonl", values), actor="ana")
    second = keep_examples(db, kids, jsonl(tmp_path / "b.jsonl", values[::-1]), actor="ben")
    held = [{question(one) for one in frozen(db, each, "validation.jsonl")} for each in (first, second)]
    assert held[0] == held[1]


def test_a_file_for_validation_loses_what_is_trained_on_and_says_so(db, kids, tmp_path):
    path = jsonl(tmp_path / "a.jsonl", map(pair, range(20)))
    other = jsonl(tmp_path / "v.jsonl", [pair(n, answer="another", system=None) for n in range(18, 24)])
    examples = keep_examples(db, kids, path, actor="ana", validation=other)
    asked = [question(one).split()[-1] for one in frozen(db, examples, "validation.jsonl")]
    assert (asked, examples.counts["train"]) == (["20", "21", "22", "23"], 20)
    left_out = [one for one in findings_of(db, examples.example_set_id) if one.code == "validation_overlap"]
    assert [(one.row, one.field) for one in left_out] == [(1, "validation"), (2, "validation")]
    assert "row 19" in left_out[0].message


def test_ten_examples_stay_for_training(db, kids, tmp_path):
    path = jsonl(tmp_path / "few.jsonl", map(pair, range(11)))
    assert keep_examples(db, kids, path, actor="ana", held_out=0.5).counts["validation"] == 1


def test_the_same_examples_are_kept_once_in_a_dataset(db, tmp_path):
    first = kept(db, tmp_path)
    with pytest.raises(Conflict, match=f"{first.example_set_id} of 'kids' holds the very same"):
        keep_examples(db, "kids", research_csv(tmp_path / "again.csv"), actor="ben")
    create_dataset(db, "second", ("allow", "disallow"), actor="ana")
    keep_examples(db, "second", tmp_path / "again.csv", actor="ben")
    assert [one.dataset_id for one in list_example_sets(db)] == ["second", "kids"]


def test_what_cannot_be_kept_leaves_nothing_behind(db, kids, tmp_path):
    path = jsonl(tmp_path / "bad.jsonl", [{"messages": []}, {"text": "hello"}])
    with pytest.raises(BadInput, match="holds no example that can be kept"):
        keep_examples(db, kids, path, actor="ana")
    with pytest.raises(BadInput, match="cannot be held out"):
        keep_examples(db, kids, path, actor="ana", held_out=0.9)
    with pytest.raises(BadInput, match="cannot be read"):
        keep_examples(db, kids, tmp_path / "nowhere.jsonl", actor="ana")
    with pytest.raises(NotFound, match="no dataset 'strangers'"):
        keep_examples(db, "strangers", path, actor="ana")
    with pytest.raises(NotFound, match="no examples 'examples-7'"):
        get_example_set(db, "examples-7")
    assert list_example_sets(db) == []
    assert not example_set_folder(db.home, "examples-1").exists()


def test_a_file_outside_the_set_cannot_be_asked_for(db, tmp_path):
    kept(db, tmp_path)
    with pytest.raises(NotFound, match="has no file"):
        examples_file(db, "examples-1", "../../owner.lock")
