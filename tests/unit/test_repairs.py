import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.material import comments
from domain.repairs import STEPS, changes, is_emoji_only, repaired, version_of

PIECES = st.sampled_from(
    [
        *"aA0 1@$!.-_&;#<>\n",
        "&amp;",
        "&lt;",
        "&#60;",
        "Ã©",
        "é",
        "e\u0301",
        "а",
        "о",
        "ｆ",
        "𝐚",
        "\u200b",
        "\u202e",
    ]
    + [
        "f u c k",
        "h4te",
        "a@b.org",
        "555-1234",
        "\x1b[31m",
        "👨\u200d👩\u200d👧",
        "\x00",
        "â€™",
        "&amp;amp;lt;",
    ]
)


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ("characters", "schÃ¶n, itâ€™s", "schön, it’s"),
        ("characters", "cafe\u0301", "café"),
        ("characters", "a\x00b\x1b[31mc", "abc"),
        ("entities", "1 &lt; 2 &amp;amp; 3 &#33;", "1 < 2 & 3 !"),
        ("spelling", "you f u c k e r", "you fucker"),
        ("spelling", "I h a t e you", "I hate you"),
        ("spelling", "h4te, sh!t and a$$hole", "hate, shit and asshole"),
        ("spelling", "рussy ｆｕｃｋ s\u200bhit", "pussy fuck shit"),
        ("personal", "mail a@b.org", "mail <EMAIL_1>"),
    ],
)
def test_each_step_repairs_what_it_is_for(step, before, after):
    assert repaired(before, [step]) == after
    assert changes(before) == (step,)


@pytest.mark.parametrize(
    "text",
    [
        "naïve café, it’s €5",
        "привет, как дела",
        "👨\u200d👩\u200d👧 mp3s, h2o, B2B",
        "R&D & AT&T;",
        "me!lol",
        "سلام\u200cها",
        "🏴\U000e0067\U000e007f",
    ],
)
def test_what_is_right_stays_as_it_is(text):
    assert repaired(text, STEPS) == text


def test_clean_comments_stay_as_they_are():
    altered = [text for text in comments(2_000) if repaired(text, STEPS) != text]
    assert len(altered) <= 20, altered[:10]


@given(st.lists(PIECES).map("".join) | st.text(), st.sets(st.sampled_from(sorted(STEPS))))
def test_a_repair_done_twice_is_a_repair_done_once(text, steps):
    once = repaired(text, steps)
    assert repaired(once, steps) == once


def test_the_version_names_the_functions_in_the_order_of_their_use():
    assert version_of(["personal", "entities"]) == "entities-1+personal-2"
    assert version_of([]) == ""


@pytest.mark.parametrize(
    ("text", "is_one"), [("😂❤️", True), ("👍🏽 👍", True), ("ok 👍", False), ("", False), ("...", False)]
)
def test_pictures_and_nothing_else(text, is_one):
    assert is_emoji_only(text) == is_one
