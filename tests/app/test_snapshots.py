import json

import pytest

from domain.errors import Conflict, NotFound
from services.curation.snapshots import list_snapshots, snapshot_file, take_snapshot, verify_snapshot
from tests.stored_jobs import ready_to_train
from tests.stored_runs import labelled_dataset, relabel


@pytest.fixture
def labelled(db):
    return ready_to_train(db)


def told(app):
    return " ".join(part.value for part in [*app.markdown, *app.caption, *app.text])


def test_without_a_dataset_the_page_says_to_import(open_page):
    app = open_page("snapshots")
    assert not app.exception
    assert app.title[0].value == "Snapshots"
    assert "There is no dataset yet" in told(app)


def test_without_labels_the_page_says_to_label(db, open_page):
    labelled_dataset(db, [])
    app = open_page("snapshots")
    assert "Nothing is labelled yet" in told(app)
    assert app.page_link[0].label == "Label comments"


def test_it_says_what_would_be_frozen_and_what_would_not(db, labelled, open_page):
    relabel(db, {labelled[0]: "allow"}, annotator="bo")  # disallow by ana: a tie
    app = open_page("snapshots")
    assert "119 comments have a label" in told(app)
    assert "allow 80 · disallow 39" in told(app)
    assert "0 without a label, 1 whose votes are tied, 0 excluded" in told(app)


def test_taking_a_snapshot_freezes_and_opens_it(db, labelled, open_page):
    app = open_page("snapshots")
    app.radio(key="snapshots_mode").set_value("stratified").run()
    app.number_input(key="snapshots_seed").set_value(7)
    app.text_input(key="snapshots_note").set_value("*why* <b>now</b>")
    app.button(key="snapshots_take").click().run()
    assert not app.exception
    [taken] = list_snapshots(db, "kids")
    assert (taken.manifest["split_mode"], taken.manifest["seed"]) == ("stratified", 7)
    assert (taken.manifest["note"], taken.created_by) == ("*why* <b>now</b>", "ana")
    assert app.subheader[0].value == taken.snapshot_id
    assert app.code[0].value == taken.sha256


def test_a_refusal_is_shown(db, open_page):
    labelled_dataset(db, [("one", "allow"), ("two", "allow")])
    app = open_page("snapshots")
    app.button(key="snapshots_take").click().run()
    assert "under 1 label" in app.error[0].value
    assert list_snapshots(db, "kids") == []


def test_a_link_opens_its_snapshot_with_every_number(db, labelled, open_page):
    first = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    take_snapshot(db, "kids", actor="bo")
    app = open_page("snapshots", snapshot=first.snapshot_id)
    assert app.subheader[0].value == first.snapshot_id
    counts = next(one.value for one in app.dataframe if "disallow" in one.value)
    assert counts[["split", "allow", "disallow", "all"]].values.tolist() == [
        ["train", 64, 32, 96],
        ["validation", 8, 4, 12],
        ["test", 8, 4, 12],
    ]


def test_a_link_to_another_datasets_snapshot_says_so(db, labelled, open_page):
    taken = take_snapshot(db, "kids", actor="ana")
    app = open_page("snapshots", snapshot="snapshot-99")
    assert "not of the dataset in hand" in app.warning[0].value
    assert app.subheader[0].value == taken.snapshot_id


def test_leaks_are_told_in_words(db, open_page):
    labelled_dataset(db, [("the very same", "allow"), ("quite different", "disallow")] * 20, split="train")
    take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    app = open_page("snapshots")
    assert "Of the 8 comments held out" in told(app)
    assert "8 have the text of a training comment" in told(app)


def test_a_snapshot_that_holds_nothing_out_warns(db, labelled, open_page):
    take_snapshot(db, "kids", actor="ana")  # every author of `labelled` is in train
    app = open_page("snapshots")
    assert "Nothing is held out" in app.warning[0].value
    assert "held out for validation and test" not in told(app)
    take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    assert not open_page("snapshots").warning


def test_a_file_as_frozen_verifies_and_a_changed_one_does_not(db, labelled, open_page):
    taken = take_snapshot(db, "kids", actor="ana")
    app = open_page("snapshots")
    app.button(key="snapshots_verify").click().run()
    assert "are those that were frozen" in app.success[0].value
    snapshot_file(db, taken.snapshot_id, "comments.parquet").write_bytes(b"not Parquet")
    app.button(key="snapshots_verify").click().run()
    assert "cannot be read" in app.error[0].value
    with pytest.raises(Conflict):
        verify_snapshot(db, taken.snapshot_id)


def test_both_files_can_be_downloaded(db, labelled, open_page):
    taken = take_snapshot(db, "kids", actor="ana")
    app = open_page("snapshots")
    assert [button.label for button in app.download_button] == ["Rows as Parquet", "Manifest as JSON"]
    manifest = json.loads(snapshot_file(db, taken.snapshot_id, "manifest.json").read_text())
    assert manifest["sha256"] == taken.sha256
    with pytest.raises(NotFound):
        snapshot_file(db, taken.snapshot_id, "../../workbench.duckdb")
