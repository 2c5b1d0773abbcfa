import pytest

from domain.errors import BadInput, NotFound
from domain.labels import Vote
from services.curation.comments import history
from services.curation.datasets import write_guideline
from services.labelling.desk import count_desk, label_comment, next_comments, record_votes
from storage.votes import list_votes
from tests.building import KIDS, asked, kids, numbers, put_in, texts


@pytest.fixture
def comments(db):
    kids(db)
    put_in(db, texts(*(f"comment {n}" for n in range(40))))
    return numbers(db)


def given(comment, **changed):
    usual = {"annotator": "", "kind": "label", "client_id": "one", "label": "allow"}
    return Vote(**{"comment_id": comment, **usual, **changed})


def undo_of_one(comment):
    return given(comment, kind="undo", client_id="two", label=None, undoes="one")


def test_the_queue_holds_at_least_twenty_four_comments(db, comments):
    assert len(next_comments(db, KIDS, actor="ana")) >= 24


def test_what_is_acknowledged_is_in_the_database(db, comments):
    acknowledged = record_votes(db, KIDS, [given(n, client_id=f"v{n}") for n in comments], actor="ana")
    assert acknowledged == [f"v{n}" for n in comments]
    assert asked(db, "SELECT client_id FROM votes ORDER BY vote_id") == [(each,) for each in acknowledged]


def test_a_vote_that_is_resent_is_acknowledged_again_and_counted_once(db, comments):
    votes = [given(comments[0])]
    assert record_votes(db, KIDS, votes, actor="ana") == record_votes(db, KIDS, votes, actor="ana") == ["one"]
    assert count_desk(db, KIDS, actor="ana").done == 1


def test_two_changes_of_mind_in_one_batch_leave_the_last_in_force(db, comments):
    labels = ["allow", "disallow"] * 3
    said = [given(comments[0], client_id=f"{9 - n}", label=label) for n, label in enumerate(labels)]
    record_votes(db, KIDS, said, actor="ana")
    assert history(db, comments[0]).comment.label == "disallow"


def test_a_vote_carries_the_actor_and_the_guideline_of_its_time(db, comments):
    write_guideline(db, KIDS, "Be kind.", actor="dana")
    record_votes(db, KIDS, [given(comments[0], annotator="somebody else")], actor="ana")
    vote = list_votes(db, KIDS, comments[0])[0]
    assert (vote.annotator, vote.guideline_version) == ("ana", 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"comment_id": 999_999},
        {"label": "spam"},
        {"label": None},
        {"label": "ALLOW"},
        {"kind": "shout"},
        {"kind": "undo"},
        {"seconds": -1.0},
        {"seconds": float("nan")},
        {"client_id": ""},
        {"client_id": "x" * 301},
    ],
)
def test_one_vote_that_cannot_be_used_refuses_the_whole_batch(db, comments, changed):
    batch = [given(comments[1], client_id="fine"), given(comments[0], **changed)]
    with pytest.raises(BadInput):
        record_votes(db, KIDS, batch, actor="ana")
    assert asked(db, "SELECT count(*) FROM votes") == [(0,)]


def test_nobody_votes_without_a_name(db, comments):
    with pytest.raises(BadInput, match="Nobody is named"):
        record_votes(db, KIDS, [given(comments[0])], actor="  ")


def test_a_label_from_the_command_line_is_found_in_any_case(db, comments):
    assert label_comment(db, KIDS, comments[0], actor="ana", label="ALLOW").label == "allow"
    assert label_comment(db, KIDS, comments[1], actor="ana", label="skip").kind == "skip"
    with pytest.raises(BadInput, match="'spam' is not in the label set"):
        label_comment(db, KIDS, comments[2], actor="ana", label="spam")
    with pytest.raises(NotFound, match="no comment 999999"):
        label_comment(db, KIDS, 999_999, actor="ana", label="allow")


def test_done_and_waiting_add_up_for_each_annotator(db, comments):
    label_comment(db, KIDS, comments[0], actor="ana", label="allow")
    label_comment(db, KIDS, comments[1], actor="ana", label="skip")
    ana, ben = (count_desk(db, KIDS, actor=name) for name in ("ana", "ben"))
    assert (ana.done, ana.waiting) == (2, 38)
    assert (ben.done, ben.waiting) == (0, 39)


def test_the_history_of_a_comment_tells_every_vote_taken_back_ones_too(db, comments):
    record_votes(db, KIDS, [given(comments[0])], actor="ana")
    record_votes(db, KIDS, [undo_of_one(comments[0])], actor="ana")
    told = history(db, comments[0])
    assert [vote.kind for vote in told.votes] == ["label", "undo"]
    assert told.comment.label is None


def test_nobody_takes_back_the_vote_of_another(db, comments):
    record_votes(db, KIDS, [given(comments[0])], actor="ana")
    with pytest.raises(BadInput, match="not a vote of yours"):
        record_votes(db, KIDS, [undo_of_one(comments[0])], actor="ben")
    assert history(db, comments[0]).comment.label == "allow"
