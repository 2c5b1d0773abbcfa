import csv

import pytest

from services.curation.snapshots import take_snapshot
from services.evaluation import readings
from services.evaluation.looks import looks_at
from services.modelling.imported_scores import Columns, import_scores
from storage.readings import list_causes
from tests.stored_runs import labelled_dataset, stored_run


@pytest.fixture
def ids(db):
    return labelled_dataset(db, [(f"comment {n}", "disallow" if n % 4 == 0 else "allow") for n in range(40)])


@pytest.fixture
def snapshot(db, ids):
    return take_snapshot(db, "kids", actor="ana", split_mode="imported").snapshot_id


@pytest.fixture
def ours(db, ids, snapshot):
    top = {ids[n]: 0.9 - n / 1000 for n in (0, 4, 8, 12, 16, 20, 24, 28, 1, 2)}
    scores = {number: [1 - top.get(number, 0.1), top.get(number, 0.1)] for number in ids}
    return stored_run(db, dict.fromkeys(ids, "allow"), snapshot_id=snapshot, name="ours", scores=scores)


@pytest.fixture
def theirs(db, ids, snapshot, tmp_path):
    path = tmp_path / "theirs.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "TOX"), *((f"c{n}", 0.9 if n < 8 else 0.1) for n in range(40))])
    columns = Columns("id", scores={"disallow": "TOX"})
    return import_scores(db, path, snapshot, columns, name="Perspective", actor="ana").runs["test"]


def test_without_a_dataset_or_a_snapshot_the_page_says_what_to_do(open_page, db):
    assert not open_page("leaving").exception
    labelled_dataset(db, [("kind", "allow")])
    at = open_page("leaving")
    assert not at.exception
    assert any("no snapshot" in each.value for each in at.markdown)


@pytest.mark.slow
def test_a_file_is_mapped_and_becomes_a_model_with_the_way_to_the_comparison(open_page, db, ours):
    at = open_page("leaving")
    rows = "\n".join(["id,score", *(f"c{n},{n}" for n in range(40)), "zz,3"])
    at.file_uploader[0].upload("p.csv", rows.encode(), "text/csv").run()
    assert not at.exception
    at.get("button_group")[0].set_value("0 to 100")
    at.button(key="leaving_go").click().run()
    assert not at.exception
    assert "40 answers are stored" in at.success[0].value
    assert any("snapshot\\-1\\: 1 row" in each.value for each in at.markdown)
    assert any("Perspective" in each.value for each in at.markdown)


def test_home_leads_there(open_page, db, ids):
    at = open_page("overview")
    assert not at.exception
    assert "Leaving Perspective?" in [each.value for each in at.subheader]


def test_compare_shows_both_at_an_equal_flag_rate_and_counts_the_look(open_page, db, ours, theirs):
    at = open_page("compare", before=theirs, after=ours, by="At an equal flag rate")
    assert not at.exception
    assert any("both flag 20" in each.value for each in at.markdown)
    assert list(at.dataframe[0].value["model"]) == ["Perspective", "ours"]
    at.run()
    found = looks_at(db, ours)
    assert (found.stations, found.people) == ({"compare": 2}, {"ana": 2})  # each run once a day
    assert any("looked at 2 times" in each.value for each in at.caption)


def test_an_imported_model_offers_no_prediction(open_page, db, theirs):
    at = open_page("models")
    assert not at.exception
    assert any("cannot be asked" in each.value for each in at.caption)
    assert "Predict" not in [each.label for each in at.button]


@pytest.mark.slow
def test_a_blind_reading_is_drawn_by_a_button_and_counted_under_causes(open_page, db, ids, ours):
    at = open_page("review", part="Blind reading")
    assert not at.exception
    at.button(key="review_draw").click().run()
    assert not at.exception
    reading = readings.find_reading(db, ours)
    assert (reading.misses, reading.hits) == (10, 10)
    for number, answer in ((ids[0], "allow"), (ids[4], "disallow"), (ids[1], "allow"), (ids[8], "guideline")):
        if number in [c.comment_id for c in readings.desk_of(db, ours, actor="ben", limit=99).queue]:
            said = readings.said_as(db, reading, number, answer, f"x{number}")
            readings.record(db, ours, [said], actor="ben")
    at = open_page("review", part="Causes")
    assert not at.exception
    shares = at.dataframe[0].value
    assert dict(zip(shares["cause"], shares["misses"], strict=True))["label"] == 1
    at.button(key="review_repair").click().run()
    assert not at.exception
    assert "1 labels are in force" in at.success[0].value
    assert len(list_causes(db, reading.reading_id)) >= 3


def test_a_blind_reading_that_was_not_begun_has_no_causes(open_page, db, ours):
    at = open_page("review", part="Causes")
    assert not at.exception
    assert "Nothing was read blind" in at.info[0].value


@pytest.mark.slow
def test_misses_alike_stand_together(open_page, db, ours):
    at = open_page("review", part="Similar misses")
    assert not at.exception
    assert any("in 1 group " in each.value for each in at.caption)
    assert looks_at(db, ours).stations == {"review": 1}
