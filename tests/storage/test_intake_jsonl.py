"""JSONL through the real child process."""

import json
from pathlib import Path

import pytest

from domain.errors import BadInput
from storage.intake.jsonl_rows import batches, columns_of
from storage.intake.parent import look_at
from storage.intake.reading import Reading
from tests.storage.intake_files import outcome_of, rows_of, texts_of, written


def test_good_lines_go_in_and_numbers_keep_their_writing(tmp_path: Path):
    path = written(
        tmp_path,
        '{"text": "NA", "id": 1.50, "label": true}\n\n'
        '{"text": "", "id": null, "label": "", "more": {"a": [1]}}\r\n'
        '{"text": " \\u0000x\\n😀", "id": 12345678901234567890123}',
    )
    rows = rows_of(path, text="text", id="id", label="label")
    assert [row["body"] for row in rows] == ["NA", "", " \0x\n😀"]
    assert [row["external_id"] for row in rows] == ["1.50", None, "12345678901234567890123"]
    assert [row["label"] for row in rows] == ["true", None, None]
    assert [row["line"] for row in rows] == [1, 3, 4]


@pytest.mark.parametrize(
    "line, reason",
    [
        ('{"text": 5}', "text is a number, not a string."),
        ('{"text": null}', "text is null, not a string."),
        ('{"text": ["a"]}', "text is a list, not a string."),
        ('{"id": "1"}', "There is no text."),
        ('{"text": "a", "id": {"b": 1}}', "id is an object, not a string."),
        ('{"text": "a", "id": NaN}', "NaN is not JSON."),
        ('{"text": "a", "text": "b"}', "The key text appears twice."),
        ('{"text": "a", "x": ' + "[" * 21 + "]" * 21 + "}", "Nested deeper than 20 levels."),
        ("[" * 100_000, "Nested deeper than 20 levels."),
        ('{"text": "\\ud83d"}', "text holds half of a character, as in \\ud83d without its other half."),
        ('{"text": "a"', "Not JSON: Expecting ',' delimiter at character 13."),
        ('["a"]', "The line is a list, not an object."),
        ('{"text": "' + "x" * 100_001 + '"}', "text is longer than 100,000 characters."),
    ],
)
def test_a_bad_line_is_refused_alone(tmp_path: Path, line: str, reason: str):
    path = written(tmp_path, '{"text": "before", "id": "0"}\n' + line + '\n{"text": "after"}\n')
    assert outcome_of(path, text="text", id="id") == (["before", "after"], [(2, reason)])


def test_a_number_of_a_million_digits_is_harmless(tmp_path: Path):
    path = written(tmp_path, '{"text": "a", "id": "1", "n": ' + "9" * 1_000_000 + "}\n")
    assert texts_of(path) == ["a"]


def test_bytes_that_are_not_utf8_cost_their_line(tmp_path: Path):
    path = written(tmp_path, b'{"text": "a"}\n{"text": "caf\xe9"}\n{"text": "b"}\n')
    texts, refused = outcome_of(path, text="text")
    assert texts == ["a", "b"]
    assert [line for line, _ in refused] == [2]


def test_a_look_names_nested_values(tmp_path: Path):
    seen = look_at(
        written(tmp_path, '{"text": "a", "tags": ["x", 1], "ok": false}\n{"text": "b", "id": 2}\n')
    )
    assert seen.file_format == "jsonl"
    assert seen.columns == ("text", "tags", "ok", "id")
    assert seen.rows[0] == {"text": "a", "tags": "(a list)", "ok": "false", "id": None}
    assert seen.rows[1] == {"text": "b", "tags": None, "ok": None, "id": "2"}


ARRAY = """[
 {"text": "a", "n": 1},
 {"text": "b", "text": "c"}, {"text": "d",
  "n": [1]},
 7, {"n": NaN, "text": "e"},
 {"text": "]},{"}
]
"""


def test_an_array_of_objects_is_read_and_only_spoilt_items_are_refused(tmp_path: Path, monkeypatch):
    for block_bytes in (7, 1 << 20):
        monkeypatch.setattr("storage.intake.lines.BLOCK_BYTES", block_bytes)
        texts, refused, lines = [], [], []
        path = written(tmp_path, ARRAY)
        for batch in batches(path, {"text": "text"}, Reading(), is_array=True):
            texts += batch.fields["text"]
            lines += batch.lines
            refused += [(one.line, one.reason) for one in batch.findings]
        assert texts == ["a", "d", "]},{"]
        assert lines == [2, 3, 6]
        assert refused == [
            (3, "The key text appears twice."),
            (5, "The line is a number, not an object."),
            (5, "NaN is not JSON."),
        ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"text": "a"}, {"text": "b"', "not JSON in the item at line 1"),
        ('[{"text": "a"}', "not closed"),
        ('[{"text": "a"}]\n[]', "Something stands after the array"),
        ('[{"text": ' + "[" * 100_000, "nested too deep"),
        ("[]", "No item of the array"),
    ],
)
def test_an_array_that_is_no_json_as_a_whole_says_where(tmp_path: Path, content: str, message: str):
    with pytest.raises(BadInput, match=message):
        list(columns_of(written(tmp_path, content), Reading(), is_array=True))


def test_what_each_role_said_last_is_a_value_of_its_own(tmp_path: Path):
    said = [("system", "judge"), ("user", "one"), ("assistant", "no"), ("user", "you"), ("assistant", "yes")]
    lines = [{"messages": [{"role": role, "content": text} for role, text in said]}]
    lines.append(
        {"prompt": [{"role": "user", "content": [{"type": "text", "text": "pa"}]}], "completion": "x"}
    )
    path = written(tmp_path, "\n".join(map(json.dumps, lines)))
    names = columns_of(path, Reading())
    assert {"messages.user", "messages.assistant", "prompt.user", "completion"} < set(names)
    columns = {"text": "messages.user", "label": "messages.assistant"}
    batch = next(batches(path, columns, Reading()))
    assert (batch.fields["text"], batch.fields["label"]) == (["you"], ["yes"])
