from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.modelling.formats.check import Limits, check
from services.modelling.formats.examples import ChatExample
from services.modelling.formats.findings import PUBLISHED_CODES
from services.modelling.formats.reading import read_examples
from services.modelling.formats.repairs import repaired

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "openai_cookbook"
ANY_NUMBER = Limits(min_examples=0)
CALL = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}

user = {"role": "user", "content": "a question"}
answer = {"role": "assistant", "content": "an answer"}


def chat(*messages: object, row: int = 1, **more: object) -> ChatExample:
    return ChatExample(row, {"messages": list(messages), **more})


def found(*messages: object, **more: object) -> dict[str, str]:
    """Code and field of everything but notes in one example."""
    checked = check([chat(*messages, **more)], limits=ANY_NUMBER)
    return {one.code: one.field for one in checked.findings if one.severity != "note"}


def published(examples: list[object]) -> Counter[str]:
    """The published validator, as its notebook has it."""
    errors: Counter[str] = Counter()
    for example in examples:
        if not isinstance(example, dict):
            errors["data_type"] += 1
            continue
        messages = example.get("messages", None)
        if not messages:
            errors["missing_messages_list"] += 1
            continue
        for message in messages:
            if "role" not in message or "content" not in message:
                errors["message_missing_key"] += 1
            if any(key not in ("role", "content", "name", "function_call", "weight") for key in message):
                errors["message_unrecognized_key"] += 1
            if message.get("role", None) not in ("system", "user", "assistant", "function"):
                errors["unrecognized_role"] += 1
            content = message.get("content", None)
            if (not content and not message.get("function_call", None)) or not isinstance(content, str):
                errors["missing_content"] += 1
        if not any(message.get("role", None) == "assistant" for message in messages):
            errors["example_missing_assistant_message"] += 1
    return errors


ROLE = st.sampled_from(["system", "user", "assistant", "function", "bot", "USER", 3, None])
CONTENT = st.sampled_from(["text", "", None, 5, ["part"], {"type": "text"}])
MESSAGE = st.dictionaries(st.sampled_from(["text", "from"]), st.just("x"), max_size=1).flatmap(
    lambda extra: st.fixed_dictionaries(
        {}, optional={"role": ROLE, "content": CONTENT, "name": st.just("ann")}
    ).map(lambda message: {**message, **extra})
)
LINES = st.lists(
    st.one_of(
        st.sampled_from(["text", [], 3, None, {}, {"messages": []}, {"messages": None}]),
        st.builds(lambda messages: {"messages": messages}, st.lists(MESSAGE, min_size=1, max_size=3)),
    ),
    max_size=4,
)


@settings(deadline=None)
@given(LINES)
def test_what_the_published_validator_finds_is_found_under_the_same_name(lines):
    checked = check([ChatExample(place, line) for place, line in enumerate(lines, 1)], limits=ANY_NUMBER)
    theirs, ours = published(lines), checked.counts
    for code in set(theirs) - {"missing_content"}:
        assert ours.get(code, 0) >= theirs[code]
    # Null is fine as a function's answer, which the published validator does not know.
    fine = sum(
        message.get("role") == "function" and message.get("content") is None
        for line in lines
        if isinstance(line, dict)
        for message in line.get("messages") or ()
    )
    contents = sum(ours.get(code, 0) for code in ("missing_content", "value_type"))
    assert contents == theirs["missing_content"] - fine
    assert sum(theirs.values()) == fine or not checked.ok_to_upload


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the published example file is not here")
def test_the_published_toy_file_has_no_format_error():
    read = read_examples(EXAMPLES / "toy_chat_fine_tuning.jsonl")
    checked = check(read.examples)
    assert (checked.example_count, read.findings, checked.format_errors) == (5, [], {})
    assert checked.counts["missing_system_message"] == 1
    assert checked.counts["missing_user_message"] == 1
    assert [one.code for one in checked.findings if one.severity == "error"] == ["too_few_examples"]
    assert check(read.examples, limits=Limits(min_examples=5)).ok_to_upload


@pytest.mark.parametrize(
    ("value", "code", "field"),
    [
        ("a text", "data_type", ""),
        ([user, answer], "data_type", ""),
        ({"tools": []}, "missing_messages_list", "messages"),
        ({"messages": "a text"}, "data_type", "messages"),
        ({"messages": ["a text", answer]}, "data_type", "messages[0]"),
        ({"input": {}, "preferred_output": []}, "preference_example", ""),
        ({"messages": [user, answer], "tools": {}}, "value_type", "tools"),
        ({"messages": [user, answer], "parallel_tool_calls": "yes"}, "value_type", "parallel_tool_calls"),
    ],
)
def test_a_line_that_is_no_chat_example_is_an_error_with_its_place(value, code, field):
    checked = check([ChatExample(4, value)], limits=ANY_NUMBER)
    assert [(one.row, one.code, one.field) for one in checked.findings if one.severity == "error"] == [
        (4, code, field)
    ]
    assert (checked.ok_to_upload, checked.refused_rows) == (False, (4,))


def test_a_key_beside_the_messages_is_a_warning():
    checked = check([chat(user, answer, label=1)], limits=ANY_NUMBER)
    assert (checked.counts["example_unrecognized_key"], checked.ok_to_upload) == (1, True)


@pytest.mark.parametrize(
    ("messages", "code", "field"),
    [
        ([{"content": "x"}, answer], "message_missing_key", "messages[0].role"),
        ([{"role": "user"}, answer], "message_missing_key", "messages[0].content"),
        ([{**user, "txt": "x"}, answer], "message_unrecognized_key", "messages[0].'txt'"),
        ([{**user, "role": "bot"}, answer], "unrecognized_role", "messages[0].role"),
        ([{**user, "role": 3}, answer], "unrecognized_role", "messages[0].role"),
        ([{**user, "content": ""}, answer], "missing_content", "messages[0].content"),
        ([user, {**answer, "content": None}], "missing_content", "messages[1].content"),
        ([user, {**answer, "content": " \n"}], "blank_content", "messages[1].content"),
        ([user], "example_missing_assistant_message", "messages"),
        ([user, answer, user], "last_message", "messages"),
        ([user, {**answer, "content": True}], "value_type", "messages[1].content"),
        ([{**user, "content": [{"type": "text"}]}, answer], "value_type", "messages[0].content"),
        ([{**user, "name": "two words"}, answer], "name_value", "messages[0].name"),
        ([user, {**answer, "weight": 0.5}], "weight_value", "messages[1].weight"),
        ([user, {**answer, "weight": True}], "weight_value", "messages[1].weight"),
        ([{**user, "weight": 1}, answer], "weight_role", "messages[0].weight"),
        ([user, {**answer, "weight": 0}], "nothing_to_learn", "messages"),
        ([user, {"role": "assistant", "tool_calls": []}], "tool_call_form", "messages[1].tool_calls"),
        ([user, {**answer, "tool_calls": [{"id": 1}]}], "tool_call_form", "messages[1].tool_calls"),
        ([user, {**answer, "function_call": "f"}], "tool_call_form", "messages[1].function_call"),
        ([{**user, "tool_calls": [CALL]}, answer], "tool_call_role", "messages[0]"),
        ([user, {"role": "tool", "content": "x"}, answer], "tool_call_id", "messages[1].tool_call_id"),
        (
            [user, {"role": "tool", "content": "x", "tool_call_id": "c9"}, answer],
            "tool_call_id",
            "messages[1].tool_call_id",
        ),
        ([user, {**answer, "refusal": None}], "null_value", "messages[1].'refusal'"),
    ],
)
def test_each_fault_of_a_message_is_found_at_its_place(messages, code, field):
    assert found(*messages)[code] == field


@pytest.mark.parametrize(
    "messages",
    [
        [user, answer],
        [{"role": "developer", "content": "the policy"}, user, answer],
        [user, {"role": "assistant", "content": None, "tool_calls": [CALL]}],
        [user, {"role": "assistant", "tool_calls": [CALL]}],
        [user, {"role": "assistant", "content": None, "function_call": CALL["function"]}],
        [
            user,
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "found", "tool_call_id": "c1"},
            answer,
        ],
        [user, {**answer, "weight": 0}, user, {**answer, "weight": 1}],
        [{**user, "name": "ann_1"}, answer],
        [{**user, "content": [{"type": "text", "text": "look"}]}, answer],
    ],
)
def test_what_the_api_takes_is_let_through(messages):
    assert found(*messages) == {}


def test_a_tool_call_that_is_answered_by_null_content_is_an_error_for_the_published_validator_alone():
    example = {"messages": [user, {"role": "assistant", "content": None, "tool_calls": [CALL]}]}
    assert published([example])
    assert check([ChatExample(1, example)], limits=ANY_NUMBER).format_errors == {}


@pytest.mark.parametrize("token", ["<|endoftext|>", "<|fim_suffix|>", "<|im_start|>", "<|reserved_200017|>"])
@pytest.mark.parametrize(
    ("place", "field"),
    [
        (lambda text: chat({**user, "content": text}, answer, row=7), "messages[0].content"),
        (lambda text: chat(user, {**answer, "content": text}, row=7), "messages[1].content"),
        (lambda text: chat({**user, "name": text}, answer, row=7), "messages[0].name"),
        (lambda text: chat(user, answer, row=7, tools=[{"d": text}]), "tools[0].d"),
        (lambda text: chat(user, answer, row=7, tools=[{text: 1}]), "tools[0] (a key)"),
    ],
)
def test_a_special_token_anywhere_is_refused_with_the_row_named(token, place, field):
    checked = check([place(f"before{token}after")], limits=ANY_NUMBER)
    named = [(one.row, one.field) for one in checked.findings if one.code == "special_token"]
    assert named == [(7, field)]
    assert not checked.ok_to_upload


@pytest.mark.parametrize("text", ["a < b | c > d", "<| not one |>", "<||>", "|endoftext|", "<p>|x|</p>"])
def test_text_that_only_looks_a_little_like_a_token_is_let_through(text):
    assert found({**user, "content": text}, answer) == {}


def test_half_a_character_is_refused():
    assert found({**user, "content": "a\ud83d"}, answer) == {"invalid_unicode": "messages[0].content"}


def test_nine_examples_are_too_few_and_ten_are_enough():
    examples = [chat({**user, "content": f"question {row}"}, answer, row=row) for row in range(1, 11)]
    assert check(examples[:9]).counts["too_few_examples"] == 1
    assert check(examples).ok_to_upload


def test_a_file_over_the_limit_is_refused_by_its_utf8_bytes():
    example = chat({**user, "content": "é" * 100}, answer)
    size = check([example], limits=Limits(0, 10)).findings[-1]
    assert size.code == "file_too_large"
    exact = int(size.message.split()[3].replace(",", ""))
    assert check([example], limits=Limits(0, exact)).ok_to_upload
    assert not check([example], limits=Limits(0, exact - 1)).ok_to_upload
    assert exact > 200


def test_an_example_over_the_token_limit_is_refused_and_broken_ones_are_not_counted():
    counted: list[int] = []

    def count(example: ChatExample) -> int:
        counted.append(example.row)
        return 100 * example.row

    examples = [chat(user, answer, row=1), chat(user, row=2), chat(user, {**answer, "content": "b"}, row=3)]
    checked = check(examples, limits=Limits(0, example_tokens=100), count_tokens=count)
    assert [one.row for one in checked.findings if one.code == "too_many_tokens"] == [3]
    assert counted == [1, 3]


def test_duplicates_and_contradictions_name_the_earlier_row_and_do_not_stop_the_upload():
    spaced = {**user, "content": " a question\n"}
    examples = [
        chat(user, answer, row=3),
        chat(spaced, {**answer, "weight": 1}, row=5),
        chat(user, {**answer, "content": "no"}, row=8),
        chat(user, {**answer, "content": "no"}, row=9),
        chat({**user, "content": "another"}, answer, row=10),
    ]
    checked = check(examples, limits=ANY_NUMBER)
    warnings = [one for one in checked.findings if one.severity == "warning"]
    told = [(one.row, one.code, next(c for c in one.message if c.isdigit())) for one in warnings]
    assert told == [
        (5, "duplicate_example", "3"),
        (8, "contradicting_example", "3"),
        (9, "duplicate_example", "8"),
    ]
    assert checked.ok_to_upload


def test_the_same_question_under_another_system_prompt_is_no_duplicate():
    prompts = [{"role": "system", "content": text} for text in ("one", "two")]
    assert "duplicate_example" not in check([chat(prompt, user, answer) for prompt in prompts]).counts


def test_validation_examples_that_were_trained_on_are_named():
    training = [chat(user, answer, row=2)]
    validation = [
        chat(user, {**answer, "content": "other"}, row=1),
        chat({**user, "content": "new"}, answer, row=2),
        ChatExample(3, "broken"),
    ]
    checked = check(training, validation=validation, limits=ANY_NUMBER)
    overlaps = [(one.row, one.field) for one in checked.findings if one.code == "validation_overlap"]
    assert overlaps == [(1, "validation")]


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ([{**user, "role": " User "}, answer], [user, answer]),
        ([user, {**answer, "weight": 1.0}], [user, {**answer, "weight": 1}]),
        ([user, {**answer, "weight": "1"}], [user, {**answer, "weight": 1}]),
        ([{**user, "weight": 0}, answer], [user, answer]),
        ([user, {**answer, "name": None, "tool_calls": None}], [user, answer]),
        ([user, {**answer, "content": 1}], [user, {**answer, "content": "1"}]),
        ([user, {**answer, "content": [{"type": "text", "text": "an answer"}]}], [user, answer]),
    ],
)
def test_a_safe_repair_is_announced_and_made(broken, expected):
    assert any(one.repair for one in check([chat(*broken)], limits=ANY_NUMBER).findings)
    assert repaired([chat(*broken)]) == [chat(*expected)]


WILD = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "USER", " assistant", "tool", "bot", None, 4]),
        "content": st.sampled_from(
            ["x", "", None, 7, True, [{"type": "text", "text": "y"}], [{"type": "text", "text": 1}], [1, 2]]
        ),
        "weight": st.sampled_from([0, 1, 1.0, "0", 0.5, True, None, [1]]),
        "name": st.sampled_from(["ann", None, "a b", 3]),
        "tool_calls": st.sampled_from([None, [], [CALL], "x", [{"id": []}]]),
        "tool_call_id": st.sampled_from([None, "c1", [], 3]),
        "extra": st.sampled_from([None, 1]),
    },
)


@settings(deadline=None, max_examples=300)
@given(st.lists(WILD, min_size=1, max_size=4))
def test_after_repair_nothing_that_names_a_repair_is_left_and_nothing_new_appears(messages):
    before = check([chat(*messages)], limits=ANY_NUMBER)
    (again,) = repaired([chat(*messages)])
    after = check([again], limits=ANY_NUMBER)
    assert [one for one in after.findings if one.repair] == []
    promised = Counter((one.field, one.code) for one in before.findings if not one.repair)
    assert Counter((one.field, one.code) for one in after.findings) <= promised
    assert repaired([again]) == [again]


def test_the_seven_published_names_are_those_of_the_published_validator():
    broken = ["x", {}, {"messages": [{"role": "bot", "x": 1}]}]
    assert set(published(broken)) == set(PUBLISHED_CODES)


def test_personal_data_is_an_error_that_names_row_and_kind_and_repeats_no_text():
    told = {"role": "user", "content": "write to bob@example.org"}
    call = {**CALL, "function": {"name": "mail", "arguments": '{"to": "555-0142"}'}}
    rows = [
        chat(user, answer, row=1),
        chat(told, answer, row=2),
        chat(user, {"role": "assistant", "content": None, "tool_calls": [call]}, {**answer}, row=3),
        chat(user, answer, row=4, **{"bob@example.org": "a note"}),
    ]
    checked = check(rows, limits=ANY_NUMBER, personal_data=True)
    own = [one for one in checked.findings if one.code == "personal_data"]
    assert [(one.row, one.severity, one.message) for one in own] == [
        (2, "error", "The text holds an e-mail address."),
        (3, "error", "The text holds a phone number."),
        (4, "error", "The text holds an e-mail address."),
    ]
    assert [one.field for one in own[:2]] == [
        "messages[0].content", "messages[1].tool_calls[0].function.arguments",
    ]  # fmt: skip
    assert (checked.ok_to_upload, checked.format_errors) == (False, {})
    assert not [one for one in own if "bob" in f"{one.field}{one.message}" or "0142" in one.message]
    assert "personal_data" not in check(rows, limits=ANY_NUMBER).counts


def test_a_system_prompt_with_personal_data_is_told_once_with_its_place():
    prompt = {"role": "system", "content": "Be kind.\nCall 555-0142."}
    other = {"role": "system", "content": "Be strict. Call 555-0143."}
    rows = [chat(one, user, answer, row=row) for row, one in enumerate([prompt, prompt, other, prompt], 1)]
    own = [one for one in check(rows, limits=ANY_NUMBER, personal_data=True).findings
           if one.code == "personal_data"]  # fmt: skip
    assert [one.row for one in own] == [1, 3]
    assert "The system prompt holds a phone number at line 2, characters 6 to 13" in own[0].message
