import json
from collections import Counter, defaultdict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.curation.snapshots import take_snapshot, verify_snapshot
from storage.cleanings import add_cleaning
from storage.comments import get_comment
from storage.snapshots import get_snapshot, list_snapshots, rows_sha256, snapshot_folder
from tests.building import KIDS, asked, kids, numbers, put_in, texts, vote
from tests.conftest import SMALL


@pytest.fixture
def comments(db):
    """Six comments: two allowed, two not, one tied, one without a vote."""
    kids(db)
    put_in(db, texts("kind", "sweet", "rude", "ugly", "odd", "silent"))
    found = numbers(db)
    for number, label in zip(found, ("allow", "allow", "disallow", "disallow"), strict=False):
        vote(db, number, "ana", label)
    vote(db, found[4], "ana", "allow")
    vote(db, found[4], "ben", "disallow")
    return found


def file_of(db, snapshot):
    return snapshot_folder(db.home, snapshot.snapshot_id) / "comments.parquet"


def rows_of(db, snapshot):
    return pq.read_table(file_of(db, snapshot)).to_pylist()


def test_a_snapshot_holds_each_comment_with_a_label_in_force(db, comments):
    snapshot = take_snapshot(db, KIDS, actor="ana")
    rows = rows_of(db, snapshot)
    assert [(row["text"], row["label"]) for row in rows] == [
        ("kind", "allow"), ("sweet", "allow"), ("rude", "disallow"), ("ugly", "disallow"),
    ]  # fmt: skip
    assert snapshot.row_count == 4
    assert snapshot.manifest["left_out"] == {"excluded": 0, "tied": 1, "waiting": 2}


def test_an_excluded_comment_is_left_out(db, comments):
    put_in(db, [{"id": "again", "text": "kind", "label": "allow"}])
    add_cleaning(db, KIDS, "exact duplicate", "dana")
    snapshot = take_snapshot(db, KIDS, actor="ana")
    assert [row["text"] for row in rows_of(db, snapshot)].count("kind") == 1
    assert snapshot.manifest["left_out"]["excluded"] == 1


def test_relabelling_does_not_touch_what_is_frozen(db, comments):
    snapshot = take_snapshot(db, KIDS, actor="ana")
    before = file_of(db, snapshot).read_bytes()
    for number in comments:
        vote(db, number, "cleo", "disallow")
        vote(db, number, "dana", "disallow")
    assert get_comment(db, comments[0]).label == "disallow"
    assert file_of(db, snapshot).read_bytes() == before
    frozen = asked(db, "SELECT comment_id, label FROM snapshot_rows ORDER BY 1")
    assert frozen == list(zip(comments, ("allow", "allow", "disallow", "disallow"), strict=False))
    assert verify_snapshot(db, snapshot.snapshot_id) == get_snapshot(db, snapshot.snapshot_id)


def test_the_same_labels_give_the_same_hash_and_one_other_label_another(db, comments):
    first = take_snapshot(db, KIDS, actor="ana")
    assert take_snapshot(db, KIDS, actor="ben", note="again").sha256 == first.sha256
    vote(db, comments[0], "ana", "disallow")
    assert take_snapshot(db, KIDS, actor="ana").sha256 != first.sha256


ROWS = [
    {"external_id": "b", "text": "zwei", "label": "allow", "split": "train", "author": "x"},
    {"external_id": "a", "text": "eins\n\u202e", "label": "disallow", "split": "test", "author": None},
]


def test_the_hash_is_of_the_rows_not_of_their_order_nor_of_the_file(tmp_path):
    table = pa.Table.from_pylist(ROWS)
    expected = rows_sha256(table)
    assert rows_sha256(pa.Table.from_pylist(ROWS[::-1])) == expected
    for compression in ("zstd", "none"):
        pq.write_table(table, tmp_path / compression, compression=compression, row_group_size=1)
        assert rows_sha256(pq.read_table(tmp_path / compression)) == expected


def test_the_hash_is_the_one_that_the_first_release_gave():
    assert (
        rows_sha256(pa.Table.from_pylist(ROWS))
        == "fc53a489023857f0aef004e603dcf3137cfc53824e6061306b4d370517619519"
    )


@pytest.mark.parametrize("column", ["external_id", "text", "label", "split"])
def test_every_column_that_counts_is_in_the_hash(column):
    changed = [{**ROWS[0], column: "x"}, ROWS[1]]
    assert rows_sha256(pa.Table.from_pylist(changed)) != rows_sha256(pa.Table.from_pylist(ROWS))


def test_text_that_moves_from_one_column_to_the_next_changes_the_hash():
    moved = [{**ROWS[0], "external_id": "bz", "text": "wei"}, ROWS[1]]
    assert rows_sha256(pa.Table.from_pylist(moved)) != rows_sha256(pa.Table.from_pylist(ROWS))


def test_verifying_notices_a_file_that_was_edited(db, comments):
    snapshot = take_snapshot(db, KIDS, actor="ana")
    table = pq.read_table(file_of(db, snapshot))
    labels = pa.array(["disallow", *table.column("label").to_pylist()[1:]])
    pq.write_table(
        table.set_column(table.column_names.index("label"), "label", labels), file_of(db, snapshot)
    )
    with pytest.raises(Conflict, match=f"rows of {snapshot.snapshot_id} have the hash"):
        verify_snapshot(db, snapshot.snapshot_id)


def test_verifying_a_torn_file_says_so(db, comments):
    snapshot = take_snapshot(db, KIDS, actor="ana")
    file = file_of(db, snapshot)
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(Conflict, match=snapshot.snapshot_id) as raised:
        verify_snapshot(db, snapshot.snapshot_id)
    assert raised.value.hint


def test_verifying_a_file_that_is_gone_says_so(db, comments):
    snapshot = take_snapshot(db, KIDS, actor="ana")
    file_of(db, snapshot).unlink()
    with pytest.raises(NotFound, match=f"file of {snapshot.snapshot_id} is gone"):
        verify_snapshot(db, snapshot.snapshot_id)


def test_no_author_stands_in_two_splits_but_for_near_duplicates(small):
    rows = rows_of(small, take_snapshot(small, SMALL, actor="ana"))
    repeats = {
        number for (number,) in asked(small, "SELECT comment_id FROM comments WHERE near_of IS NOT NULL")
    }
    splits = defaultdict(set)
    for row in rows:
        if row["comment_id"] not in repeats:
            splits[row["author"]].add(row["split"])
    assert len(splits) == 40
    assert all(len(found) == 1 for found in splits.values())


def test_a_stratified_split_gives_every_label_its_eighty_ten_ten(small):
    counts = take_snapshot(small, SMALL, actor="ana", split_mode="stratified").manifest["counts"]
    for label in ("allow", "disallow"):
        of_label = {split: counts[split][label] for split in counts}
        total = sum(of_label.values())
        assert of_label["train"] == round(0.8 * total)
        assert of_label["validation"] == pytest.approx(0.1 * total, abs=1)


def test_a_stratified_split_is_drawn_by_its_seed(small):
    hashes = [
        take_snapshot(small, SMALL, actor="ana", split_mode="stratified", seed=n).sha256 for n in (1, 1, 2)
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_an_imported_split_takes_only_the_comments_that_have_one(db):
    kids(db)
    said = ["train", "dev", "test", None]
    rows = [
        {"id": f"c{n}", "text": f"text {'abcd'[n]}", "label": "allow" if n % 2 else "disallow"}
        for n in range(4)
    ]
    put_in(
        db, [row if split is None else {**row, "split": split} for row, split in zip(rows, said, strict=True)]
    )
    snapshot = take_snapshot(db, KIDS, actor="ana", split_mode="imported")
    assert [row["split"] for row in rows_of(db, snapshot)] == ["train", "validation", "test"]


def test_leaks_are_counted_by_what_is_shared(db):
    kids(db)
    rows = [
        {"id": "a", "text": "the same words", "author": "ana", "thread": "one", "split": "train"},
        {"id": "b", "text": "The same  words", "author": "ben", "thread": "two", "split": "test"},
        {"id": "c", "text": "quite another one", "author": "ana", "thread": "one", "split": "test"},
        {"id": "d", "text": "nothing in common", "split": "test"},
        {"id": "e", "text": "nor this", "split": "train"},
    ]
    put_in(db, [{**row, "label": "allow" if row["id"] in "ac" else "disallow"} for row in rows])
    leaks = take_snapshot(db, KIDS, actor="ana", split_mode="imported").manifest["leaks"]
    assert leaks == {"same_text": 1, "near_duplicate": 1, "same_author": 1, "same_thread": 1}


def test_the_manifest_beside_the_file_says_how_it_came_about(db, comments):
    snapshot = take_snapshot(db, KIDS, actor="ana", note="first")
    told = json.loads((file_of(db, snapshot).parent / "manifest.json").read_text())
    assert (told["sha256"], told["rows"], told["note"]) == (snapshot.sha256, 4, "first")
    assert told["label_from"] == dict(Counter(row["label_from"] for row in rows_of(db, snapshot)))
    assert snapshot.labels == ("allow", "disallow")


def test_nothing_to_learn_from_is_no_snapshot(db):
    kids(db)
    put_in(db, texts("one", "two"))
    with pytest.raises(BadInput, match="0 labelled comments"):
        take_snapshot(db, KIDS, actor="ana")
    vote(db, numbers(db)[0], "ana", "allow")
    with pytest.raises(BadInput, match="1 label"):
        take_snapshot(db, KIDS, actor="ana")
    assert list_snapshots(db, KIDS) == []


def test_a_snapshot_without_a_comment_to_train_on_is_refused(db):
    kids(db)
    put_in(db, texts("one", "two"))
    for number, label in zip(numbers(db), ("allow", "disallow"), strict=True):
        vote(db, number, "ana", label)
    with db.writing(KIDS) as cursor:
        cursor.execute("UPDATE comments SET split = 'test', imported_split = 'test'")
    with pytest.raises(BadInput, match="in the train split") as raised:
        take_snapshot(db, KIDS, actor="ana")
    assert "stratified" in (raised.value.hint or "")
    assert list_snapshots(db, KIDS) == []
    published = take_snapshot(db, KIDS, actor="ana", split_mode="imported")  # a test set, to be predicted
    assert sum(published.manifest["counts"]["test"].values()) == 2


def test_an_unknown_split_mode_dataset_or_snapshot_is_refused(db, comments):
    with pytest.raises(BadInput, match="split mode 'random'"):
        take_snapshot(db, KIDS, actor="ana", split_mode="random")
    with pytest.raises(NotFound, match="no dataset 'other'"):
        take_snapshot(db, "other", actor="ana")
    with pytest.raises(NotFound, match="no snapshot 'snapshot-99'"):
        get_snapshot(db, "snapshot-99")


def test_a_folder_that_a_dead_program_left_is_replaced(db, comments):
    for name in ("snapshot-1", "snapshot-1.draft"):
        leftover = db.home / "snapshots" / name
        leftover.mkdir(parents=True)
        (leftover / "comments.parquet").write_text("half")
    assert verify_snapshot(db, take_snapshot(db, KIDS, actor="ana").snapshot_id).snapshot_id == "snapshot-1"
    assert [path.name for path in (db.home / "snapshots").iterdir()] == ["snapshot-1"]


def test_snapshots_are_listed_newest_first(db, comments):
    taken = [take_snapshot(db, KIDS, actor="ana", note=str(n)) for n in range(3)]
    assert list_snapshots(db, KIDS) == taken[::-1]
