import hashlib
import json
import shutil

import duckdb
import pytest

from domain.errors import BadInput
from services.curation.snapshots import take_snapshot
from services.evaluation.reviews import review
from services.release.gate import run_gate
from services.release.log import verify_log
from services.release.policy import policy_of
from services.release.releases import approve, card_of, propose, reject, roll_back
from storage.audit import START, add_entry, list_entries
from storage.database import connect
from tests.building import asked
from tests.released import EASY, answered, model_of, rows, ruled


@pytest.fixture(scope="module")
def told_home(empty_home, tmp_path_factory):
    """A closed home: a dataset taken through two releases, a rejection and a roll-back."""
    db = connect(shutil.copytree(empty_home, tmp_path_factory.mktemp("told") / "home"))
    ids = rows(db)
    ruled(db, EASY)
    first = model_of(db, answered(ids, missed=6))
    review(db, run_id="run-1", comment_id=ids[120], verdict="label wrong", label="allow", why="A joke.",
           client_id="r1", actor="eve")  # fmt: skip
    run_gate(db, first, policy_of(EASY), actor="lena")
    second = model_of(db, answered(ids, missed=1), snapshot_id="snapshot-1")
    third = model_of(db, answered(ids, missed=9), snapshot_id="snapshot-1")
    for model in (first, second):
        approve(db, propose(db, model, actor="ben").release_id, actor="lena")
    reject(db, propose(db, third, actor="ben").release_id, why="Worse.", actor="lena")
    roll_back(db, "release-1", why="Better so.", actor="ana")
    db.close()
    return db.home


@pytest.fixture
def told(told_home, home):
    """The database of a copy of that home."""
    database = connect(shutil.copytree(told_home, home))
    yield database
    database.close()


def tampered(db, statement, *values):
    """Close the database, change it through a connection of one's own, and open it again."""
    home = db.home
    db.close()
    with duckdb.connect(str(home / "workbench.duckdb")) as raw:
        raw.execute(statement, list(values))
    return connect(home)


def check(db, **about):
    try:
        return verify_log(db, **about)
    finally:
        db.close()


def test_every_step_is_in_the_log_with_who_did_it(told):
    assert [(each.verb, each.object, each.actor) for each in list_entries(told)] == [
        ("policy written", "policy 1", "lena"),
        ("snapshot taken", "snapshot-1", "ana"),
        ("model trained", "model-1", "ana"),
        ("label adjudicated", asked(told, "SELECT 'comment ' || comment_id FROM reviews")[0][0], "eve"),
        ("gate judged", "model-1", "lena"),
        ("model trained", "model-2", "ana"),
        ("model trained", "model-3", "ana"),
        ("proposed", "release-1", "ben"),
        ("approved", "release-1", "lena"),
        ("proposed", "release-2", "ben"),
        ("approved", "release-2", "lena"),
        ("proposed", "release-3", "ben"),
        ("rejected", "release-3", "lena"),
        ("rolled back to", "release-1", "ana"),
    ]
    found = verify_log(told)
    assert (found.ok, found.entries, found.head.seq) == (True, 14, 14)


def test_the_hashes_are_those_that_anybody_can_recompute(told):
    previous = START
    for seq, at, actor, verb, dataset_id, name, details, before, hash_ in asked(
        told, "SELECT * FROM audit_log ORDER BY seq"
    ):
        fields = {"seq": seq, "at": at.isoformat(timespec="microseconds"), "actor": actor, "verb": verb,
                  "dataset_id": dataset_id, "object": name, "details": details}  # fmt: skip
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        assert before == previous
        assert hash_ == hashlib.sha256((previous + text).encode()).hexdigest()
        previous = hash_


@pytest.mark.parametrize("column", ["actor", "verb", "dataset_id", "object", "details", "hash", "previous"])
def test_an_edited_entry_is_found_and_named(told, column):
    found = check(tampered(told, f"UPDATE audit_log SET {column} = {column} || 'x' WHERE seq = 5"))
    assert (found.ok, found.first_bad) == (False, 5)


def test_an_entry_set_to_another_time_is_found(told):
    found = check(
        tampered(told, "UPDATE audit_log SET logged_at = logged_at + INTERVAL 1 SECOND WHERE seq = 9")
    )
    assert (found.first_bad, "was changed" in found.why) == (9, True)


def test_an_edited_entry_whose_hash_was_mended_breaks_the_next_one(told):
    entry = list_entries(told)[4]
    mended = type(entry)(**{**vars(entry), "actor": "nobody"}).expected_hash
    found = check(tampered(told, "UPDATE audit_log SET actor = 'nobody', hash = ? WHERE seq = 5", mended))
    assert (found.first_bad, "does not follow entry 5" in found.why) == (6, True)


@pytest.mark.parametrize("seq", [1, 4, 13])
def test_a_removed_entry_is_found(told, seq):
    found = check(tampered(told, "DELETE FROM audit_log WHERE seq = ?", seq))
    assert (found.first_bad, "is missing" in found.why) == (seq, True)


def test_a_removed_entry_whose_followers_were_renumbered_is_found(told):
    db = tampered(told, "DELETE FROM audit_log WHERE seq = 4")
    found = check(tampered(db, "UPDATE audit_log SET seq = seq - 1 WHERE seq > 4"))
    assert found.first_bad == 4


def test_an_inserted_entry_is_found(told):
    copy = "INSERT INTO audit_log SELECT * REPLACE (6 AS seq, 'eve' AS actor) FROM audit_log WHERE seq = 9"
    assert check(tampered(told, copy)).first_bad in (6, 7)


def test_two_entries_that_changed_places_are_found(told):
    swap = "UPDATE audit_log SET seq = CASE seq WHEN 3 THEN 7 ELSE 3 END WHERE seq IN (3, 7)"
    assert check(tampered(told, swap)).first_bad == 3


@pytest.mark.parametrize("left", [0, 8, 9, 13])
def test_a_log_cut_short_is_found_by_the_releases_that_it_no_longer_tells(told, left):
    found = check(tampered(told, "DELETE FROM audit_log WHERE seq > ?", left))
    assert found.first_bad == left + 1


def test_a_history_cut_short_everywhere_is_found_by_a_card_kept_outside(told):
    _, card = card_of(told, "release-2")
    assert verify_log(told, card=card).ok
    db = tampered(told, "DELETE FROM release_steps WHERE log_seq > 9")
    db = tampered(db, "DELETE FROM audit_log WHERE seq > 9")
    assert verify_log(db).ok
    found = check(db, card=card)
    assert (found.ok, found.first_bad) == (False, 10)


def test_a_log_written_anew_from_the_start_is_found_by_a_card_kept_outside(told):
    _, card = card_of(told, "release-1")
    entries = list_entries(told)
    with told.writing("kids") as cursor:
        cursor.execute("DELETE FROM audit_log")
        cursor.execute("DELETE FROM release_steps")
        for each in entries:
            add_entry(cursor, actor="nobody", verb=each.verb, dataset_id=each.dataset_id, object_=each.object,
                      details=json.loads(each.details))  # fmt: skip
    assert verify_log(told).ok
    assert verify_log(told, card=card).first_bad == 8


def test_a_card_that_was_changed_is_not_the_one_in_the_log(told):
    found = verify_log(told, card=card_of(told, "release-1")[1].replace('"missed"', '"kept"') + " ")
    assert (found.ok, "does not tell of this card" in found.why) == (False, True)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"release_id": "release-1", "log_head": {"seq": "x"}}', "null"]
)
def test_what_is_no_card_is_refused(told, text):
    with pytest.raises(BadInput, match="no card"):
        verify_log(told, card=text)


def test_what_did_not_happen_is_not_in_the_log(db):
    ids = rows(db)
    take_snapshot(db, "kids", actor="ana", split_mode="imported")
    with pytest.raises(RuntimeError), db.writing("kids") as cursor:
        add_entry(
            cursor, actor="ana", verb="thought better of it", dataset_id="kids", object_="x", details={}
        )
        raise RuntimeError("and stopped half-way")
    model_of(db, answered(ids), snapshot_id="snapshot-1")
    assert [each.seq for each in list_entries(db)] == [1, 2]
    assert verify_log(db).ok
