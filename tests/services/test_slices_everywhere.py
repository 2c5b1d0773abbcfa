"""A search with a name is asked by that name wherever comments are chosen."""

import pytest

from domain.errors import NotFound
from domain.queues import QueueSettings
from services.curation.snapshots import take_snapshot
from services.evaluation.saved_slices import get_slice, save_slice, wanted_of
from services.evaluation.slicing import find_worst_slices
from services.labelling.queues import create_queue, next_in_queue
from services.release.export import export_snapshot
from services.verbs.running import run_verb
from tests.stored_runs import labelled_dataset, stored_run

NAME = "odd ones"


@pytest.fixture
def ids(db):
    found = labelled_dataset(
        db,
        [
            (f"comment {'odd' if n % 2 else 'even'} {n}", ("allow", "disallow")[n % 3 == 0])
            for n in range(160)
        ],
    )
    save_slice(db, "kids", NAME, {"contains": '"odd"', "label": "allow"}, actor="ana")
    return found


def wanted_ids(ids):
    return [number for n, number in enumerate(ids) if n % 2 and n % 3]


def test_a_queue_holds_the_comments_of_a_slice(db, ids):
    settings = QueueSettings(slice_name=NAME, again=True, contains="-151")
    queue = create_queue(db, "kids", "again", settings, actor="ana")
    handed = next_in_queue(db, queue.queue_id, actor="zoe", wanted=200)
    assert [comment.comment_id for comment in handed] == [n for n in wanted_ids(ids) if n != ids[151]]
    with pytest.raises(NotFound, match="no slice 'other'"):
        create_queue(db, "kids", "third", QueueSettings(slice_name="other"), actor="ana")


def test_a_snapshot_freezes_a_slice_and_says_so(db, ids, tmp_path):
    save_slice(db, "kids", "half", {"contains": '"odd"'}, actor="ana")
    snapshot = take_snapshot(db, "kids", actor="ana", split_mode="stratified", slice_name="half")
    assert snapshot.row_count == 80
    assert snapshot.manifest["slice"] == {"name": "half", "wanted": {"contains": '"odd"'}}
    assert sum(snapshot.manifest["counts"]["train"].values()) == 64  # drawn among them, not before
    assert export_snapshot(db, snapshot.snapshot_id, tmp_path / "out.csv") == 80
    with pytest.raises(NotFound, match="no slice 'other'"):
        take_snapshot(db, "kids", actor="ana", slice_name="other")


def test_the_search_for_worst_parts_looks_at_a_slice(db, ids):
    other = {"allow": "disallow", "disallow": "allow"}
    gold = {number: ("allow", "disallow")[n % 3 == 0] for n, number in enumerate(ids)}
    wrong = set(wanted_ids(ids))
    run = stored_run(db, {number: other[said] if number in wrong else said for number, said in gold.items()})
    found = find_worst_slices(db, run)
    [saved] = [each for each in found.search.found if found.name(each) == f"saved: {NAME}"]
    assert (saved.inside.successes, saved.inside.n) == (len(wrong), len(wrong))


def test_search_and_export_take_the_name_of_a_slice_and_more_words(db, ids, tmp_path):
    def quiet(*_):
        return None

    told = run_verb(db, "search", {"dataset": "kids", "slice_name": NAME, "query": "-1", "limit": 3}, quiet)
    expected = [n for n in wanted_ids(ids) if "1" not in str(ids.index(n))]
    assert told["count"] == len(expected)
    assert [one["comment_id"] for one in told["comments"]] == expected[:3]
    given = {"dataset": "kids", "slice_name": NAME, "path": str(tmp_path / "out.jsonl")}
    exported = run_verb(db, "export", given, quiet)
    assert exported["rows"] == len(wanted_ids(ids)) and exported["texts_not_looked_at"] == len(ids)
    assert get_slice(db, "kids", f" {NAME} ").name == NAME
    assert wanted_of(db, "kids", slice_name=NAME, where={"label": "disallow"}).label == "disallow"
