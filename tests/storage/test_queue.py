import threading
from collections import Counter
from datetime import timedelta

import pytest

from domain.labels import IMPORTED, Vote
from storage import queue
from storage.cleanings import add_cleaning, update_undone
from storage.database import now
from storage.queue import count_waiting, update_leases
from storage.votes import add_votes
from tests.building import KIDS, kids, numbers, put_in, take_back, texts, vote


@pytest.fixture
def comments(db):
    """The numbers of sixty comments, of which one is empty."""
    kids(db)
    put_in(db, texts(*(f"comment {n}" if n != 10 else " " for n in range(60))))
    return numbers(db)


def leased(db, annotator, wanted=24, *, votes_needed=1, after=0):
    found = update_leases(db, KIDS, annotator, votes_needed=votes_needed, wanted=wanted, after=after)
    return [comment.comment_id for comment in found]


def test_the_oldest_waiting_comments_come_first(db, comments):
    assert leased(db, "ana") == comments[:24]


def test_asking_again_gives_the_same_annotator_the_same_comments(db, comments):
    assert leased(db, "ana") == leased(db, "ana")


def test_two_annotators_get_different_comments(db, comments):
    assert leased(db, "ben") == comments[:24]
    assert leased(db, "ana") == comments[24:48]
    assert leased(db, "cleo") == comments[48:]
    assert leased(db, "dana") == []


def test_a_labelled_comment_waits_for_nobody(db, comments):
    vote(db, comments[0], "ben", "allow")
    assert leased(db, "ana", 2) == comments[1:3]


def test_a_comment_that_needs_two_votes_waits_for_the_second_annotator_only(db, comments):
    vote(db, comments[0], "ben", "allow")
    assert leased(db, "ben", 1, votes_needed=2) == [comments[1]]
    assert leased(db, "ana", 1, votes_needed=2) == [comments[0]]


def test_a_comment_is_held_by_as_many_people_at_once_as_it_still_needs_labels(db, comments):
    assert leased(db, "ben", 2, votes_needed=2) == leased(db, "ana", 2, votes_needed=2) == comments[:2]
    assert leased(db, "cleo", 1, votes_needed=2) == [comments[2]]
    vote(db, comments[0], "ben", "allow")
    assert leased(db, "cleo", 1, votes_needed=2) == [comments[2]]  # ana still holds it
    add_votes(db, KIDS, [Vote(comments[0], "ana", "skip", "skipped")])
    assert leased(db, "cleo", 1, votes_needed=2) == [comments[0]]


def test_the_label_that_the_file_brought_counts_as_a_vote(db, comments):
    vote(db, comments[0], IMPORTED, "allow")
    assert leased(db, "ana", 1) == [comments[1]]
    assert comments[0] in leased(db, "ben", 60, votes_needed=2)


def test_what_an_annotator_skipped_or_was_unsure_of_does_not_come_back_to_them(db, comments):
    vote(db, comments[0], "ana", None)
    add_votes(db, KIDS, [Vote(comments[1], "ana", "skip", "skipped")])
    assert leased(db, "ana", 1) == [comments[2]]


def test_what_one_annotator_skipped_waits_for_another(db, comments):
    add_votes(db, KIDS, [Vote(comments[0], "ana", "skip", "skipped")])
    assert leased(db, "ben", 1) == [comments[0]]


def test_a_vote_taken_back_makes_the_comment_wait_again(db, comments):
    given = vote(db, comments[0], "ana", "allow")
    assert leased(db, "ana", 1) == [comments[1]]
    take_back(db, comments[0], "ana", given)
    assert leased(db, "ana", 1) == [comments[0]]


def test_an_excluded_comment_is_never_handed_out_until_the_cleaning_is_undone(db, comments):
    cleaning = add_cleaning(db, KIDS, "empty", "dana")
    assert comments[10] not in leased(db, "ana", 60)
    update_undone(db, cleaning.cleaning_id, "dana")
    assert comments[10] in leased(db, "ana", 60)


def test_an_expired_lease_returns_the_comment(db, comments, monkeypatch):
    assert leased(db, "ana") == comments[:24]
    monkeypatch.setattr(queue, "now", lambda: now() + timedelta(minutes=11))
    assert leased(db, "ben") == comments[:24]


def test_asking_again_renews_the_lease(db, comments, monkeypatch):
    leased(db, "ana")
    monkeypatch.setattr(queue, "now", lambda: now() + timedelta(minutes=9))
    leased(db, "ana")
    monkeypatch.setattr(queue, "now", lambda: now() + timedelta(minutes=12))
    assert leased(db, "ben") == comments[24:48]


def test_the_search_goes_on_behind_a_comment_and_then_from_the_start(db, comments):
    assert leased(db, "ana", 2, after=comments[30]) == comments[31:33]
    assert leased(db, "ben", 3, after=comments[57]) == [*comments[58:], comments[0]]


def test_nothing_waits_in_an_empty_dataset(db):
    kids(db)
    assert leased(db, "ana") == []


def test_how_many_wait_is_counted_with_what_others_hold(db, comments):
    leased(db, "ben")
    vote(db, comments[0], "ben", "allow")
    vote(db, comments[1], "ana", None)
    assert count_waiting(db, KIDS, "ana", 1) == 58
    assert count_waiting(db, KIDS, "ben", 1) == 59
    assert count_waiting(db, KIDS, "ben", 2) == 59


def tie(db, comment):
    vote(db, comment, "ben", "allow")
    vote(db, comment, "cleo", "disallow")


@pytest.mark.parametrize("votes_needed", [1, 2])
def test_a_tie_waits_for_one_more_annotator_and_not_for_those_who_voted(db, comments, votes_needed):
    tie(db, comments[3])
    assert comments[3] in leased(db, "ana", 60, votes_needed=votes_needed)
    assert comments[3] not in leased(db, "ben", 60, votes_needed=votes_needed)
    vote(db, comments[3], "ana", "allow")
    assert comments[3] not in leased(db, "dana", 60, votes_needed=votes_needed)


def test_a_tie_is_held_by_one_person_at_a_time(db, comments):
    tie(db, comments[0])
    assert leased(db, "ana", 1) == [comments[0]]
    assert leased(db, "dana", 1) == [comments[1]]


def test_a_tie_decided_by_adjudication_waits_for_nobody(db, comments):
    tie(db, comments[0])
    with db.writing(KIDS) as cursor:
        cursor.execute(
            "INSERT INTO adjudications"
            " SELECT nextval('adjudication_ids'), ?, ?, 'allow', 'why', now()::TIMESTAMP, 'dana'",
            [KIDS, comments[0]],
        )
    assert comments[0] not in leased(db, "ana", 60)
    assert count_waiting(db, KIDS, "ana", 1) == 59


def test_ties_are_counted_as_waiting_for_whom_they_are_offered_to(db, comments):
    tie(db, comments[0])
    assert [count_waiting(db, KIDS, who, 1) for who in ("ana", "ben", "cleo")] == [60, 59, 59]


def work_through(db, annotator, votes_needed, handed_out):
    """Lease, vote, until nothing waits."""
    while batch := leased(db, annotator, 64, votes_needed=votes_needed):
        handed_out[annotator] += batch
        add_votes(db, KIDS, [Vote(n, annotator, "label", f"{annotator}:{n}", "allow") for n in batch])


@pytest.mark.parametrize("votes_needed", [1, 2])
def test_eight_annotators_at_once_never_get_more_votes_than_are_needed(db, votes_needed):
    kids(db, votes_needed=votes_needed)
    put_in(db, texts(*(f"comment {n}" for n in range(2_000))))
    handed_out = {f"annotator {n}": [] for n in range(8)}
    threads = [
        threading.Thread(target=work_through, args=[db, annotator, votes_needed, handed_out])
        for annotator in handed_out
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = Counter(number for batch in handed_out.values() for number in batch)
    assert set(times) == set(numbers(db))
    assert max(times.values()) == votes_needed
    assert all(len(batch) == len(set(batch)) for batch in handed_out.values())
