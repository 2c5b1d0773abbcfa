"""Duplicates whose labels contradict each other are decided by somebody, never by the order of rows."""

import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.curation import cleaning, contradictions
from services.curation.contradictions import decide_label, get_contradiction, keep_labels, list_contradictions
from services.curation.health import health_of
from services.labelling import adjudication
from storage.cleanings import add_cleaning_of
from storage.comments import get_comment
from tests.building import KIDS, kids, numbers, put_in, vote

SNAIL, SONG = "what a lovely video of a snail", "the same old song again and again"


@pytest.fixture
def group(db):
    """Two equal texts and one that nearly is, under two labels; then two equal ones that agree."""
    kids(db)
    rows = [(SNAIL, "allow"), (SNAIL, "disallow"), (f"{SNAIL}!!", "allow"), (SONG, "allow"), (SONG, "allow")]
    put_in(
        db,
        [
            {"id": f"c{n}", "text": text, "author": f"a{n}", "label": label}
            for n, (text, label) in enumerate(rows)
        ],
    )
    return numbers(db)


def labels(db, group):
    return [get_comment(db, number).label for number in group[:3]]


@pytest.mark.parametrize(("rule", "excluded"), [("exact duplicate", 1), ("near duplicate", 0)])
def test_excluding_duplicates_leaves_a_contradiction_for_somebody_to_decide(db, group, rule, excluded):
    shown = cleaning.preview(db, KIDS, rule)
    assert (shown.count, shown.left) == (excluded, 1)
    if excluded:
        done = cleaning.apply_rule(db, KIDS, rule, actor="ana")
        assert (done.excluded, done.left_groups) == (1, 1)
        assert get_comment(db, group[4]).excluded_for == rule
    else:
        with pytest.raises(BadInput, match="finds no comment") as error:
            cleaning.apply_rule(db, KIDS, rule, actor="ana")
        assert "1 groups" in error.value.hint
    assert labels(db, group) == ["allow", "disallow", "allow"]
    assert all(get_comment(db, number).excluded_for is None for number in group[:3])
    assert health_of(db, KIDS).contradictory_clusters == 1


def test_each_label_stands_beside_who_gave_it(db, group):
    vote(db, group[1], "ben", "disallow")
    adjudication.decide(db, KIDS, group[2], label="allow", why="rule 2", actor="lena")
    [found] = list_contradictions(db, KIDS)
    shown = get_contradiction(db, KIDS, found.cluster)
    assert (shown.comments, shown.labels) == (3, ("allow", "disallow"))
    given = {one.comment.comment_id: [(g.person, g.why) for g in one.givers] for one in shown.members}
    assert given == {
        group[0]: [("(imported)", None)],
        group[1]: [("(imported)", None), ("ben", None)],
        group[2]: [("lena", "rule 2")],
    }


def test_one_label_for_the_group_is_a_decision_that_can_be_taken_back(db, group):
    adjudication.decide(db, KIDS, group[2], label="disallow", why="rule 2", actor="lena")
    done = decide_label(db, KIDS, group[0], label="ALLOW", why="a snail", actor="ana")
    assert (done.label, done.changed) == ("allow", 2)
    assert labels(db, group) == ["allow"] * 3 and list_contradictions(db, KIDS) == []
    assert get_comment(db, group[0]).label_from == "imported"
    assert cleaning.preview(db, KIDS, "exact duplicate").left == 0
    contradictions.undo(db, done.settlement_id, dataset_id=KIDS, actor="ben")
    assert labels(db, group) == ["allow", "disallow", "disallow"]
    assert [get_comment(db, number).label_from for number in group[1:3]] == ["imported", "adjudicated"]
    with pytest.raises(Conflict, match="undone by ben"):
        contradictions.undo(db, done.settlement_id, dataset_id=KIDS, actor="ben")


def test_what_was_decided_since_outlives_the_undo(db, group):
    done = decide_label(db, KIDS, group[0], label="disallow", why="rude", actor="ana")
    adjudication.decide(db, KIDS, group[2], label="allow", why="rule 3", actor="lena")
    contradictions.undo(db, done.settlement_id, dataset_id=KIDS, actor="ana")
    assert get_comment(db, group[2]).label_from == "adjudicated"
    assert labels(db, group) == ["allow", "disallow", "allow"]


def test_labels_kept_as_they_are_wait_again_when_one_of_them_changes(db, group):
    kept = keep_labels(db, KIDS, group[0], why="the context differs", actor="ana")
    assert list_contradictions(db, KIDS) == [] and health_of(db, KIDS).contradictory_clusters == 0
    found = cleaning.preview(db, KIDS, "exact duplicate")
    assert (found.count, found.left) == (1, 0), "nobody has to decide, and excluding would still take a side"
    shown = {one.name: one.left for one in health_of(db, KIDS).problems}
    assert shown["exact duplicates"] == shown["near duplicates"] == 0
    vote(db, group[0], "ben", "disallow")
    assert [one.cluster for one in list_contradictions(db, KIDS)] == [group[0]]
    keep_labels(db, KIDS, group[0], why="yes", actor="ana")
    put_in(db, [{"id": "new", "text": SNAIL, "author": "a9", "label": "allow"}])
    assert len(list_contradictions(db, KIDS)) == 1
    contradictions.undo(db, kept.settlement_id, dataset_id=KIDS, actor="ana")
    assert [one.undone_by for one in contradictions.list_settlements(db, KIDS)] == [None, "ana"]


def test_excluding_a_group_takes_no_side_and_is_undone_like_any_exclusion(db, group):
    done = contradictions.exclude_group(db, KIDS, group[0], actor="ana")
    assert done.excluded == 3 and list_contradictions(db, KIDS) == []
    assert get_comment(db, group[3]).excluded_for is None
    cleaning.undo(db, done.cleaning_id, dataset_id=KIDS, actor="ana")
    assert len(list_contradictions(db, KIDS)) == 1


def test_nobody_is_a_judge_of_their_own_vote_and_every_decision_has_a_reason(db, group):
    vote(db, group[1], "ana", "disallow")
    with pytest.raises(Conflict, match=f"ana voted on comment {group[1]}"):
        decide_label(db, KIDS, group[0], label="allow", why="a snail", actor="ana")
    with pytest.raises(BadInput, match="needs a reason"):
        decide_label(db, KIDS, group[0], label="allow", why=" ", actor="ben")
    with pytest.raises(BadInput, match="not in the label set"):
        decide_label(db, KIDS, group[0], label="spam", why="spam", actor="ben")
    with pytest.raises(NotFound, match="no labels that contradict"):
        keep_labels(db, KIDS, group[3], why="fine", actor="ben")
    with pytest.raises(Conflict, match="of the dataset 'kids', not 'other'"):
        done = keep_labels(db, KIDS, group[0], why="fine", actor="ben")
        contradictions.undo(db, done.settlement_id, dataset_id="other", actor="ben")


def test_the_oldest_that_still_counts_stays_where_the_first_of_a_group_is_excluded(db):
    kids(db)
    long = "word " * 500
    put_in(db, [{"id": str(n), "text": long + "x" * n, "author": f"a{n}"} for n in range(3)])
    known = numbers(db)
    add_cleaning_of(db, KIDS, "too long", known[:1], "ana")
    assert cleaning.preview(db, KIDS, "near duplicate").count == 1
