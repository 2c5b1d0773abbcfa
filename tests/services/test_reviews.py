import pytest

from domain.errors import BadInput, NotFound
from services.evaluation.reviews import UNPARSED, cell, miss, misses, progress, review
from storage.comments import get_comment
from storage.database import connect
from storage.reviews import list_adjudications
from tests.stored_runs import labelled_dataset, stored_run


@pytest.fixture
def db(tmp_path):
    database = connect(tmp_path / "home")
    yield database
    database.close()


@pytest.fixture
def ids(db):
    pairs = [("kind", "allow"), ("rude", "disallow"), ("odd", "allow"), ("hm", "disallow"), ("ok", "allow")]
    return labelled_dataset(db, pairs)


@pytest.fixture
def run(db, ids):
    """Right on the first; wrong on the other four, one of them without an answer."""
    answers = dict(zip(ids, ["allow", "allow", "disallow", None, "disallow"], strict=True))
    scores = {ids[0]: [0.9, 0.1], ids[1]: [0.6, 0.4], ids[2]: [0.1, 0.9], ids[4]: [0.3, 0.7]}
    return stored_run(db, answers, scores=scores)


def given(db, run, comment_id, verdict="model wrong", *, client_id="one", **options):
    return review(
        db, run_id=run, comment_id=comment_id, verdict=verdict, client_id=client_id, actor="ben", **options
    )


def test_misses_come_with_the_surest_answer_first(db, run, ids):
    found = misses(db, run)
    assert [each.comment.comment_id for each in found] == [ids[2], ids[4], ids[1], ids[3]]
    assert [label for label, _ in found[0].scores] == ["disallow", "allow"]
    assert found[0].scores[0][1] == pytest.approx(0.9)
    assert (found[3].predicted, found[3].scores) == (None, ())


def test_misses_of_one_cell(db, run, ids):
    assert [m.comment.body for m in misses(db, run, gold="allow", predicted="disallow")] == ["odd", "ok"]
    assert [m.comment.body for m in misses(db, run, predicted=UNPARSED)] == ["hm"]
    assert [m.comment.body for m in misses(db, run, limit=1, offset=1)] == ["ok"]


def test_a_cell_on_the_diagonal_holds_hits_which_are_no_misses(db, run):
    assert [m.comment.body for m in cell(db, run, gold="allow", predicted="allow")] == ["kind"]
    assert misses(db, run, gold="allow", predicted="allow") == []


def test_a_verdict_is_counted_and_its_miss_is_no_longer_waiting(db, run, ids):
    assert given(db, run, ids[1], "guideline unclear", why="quoted") is True
    assert miss(db, run, ids[1]).review.verdict == "guideline unclear"
    assert ids[1] not in [m.comment.comment_id for m in misses(db, run, reviewed=False)]
    assert [m.comment.comment_id for m in misses(db, run, reviewed=True)] == [ids[1]]
    how_far = progress(db, run)
    assert (how_far.misses, how_far.reviewed, how_far.verdicts["guideline unclear"]) == (4, 1, 1)


def test_the_newest_verdict_on_a_miss_counts(db, run, ids):
    given(db, run, ids[1], "cannot be judged")
    given(db, run, ids[1], "model wrong", client_id="two")
    assert progress(db, run).verdicts["cannot be judged"] == 0
    assert progress(db, run).reviewed == 1


def test_label_wrong_puts_another_label_in_force_with_who_and_why(db, run, ids):
    given(db, run, ids[2], "label wrong", label="Disallow", why="It is a threat.")
    comment = get_comment(db, ids[2])
    assert (comment.label, comment.label_from) == ("disallow", "adjudicated")
    [(label, why, who, _)] = list_adjudications(db, "kids", ids[2])
    assert (label, why, who) == ("disallow", "It is a threat.", "ben")
    seen = miss(db, run, ids[2])
    assert (seen.gold, seen.comment.label) == ("allow", "disallow")  # frozen, and in force


def test_sending_a_review_twice_counts_once(db, run, ids):
    options = {"label": "disallow", "why": "A threat."}
    assert given(db, run, ids[2], "label wrong", **options) is True
    assert given(db, run, ids[2], "label wrong", **options) is False
    assert len(list_adjudications(db, "kids", ids[2])) == 1


@pytest.mark.parametrize(
    "verdict", ["model wrong", "guideline unclear", "context missing", "cannot be judged"]
)
def test_another_verdict_takes_the_adjudication_back_and_keeps_both_on_record(db, run, ids, verdict):
    given(db, run, ids[2], "label wrong", label="disallow", why="A threat.")
    given(db, run, ids[2], verdict, client_id="two")
    comment = get_comment(db, ids[2])
    assert (comment.label, comment.label_from) == ("allow", "single")
    told = [(label, why) for label, why, _, _ in list_adjudications(db, "kids", ids[2])]
    assert told == [("disallow", "A threat."), (None, verdict)]


def test_an_adjudication_taken_back_is_taken_back_once_and_can_be_made_anew(db, run, ids):
    given(db, run, ids[2], "label wrong", label="disallow", why="A threat.")
    for client_id in ("two", "two", "three"):
        given(db, run, ids[2], "model wrong", client_id=client_id)
    assert len(list_adjudications(db, "kids", ids[2])) == 2
    given(db, run, ids[2], "label wrong", label="disallow", why="After all.", client_id="four")
    assert get_comment(db, ids[2]).label == "disallow"


def test_a_verdict_on_one_comment_takes_nothing_back_of_another(db, run, ids):
    given(db, run, ids[2], "label wrong", label="disallow", why="A threat.")
    given(db, run, ids[4], "model wrong", client_id="two")
    assert get_comment(db, ids[2]).label == "disallow"
    assert list_adjudications(db, "kids", ids[4]) == []


def test_a_verdict_on_another_run_leaves_the_adjudication_in_force(db, run, ids):
    given(db, run, ids[2], "label wrong", label="disallow", why="A threat.")
    frozen_since = stored_run(db, {ids[2]: "allow"}, name="second")
    given(db, frozen_since, ids[2], "model wrong", client_id="two")  # the label put in force is right
    assert get_comment(db, ids[2]).label == "disallow"


def test_an_adjudication_made_since_is_not_taken_back_with_the_older_one(db, run, ids):
    other = stored_run(db, {ids[2]: "disallow"}, name="second")
    given(db, run, ids[2], "label wrong", label="disallow", why="A threat.")
    given(db, other, ids[2], "label wrong", label="disallow", why="Read twice.", client_id="two")
    given(db, run, ids[2], "model wrong", client_id="three")
    assert get_comment(db, ids[2]).label == "disallow"


def test_the_frozen_label_can_be_put_back_in_force_after_an_adjudication(db, run, ids):
    given(db, run, ids[2], "label wrong", label="disallow", why="A threat.")
    assert miss(db, run, ids[2]).is_overruled
    given(db, run, ids[2], "label wrong", label="allow", why="No threat.", client_id="two")
    comment = get_comment(db, ids[2])
    assert (comment.label, comment.label_from) == ("allow", "adjudicated")
    assert not miss(db, run, ids[2]).is_overruled
    with pytest.raises(BadInput, match="frozen label itself"):
        given(db, run, ids[2], "label wrong", label="allow", why="Again.", client_id="three")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"verdict": "bad"}, "no verdict"),
        ({"verdict": "label wrong", "label": "disallow", "why": "  "}, "needs a reason"),
        ({"verdict": "label wrong", "why": "x"}, "cannot be the right label"),
        ({"verdict": "label wrong", "label": "spam", "why": "x"}, "'spam' cannot be the right label"),
        ({"verdict": "label wrong", "label": "allow", "why": "x"}, "frozen label itself"),
        ({"verdict": "model wrong", "label": "disallow"}, "changes no label"),
        ({"verdict": "model wrong", "why": "x" * 2_001}, "2,001 characters"),
        ({"client_id": ""}, "no id"),
    ],
)
def test_a_review_that_cannot_be_used_is_refused_and_leaves_nothing(db, run, ids, options, words):
    with pytest.raises(BadInput, match=words):
        given(db, run, ids[2], **options)
    assert progress(db, run).reviewed == 0
    assert get_comment(db, ids[2]).label == "allow"


def test_a_hit_is_not_reviewed_and_a_stranger_is_named(db, run, ids):
    with pytest.raises(BadInput, match="is no miss"):
        given(db, run, ids[0])
    with pytest.raises(NotFound, match="999"):
        given(db, run, 999)
    with pytest.raises(NotFound, match="run-9"):
        progress(db, "run-9")


def test_a_page_of_misses_is_bounded(db, run):
    with pytest.raises(BadInput, match="cannot be listed"):
        misses(db, run, limit=100_000)
