import pytest

from domain.errors import BadInput, NotFound
from services.evaluation.looks import looks_at, looks_told, note_look, sentence
from services.verbs.running import run_verb
from storage.comments import list_comment_ids
from storage.models import get_run
from tests.stored_runs import labelled_dataset, relabel, stored_run


@pytest.fixture
def run(db):
    ids = labelled_dataset(db, [("kind", "allow"), ("rude", "disallow")])
    return stored_run(db, dict.fromkeys(ids, "allow"))


def test_a_look_at_test_counts_once_a_day_for_each_person_and_station(db, run):
    for actor, station in (("ana", "review"), ("ana", "review"), ("ana", "compare"), ("ben", "review")):
        note_look(db, run, station=station, actor=actor)
    found = looks_at(db, run)
    assert (found.count, found.stations, found.people) == (
        3,
        {"review": 2, "compare": 1},
        {"ana": 2, "ben": 1},
    )
    told = "The test split of snapshot-1 was looked at 3 times so far (review 2, compare 1;"
    assert sentence(found, ["snapshot-1"]).startswith(told)


def test_a_look_raises_no_revision_for_no_reader_of_the_data_sees_it(db, run):
    before = db.revision_of("kids")
    note_look(db, run, station="review", actor="ana")
    assert db.revision_of("kids") == before


def test_reading_the_numbers_of_a_test_split_is_a_look_too(db, run):
    for verb in ("evaluate", "report"):
        run_verb(db, verb, {"run": run, "actor": "ana"}, lambda *_: None)
    assert looks_at(db, run).stations == {"evaluate": 1, "report": 1}


def test_other_splits_may_be_looked_at_as_often_as_one_likes(db):
    ids = labelled_dataset(db, [("kind", "allow"), ("rude", "disallow")], split="train")
    run = stored_run(db, dict.fromkeys(ids, "allow"), split="train")
    note_look(db, run, station="review", actor="ana")
    assert looks_at(db, run) is None


def test_nobody_and_nothing_are_refused(db, run):
    with pytest.raises(BadInput, match="Nobody"):
        note_look(db, run, station="review", actor=" ")
    with pytest.raises(NotFound):
        looks_at(db, "run-9")


def test_a_new_snapshot_of_the_same_comments_does_not_make_them_new(db, run):
    note_look(db, run, station="review", actor="ana")
    ids = list_comment_ids(db, "kids").values()
    again = stored_run(db, dict.fromkeys(ids, "allow"))
    assert get_run(db, again).snapshot_id == "snapshot-2"
    note_look(db, again, station="review", actor="ana")
    assert looks_at(db, again).count == looks_at(db, run).count == 2
    told = looks_told(db, again).removeprefix("The test split of ")
    assert told.startswith("snapshot-2, whose comments are in snapshot-1 too, was looked at 2 times")


def test_a_snapshot_with_mostly_other_comments_is_looked_at_by_itself(db, run):
    note_look(db, run, station="review", actor="ana")
    others = labelled_dataset(db, [("one", "allow"), ("two", "disallow")], dataset_id="other")
    elsewhere = stored_run(db, dict.fromkeys(others, "allow"), dataset_id="other")
    assert looks_at(db, elsewhere).count == 0
    assert looks_told(db, elsewhere) == ""
    more = labels_of_more(db, 5)
    again = stored_run(db, dict.fromkeys(more, "allow"))
    assert looks_at(db, again).count == 0  # two of seven had been seen
    assert looks_at(db, run).count == 1


def labels_of_more(db, count):
    """So many more comments in the test split of the dataset kids, labelled; their numbers."""
    with db.writing("kids") as cursor:
        ids = [
            cursor.execute(
                "INSERT INTO comments SELECT nextval('comment_ids'), 'kids', 1, $name, $name, NULL, NULL,"
                " NULL, NULL, 'en', NULL, 'test', hash($name), [], NULL, 'test', 'test', NULL"
                " RETURNING comment_id",
                {"name": f"more {place}"},
            ).fetchone()[0]
            for place in range(count)
        ]
    relabel(db, dict.fromkeys(ids, "allow"), annotator="ben")
    return ids
