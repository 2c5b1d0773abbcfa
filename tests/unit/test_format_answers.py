import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from services.modelling.answers.parsing import MAX_ANSWER_CHARACTERS, answer_keys, parse_answer

LABELS = ("allow", "disallow")

ANSWERS = [
    ("allow", "allow"),
    ("disallow", "disallow"),
    (" Disallow.", "disallow"),
    ("**ALLOW**", "allow"),
    ("**Disallow.**", "disallow"),
    ("ALLOW\n", "allow"),
    ("\n\n disallow \n", "disallow"),
    ("Disallow!", "disallow"),
    ("`allow`", "allow"),
    ("```\ndisallow\n```", "disallow"),
    ('"Disallow"', "disallow"),
    ("“disallow”", "disallow"),
    ("'Allow'.", "allow"),
    ("(disallow)", "disallow"),
    ("[allow]", "allow"),
    ('["disallow"]', "disallow"),
    ("_Disallow_", "disallow"),
    ("ＤＩＳＡＬＬＯＷ", "disallow"),
    ("ａｌｌｏｗ。", "allow"),
    ('{"label": "disallow"}', "disallow"),
    ('{"label": "Allow"}', "allow"),
    ('{"decision": "disallow", "reason": "I cannot allow slurs"}', "disallow"),
    ('{"label": "disallow", "confidence": 0.4}', "disallow"),
    ('```json\n{"label": "disallow"}\n```', "disallow"),
    ('"disallow"', "disallow"),
    ("", None),
    ("   \n", None),
    (None, None),
    (".", None),
    ("Allowed", None),
    ("not allowed", None),
    ("not allow", None),
    ("do not allow", None),
    ("I would disallow", None),
    ("I would allow this, but the guideline says disallow", None),
    ("disal", None),
    ("disallo", None),
    ("allo", None),
    ("allow disallow", None),
    ("allow, disallow", None),
    ("disallow or allow", None),
    ("allow/disallow", None),
    ("allow\ndisallow", None),
    ("Allow? Never.", None),
    ("allow?", None),
    ("~~allow~~", None),
    ("!allow", None),
    ("-allow", None),
    ("❌ allow", None),
    ("allow ❌", None),
    ("dis allow", None),
    ("dis-\nallow", None),
    ("dis\u200ballow", None),
    ("dis\u00adallow", None),
    ("(dis)allow", None),
    ("(dis)(allow)", None),
    ('"allow', None),
    ('["allow", "disallow"]', None),
    ('{"allow', None),
    ('{"allow": false}', None),
    ('{"not": "allow"}', None),
    ('{"label": "allow", "label": "disallow"}', None),
    ('{"label": "allow", "answer": "disallow"}', None),
    ('{"label": "allow", "negated": true}', None),
    ('{"label": ["allow"]}', None),
    ('{"label": "disallow"', None),
    ("The answer is: allow", None),
    ("disallow: allow", None),
    ("аllow", None),
    ("1", None),
    ("[" * 3_000, None),
    ("allow " * MAX_ANSWER_CHARACTERS, None),
]


def test_the_table_holds_at_least_sixty_answers():
    assert len({raw for raw, _ in ANSWERS}) >= 60


@pytest.mark.parametrize(("raw", "label"), ANSWERS)
def test_an_answer_means_its_label_or_none(raw, label):
    assert parse_answer(raw, LABELS) == (label, "ok" if label else "invalid")


@pytest.mark.parametrize("raw", [raw for raw, label in ANSWERS if label != "allow"])
def test_no_other_answer_becomes_allow(raw):
    assert parse_answer(raw, LABELS)[0] != "allow"
    assert parse_answer(raw, LABELS[::-1])[0] != "allow"


@given(st.text(alphabet=" *_`\"'()[].!?,:;~-\n{}Aa", max_size=8), st.text(max_size=8))
def test_nothing_around_disallow_turns_it_into_allow(before, after):
    assert parse_answer(f"{before}disallow{after}", LABELS)[0] != "allow"
    assert parse_answer(f"{after}DISALLOW{before}", LABELS)[0] != "allow"


@given(st.text(max_size=12).filter(str.strip), st.sampled_from(LABELS))
def test_an_answer_with_another_word_means_nothing(word, label):
    if any(character.isalnum() for character in word):
        assert parse_answer(f"{word} {label}", LABELS) == (None, "invalid")
        assert parse_answer(f"{label} {word}", LABELS) == (None, "invalid")


@pytest.mark.parametrize(
    ("finish_reason", "refusal", "status"),
    [
        ("stop", None, "ok"),
        (None, None, "ok"),
        ("end_turn", "", "ok"),
        ("length", None, "truncated"),
        ("max_tokens", None, "truncated"),
        ("content_filter", None, "filtered"),
        ("stop", "I cannot help with that.", "refusal"),
        ("content_filter", "I cannot help with that.", "refusal"),
        ("tool_calls", None, "invalid"),
        ("brand_new_reason", None, "invalid"),
    ],
)
def test_why_an_answer_ended_decides_before_its_words_do(finish_reason, refusal, status):
    found = parse_answer("disallow", LABELS, finish_reason=finish_reason, refusal=refusal)
    assert found == ("disallow" if status == "ok" else None, status)


def test_a_refusal_without_words_is_a_refusal():
    assert parse_answer(None, LABELS, refusal="no") == (None, "refusal")


@pytest.mark.parametrize(
    ("raw", "label"),
    [("hate speech.", "hate speech"), ("HATE  SPEECH", "hate speech"), ("2", "2"), ("Straße", "STRASSE")],
)
def test_labels_of_several_words_numbers_and_sharp_s_are_found(raw, label):
    assert parse_answer(raw, ("hate speech", "2", "STRASSE")) == (label, "ok")


@pytest.mark.parametrize("labels", [("spam", "Spam!"), ("a", "(a)"), ("ok", "ＯＫ"), ("", "x")])
def test_labels_that_are_one_answer_are_refused(labels):
    with pytest.raises(BadInput, match="cannot be told"):
        answer_keys(labels)
