import pytest

from domain.errors import NotFound
from services.curation.snapshots import take_snapshot
from services.evaluation.reviews import misses, progress_of_model, review
from services.release.gate import judge, judging_stamp
from services.release.policy import policy_of
from services.standing import list_standings, standing
from storage.models import get_run
from tests.building import KIDS, kids, numbers, put_in, texts, vote
from tests.conftest import SMALL
from tests.released import answered, rows
from tests.stored_runs import relabel, stored_run


def test_a_new_dataset_begins_with_the_import(db):
    kids(db)
    found = standing(db, KIDS)
    assert [step.page for step in found.steps] == [
        "import", "clean", "label", "snapshots", "train", "evaluate", "review", "compare",
    ]  # fmt: skip
    assert not any(step.done for step in found.steps)
    assert found.next_step.page == "import"


def test_after_the_import_come_the_labels_also_where_there_is_nothing_to_clean(db):
    kids(db)
    put_in(db, texts(*(f"comment {'abcdefgh'[n % 8] * (n // 8 + 1)}" for n in range(60))))
    assert standing(db, KIDS).next_step.page == "label"
    for number in numbers(db)[:49]:
        vote(db, number, "ana", "allow")
    assert standing(db, KIDS).next_step.page == "label"
    vote(db, numbers(db)[49], "ana", "allow")
    assert standing(db, KIDS).next_step.page == "snapshots"


def test_tied_comments_are_told_among_those_that_wait(db):
    kids(db)
    put_in(db, texts("one", "two"))
    vote(db, numbers(db)[0], "ana", "allow")
    vote(db, numbers(db)[0], "ben", "disallow")
    label = next(step for step in standing(db, KIDS).steps if step.page == "label")
    assert label.told == "0 labelled, 2 waiting, 1 of them tied"


def test_enough_labels_lead_to_a_snapshot_and_that_to_training(small):
    found = standing(small, SMALL)
    assert found.next_step.page == "snapshots"
    assert found.counts["comments"] == 300
    assert sum(found.labels.values()) == found.counts["labelled"]
    take_snapshot(small, SMALL, actor="ana")
    assert standing(small, SMALL).next_step.page == "train"


def test_a_model_with_a_run_leads_to_the_review_of_its_misses(small):
    snapshot = take_snapshot(small, SMALL, actor="ana")
    stored_run(small, {numbers(small, SMALL)[0]: "allow"}, dataset_id=SMALL, snapshot_id=snapshot.snapshot_id)
    assert standing(small, SMALL).next_step.page == "review"


def test_each_dataset_stands_on_its_own(small):
    kids(small)
    assert [(found.dataset.dataset_id, found.next_step.page) for found in list_standings(small)] == [
        (SMALL, "snapshots"), (KIDS, "import"),
    ]  # fmt: skip


def test_an_unknown_dataset_stands_nowhere(db):
    with pytest.raises(NotFound, match="no dataset 'other'"):
        standing(db, "other")


def test_home_review_and_policy_count_the_same_misses(db):
    ids = rows(db)
    run = get_run(db, stored_run(db, answered(ids, missed=5)))
    first = misses(db, run.run_id, limit=1)[0].comment.comment_id
    review(db, run_id=run.run_id, comment_id=first, verdict="model wrong", client_id="r1", actor="ana")
    found = progress_of_model(db, run.model_id, run.snapshot_id)
    assert (found.reviewed, found.misses) == (1, 5)
    step = next(each for each in standing(db, "kids").steps if each.page == "review")
    assert step.told == f"1 of 5 misses of {run.model_id} read"
    verdict = judge(db, run.model_id, policy_of([{"clause": "reviewed", "at_least": 20}]))
    [clause] = [each.finding for each in verdict.clauses if each.clause]
    assert (clause.value, clause.n) == (1, 5)


def test_the_stamp_of_a_verdict_changes_with_a_review_and_not_with_a_vote(db):
    ids = rows(db)
    run = stored_run(db, answered(ids, missed=5))
    before = judging_stamp(db, "kids")
    relabel(db, {ids[0]: "allow"}, annotator="ben")
    assert judging_stamp(db, "kids") == before
    first = misses(db, run, limit=1)[0].comment.comment_id
    review(db, run_id=run, comment_id=first, verdict="model wrong", client_id="r1", actor="ana")
    assert judging_stamp(db, "kids") != before
