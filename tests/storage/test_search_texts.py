import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.comments import FLAGS, CommentFilter
from domain.errors import BadInput
from domain.filters import CONDITIONS, conditions_of, filter_of
from domain.searching import places_of, query_of, search_text
from storage.comments import count_comments, find_page, list_comments
from tests.building import KIDS, asked, kids, numbers, put_in, texts, vote
from tests.hostile import HOSTILE

PLAIN = [
    "You IDIOT",
    "ＩＤＩＯＴ",
    "an i\u200bdiot",
    "class",
    "ass",
    "go away",
    "away, go",
    "tab\there",
    "crème",
    "",
]


def found(db, contains, **more):
    return [comment.body for comment in list_comments(db, CommentFilter(KIDS, contains=contains, **more))]


@pytest.fixture
def filled(db):
    kids(db)
    put_in(db, texts(*PLAIN))
    return db


@pytest.mark.parametrize(
    ("contains", "bodies"),
    [
        ("idiot", PLAIN[:3]),
        ('"idiot" you', PLAIN[:1]),
        ("ass", ["class", "ass"]),
        ('"ass"', ["ass"]),
        ("go away", ["go away", "away, go"]),
        ('"go away"', ["go away"]),
        ("ass -class", ["ass"]),
        ('"tab here"', ["tab\there"]),
        ("creme", ["crème"]),
        ("\u200b", PLAIN),
    ],
)
def test_texts_are_found_as_they_are_read_and_not_as_they_are_spelt(filled, contains, bodies):
    assert found(filled, contains) == bodies


def test_comments_that_come_later_are_searched_too(filled):
    assert found(filled, "newcomer") == []
    put_in(filled, [{"id": "n1", "text": "a newcomer"}, {"id": "n2", "text": "ＮＥＷＣＯＭＥＲ"}])
    assert found(filled, "newcomer") == ["a newcomer", "ＮＥＷＣＯＭＥＲ"]
    assert asked(filled, "SELECT count(*) FROM search_texts") == [(len(PLAIN) + 2,)]


def test_texts_folded_by_an_older_version_are_made_anew(filled):
    found(filled, "idiot")
    with filled.writing(KIDS) as cursor:
        cursor.execute("UPDATE search_texts SET folded = 'old', version = 0")
    assert found(filled, "idiot") == PLAIN[:3]
    assert asked(filled, "SELECT count(*) FROM search_texts") == [(len(PLAIN),)]


def test_sql_and_python_fold_alike(db):
    kids(db)
    draw = random.Random(1)
    put_in(db, texts(*HOSTILE, *("".join(map(chr, draw.choices(range(128), k=30))) for _ in range(100))))
    found(db, "x")
    for body, folded in asked(
        db, "SELECT body, folded FROM comments JOIN search_texts USING (dataset_id, comment_id)"
    ):
        assert folded == search_text(body)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.sampled_from('ab -"% cé\u200b\\(.'), min_size=1, max_size=8))
def test_what_is_found_is_what_the_marks_would_show(filled, words):
    terms = query_of(words)
    if not terms or any(term.absent for term in terms):
        return
    assert found(filled, words) == [body for body in PLAIN if all(places_of(body, (term,)) for term in terms)]


def test_a_page_and_its_count_come_together(filled):
    wanted = CommentFilter(KIDS, contains="a", limit=2, offset=2)
    page, count = find_page(filled, wanted)
    assert page == list_comments(filled, wanted) and count == count_comments(filled, wanted) == 6
    assert find_page(filled, CommentFilter(KIDS, offset=50)) == ([], len(PLAIN))
    assert find_page(filled, CommentFilter("nowhere")) == ([], 0)


def test_every_column_can_be_asked_for(db):
    kids(db)
    put_in(db, [
        {"id": "1", "text": "short", "author": "x", "thread": "t", "language": "de", "time": "2026-05-01"},
        {"id": "2", "text": "rather long", "split": "test"},
        {"id": "3", "text": "RATHER LONG", "label": "allow"},
    ])  # fmt: skip
    first, second, third = numbers(db)
    vote(db, first, "ana", "allow")
    vote(db, second, "ana", "allow")
    vote(db, second, "ben", "disallow")

    def ids(**wanted):
        named = {name.rstrip("_"): value for name, value in wanted.items()}
        page, count = find_page(db, filter_of(KIDS, named))
        assert count == len(page)
        return [comment.comment_id for comment in page]

    assert ids(language="de") == ids(thread="t") == ids(author="x") == [first]
    assert ids(since="2026-05-01", before="2026-05-02") == [first] and ids(before="2026-05-01") == []
    assert ids(shortest="6") == [second, third] and ids(longest="5") == [first]
    assert ids(annotator="ben") == ids(flag="disputed") == ids(flag="unlabelled") == [second]
    assert ids(annotator="(imported)") == ids(from_="imported") == [third]
    assert ids(label="allow") == [first, third] and ids(label="allow", annotator="ana") == [first]
    assert ids(source="rows.csv", excluded="no") == [first, second, third] and ids(source="other") == []
    assert ids(flag="repeats") == [third] and ids(flag="repeated") == [second]
    assert ids(flag="suspected") == ids(import_="999") == []


def test_conditions_survive_the_way_into_a_filter_and_back():
    values = {
        "from": "tied", "split": "test", "flag": next(iter(FLAGS)), "import": "7", "shortest": "1",
        "longest": "2", "since": "2026-01-01", "before": "2026-02-01", "excluded": "no",
    }  # fmt: skip
    wanted = {name: values.get(name, "x") for name in CONDITIONS}
    assert conditions_of(filter_of(KIDS, wanted)) == wanted
    assert conditions_of(CommentFilter(KIDS)) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"), ("from", "x"), ("flag", "x"), ("import", "1 OR 1"), ("longest", "-1"),
        ("since", "soon"), ("excluded", "maybe"), ("author", " "), ("author", "x" * 501), ("split", "tset"),
    ],
)  # fmt: skip
def test_a_condition_that_cannot_be_asked_is_refused(name, value):
    with pytest.raises(BadInput):
        filter_of(KIDS, {name: value})


def test_a_flag_that_is_not_there_is_refused(filled):
    with pytest.raises(BadInput, match="no flag"):
        find_page(filled, CommentFilter(KIDS, flag="x; DROP TABLE comments"))
