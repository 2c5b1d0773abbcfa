import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import escape_markdown, match_key, shortened, visible, without_formula


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HELLO   World", "hello\tworld"),
        ("Ｈｅｌｌｏ", "hello"),
        ("café", "cafe\u0301"),
        ("I h\u200bate you", "i hate you"),
        ("soooooo good", "soo good"),
        ("look https://a.example/1", "look http://b.example/2?x=1"),
        ("hey @bob", "hey @alice_2"),
        ("call 555 1234", "call 7 99"),
        ("１２３", "7"),
        (" \u200b ", ""),
    ],
)
def test_what_a_person_would_call_the_same_text_shares_a_key(one, other):
    assert match_key(one) == match_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("good", "god"), ("I like you", "I don't like you"), ("call 5", "call"), ("a@b", "a b")],
)
def test_what_a_person_would_tell_apart_differs_in_its_key(one, other):
    assert match_key(one) != match_key(other)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_key_is_on_one_line_and_never_longer_runs_than_two(text):
    key = match_key(text)
    assert "\n" not in key and key == key.strip()
    assert not any(key[n] == key[n + 1] == key[n + 2] for n in range(len(key) - 2))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc\u202edef", "abc⟦RLO⟧def"),
        ("a\u200bb\ufeff", "a⟦ZWSP⟧b⟦BOM⟧"),
        ("\x00\x1b[31m\x7f", "⟦U+0000⟧⟦U+001B⟧[31m⟦U+007F⟧"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("👩\u200d👧 x\u200dy", "👩\u200d👧 x⟦ZWJ⟧y"),
        ("a\u061cb\u00adc\u180ed", "a⟦ALM⟧b⟦SHY⟧c⟦U+180E⟧d"),
        ("hi\U000e0068\U000e0069", "hi⟦U+E0068⟧⟦U+E0069⟧"),  # letters of a prompt that nobody sees
        ("\U0001f3f4\U000e0067\U000e007f!", "\U0001f3f4\U000e0067\U000e007f!"),  # letters of a flag
        ("\u0600\u0661 سلام", "\u0600\u0661 سلام"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert visible(text) == shown


@given(st.text())
def test_escaped_text_holds_no_markdown_sign_without_a_backslash(text):
    escaped = escape_markdown(text)
    assert "\n" not in escaped
    before = " "
    for character in escaped:
        assert before == "\\" or character not in "`*_[]#<>!|$:~"
        before = " " if before == "\\" else character


def test_escaping_changes_nothing_that_markdown_would_show_as_it_is():
    assert escape_markdown("Ünïcode 🙂, and a word") == "Ünïcode 🙂, and a word"
    assert escape_markdown("![x](http://a.example)") == "\\!\\[x\\]\\(http\\:\u2060//a\\.example\\)"


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", "+1", "-1", "@x", "\t1", "\r=1", "  =1", "\n=1", "\"=1", "'=1", "＝1", "＋1", "－1", "＠x",
        "\u3000＝1", "\u00a0=1", "\u2003=1", "\u200b=1", "\ufeff=1", "\u202e=1", "\x00=1",
        "﹦1", "﹢1", "﹣1", "﹫x",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell):
    assert without_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "hello", "a=1", "1-2", "…=1", "'quoted' words", "🙂 = happy"])
def test_other_cells_stay_as_they_are(cell):
    assert without_formula(cell) == cell


def test_a_shortened_text_is_one_visible_line_of_at_most_that_length():
    assert shortened("  two\n lines\u202e ") == "two lines⟦RLO⟧"
    assert shortened("x" * 100, 10) == "x" * 9 + "…"
    assert len(shortened("\u202e" * 100, 10)) == 10
