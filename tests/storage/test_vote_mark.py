import json
import os
import shutil
import threading

import pytest

from domain.errors import Conflict
from storage.database import connect
from storage.vote_mark import VoteMark
from tests.building import asked, kids, numbers, put_in, texts, vote


@pytest.fixture
def torn(db, tmp_path):
    """What the disk holds after a crash: the files as they are while the database is open."""
    kids(db)
    put_in(db, texts(*(f"comment {n}" for n in range(20))))
    with db.reading() as cursor:
        cursor.execute("CHECKPOINT")
    for comment in numbers(db):
        vote(db, comment, "ana", "allow")
    return shutil.copytree(db.home, tmp_path / "crashed")


def wal_of(home):
    return home / "workbench.duckdb.wal"


def test_after_a_crash_nothing_is_missing(torn):
    opened = connect(torn)
    assert asked(opened, "SELECT count(*) FROM votes") == [(20,)]
    opened.close()


def test_a_missing_log_is_noticed_and_the_message_names_both_numbers(torn):
    newest = json.loads((torn / "last_vote.json").read_text())["last_vote"]
    wal_of(torn).unlink()
    with pytest.raises(Conflict, match=f"ends with vote 0, but vote {newest} had been saved") as raised:
        connect(torn)
    assert "last_vote.json" in raised.value.hint


def test_a_torn_log_is_noticed(torn):
    wal = wal_of(torn)
    os.truncate(wal, wal.stat().st_size * 3 // 4)
    with pytest.raises(Conflict, match=r"ends with vote \d+, but vote \d+ had been saved"):
        connect(torn)


def test_a_damaged_log_is_noticed(torn):
    wal = wal_of(torn)
    content = bytearray(wal.read_bytes())
    content[len(content) // 2] ^= 0xFF
    wal.write_bytes(content)
    with pytest.raises(Conflict) as raised:
        connect(torn)
    assert raised.value.hint


def test_a_refused_home_is_let_go_of_so_that_it_can_be_repaired(torn):
    wal_of(torn).unlink()
    with pytest.raises(Conflict):
        connect(torn)
    (torn / "last_vote.json").rename(torn / "moved-away.json")
    opened = connect(torn)
    assert asked(opened, "SELECT count(*) FROM votes") == [(0,)]
    opened.close()


def test_a_copy_of_a_closed_home_opens(torn):
    connect(torn).close()
    assert not wal_of(torn).exists()
    again = connect(torn)
    assert asked(again, "SELECT count(*) FROM votes") == [(20,)]
    again.close()


def test_a_home_without_a_mark_opens(torn):
    (torn / "last_vote.json").unlink()
    connect(torn).close()


DAMAGED = [
    b"", b"{", b"\xff\xfe", bytes(64), b"[20]", b"{}", b'{"last_vote": null}', b'{"last_vote": "20"}',
    b'{"last_vote": 1e999}', b'{"last_vote": true}', b'{"last_vote": -1}',
]  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_mark_does_not_hide_that_the_log_is_missing(torn, content):
    mark = torn / "last_vote.json"
    mark.write_bytes(content)
    wal_of(torn).unlink()
    with pytest.raises(Conflict, match="is damaged: whether votes are missing after vote 0") as raised:
        connect(torn)
    assert str(mark) in str(raised.value)
    assert "Restore a copy" in raised.value.hint and "move last_vote.json away" in raised.value.hint


def test_a_damaged_mark_is_moved_away_and_the_next_vote_writes_it_anew(torn):
    mark = torn / "last_vote.json"
    mark.write_text("{")
    with pytest.raises(Conflict, match="is damaged"):
        connect(torn)
    mark.rename(torn / "moved-away.json")
    opened = connect(torn)
    vote(opened, numbers(opened)[0], "ben", "allow")
    [(newest,)] = asked(opened, "SELECT max(vote_id) FROM votes")
    opened.close()
    assert json.loads(mark.read_text()) == {"last_vote": newest}
    connect(torn).close()


def test_the_mark_never_goes_back(tmp_path):
    mark = VoteMark(tmp_path / "mark.json")
    threads = [threading.Thread(target=mark.note, args=[n]) for n in (7, 300, 12, 299, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert json.loads((tmp_path / "mark.json").read_text()) == {"last_vote": 300}


def test_an_import_with_labels_is_marked_too(db):
    kids(db)
    put_in(db, [{**row, "label": "allow"} for row in texts("one", "two", "three")])
    noted = json.loads((db.home / "last_vote.json").read_text())["last_vote"]
    assert [(noted,)] == asked(db, "SELECT max(vote_id) FROM votes")
