import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.json_cells import MAX_CELL_CHARACTERS, read_cell
from domain.json_text import NotJson, read_json

TEXTS = st.text(max_size=30) | st.sampled_from(
    ['say "hi"', "it's", "a\\b", "line\nbreak", "{x}", "['y']", '""', "C:\\new", "», “quoted”", "{'a': 1}"]
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant"]), "content": TEXTS | st.none()},
    optional={"weight": st.sampled_from([0, 1]), "name": TEXTS, "flag": st.booleans()},
)
OBJECTS = st.builds(lambda messages: {"messages": messages}, st.lists(MESSAGES, min_size=1, max_size=4))


def doubled(text: str) -> str:
    return text.replace('"', '""')


def as_csv_field(text: str) -> str:
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerow([text])
    return file.getvalue().removesuffix("\r\n")


def with_trailing_commas(value: object) -> str:
    if isinstance(value, dict):
        return "{" + "".join(f"{json.dumps(k)}: {with_trailing_commas(v)}," for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + "".join(f"{with_trailing_commas(item)}, " for item in value) + "]"
    return json.dumps(value)


def typographic(text: str) -> str:
    shown, is_open, is_escaped = [], False, False
    for character in text:
        if character == '"' and not is_escaped:
            is_open = not is_open
            character = "“" if is_open else "”"
        elif character == '"':
            character = "”"
        shown.append(character)
        is_escaped = character == "\\" and not is_escaped
    return "".join(shown)


WRITERS = {
    "plain": json.dumps,
    "plain, unescaped": lambda value: json.dumps(value, ensure_ascii=False),
    "indented": lambda value: json.dumps(value, indent=2),
    "in a list": lambda value: json.dumps([value]),
    "in a list, quoted": lambda value: json.dumps([json.dumps(value)]),
    "quoted": lambda value: json.dumps(json.dumps(value)),
    "quoted twice": lambda value: json.dumps(json.dumps(json.dumps(value))),
    "escaped quotes": lambda value: json.dumps(json.dumps(value))[1:-1],
    "doubled quotes": lambda value: doubled(json.dumps(value)),
    "whole CSV field": lambda value: as_csv_field(json.dumps(value)),
    "list in a whole CSV field": lambda value: as_csv_field(json.dumps([json.dumps(value)])),
    "escaped, then doubled": lambda value: doubled(json.dumps(json.dumps(value))[1:-1]),
    "in a list, quoted and not escaped": lambda value: f'["{json.dumps(value)}"]',
    "the same, doubled": lambda value: doubled(f'["{json.dumps(value)}"]'),
    "Python": repr,
    "Python in a list": lambda value: repr([value]),
    "Python in a list of texts": lambda value: repr([repr(value)]),
    "Python text of JSON": lambda value: repr(json.dumps(value)),
    "trailing commas": with_trailing_commas,
    "typographic quotes": lambda value: typographic(json.dumps(value)),
    "byte order mark": lambda value: "\ufeff" + json.dumps(value),
}


@pytest.mark.parametrize("written", WRITERS.values(), ids=WRITERS)
@settings(deadline=None, max_examples=60)
@given(value=OBJECTS)
def test_any_messages_object_comes_back_equal(written, value):
    cell = read_cell(written(value))
    assert (cell.objects, cell.reason) == ((value,), "")


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(OBJECTS, min_size=2, max_size=3), mark=st.sampled_from(["", " ", ",", ", ", ";", "\n"])
)
def test_several_objects_of_a_cell_come_back_in_order(values, mark):
    for write in (json.dumps, repr, lambda value: json.dumps(value, indent=1)):
        cell = read_cell(mark.join(write(value) for value in values))
        assert list(cell.objects) == values
    assert list(read_cell(json.dumps([json.dumps(value) for value in values])).objects) == values


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="{}[]\"'\\:,;“”‘’ abu0d8Tne1-.\n", max_size=60))
def test_any_text_gives_objects_or_a_reason(text):
    cell = read_cell(text)
    assert bool(cell.objects) != bool(cell.reason)
    assert json.loads(json.dumps(cell.objects)) == list(cell.objects)


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        ('["{\\"role\\": \\"user\\"}"]', "quotes around JSON removed"),
        ('["{"role": "user"}"]', "quotes around whole objects removed"),
        ('{""role"": ""user""}', "doubled quotes made single"),
        ('{\\"role\\": \\"user\\"}', "escaped quotes unescaped"),
        ("{'role': 'user'}", "single quotes made double"),
        ('{"role": "user",}', "comma before a closing bracket left out"),
        ("{“role”: “user”}", "typographic quotes made straight"),
        ('{"role": "user"}, ', "comma at the end left out"),
        ('\u00a0{"role": "user"}', "invisible characters between values left out"),
    ],
)
def test_each_repair_is_named(text, repair):
    cell = read_cell(text)
    assert cell.objects == ({"role": "user"},)
    assert repair in cell.repairs


def test_a_plain_object_needs_no_repair():
    assert read_cell(' {"role": "user"} ').repairs == ()


def test_line_breaks_and_python_words_are_repaired_by_name():
    cell = read_cell("{'content': 'one\ntwo', 'weight': None, 'flag': True, 'x': '\\x41'}")
    assert cell.objects == ({"content": "one\ntwo", "weight": None, "flag": True, "x": "A"},)
    assert {"line breaks and tabs within a text escaped", "Python's True, False and None rewritten"} <= set(
        cell.repairs
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("just a comment", "a value was expected"),
        ("{'content': 'it's'}", "a comma or } was expected"),
        ("{“content”: “he said “hi” to me”}", "a comma or } was expected"),
        ('{“content”: “say "hi"”}', "straight and typographic quotes are mixed"),
        ("['{\"a\": 1}' '{\"b\": 2}']", "a comma or ] was expected"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"a": NaN}', "a value was expected"),
        ('{"a": 1e999}', "too large"),
        ('{"content": "cut off', "not closed"),
        ("{content: 'x'}", "a quote was expected"),
        ('{"a": "\\d"}', "unknown escape"),
        ('["plain text"]', "a value was expected"),
        ("[1, 2]", "a number, not an object"),
        ("[]", "no object"),
        ("{'a', 'b'}", "a colon was expected"),
        ("({'a': 1},)", "a value was expected"),
        ('{"a": 1} and more', "a value was expected"),
        ("{" * 30, "quote was expected"),
        ("[" * 5_000, "Nested deeper than 20 levels"),
        ('{"a":' * 5_000, "Nested deeper than 20 levels"),
        ("x" * (MAX_CELL_CHARACTERS + 1), "longer than 1,000,000"),
    ],
)
def test_what_cannot_be_read_without_guessing_is_listed_with_the_reason(text, reason):
    cell = read_cell(text)
    assert cell.objects == ()
    assert reason in cell.reason


def test_quoting_is_undone_only_so_many_times():
    value = '{"a": 1}'
    for _ in range(6):
        value = json.dumps(value)
    assert "more than 4 times" in read_cell(value).reason


def test_an_escaped_pair_of_halves_is_one_character():
    assert read_cell("{'a': '\\ud83d\\ude00'}").objects == ({"a": "😀"},)


@pytest.mark.parametrize("text", ["", "{} {}", '{"a": Infinity}', '{"a": 1e400}', "[" * 200, "1" * 5_000])
def test_strict_json_refuses(text):
    with pytest.raises(NotJson):
        read_json(text)


def test_strict_json_refuses_a_doubled_key():
    with pytest.raises(NotJson, match="'role' stands twice"):
        read_json('{"role": "user", "role": "assistant"}')
