import json

import pyarrow.parquet as pq
import pytest

from domain.comments import CommentFilter
from domain.errors import BadInput
from domain.labels import Vote
from services.curation.datasets import create_dataset
from services.curation.snapshots import take_snapshot
from services.evaluation.saved_slices import save_slice, wanted_of
from services.release.dataset_folder import write_comments, write_snapshot
from services.verbs.running import run_verb
from storage.votes import add_votes
from tests.building import numbers, put_in
from tests.hostile import HOSTILE

NAME = "kids"


@pytest.fixture
def ids(db):
    """Forty comments, some hostile, with two voters who mostly agree."""
    create_dataset(
        db, NAME, ("allow", "disallow"), actor="ana", salt="s", group_by="none",
        definitions={"allow": "fine | [x](http://a.example)"},
    )  # fmt: skip
    rows = [{"id": f"c{n}", "text": text, "language": "en"} for n, text in enumerate(HOSTILE[:40])]
    put_in(db, rows, into=NAME)
    found = numbers(db)
    said = {(place, who): place % 2 for place in range(len(found)) for who in ("ana", "ben")} | {
        (3, "ben"): 0
    }
    given = [
        Vote(found[place], who, "label", f"{place}:{who}", ("allow", "disallow")[label])
        for (place, who), label in said.items()
    ]
    add_votes(db, NAME, given)
    return found


def test_a_folder_is_read_by_datasets_row_for_row(db, ids, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    snapshot = take_snapshot(db, NAME, actor="ana", split_mode="stratified")
    folder = tmp_path / "out"
    assert write_snapshot(db, snapshot, folder, licence="cc-by-4.0") == snapshot.row_count
    files = {path.stem: pq.read_table(path) for path in (folder / "data").iterdir()}
    assert {name: table.num_rows for name, table in files.items()} == {
        split: sum(of.values()) for split, of in snapshot.manifest["counts"].items() if of
    }
    [votes] = {
        len(json.loads(cell)) for table in files.values() for cell in table["annotator_votes"].to_pylist()
    }
    assert votes == 2
    datasets = pytest.importorskip("datasets")
    read = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    for name, table in files.items():
        assert read[name]["text"][:] == table["text"].to_pylist()
        assert read[name]["label"][:] == table["label"].to_pylist()


def test_the_card_says_counts_sources_definitions_agreement_splits_and_licence(db, ids, tmp_path):
    snapshot = take_snapshot(db, NAME, actor="ana")
    write_snapshot(db, snapshot, tmp_path / "out", licence="cc-by-4.0")
    card = (tmp_path / "out" / "README.md").read_text()
    head = card.split("---\n")[1]
    assert 'license: "cc-by-4.0"' in head and '- "en"' in head and "path: data/train.parquet" in head
    assert "- **allow**: fine \\| \\[x\\]" in card and "no definition was written" in card
    assert "| rows\\.csv | 39 |" in card  # one is tied
    assert "78 votes of 2 annotators" in card and "1 tied" in card
    assert "over 40 comments" in card and "By a hash of each comment" in card
    assert "cc\\-by\\-4\\.0" in card


def test_a_part_of_a_dataset_says_what_was_asked_and_that_no_licence_is_told(db, ids, tmp_path):
    save_slice(db, NAME, "scripts", {"contains": "script", "excluded": "no"}, actor="ana")
    wanted = wanted_of(db, NAME, slice_name="scripts")
    count = write_comments(db, wanted, tmp_path / "out", slice_name="scripts")
    assert 0 < count < 10
    card = (tmp_path / "out" / "README.md").read_text()
    assert "in the slice scripts\\: contains script, excluded no" in card and "Not told." in card


def test_a_folder_that_is_there_is_left_alone(db, ids, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(BadInput, match="there already"):
        write_comments(db, CommentFilter(NAME), tmp_path / "out")
    with pytest.raises(BadInput, match="cannot be written"):
        write_comments(db, CommentFilter(NAME), tmp_path / "out" / "no" / "x" / ("y" * 300))
    assert [path.name for path in tmp_path.iterdir() if "draft" in path.name] == []


def test_an_export_that_is_cancelled_leaves_nothing(db, ids, tmp_path):
    def cancel(_what, _share):
        raise BadInput("cancelled")

    for path in ("out", "out.csv", "out.parquet"):
        given = {"path": str(tmp_path / path), "dataset": NAME}
        with pytest.raises(BadInput, match="cancelled"):
            run_verb(db, "export", given | ({"format": "datasets"} if path == "out" else {}), cancel)
    assert [path.name for path in tmp_path.iterdir() if path.name.lstrip(".").startswith("out")] == []


def test_chat_examples_of_a_slice_are_its_labelled_comments(db, ids, tmp_path):
    (tmp_path / "prompt.txt").write_text("Say allow or disallow.")
    given = {
        "path": str(tmp_path / "out.jsonl"), "dataset": NAME, "format": "chat",
        "where": {"contains": "script", "label": "allow"}, "system_prompt": str(tmp_path / "prompt.txt"),
    }  # fmt: skip
    told = run_verb(db, "export", given, lambda *_: None)
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert told["rows"] == len(lines) > 0
    assert {line["messages"][-1]["content"] for line in lines} == {"allow"}


def test_an_empty_dataset_makes_a_card_all_the_same(db, tmp_path):
    create_dataset(db, "empty", ("a", "b"), actor="ana")
    assert write_comments(db, CommentFilter("empty"), tmp_path / "out") == 0
    assert "0 comments" in (tmp_path / "out" / "README.md").read_text()
