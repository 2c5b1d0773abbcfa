"""What an import leaves for the next file: refused rows to be mended, and what was said of the columns."""

import csv
import json

import pytest

from domain.errors import BadInput, NotFound
from services.curation import mappings
from services.curation.importing import import_file
from services.curation.refused_rows import write_refused
from services.verbs.running import run_verb
from storage.imports import get_import, list_findings
from tests.building import KIDS, asked, kids, put_in, written_csv

GERMAN = (
    "Kommentare im Mai\n\n"
    "Nr;Kommentar Text;Bewertung\n"
    "1;hallo du;gut\n"
    "2;zu; viele;gut\n"
    '3;"offen;gut\n'
    "4;=1+1;gut;\n"
    "5;ja;schlecht\n"
).encode("cp1252")
COLUMNS = {"id": "Nr", "text": "Kommentar Text", "label": "Bewertung"}
MEANT = {"gut": "allow", "schlecht": "disallow"}


@pytest.fixture
def done(db, tmp_path):
    kids(db)
    path = tmp_path / "mai.csv"
    path.write_bytes(GERMAN)
    return import_file(db, path, KIDS, actor="ana", columns=COLUMNS, label_map=MEANT)


def bodies(db):
    return dict(asked(db, "SELECT external_id, body FROM comments ORDER BY comment_id"))


def test_refused_rows_are_mended_in_a_file_of_the_same_columns_and_brought_back(db, done, tmp_path):
    path = tmp_path / "repair.csv"
    assert done.counts["refused"] == write_refused(db, done.import_id, path) == 3
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["Nr"], row["Kommentar Text"], row["Bewertung"]) for row in rows] == [
        ("2", "zu", " viele;gut"), ("3", "offen;gut\n", ""), ("4", "'=1+1", "gut;"),
    ]  # fmt: skip
    assert [(row["refused_line"], row["refused_because"]) for row in rows] == [
        ("5", "4 fields, the header has 3."),
        ("6", "A quote is opened and never closed."),
        ("7", "4 fields, the header has 3."),
    ]
    assert rows[0]["refused_row"] == "2;zu; viele;gut"
    rows[0] |= {"Kommentar Text": "zu; viele", "Bewertung": "gut"}
    rows[1] |= {"Kommentar Text": "offen", "Bewertung": "gut"}
    rows[2] |= {"Bewertung": "gut"}
    mended = written_csv(tmp_path / "mended.csv", rows)
    given = {"path": str(mended), "dataset": KIDS, "actor": "ana", "as_last": True}
    again = run_verb(db, "import", given, lambda _what, _share: None)["import"]
    assert again["counts"]["added"] == again["counts"]["labels"] == 3 and again["counts"]["refused"] == 0
    assert bodies(db) == {"1": "hallo du", "5": "ja", "2": "zu; viele", "3": "offen", "4": "=1+1"}


def test_rows_that_come_back_unmended_are_refused_again_and_stay_whole(db, done, tmp_path):
    write_refused(db, done.import_id, tmp_path / "repair.csv")
    again = import_file(db, tmp_path / "repair.csv", KIDS, actor="ana", columns=COLUMNS, label_map=MEANT)
    assert (again.counts["added"], again.counts["refused"]) == (0, 3)
    told = [one.reason for one in list_findings(db, again.import_id)]
    assert told[0] == "4 fields, the header has 3. It stands here as it was refused; mend it."
    assert set(bodies(db)) == {"1", "5"}
    write_refused(db, again.import_id, tmp_path / "once_more.csv")
    with (
        (tmp_path / "repair.csv").open(newline="") as first,
        (tmp_path / "once_more.csv").open(newline="") as file,
    ):
        before, after = list(csv.DictReader(first)), list(csv.DictReader(file))
    assert [[row[name] for name in COLUMNS.values()] for row in before] == [
        [row[name] for name in COLUMNS.values()] for row in after
    ]
    before[0]["refused_unless_changed"] = ""  # who wants the row as it stands, says so
    said = written_csv(tmp_path / "said.csv", before)
    last = import_file(db, said, KIDS, actor="ana", columns=COLUMNS, label_map=MEANT)
    assert (last.counts["added"], last.counts["refused"]) == (1, 2)


def test_each_object_of_a_cell_has_an_id_of_its_own_and_a_refused_row_its_other_cells(db, tmp_path):
    kids(db)
    one = {"text": "a", "label": "allow"}
    cells = [
        json.dumps(one),
        json.dumps(one | {"text": "b"}) + json.dumps(one | {"text": "c"}),
        json.dumps([one | {"text": "d"}, one | {"text": "e"}]),
        '{"text": "open',
    ]
    rows = [{"id": str(place), "data": cell, "by": "x;y, z"} for place, cell in enumerate(cells, 1)]
    path = written_csv(tmp_path / "cells.csv", rows)
    said = {"id": "id", "text": "data.text", "label": "data.label"}
    done = import_file(db, path, KIDS, actor="ana", columns=said)
    assert bodies(db) == {"1": "a", "2:1": "b", "2:2": "c", "3:1": "d", "3:2": "e"}
    assert (done.counts["refused"], done.counts["conflicts"]) == (1, 0)
    again = import_file(db, path, KIDS, actor="ana", columns=said)
    assert (again.counts["added"], again.counts["known"], again.counts["conflicts"]) == (0, 5, 0)
    write_refused(db, again.import_id, tmp_path / "repair.csv")
    with (tmp_path / "repair.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert {name: row[name] for name in rows[3]} == rows[3]
    still = import_file(db, tmp_path / "repair.csv", KIDS, actor="ana", columns=said)
    assert (still.counts["added"], still.counts["refused"]) == (0, 1)
    mended = written_csv(tmp_path / "mended.csv", [row | {"data": '{"text": "open", "label": "allow"}'}])
    import_file(db, mended, KIDS, actor="ana", columns=said)
    assert bodies(db)["4"] == "open"


def test_rows_that_are_accepted_refused_and_in_conflict_are_all_that_were_read(db, tmp_path):
    kids(db)
    path = tmp_path / "rows.csv"
    path.write_text("id,text,label\n1,one,allow\n1,two,allow\n2,three,allow,\n3,one,disallow\n,two,allow\n")
    check = run_verb(db, "check-import", {"path": str(path)}, lambda _what, _share: None)
    given = {"path": str(path), "dataset": KIDS, "actor": "ana", "report": True}
    report = run_verb(db, "import", given, lambda _what, _share: None)
    for told in (check, report):
        assert (told["accepted"], told["refused"], told["conflicts"]) == (3, 1, 1)
    assert report["import"]["counts"]["rows"] == 5
    again = run_verb(db, "import", given, lambda _what, _share: None)
    assert (again["accepted"], again["conflicts"]) == (3, 1)


def test_a_check_foresees_what_the_dataset_has_already(db, tmp_path):
    kids(db)
    here = {"dataset": KIDS, "actor": "ana", "report": True}
    first, second = tmp_path / "may.csv", tmp_path / "june.csv"
    first.write_text("id,text\n1,one\n2,two\n,three\n")
    second.write_text("id,text\n1,one\n2,another\n2,two\n,three\n4,four\n4,five\n")
    run_verb(db, "import", {"path": str(first), **here}, lambda _what, _share: None)
    check = run_verb(db, "check-import", {"path": str(second), "dataset": KIDS}, lambda _what, _share: None)
    report = run_verb(db, "import", {"path": str(second), **here}, lambda _what, _share: None)
    assert (check["accepted"], check["known"], check["conflicts"]) == (4, 3, 2)
    assert (report["accepted"], report["conflicts"]) == (4, 2)
    assert set(check["reasons"]) == {
        "The id stands in the file before with another text.",
        "The dataset has this id with another text.",
    }


def test_what_was_said_of_the_last_file_with_these_headings_holds_again(db, done, tmp_path):
    last = mappings.last_used(db, ("Bewertung", "Nr", "Kommentar Text"))
    assert last is not None and last.import_id == done.import_id
    assert mappings.mapping_of(last.mapping)[:2] == (COLUMNS, MEANT)
    assert mappings.last_used(db, ("Bewertung", "Kommentar Text")) is None
    assert mappings.last_used(db, ("Bewertung", "Nr", "Kommentar Text", "Ort")) is None
    assert mappings.fits(db, KIDS, ("Kommentar Text", "Nr", "Bewertung", "Ort"))
    assert not mappings.fits(db, KIDS, ("Kommentar Text", "Nr"))
    assert mappings.fits(db, "empty", ("anything",))
    other = written_csv(tmp_path / "other.csv", [{"text": "one", "note": "two"}])
    look = run_verb(db, "look", {"path": str(other)}, lambda _what, _share: None)
    assert look["last"] is None
    with pytest.raises(NotFound, match="No file with these headings") as caught:
        run_verb(db, "check-import", {"path": str(other), "as_last": True}, lambda _what, _share: None)
    assert caught.value.hint


def test_refused_objects_keep_their_values(db, tmp_path):
    kids(db)
    (tmp_path / "some.jsonl").write_text('{"id": "3", "text": 7}\n{"id": "4", "text": "fine"}\n{"id":\n')
    done = import_file(db, tmp_path / "some.jsonl", KIDS, actor="ana")
    write_refused(db, done.import_id, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [(row["id"], row["text"]) for row in csv.DictReader(file)] == [("3", "7"), ("", "")]


def test_an_import_from_before_says_that_its_columns_are_not_known(db, tmp_path):
    kids(db)
    done = put_in(db, [{"text": "one"}])
    assert "file" not in get_import(db, done.import_id).mapping
    with pytest.raises(BadInput, match="does not know the columns") as caught:
        write_refused(db, done.import_id, tmp_path / "out.csv")
    assert "again" in caught.value.hint
