"""JSONL through the real child process."""

from pathlib import Path

import pytest

from domain.errors import BadInput
from storage.intake.parent import look_at
from tests.storage.intake_files import outcome_of, parsed, rows_of, texts_of, written


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


def test_an_array_of_objects_is_refused_with_advice(tmp_path: Path):
    with pytest.raises(BadInput, match="one JSON array"):
        parsed(written(tmp_path, '[\n {"text": "a"}]'), text="text")
