import pytest

from domain.errors import BadInput, NotFound
from services.curation.datasets import find_guideline, write_guideline
from services.labelling.guideline_examples import (
    MAX_WHY,
    add_example,
    guideline_for_people,
    list_examples,
    take_out,
)
from tests.building import KIDS, kids, numbers, put_in, texts, vote


@pytest.fixture
def comments(db):
    kids(db)
    put_in(db, texts("**go away** <b>", "how sweet", "hm"))
    return numbers(db)


def test_a_comment_is_an_example_of_the_label_in_force_or_of_the_one_named(db, comments):
    vote(db, comments[0], "ben", "disallow")
    write_guideline(db, KIDS, "Be kind.", actor="lena")
    add_example(db, KIDS, comments[0], actor="ana", why=" an insult ")
    add_example(db, KIDS, comments[1], actor="ana", label="ALLOW")
    first, second = list_examples(db, KIDS)
    assert (first.label, first.body, first.guideline_version) == ("allow", "how sweet", 1)
    assert (second.label, second.why, second.created_by) == ("disallow", "an insult", "ana")


def test_people_read_the_examples_below_the_guideline_and_models_are_never_told(db, comments):
    assert guideline_for_people(db, KIDS) == ""
    write_guideline(db, KIDS, "Be kind.", actor="lena")
    add_example(db, KIDS, comments[0], actor="ana", label="disallow", why="an insult")
    assert guideline_for_people(db, KIDS) == "Be kind.\n\nExamples\n\ndisallow: “**go away** <b>” (an insult)"
    assert find_guideline(db, KIDS) == (1, "Be kind.")


def test_the_newest_example_of_a_comment_counts_and_one_taken_out_is_gone(db, comments):
    add_example(db, KIDS, comments[0], actor="ana", label="allow")
    number = add_example(db, KIDS, comments[0], actor="ben", label="disallow")
    assert [(each.example_id, each.label) for each in list_examples(db, KIDS)] == [(number, "disallow")]
    take_out(db, KIDS, number, actor="ana")
    assert list_examples(db, KIDS) == []
    with pytest.raises(NotFound, match=f"no example {number}"):
        take_out(db, KIDS, number, actor="ana")


def test_what_cannot_be_an_example_is_refused(db, comments):
    with pytest.raises(BadInput, match="has no label"):
        add_example(db, KIDS, comments[2], actor="ana")
    with pytest.raises(BadInput, match="label set"):
        add_example(db, KIDS, comments[2], actor="ana", label="spam")
    with pytest.raises(BadInput, match="is not in 'kids'"):
        add_example(db, KIDS, 999_999, actor="ana", label="allow")
    with pytest.raises(BadInput, match="too long"):
        add_example(db, KIDS, comments[2], actor="ana", label="allow", why="x" * (MAX_WHY + 1))
