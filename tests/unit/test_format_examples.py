import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BadInput
from services.modelling.formats.check import Limits, check
from services.modelling.formats.examples import require_upload_format
from services.modelling.formats.reading import ReadExamples, read_examples

user = {"role": "user", "content": "is it, “fine”?"}
answer = {"role": "assistant", "content": "yes"}
CHAT = {"messages": [user, answer]}


def read(folder: Path, name: str, content: str | bytes, **more: str) -> ReadExamples:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_examples(path, **more)


def values(found: ReadExamples) -> list[object]:
    return [example.value for example in found.examples]


def codes(found: ReadExamples) -> list[tuple[int, str]]:
    return [(one.row, one.code) for one in found.findings]


def field(value: object) -> str:
    """A JSON value as a field of a CSV file."""
    return '"' + json.dumps(value).replace('"', '""') + '"'


def test_chat_lines_are_read_as_they_stand_with_their_line_numbers(tmp_path):
    lines = [json.dumps(CHAT), "", json.dumps({"messages": [{"role": "bot"}], "x": 1}), "[1]"]
    found = read(tmp_path, "a.jsonl", "\n".join(lines))
    assert values(found) == [CHAT, {"messages": [{"role": "bot"}], "x": 1}, [1]]
    assert [example.row for example in found.examples] == [1, 3, 4]
    assert found.findings == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{'messages': []}", "Not JSON"),
        ('{"messages": [', "Not JSON"),
        ('{"messages": [], "messages": []}', "stands twice"),
        ('{"a": NaN}', "NaN is not JSON"),
        ("{} {}", "Extra data"),
        ("[" * 5_000, "Nested deeper"),
        ("9" * 5_000, "too long"),
    ],
)
def test_a_line_that_is_not_json_is_listed_and_the_others_are_read(tmp_path, line, message):
    found = read(tmp_path, "a.jsonl", f"{json.dumps(CHAT)}\r\n{line}\r\n{json.dumps(CHAT)}\r\n")
    assert values(found) == [CHAT, CHAT]
    assert codes(found) == [(2, "not_json")]
    assert message in found.findings[0].message


def test_a_line_that_is_not_utf8_is_listed(tmp_path):
    found = read(tmp_path, "a.jsonl", json.dumps(CHAT).encode() + b'\n{"a": "\xff"}\n')
    assert codes(found) == [(2, "not_json")]
    assert "byte 0xFF" in found.findings[0].message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_with_a_byte_order_mark_are_read(tmp_path, encoding):
    found = read(tmp_path, "a.jsonl", json.dumps(CHAT, ensure_ascii=False).encode(encoding))
    assert values(found) == [CHAT]


def test_prompts_and_completions_become_messages_without_their_separators(tmp_path):
    pairs = [
        {"prompt": "is it fine?\n\n###\n\n", "completion": " yes ###"},
        {"prompt": "is it fine? ->", "completion": " yes\n"},
        {"prompt": "is it fine?", "completion": "yes"},
    ]
    found = read(tmp_path, "a.jsonl", "\n".join(map(json.dumps, pairs)), system_prompt="Be brief.")
    system = {"role": "system", "content": "Be brief."}
    expected = {"messages": [system, {"role": "user", "content": "is it fine?"}, answer]}
    assert values(found) == [expected] * 3
    assert codes(found) == [(0, "converted_pairs")]
    assert found.findings[0].message.startswith("3 prompt/completion pairs")


def test_pairs_of_message_lists_are_joined(tmp_path):
    found = read(tmp_path, "a.jsonl", json.dumps({"prompt": [user], "completion": [answer]}))
    assert values(found) == [CHAT]


def test_a_pair_that_is_no_text_is_listed(tmp_path):
    found = read(tmp_path, "a.jsonl", '{"prompt": "x", "completion": 1}')
    assert (values(found), codes(found)) == ([], [(1, "broken_pair")])


def test_a_table_of_prompts_and_completions_is_converted(tmp_path):
    found = read(tmp_path, "a.csv", 'id,Prompt, completion\n1,"one, two","line\nbreak"\n2,x,\n')
    assert values(found) == [
        {
            "messages": [
                {"role": "user", "content": "one, two"},
                {"role": "assistant", "content": "line\nbreak"},
            ]
        },
        {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": ""}]},
    ]
    assert [example.row for example in found.examples] == [2, 4]
    assert check(found.examples, limits=Limits(0)).counts["missing_content"] == 1


def test_prompt_completion_is_refused_as_a_target_with_the_reason():
    require_upload_format("chat")
    with pytest.raises(BadInput, match="shut down on 23 October 2026") as caught:
        require_upload_format("prompt_completion")
    assert "chat JSONL" in caught.value.hint


ROWS = {
    "plain": f"{field(CHAT)},note",
    "in a list": f"{field([json.dumps(CHAT)])},note",
    "single messages": f"{field(user)},{field(answer)}",
    "both messages in one cell": f"note,{field([user, answer])}",
    "Python": '"' + repr(CHAT).replace('"', '""') + '",note',
    "not quoted as CSV": json.dumps(CHAT),
    "a pair": f"{field({'prompt': user['content'], 'completion': 'yes'})},note",
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("header", ["first,second\n", ""])
def test_json_in_cells_becomes_the_example(tmp_path, row, header):
    found = read(tmp_path, "a.csv", f"{header}{row}\n{row}\n")
    assert values(found) == [CHAT, CHAT]
    assert [example.row for example in found.examples] == ([2, 3] if header else [1, 2])
    assert not [one for one in found.findings if one.severity == "error"]


def test_several_examples_of_a_row_are_taken_apart_and_told(tmp_path):
    found = read(tmp_path, "a.csv", f"id,json\n1,{field([CHAT, CHAT])}\n")
    assert values(found) == [CHAT, CHAT]
    assert [example.row for example in found.examples] == [2, 2]
    assert "2 objects of one cell separated" in (found.findings[0].repair or "")


def test_cells_that_cannot_be_repaired_are_listed_with_row_and_reason(tmp_path):
    rows = [field(CHAT), "\"{'content': 'it's'}\"", "no json at all", '"{""a"": 1"']
    found = read(tmp_path, "a.csv", "id,json\n" + "".join(f"{n},{row}\n" for n, row in enumerate(rows)))
    assert values(found) == [CHAT]
    assert codes(found) == [(3, "broken_cell"), (4, "broken_cell"), (5, "broken_cell")]


def test_a_record_that_is_broken_as_csv_is_listed(tmp_path):
    found = read(tmp_path, "a.csv", f"id,json\n1,{field(CHAT)}\n2,a,b,c\n")
    assert codes(found) == [(3, "broken_record")]


@pytest.mark.parametrize(("name", "message"), [("a.txt", "no file of examples"), ("a.jsonl", "empty")])
def test_files_that_hold_no_examples_are_refused(tmp_path, name, message):
    with pytest.raises(BadInput, match=message):
        read(tmp_path, name, "")


@settings(deadline=None, max_examples=50)
@given(content=st.text(max_size=40), reply=st.text(max_size=40).filter(str.strip))
def test_a_table_of_cells_and_a_jsonl_file_give_the_same_examples(tmp_path_factory, content, reply):
    folder = tmp_path_factory.mktemp("same")
    value = {"messages": [{"role": "user", "content": content}, {"role": "assistant", "content": reply}]}
    in_cell = read(folder, "a.csv", f"id,json\n1,{field(value)}\n")
    in_line = read(folder, "a.jsonl", json.dumps(value))
    assert values(in_cell) == values(in_line) == [value]
