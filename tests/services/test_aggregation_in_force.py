import numpy as np
import pytest

from domain.errors import BadInput, Conflict, NotFound
from domain.labels import Vote
from services.curation.snapshots import take_snapshot
from services.labelling import adjudication
from services.labelling.aggregation_runs import (
    aggregate,
    find_in_force,
    put_in_force,
    show_aggregation,
    take_out_of_force,
)
from storage.audit import list_entries
from storage.comments import list_comments_by_id
from storage.votes import add_votes
from tests.building import KIDS, kids, numbers, put_in, take_back, texts, vote

GOOD, GUESSING = ("good 1", "good 2", "good 3"), ("bad 1", "bad 2", "bad 3", "bad 4")


@pytest.fixture
def voted(db):
    """Three hundred comments on which four people say the same wrong thing of every third."""
    kids(db, votes_needed=7)
    put_in(db, texts(*(f"comment {n}" for n in range(300))))
    draw = np.random.default_rng(5)
    votes = []
    for place, number in enumerate(numbers(db)):
        truth = place % 2
        for who in GOOD:
            votes.append((number, who, truth ^ int(draw.random() < 0.02)))
        for who in GUESSING:
            votes.append((number, who, truth ^ int(draw.random() < 0.45)))
    given = [
        Vote(number, who, "label", f"{who}:{number}", ("allow", "disallow")[said])
        for number, who, said in votes
    ]
    add_votes(db, KIDS, given)
    return numbers(db)


def labels(db, comments):
    return [(each.label, each.label_from) for each in list_comments_by_id(db, KIDS, comments)]


def right(db, comments):
    return np.mean(
        [label == ("allow", "disallow")[n % 2] for n, (label, _) in enumerate(labels(db, comments))]
    )


def test_a_run_in_force_gives_the_labels_and_says_so(db, voted):
    before = right(db, voted)
    run = aggregate(db, KIDS, actor="lena")
    assert right(db, voted) == before
    decided = put_in_force(db, run.aggregation_id, why="Four people guess.", actor="lena")
    assert (decided.aggregation_id, decided.created_by) == (run.aggregation_id, "lena")
    assert right(db, voted) > before + 0.05
    assert {source for _, source in labels(db, voted)} == {"aggregated"}
    assert show_aggregation(db, run.aggregation_id).count == 0
    assert show_aggregation(db, run.aggregation_id).in_force == decided


def test_taken_out_of_force_the_votes_give_the_labels_again(db, voted):
    before = labels(db, voted)
    run = aggregate(db, KIDS, actor="lena")
    put_in_force(db, run.aggregation_id, why="Four people guess.", actor="lena")
    take_out_of_force(db, KIDS, why="They were asked, and do not.", actor="ben")
    assert labels(db, voted) == before
    assert find_in_force(db, KIDS) is None
    told = [(entry.verb, entry.actor) for entry in list_entries(db, KIDS, limit=2)]
    assert told == [("aggregation put in force", "lena"), ("aggregation taken out of force", "ben")]


def test_a_decision_stands_above_the_run_and_a_comment_without_votes_has_no_label(db, voted):
    put_in_force(db, aggregate(db, KIDS, actor="lena").aggregation_id, why="x", actor="lena")
    adjudication.decide(db, KIDS, voted[0], label="disallow", why="rule 2", actor="lena")
    assert labels(db, voted[:1]) == [("disallow", "adjudicated")]
    for who in GOOD + GUESSING:
        take_back(db, voted[1], who, f"{who}:{voted[1]}")
    assert labels(db, voted[1:2]) == [(None, None)]


def test_comments_that_the_run_does_not_know_keep_what_their_votes_say(db, voted):
    run = aggregate(db, KIDS, actor="lena")
    put_in(db, [{"id": "new", "text": "a new one"}])
    vote(db, numbers(db)[-1], "ana", "allow")
    put_in_force(db, run.aggregation_id, why="x", actor="lena")
    assert labels(db, numbers(db)[-1:]) == [("allow", "single")]
    assert show_aggregation(db, run.aggregation_id).votes_after == 1


def test_a_snapshot_says_which_run_gave_its_labels(db, voted):
    assert take_snapshot(db, KIDS, actor="ana").manifest["aggregation"] is None
    run = aggregate(db, KIDS, name="all", actor="lena")
    put_in_force(db, run.aggregation_id, why="x", actor="lena")
    manifest = take_snapshot(db, KIDS, actor="ana").manifest
    assert manifest["aggregation"] == {
        "id": run.aggregation_id, "name": "all", "version": 1, "method": "dawid-skene"
    }  # fmt: skip
    assert manifest["label_from"] == {"aggregated": 300}


def test_only_a_settled_run_of_todays_labels_is_put_in_force_and_with_a_reason(db, voted):
    run = aggregate(db, KIDS, actor="lena").aggregation_id
    for why in ("", "  ", "x" * 3_000):
        with pytest.raises(BadInput):
            put_in_force(db, run, why=why, actor="lena")
    with pytest.raises(Conflict, match="No aggregation is in force"):
        take_out_of_force(db, KIDS, why="x", actor="lena")
    put_in_force(db, run, why="x", actor="lena")
    with pytest.raises(Conflict, match="in force already"):
        put_in_force(db, run, why="x", actor="lena")
    with pytest.raises(NotFound):
        put_in_force(db, "aggregation-9", why="x", actor="lena")
    with db.writing(KIDS) as cursor:
        cursor.execute("UPDATE aggregations SET found = json_merge_patch(found, '{\"converged\": false}')")
    take_out_of_force(db, KIDS, why="x", actor="lena")
    with pytest.raises(Conflict, match="did not settle"):
        put_in_force(db, run, why="x", actor="lena")
