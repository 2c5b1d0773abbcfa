import pytest

from domain.errors import NotFound
from services.curation.similar import can_find_similar, similar_comments
from services.verbs.running import run_verb
from tests.building import KIDS, kids, numbers, put_in, texts

pytestmark = [
    pytest.mark.slow,  # a process that loads an encoder
    pytest.mark.skipif(not can_find_similar(), reason="no encoder is installed"),
]


def test_the_nearest_in_meaning_come_first_and_the_comment_itself_is_not_among_them(db):
    kids(db)
    put_in(db, texts(
        "you are a very stupid person", "what a dumb person you are", "that person bakes very good bread",
        "you are very kind", "ok", "zzzz",
    ))  # fmt: skip
    first, *others = numbers(db)
    found = similar_comments(db, first, most=3)
    assert found[0].comment.comment_id == others[0] and first not in {one.comment.comment_id for one in found}
    assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)
    assert similar_comments(db, others[-1]) == []
    told = run_verb(db, "search", {"dataset": KIDS, "like": first, "limit": 1}, lambda *_: None)
    assert [one["comment_id"] for one in told["comments"]] == [others[0]]
    with pytest.raises(NotFound, match="no comment 999"):
        similar_comments(db, 999)
