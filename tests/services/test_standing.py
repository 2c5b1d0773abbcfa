import pytest

from domain.errors import NotFound
from services.curation.snapshots import take_snapshot
from services.standing import list_standings, standing
from tests.building import KIDS, kids, numbers, put_in, texts, vote
from tests.conftest import SMALL
from tests.stored_runs import stored_run


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
