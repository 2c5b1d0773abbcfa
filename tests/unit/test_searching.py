import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from domain.searching import Term, places_of, query_of, search_text


def found(text, asked):
    return [text[start:end] for start, end in places_of(text, query_of(asked))]


@pytest.mark.parametrize(
    ("asked", "terms"),
    [
        ("", ()),
        ("  \u200b ", ()),
        ("Go away", (Term("go"), Term("away"))),
        ('"Go  away"', (Term("go  away", whole=True),)),
        ("-away go", (Term("away", absent=True), Term("go"))),
        ('-"go away"', (Term("go away", whole=True, absent=True),)),
        ("-", (Term("-"),)),
        ("100% a_b \\", (Term("100%"), Term("a_b"), Term("\\"))),
        ('say "hi', (Term("say"), Term('"hi'))),
        ("go GO ｇｏ", (Term("go"),)),
    ],
)
def test_a_search_is_words_exact_words_and_words_that_must_not_be_there(asked, terms):
    assert query_of(asked) == terms


def test_a_search_that_is_too_long_is_refused():
    with pytest.raises(BadInput, match="201 characters"):
        query_of("x" * 201)
    with pytest.raises(BadInput, match="13 terms"):
        query_of(" ".join(str(number) for number in range(13)))


@pytest.mark.parametrize(
    ("text", "asked", "marked"),
    [
        ("You IDIOT!", "idiot", ["IDIOT"]),
        ("ＩＤＩＯＴ", "idiot", ["ＩＤＩＯＴ"]),
        ("an i\u200bd\u00adiot here", "idiot", ["i\u200bd\u00adiot"]),
        ("Straße", "STRASSE", ["Straße"]),
        ("crème brûlée", "creme", ["crème"]),
        ("class ass", '"ass"', ["ass"]),
        ("class ass", "ass", ["ass", "ass"]),
        ("go away, go", '"go away"', ["go away"]),
        ("line\nbreak", '"line break"', ["line\nbreak"]),
        ("aaa", "aa a", ["aaa"]),
        ("nothing", "-thing", []),
        ("ﬁsh", "f", ["ﬁ"]),
    ],
)
def test_what_was_found_is_marked_in_the_text_as_it_came(text, asked, marked):
    assert found(text, asked) == marked


@given(st.text(), st.text(min_size=1, max_size=20))
def test_a_piece_of_a_text_is_found_in_it_and_the_marks_lie_in_order(text, piece):
    whole = f"{text}{piece}{text}"
    places = places_of(whole, (Term(search_text(piece)),)) if search_text(piece) else []
    assert not search_text(piece) or places
    assert all(start < end for start, end in places)
    assert all(first[1] < second[0] for first, second in zip(places, places[1:], strict=False))
