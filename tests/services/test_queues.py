import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import BadInput, Conflict, NotFound
from domain.labels import Vote
from domain.queues import QueueSettings
from services.curation import cleaning
from services.curation.datasets import write_guideline
from services.evaluation.saved_slices import save_slice
from services.labelling import adjudication
from services.labelling.desk import next_comments, record_votes
from services.labelling.queues import (
    close_queue,
    count_queue,
    count_stale,
    create_queue,
    get_queue,
    list_checks,
    list_queues,
    next_in_queue,
    record_in_queue,
)
from services.labelling.suggestions import effect_of_suggestions, suggestions_for
from storage import queue_leases
from storage.database import now
from tests.building import KIDS, asked, kids, numbers, put_in, texts, vote


@pytest.fixture
def comments(db):
    kids(db)
    put_in(db, texts(*(f"comment {n}" for n in range(60))))
    return numbers(db)


def made(db, name="first", **settings):
    return create_queue(db, KIDS, name, QueueSettings(**settings), actor="lena").queue_id


def handed(db, queue_id, who, wanted=32, **more):
    return [each.comment_id for each in next_in_queue(db, queue_id, actor=who, wanted=wanted, **more)]


def said(numbers_, who, label="allow"):
    return [Vote(number, who, "label", f"{who}:{number}", label) for number in numbers_]


def answer(db, queue_id, who, numbers_, label="allow"):
    return record_in_queue(db, queue_id, said(numbers_, who, label), actor=who)


def with_a_five(comments):
    return [number for n, number in enumerate(comments) if "5" in str(n)]


def later(monkeypatch, minutes):
    monkeypatch.setattr(queue_leases, "now", lambda: now() + timedelta(minutes=minutes))


def test_the_oldest_come_first_and_a_random_order_is_the_same_for_the_same_seed(db, comments):
    assert handed(db, made(db), "ana", 5) == comments[:5]
    drawn = [handed(db, made(db, f"r{n}", order="random", seed=n % 2), "ana", 60) for n in range(3)]
    assert drawn[0] == drawn[2] != drawn[1]
    assert sorted(drawn[0]) == comments != drawn[0]


def test_what_has_the_labels_it_needs_is_not_in_a_queue_unless_it_is_labelled_again(db, comments):
    vote(db, comments[0], "ben", "disallow")
    assert comments[0] not in handed(db, made(db, "new"), "ana", 60)
    anew = made(db, "anew", again=True, label="disallow")
    assert handed(db, anew, "ana") == [comments[0]]
    assert handed(db, anew, "ben") == []  # ana holds it
    answer(db, anew, "ana", [comments[0]])
    assert handed(db, anew, "ben") == []  # it has the one label that it needs


def test_a_filter_narrows_a_queue_and_an_empty_one_is_not_made(db, comments):
    assert handed(db, made(db, contains="comment 5"), "ana") == with_a_five(comments)
    with pytest.raises(NotFound, match="No comment of 'kids' belongs into 'none'"):
        made(db, "none", contains="nowhere")
    assert [queue.name for queue in list_queues(db, KIDS)] == ["first"]
    assert asked(db, "SELECT count(*) FROM queue_items") == [(15,)]


def test_at_most_so_many_comments_are_taken(db, comments):
    assert handed(db, made(db, most=7), "ana") == comments[:7]


def test_comments_on_which_people_disagree_go_to_somebody_who_did_not_vote(db, comments):
    for number in comments[:2]:
        vote(db, number, "ben", "allow")
        vote(db, number, "cleo", "disallow")
    vote(db, comments[1], "dana", "allow")
    queue = made(db, order="disagreed")
    assert handed(db, queue, "ana", 1) == [comments[0]]  # one to one is closer than two to one
    assert handed(db, queue, "ben") == []
    assert handed(db, queue, "ana") == comments[:2]


def scored(db, statement, scores):
    """Scores as jobs leave them, of comments by their place; the model is of the dataset."""
    with db.writing(KIDS) as cursor:
        cursor.execute(
            "INSERT INTO models (model_id, dataset_id, job_id, snapshot_id, name, backend, labels, settings,"
            " created_at, created_by) SELECT 'model-1', ?, 'job-1', 'snapshot-1', 'm', 'tfidf', '[]', '{}',"
            " now()::TIMESTAMP, 'ana' WHERE NOT EXISTS (FROM models)",
            [KIDS],
        )
        cursor.execute(
            "INSERT INTO jobs (job_id, kind, dataset_id, snapshot_id, spec, state, message, created_at,"
            " created_by) VALUES ('job-1', 'predict', ?, '', '{}', 'succeeded', '', now()::TIMESTAMP, 'ana')",
            [KIDS],
        )
        for number, kept in scores.items():
            cursor.execute(
                "INSERT INTO comment_scores VALUES (?, 'model-1', ?, 'job-1', 'allow', 'ok', ?, ?)",
                [KIDS, number, statement, kept],
            )


def test_comments_of_which_a_model_is_least_sure_come_first(db, comments):
    sureness = {comments[0]: [0.9, 0.1], comments[1]: [0.48, 0.52], comments[2]: [0.3, 0.7]}
    scored(db, "softmax", sureness)
    queue = made(db, order="uncertain", model_id="model-1")
    assert handed(db, queue, "ana") == [comments[1], comments[2], comments[0]]


def test_where_labels_stand_for_themselves_the_one_closest_to_even_decides(db, comments):
    scored(db, "sigmoid", {comments[0]: [0.9, 0.55], comments[1]: [0.1, 0.9], comments[2]: [0.5, 0.0]})
    queue = made(db, order="uncertain", model_id="model-1")
    assert handed(db, queue, "ana") == [comments[2], comments[0], comments[1]]


def test_labels_given_under_an_older_guideline_are_counted_and_can_be_given_anew(db, comments):
    write_guideline(db, KIDS, "Be kind.", actor="lena")
    record_votes(db, KIDS, said(comments[:3], "ana"), actor="ana")
    assert count_stale(db, KIDS) == 0
    write_guideline(db, KIDS, "Be kinder.", actor="lena")
    assert count_stale(db, KIDS) == 3
    queue = made(db, order="stale")
    assert handed(db, queue, "ana") == comments[:3]  # who labelled under the old one may do it again
    record_in_queue(db, queue, [replace(said([comments[0]], "ana")[0], client_id="anew")], actor="ana")
    assert handed(db, queue, "ana") == comments[1:3]
    assert count_stale(db, KIDS) == 2


def test_only_the_named_may_take_a_queue(db, comments):
    queue = made(db, people=("ana", " ben "))
    assert handed(db, queue, "ben", 2) == comments[:2]
    with pytest.raises(Conflict, match="'first' is not for cleo"):
        handed(db, queue, "cleo")
    with pytest.raises(Conflict, match="'first' is not for cleo"):
        answer(db, queue, "cleo", comments[:1])
    assert [len(list_queues(db, KIDS, actor=who)) for who in ("ana", "cleo")] == [1, 0]


def test_a_closed_queue_hands_nothing_out_and_keeps_what_still_comes_in(db, comments):
    queue = made(db)
    handed(db, queue, "ana", 2)
    close_queue(db, queue, actor="lena")
    assert answer(db, queue, "ana", comments[:1]).acked == (f"ana:{comments[0]}",)
    with pytest.raises(Conflict, match="is closed"):
        handed(db, queue, "ana")
    with pytest.raises(Conflict, match="closed already"):
        close_queue(db, queue, actor="lena")
    assert list_queues(db, KIDS) == [] != list_queues(db, KIDS, closed=True)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"order": "by mood"}, "no order"),
        ({"votes_needed": 0}, "not possible"),
        ({"golden_share": 0.6}, "cannot be mixed in"),
        ({"golden_share": 0.1, "is_blind": False}, "would be seen"),
        ({"order": "uncertain"}, "By whose"),
        ({"split": "holdout"}, "no split"),
        ({"label": "spam", "again": True}, "not in the label set"),
        ({"label": "allow"}, "do not wait"),
        ({"most": -1}, "not possible"),
        ({"people": ("  ",)}, "Nobody is named"),
    ],
)
def test_settings_that_make_no_sense_are_refused(db, comments, settings, told):
    with pytest.raises(BadInput, match=told):
        made(db, **settings)


def test_two_open_queues_do_not_share_a_name(db, comments):
    queue = made(db)
    with pytest.raises(Conflict, match="open queue 'first'"):
        made(db)
    close_queue(db, queue, actor="lena")
    made(db)


def test_a_comment_held_through_one_queue_is_not_handed_out_by_another(db, comments):
    assert handed(db, made(db, "one"), "ana", 3) == comments[:3]
    assert handed(db, made(db, "two"), "ben", 2) == comments[3:5]
    assert [each.comment_id for each in next_comments(db, KIDS, actor="cleo", wanted=1)] == comments[5:6]


def test_nobody_goes_home_while_a_comment_needs_more_people_than_hold_it(db, comments):
    queue = made(db, votes_needed=3, most=4)
    for who in ("ana", "ben", "cleo"):
        assert handed(db, queue, who) == comments[:4]
    assert handed(db, queue, "dana") == []  # three hold each of them
    answer(db, queue, "ana", comments[:2])
    assert handed(db, queue, "dana") == []
    record_in_queue(db, queue, [Vote(comments[0], "ben", "skip", "skipped")], actor="ben")
    assert handed(db, queue, "dana") == [comments[0]]  # ben gives it no label
    answer(db, queue, "cleo", comments[:1])
    assert handed(db, queue, "ben") == comments[1:4]


def test_the_search_goes_on_where_the_hand_is_and_then_from_the_start(db, comments):
    queue = made(db, order="random")
    order = handed(db, queue, "ana", 60)
    assert handed(db, queue, "ana", 3, held=order[58:]) == [*order[58:], order[0]]


def test_an_expired_lease_is_handed_out_once(db, comments, monkeypatch):
    queue = made(db)
    assert handed(db, queue, "ana", 40) == comments[:40]
    later(monkeypatch, 11)
    given = {who: [] for who in ("ben", "cleo", "dana", "eve")}

    def take(who):
        given[who] = handed(db, queue, who, 10)

    together([threading.Thread(target=take, args=[who]) for who in given])
    assert sorted(number for batch in given.values() for number in batch) == comments[:40]


def test_an_answer_that_comes_late_is_kept_and_named(db, comments, monkeypatch):
    queue = made(db)
    handed(db, queue, "ana", 3)
    later(monkeypatch, 11)
    assert handed(db, queue, "ben", 2) == comments[:2]
    answer(db, queue, "ben", comments[:1], "disallow")
    recorded = answer(db, queue, "ana", comments[:3])
    assert len(recorded.acked) == 3
    assert recorded.late == tuple(comments[:2])  # labelled by ben, and held by ben; nobody took the third
    assert asked(db, "SELECT count(*) FROM votes WHERE comment_id = ?", [comments[0]]) == [(2,)]


def test_an_answer_is_not_late_while_its_comment_still_needs_it(db, comments, monkeypatch):
    queue = made(db, votes_needed=2)
    handed(db, queue, "ana", 3)
    later(monkeypatch, 11)
    assert handed(db, queue, "ben", 1) == handed(db, queue, "cleo", 1) == comments[:1]
    assert handed(db, queue, "dana", 1) == comments[1:2]
    assert answer(db, queue, "ana", comments[:2]).late == (comments[0],)


def test_an_answer_in_time_is_not_late_and_neither_is_its_repetition(db, comments):
    queue = made(db, votes_needed=2)
    handed(db, queue, "ana", 2)
    assert answer(db, queue, "ana", comments[:2]).late == ()
    assert answer(db, queue, "ana", comments[:2]).late == ()


def test_how_far_a_queue_is(db, comments):
    queue = made(db, votes_needed=2, most=10)
    answer(db, queue, "ana", comments[:4])
    answer(db, queue, "ben", comments[:3])
    found = count_queue(db, queue, actor="ana")
    assert (found.comments, found.finished, found.mine, found.waiting) == (10, 3, 4, 6)
    assert count_queue(db, queue, actor="cleo").waiting == 7


def together(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def work_through(db, queue_id, who, handed_out):
    """Lease, vote, until nothing waits."""
    while batch := handed(db, queue_id, who, 64):
        handed_out[who] += batch
        answer(db, queue_id, who, batch)


@pytest.mark.parametrize("votes_needed", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_eight_people_in_a_queue_of_two_thousand_never_give_more_than_is_needed(db, votes_needed):
    kids(db)
    put_in(db, texts(*(f"comment {n}" for n in range(2_000))))
    queue = made(db, order="random", votes_needed=votes_needed)
    handed_out = {f"annotator {n}": [] for n in range(8)}
    together([threading.Thread(target=work_through, args=[db, queue, who, handed_out]) for who in handed_out])
    times = Counter(number for batch in handed_out.values() for number in batch)
    assert set(times) == set(numbers(db))
    assert max(times.values()) == votes_needed
    assert all(len(batch) == len(set(batch)) for batch in handed_out.values())
    [(votes, people)] = asked(
        db, "SELECT count(*), count(DISTINCT (comment_id, annotator)) FROM votes WHERE dataset_id = ?", [KIDS]
    )
    assert votes == people == 2_000 * votes_needed


# --- blind queues and what is mixed in ---------------------------------------------------------------------


def decided(db, numbers_):
    for number in numbers_:
        adjudication.decide(db, KIDS, number, label="disallow", why="The rule on insults.", actor="lena")


def test_a_blind_queue_says_nothing_of_labels_scores_and_authors(db, comments):
    vote(db, comments[0], "zelda", "disallow")
    blind, seen = made(db, votes_needed=2), made(db, "seen", votes_needed=2, is_blind=False)
    hidden, shown = (next_in_queue(db, queue, actor="ana", wanted=1)[0] for queue in (blind, seen))
    assert (shown.label, shown.label_from, shown.author) == ("disallow", "single", "author-0")
    assert (hidden.label, hidden.label_from, hidden.author, hidden.source_score) == (None,) * 4
    assert hidden.body == shown.body


def test_decided_comments_are_mixed_in_and_answers_to_them_are_counted(db, comments):
    decided(db, comments[50:])
    queue = made(db, golden_share=0.3, most=40)
    first = handed(db, queue, "ana", 30)
    golden = [number for number in first if number in comments[50:]]
    assert 3 <= len(golden) <= 10
    assert [number for number in first if number not in golden] == comments[:30]
    assert handed(db, queue, "ana", 30) == first  # asking again mixes in the same at the same places
    assert set(handed(db, queue, "lena", 10)).isdisjoint(comments[50:])  # she decided them
    answer(db, queue, "ana", golden[:1], "disallow")
    answer(db, queue, "ana", golden[1:3], "allow")
    assert count_queue(db, queue, actor="ana").mine == 3  # nobody can tell from it which were mixed in
    assert count_queue(db, queue, actor="lena").mine == 0
    assert list_checks(db, queue, actor="ana") == []  # a count that moves would tell which was mixed in
    [check] = list_checks(db, queue, actor="lena")
    assert (check.annotator, check.kind) == ("ana", "golden")
    assert (check.as_expected.successes, check.as_expected.n) == (1, 3)
    assert set(golden[:3]).isdisjoint(handed(db, queue, "ana", 30))


def test_texts_answered_before_are_mixed_in_again_under_another_number(db):
    kids(db)
    words = [f"{first}{second}" for first in "abcdefgh" for second in "vwxyz"]
    put_in(db, texts(*(f"about {word}" for word in [*words, *words[:20]])))
    comments = numbers(db)
    cleaning.apply_rule(db, KIDS, "exact duplicate", actor="lena")
    queue = made(db, repeat_share=0.5)
    assert handed(db, queue, "ana") == comments[:32]  # nothing was answered yet
    answer(db, queue, "ana", comments[:20], "disallow")
    repeats = [number for number in handed(db, queue, "ana") if number in comments[40:]]
    assert repeats
    assert set(repeats) <= set(comments[40:50])  # not what was answered just now
    answer(db, queue, "ana", repeats[:1], "disallow")
    answer(db, queue, "ana", repeats[1:2], "allow")
    assert count_queue(db, queue, actor="ana").mine == 22
    close_queue(db, queue, actor="lena")
    [check] = list_checks(db, queue, actor="ana")
    assert (check.kind, check.as_expected.successes, check.as_expected.n) == ("repeat", 1, 2)


# --- suggestions, slices, dealing out ----------------------------------------------------------------------


def test_a_suggestion_is_shown_on_most_comments_and_its_effect_told(db):
    kids(db)
    put_in(db, texts(*(f"comment {n}" for n in range(200))))
    found = numbers(db)
    scored(db, "softmax", dict.fromkeys(found, [0.9, 0.1]))  # the model says allow of each
    queue = get_queue(db, made(db, is_blind=False, suggest_by="model-1"))
    shown = suggestions_for(db, queue, "ana", found)
    assert set(shown.values()) == {"allow"}
    assert 0.05 < 1 - len(shown) / len(found) < 0.2
    # She says as the model does where it tells her, and else does not.
    answer(db, queue.queue_id, "ana", list(shown))
    answer(db, queue.queue_id, "ana", [number for number in found if number not in shown], "disallow")
    effect = effect_of_suggestions(db, queue.queue_id)
    assert (effect.accepted.value, effect.unseen.value, effect.anchoring.value) == (1, 0, 1)
    assert effect.anchoring.low > 0.7


def test_a_blind_queue_has_no_suggestions(db, comments):
    scored(db, "softmax", {comments[0]: [0.9, 0.1]})
    with pytest.raises(BadInput, match="blind queue shows no suggestions"):
        made(db, suggest_by="model-1")


def test_a_queue_is_made_of_a_saved_slice(db, comments):
    save_slice(db, KIDS, "fives", {"contains": "comment 5"}, actor="lena")
    assert handed(db, made(db, slice_name="fives"), "ana") == with_a_five(comments)
    with pytest.raises(NotFound, match="no slice 'sixes'"):
        made(db, "other", slice_name="sixes")


def test_dealt_out_comments_go_to_as_many_people_as_they_need_labels(db, comments):
    queue = made(db, assigned=True, people=("ana", "ben", "cleo"), votes_needed=2, most=12)
    dealt = {who: handed(db, queue, who) for who in ("ana", "ben", "cleo")}
    assert Counter(number for batch in dealt.values() for number in batch) == dict.fromkeys(comments[:12], 2)
    assert {len(batch) for batch in dealt.values()} == {8}
    assert count_queue(db, queue, actor="ben").waiting == 8
    answer(db, queue, "ana", dealt["ana"])
    assert handed(db, queue, "ben") == dealt["ben"]  # what is dealt to one is nobody else's
    with pytest.raises(BadInput, match="cannot be dealt 3 labels"):
        made(db, "too few", assigned=True, people=("ana", "ben"), votes_needed=3)


def test_of_every_kind_of_comment_one_comes_before_the_second_of_any(db):
    kids(db)
    kinds = ("football score tonight goal {}", "recipe flour butter oven {}", "train late platform again {}")
    put_in(db, texts(*(kind.format(f"{n:03}") for kind in kinds for n in range(20))))
    first = handed(db, made(db, order="diverse"), "ana", 9)
    assert {(number - numbers(db)[0]) // 20 for number in first} == {0, 1, 2}
    assert (
        len(handed(db, made(db, "another", order="diverse", seed=1), "ben", 60)) == 51
    )  # nothing is left out
