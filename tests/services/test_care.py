from datetime import timedelta

import pytest

from domain.desk import DeskSettings
from domain.errors import BadInput
from domain.labels import IMPORTED, Vote
from domain.queues import QueueSettings
from services.labelling import care
from services.labelling.annotators import list_annotators
from services.labelling.care import desk_settings, exposure, set_desk, spare, spared, veiled_among, why_rest
from services.labelling.desk import next_comments, record_votes
from services.labelling.queues import create_queue, next_in_queue, record_in_queue
from storage.database import now
from storage.votes import add_votes
from tests.building import KIDS, kids, numbers, put_in, texts

SEVERE = "disallow"


@pytest.fixture
def comments(db):
    """Sixty comments; the file says of every other one that it is severe."""
    kids(db)
    put_in(db, texts(*(f"comment {n}" for n in range(60))))
    found = numbers(db)
    add_votes(
        db,
        KIDS,
        [
            Vote(number, IMPORTED, "label", f"i{number}", SEVERE if place % 2 else "allow", source="import")
            for place, number in enumerate(found)
        ],
    )
    return found


def made(db, **settings):
    told = QueueSettings(again=True, **settings)
    return create_queue(db, KIDS, "all", told, actor="lena").queue_id


def handed(db, queue, who="ana", wanted=32):
    return [each.comment_id for each in next_in_queue(db, queue, actor=who, wanted=wanted)]


def answer(db, queue, numbers_, who="ana", label="allow", **more):
    given = [Vote(number, who, "label", f"{who}:{number}", label, **more) for number in numbers_]
    record_in_queue(db, queue, given, actor=who)


def put(db, **settings):
    return set_desk(db, KIDS, DeskSettings(severe=(SEVERE,), **settings), actor="lena")


def test_a_desk_that_nobody_set_limits_nothing(db, comments):
    assert desk_settings(db, KIDS) == DeskSettings()
    assert handed(db, made(db)) == comments[:32]


def test_the_newest_settings_count(db, comments):
    put(db, most_severe=3, masked=("slur", " slur ", ""))
    assert put(db, severity=4, masked=("slur", " slur ", "")) == desk_settings(db, KIDS)
    assert desk_settings(db, KIDS).masked == ("slur",)
    assert desk_settings(db, KIDS).most_severe == 0


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"severity": 10}, "steps"),
        ({"severe": ("spam",)}, "not in the label set"),
        ({"break_min": 0}, "out of range"),
        ({"most_severe": -1}, "out of range"),
        ({"help_text": "x" * 501}, "too much"),
    ],
)
def test_settings_that_cannot_be_are_refused(db, comments, settings, told):
    with pytest.raises(BadInput, match=told):
        set_desk(db, KIDS, DeskSettings(**settings), actor="lena")


def test_nobody_is_ever_given_more_severe_comments_in_a_day_than_the_lead_set(db, comments):
    put(db, most_severe=5)
    queue, read = made(db), set()
    hard = set(comments[1::2])
    while batch := handed(db, queue, wanted=8):
        if why_rest(db, KIDS, actor="ana"):
            break
        read |= set(batch)
        answer(db, queue, batch[:3])
        assert len(read & hard) <= 5
    assert read & hard  # some of them, at first
    assert why_rest(db, KIDS, actor="ana").startswith("You read 5 severe comments today")
    left = handed(db, queue, "ben")
    assert set(left) & hard  # what one person is not given waits for the others


def test_after_so_many_comments_the_day_is_over_and_answers_still_come_in(db, comments):
    put(db, most_comments=4, help_text="Talk to Mira.")
    queue = made(db)
    answer(db, queue, handed(db, queue)[:4])
    assert handed(db, queue) == []
    assert [each.comment_id for each in next_comments(db, KIDS, actor="ana")] == []
    assert why_rest(db, KIDS, actor="ana").endswith("Talk to Mira.")
    answer(db, queue, comments[4:5])
    assert exposure(db, KIDS, actor="ana").comments == 5
    assert why_rest(db, KIDS, actor="ben") == ""


def test_a_break_is_due_after_so_many_minutes_and_ends(db, comments, monkeypatch):
    put(db, work_min=30, break_min=10)
    start = now().replace(hour=9, minute=0, second=0, microsecond=0)
    for minute in range(0, 32, 4):
        monkeypatch.setattr(care, "now", lambda: start + timedelta(minutes=28))
        given = Vote(comments[minute], "ana", "label", f"c{minute}", "allow",
                     voted_at=start + timedelta(minutes=minute))  # fmt: skip
        record_votes(db, KIDS, [given], actor="ana")
    assert why_rest(db, KIDS, actor="ana") == ""
    late = Vote(comments[40], "ana", "label", "late", "allow", voted_at=start + timedelta(minutes=31))
    record_votes(db, KIDS, [late], actor="ana")
    monkeypatch.setattr(care, "now", lambda: start + timedelta(minutes=33))
    assert "it goes on at 09:41 UTC" in why_rest(db, KIDS, actor="ana")
    monkeypatch.setattr(care, "now", lambda: start + timedelta(minutes=42))
    assert why_rest(db, KIDS, actor="ana") == ""


def test_who_is_spared_a_label_gets_the_others_and_no_figure_changes(db, comments):
    queue = made(db)
    answer(db, queue, handed(db, queue, "ben")[:2], "ben")
    before = list_annotators(db, KIDS)
    assert spare(db, KIDS, ["DISALLOW"], actor="ana") == spared(db, KIDS, actor="ana") == (SEVERE,)
    assert set(handed(db, queue, wanted=20)) <= set(comments[::2])
    assert comments[1] not in handed(db, queue, wanted=20)
    assert set(handed(db, queue, "ben", 20)) & set(comments[1::2])  # nobody else is spared, nothing is held
    assert list_annotators(db, KIDS) == before
    spare(db, KIDS, [], actor="ana")
    assert set(handed(db, queue)) & set(comments[1::2])


def test_severe_comments_stand_between_calm_ones(db, comments):
    put(db, calm=4)
    hard = set(comments[1::2])
    batch = handed(db, made(db), wanted=24)
    places = [place for place, number in enumerate(batch) if number in hard]
    assert places
    assert all(later - earlier >= 4 for earlier, later in zip(places, places[1:], strict=False))


def test_a_veil_tells_nothing_in_a_blind_queue(db, comments):
    put(db, veils=True)
    assert veiled_among(db, KIDS, comments[:4], is_blind=False) == {comments[1], comments[3]}
    assert veiled_among(db, KIDS, comments[:4], is_blind=True) == set(comments[:4])


def test_alike_texts_come_once_where_that_is_asked(db):
    kids(db)
    put_in(db, texts("go away", "Go  AWAY", "come back", "go away"))
    queue = create_queue(db, KIDS, "once", QueueSettings(once_per_text=True), actor="lena").queue_id
    assert handed(db, queue) == [numbers(db)[0], numbers(db)[2]]
