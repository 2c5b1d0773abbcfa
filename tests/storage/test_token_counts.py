import shutil

import duckdb
import pyarrow as pa
import pytest

from services.curation.snapshots import take_snapshot
from storage.database import connect
from storage.migrate import migrate, migrations
from storage.token_counts import (
    Counter,
    add_token_counts,
    get_bodies_table,
    get_counts_table,
    list_uncounted,
)
from tests.building import asked
from tests.stored_runs import labelled_dataset

COUNTER = Counter("o200k_base", "quoted-1")


@pytest.fixture
def ids(db):
    return labelled_dataset(db, [("one", "allow"), ("two", "disallow"), ("three", "allow")], split="train")


@pytest.fixture
def snapshot(db, ids):
    return take_snapshot(db, "kids", actor="ana").snapshot_id


def counted(ids, tokens):
    columns = {"comment_id": pa.array(ids, pa.int64()), "tokens": pa.array(tokens, pa.int32())}
    return pa.table({**columns, "has_special_token": pa.array([False] * len(ids))})


def uncounted(db, snapshot, counter=COUNTER):
    return list_uncounted(db, snapshot, counter).column("comment_id").to_pylist()


def test_what_is_counted_is_no_longer_uncounted(db, ids, snapshot):
    assert uncounted(db, snapshot) == ids
    add_token_counts(db, "kids", COUNTER, counted(ids[:2], [7, None]))
    assert uncounted(db, snapshot) == ids[2:]


@pytest.mark.parametrize("other", [Counter("cl100k_base", "quoted-1"), Counter("o200k_base", "quoted-2")])
def test_another_encoding_or_prompt_format_is_another_count(db, ids, snapshot, other):
    add_token_counts(db, "kids", COUNTER, counted(ids, [7, 8, 9]))
    assert uncounted(db, snapshot, other) == ids


def test_a_comment_counted_twice_is_kept_once_with_its_first_count(db, ids, snapshot):
    add_token_counts(db, "kids", COUNTER, counted(ids[:2], [7, 8]))
    add_token_counts(db, "kids", COUNTER, counted(ids, [70, 80, 90]))
    found = asked(db, "SELECT comment_id, tokens FROM token_counts ORDER BY 1")
    assert found == list(zip(ids, [7, 8, 90], strict=True))


def test_counts_come_with_the_label_in_the_order_of_the_comments(db, ids, snapshot):
    add_token_counts(db, "kids", COUNTER, counted([ids[2], ids[0]], [9, None]))
    rows = get_counts_table(db, snapshot, split="train", counter=COUNTER).to_pylist()
    assert [(row["comment_id"], row["label"], row["tokens"], row["is_counted"]) for row in rows] == [
        (ids[0], "allow", None, True),
        (ids[1], "disallow", None, False),
        (ids[2], "allow", 9, True),
    ]
    assert get_counts_table(db, snapshot, split="test", counter=COUNTER).num_rows == 0


def test_the_place_of_a_comment_follows_from_its_own_id_alone(db, ids, snapshot):
    before = get_counts_table(db, snapshot, split="train", counter=COUNTER).column("place").to_pylist()
    labelled_dataset(db, [("one", "allow"), ("two", "disallow")], dataset_id="other", split="train")
    other = take_snapshot(db, "other", actor="ana").snapshot_id
    found = get_counts_table(db, other, split="train", counter=COUNTER)
    assert found.column("place").to_pylist() == before[:2]
    assert len(set(before)) == 3


def test_texts_are_those_asked_for(db, ids):
    found = get_bodies_table(db, pa.table({"comment_id": [ids[0], ids[2], 10**9]})).to_pylist()
    assert {row["comment_id"]: row["body"] for row in found} == {ids[0]: "one", ids[2]: "three"}
    assert get_bodies_table(db, pa.table({"comment_id": pa.array([], pa.int64())})).num_rows == 0


def test_a_file_of_the_first_release_gets_the_column_and_keeps_its_rows(tmp_path):
    steps = tmp_path / "steps"
    steps.mkdir()
    first = next(step for step in migrations() if step.number == 1)
    (steps / f"{first.name}.sql").write_text(first.sql, encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    with duckdb.connect(str(home / "workbench.duckdb")) as old:
        assert migrate(old, steps) == ["0001_the_loop"]
        old.execute(
            "INSERT INTO datasets VALUES ('kids', 'kids', 'author', 'salt', 1, now()::TIMESTAMP, 'ana')"
        )
    upgraded = connect(shutil.copytree(home, tmp_path / "upgraded"))
    assert asked(upgraded, "SELECT dataset_id FROM datasets") == [("kids",)]
    assert asked(upgraded, "SELECT count(*) FROM token_counts") == [(0,)]
    upgraded.close()
