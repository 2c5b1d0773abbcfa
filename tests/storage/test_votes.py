import threading

import pytest

from domain.labels import IMPORTED, Vote
from storage.comments import get_comment
from storage.votes import add_votes, count_votes, list_votes
from tests.building import KIDS, asked, kids, numbers, put_in, take_back, texts, vote


@pytest.fixture
def comment(db):
    """The number of the only comment."""
    kids(db)
    put_in(db, texts("hello"))
    return numbers(db)[0]


def in_force(db, comment):
    found = get_comment(db, comment)
    return found.label, found.label_from


def adjudicated(db, comment, label):
    with db.writing(KIDS) as cursor:
        cursor.execute(
            "INSERT INTO adjudications"
            " SELECT nextval('adjudication_ids'), ?, ?, ?, 'why', now()::TIMESTAMP, 'dana'",
            [KIDS, comment, label],
        )


def test_a_vote_is_kept_as_it_was_given(db, comment):
    given = Vote(comment, "ana", "label", "one", "allow", "kind", guideline_version=2, seconds=1.5)
    assert add_votes(db, KIDS, [given]) == 1
    kept = list_votes(db, KIDS, comment)[0]
    assert kept.voted_at is not None
    assert (kept.label, kept.reason, kept.guideline_version, kept.seconds) == ("allow", "kind", 2, 1.5)


def test_the_same_client_id_counts_once_however_often_it_is_sent(db, comment):
    given = Vote(comment, "ana", "label", "one", "allow")
    assert add_votes(db, KIDS, [given, given]) == 1
    assert add_votes(db, KIDS, [given]) == 0
    assert len(list_votes(db, KIDS, comment)) == 1


def test_a_resent_vote_does_not_come_before_what_was_said_since(db, comment):
    vote(db, comment, "ana", "allow", client_id="one")
    vote(db, comment, "ana", "disallow", client_id="two")
    vote(db, comment, "ana", "allow", client_id="one")
    assert in_force(db, comment) == ("disallow", "single")


def test_votes_are_appended_and_never_changed(db, comment):
    vote(db, comment, "ana", "allow")
    before = asked(db, "SELECT * FROM votes ORDER BY vote_id")
    taken = vote(db, comment, "ana", "disallow")
    take_back(db, comment, "ana", taken)
    assert asked(db, "SELECT * FROM votes ORDER BY vote_id")[: len(before)] == before


def test_votes_keep_the_order_in_which_they_were_sent(db, comment):
    votes = [Vote(comment, f"annotator {n}", "label", f"id {9 - n}", "allow") for n in range(9)]
    add_votes(db, KIDS, votes)
    assert [kept.annotator for kept in list_votes(db, KIDS, comment)] == [v.annotator for v in votes]


def test_relabelling_puts_the_newest_label_in_force(db, comment):
    vote(db, comment, "ana", "allow")
    vote(db, comment, "ana", "disallow")
    assert in_force(db, comment) == ("disallow", "single")
    assert count_votes(db, KIDS) == 1


def test_an_undo_takes_the_vote_back_and_the_one_before_counts_again(db, comment):
    vote(db, comment, "ana", "allow")
    newest = vote(db, comment, "ana", "disallow")
    take_back(db, comment, "ana", newest)
    assert in_force(db, comment) == ("allow", "single")


def test_an_undo_of_the_only_vote_leaves_no_label(db, comment):
    take_back(db, comment, "ana", vote(db, comment, "ana", "allow"))
    assert in_force(db, comment) == (None, None)
    assert (count_votes(db, KIDS), len(list_votes(db, KIDS, comment))) == (0, 2)


def test_the_majority_is_in_force(db, comment):
    for annotator, label in (("ana", "allow"), ("ben", "disallow"), ("cleo", "disallow")):
        vote(db, comment, annotator, label)
    assert in_force(db, comment) == ("disallow", "majority")


def test_a_tie_puts_no_label_in_force(db, comment):
    vote(db, comment, "ana", "allow")
    vote(db, comment, "ben", "disallow")
    assert in_force(db, comment) == (None, "tied")


def test_a_third_vote_breaks_the_tie(db, comment):
    for annotator, label in (("ana", "allow"), ("ben", "disallow"), ("cleo", "allow")):
        vote(db, comment, annotator, label)
    assert in_force(db, comment) == ("allow", "majority")


def test_unsure_and_skip_put_no_label_in_force(db, comment):
    vote(db, comment, "ana", None)
    add_votes(db, KIDS, [Vote(comment, "ben", "skip", "skipped")])
    assert in_force(db, comment) == (None, None)


def test_unsure_after_a_label_takes_the_label_out_of_force(db, comment):
    vote(db, comment, "ana", "allow")
    vote(db, comment, "ana", None)
    assert in_force(db, comment) == (None, None)


def test_the_files_label_is_in_force_only_until_somebody_votes(db, comment):
    vote(db, comment, IMPORTED, "allow")
    assert in_force(db, comment) == ("allow", "imported")
    vote(db, comment, "ana", "disallow")
    assert in_force(db, comment) == ("disallow", "single")


def test_an_adjudication_comes_before_every_vote_and_the_newest_one_counts(db, comment):
    for annotator in ("ana", "ben", "cleo"):
        vote(db, comment, annotator, "allow")
    adjudicated(db, comment, "allow")
    adjudicated(db, comment, "disallow")
    assert in_force(db, comment) == ("disallow", "adjudicated")


def test_an_adjudication_needs_no_vote(db, comment):
    adjudicated(db, comment, "allow")
    assert in_force(db, comment) == ("allow", "adjudicated")


def test_an_adjudication_taken_back_lets_the_votes_count_again(db, comment):
    vote(db, comment, "ana", "allow")
    adjudicated(db, comment, "disallow")
    adjudicated(db, comment, None)
    assert in_force(db, comment) == ("allow", "single")
    adjudicated(db, comment, "disallow")
    assert in_force(db, comment) == ("disallow", "adjudicated")


def test_an_adjudication_taken_back_without_a_vote_leaves_no_label(db, comment):
    adjudicated(db, comment, "allow")
    adjudicated(db, comment, None)
    assert in_force(db, comment) == (None, None)


def test_votes_of_one_annotator_are_counted_apart(db, comment):
    vote(db, comment, "ana", "allow")
    vote(db, comment, "ben", None)
    assert (count_votes(db, KIDS), count_votes(db, KIDS, "ben"), count_votes(db, KIDS, "dana")) == (2, 1, 0)


def test_hostile_names_and_reasons_are_only_text(db, comment):
    name = "'; DROP TABLE votes; --"
    add_votes(db, KIDS, [Vote(comment, name, "label", "x" * 300, "allow", "\u202e=1+1\n")])
    kept = list_votes(db, KIDS, comment)[0]
    assert (kept.annotator, kept.reason) == (name, "\u202e=1+1\n")


def test_no_votes_at_all_are_no_work(db, comment):
    revision = db.revision_of(KIDS)
    assert add_votes(db, KIDS, []) == 0
    assert db.revision_of(KIDS) == revision


def test_eight_threads_lose_no_vote_and_double_none(db, comment):
    def work(annotator):
        for n in range(10):
            given = Vote(comment, annotator, "label", f"{annotator}:{n}", "allow")
            add_votes(db, KIDS, [given])
            add_votes(db, KIDS, [given])

    threads = [threading.Thread(target=work, args=[f"annotator {n}"]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked(db, "SELECT count(*), count(DISTINCT client_id), count(DISTINCT vote_id) FROM votes") == [
        (80, 80, 80)
    ]
