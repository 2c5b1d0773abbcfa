import csv
import io
import json
import re
import unicodedata

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BadInput, NotFound
from services.curation.importing import findings_csv, guess_columns
from services.release.export import csv_of, export_comments
from storage.cleanings import add_cleaning
from storage.text_facts import FACTS_SCHEMA, FLAGS, add_facts
from tests.building import KIDS, kids, numbers, put_in, texts, vote
from tests.hostile import HOSTILE

RUNS_AS_FORMULA = re.compile(r"^[=+\-@\t\r＝＋－＠﹦﹢﹣﹫]")


@pytest.fixture
def hostile(db):
    """A dataset whose texts, authors and threads are all hostile."""
    kids(db)
    rows = [
        {"id": f"={n}", "text": text, "author": text, "thread": text[::-1], "language": "@x"}
        for n, text in enumerate(HOSTILE)
    ]
    put_in(db, rows)
    return db


def shown_first(cell):
    """The cell from its first visible character on that is no quote, as a lenient reader would see it."""
    hidden = (c in "\"'" or unicodedata.category(c)[0] in "ZC" for c in cell)
    return next((cell[n:] for n, is_hidden in enumerate(hidden) if not is_hidden), "")


def test_there_are_forty_hostile_texts_at_least():
    assert len(set(HOSTILE)) == len(HOSTILE) >= 40


def test_no_cell_of_a_csv_file_runs_as_a_formula(hostile, tmp_path):
    assert export_comments(hostile, KIDS, tmp_path / "out.csv") == len(HOSTILE)
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == len(HOSTILE) + 1
    for cell in (cell for row in rows for cell in row):
        assert not RUNS_AS_FORMULA.match(cell)
        assert cell.startswith("'") or not RUNS_AS_FORMULA.match(shown_first(cell))


def test_a_csv_cell_is_the_text_or_the_text_behind_an_apostrophe(hostile, tmp_path):
    export_comments(hostile, KIDS, tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        found = [row["text"] for row in csv.DictReader(file)]
    assert [cell == text or cell == f"'{text}" for cell, text in zip(found, HOSTILE, strict=True)] == (
        [True] * len(HOSTILE)
    )


def test_no_cell_of_a_worksheet_is_a_formula(hostile, tmp_path):
    export_comments(hostile, KIDS, tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert sheet.max_row == len(HOSTILE) + 1
    assert "f" not in {cell.data_type for cell in cells}
    assert not any(isinstance(cell.value, str) and RUNS_AS_FORMULA.match(cell.value) for cell in cells)
    assert not any(cell.hyperlink for cell in cells)


def test_jsonl_keeps_every_text_byte_for_byte(hostile, tmp_path):
    export_comments(hostile, KIDS, tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_bytes().split(b"\n")[:-1]
    assert [json.loads(line)["text"] for line in lines] == HOSTILE


def test_parquet_keeps_every_text_byte_for_byte(hostile, tmp_path):
    export_comments(hostile, KIDS, tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column("text").to_pylist() == HOSTILE
    assert table.column("author").to_pylist() == HOSTILE


def test_an_export_says_label_split_and_why_a_comment_is_excluded(db, tmp_path):
    kids(db)
    empty = {"id": "c2", "text": " ", "score": "0.5", "time": "2026-06-15T06:59:39Z"}
    put_in(db, [*texts("kind", "rude"), empty])
    vote(db, numbers(db)[1], "ana", "disallow")
    add_cleaning(db, KIDS, "empty", "dana")
    export_comments(db, KIDS, tmp_path / "out.jsonl")
    first, second, third = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert (first["label"], second["label"], second["label_from"]) == (None, "disallow", "single")
    assert (third["excluded_for"], third["score"]) == ("empty", 0.5)
    assert third["posted_at"] == "2026-06-15T06:59:39"
    assert first["split"] in ("train", "validation", "test")


def test_a_long_text_is_cut_for_a_worksheet_only(db, tmp_path):
    kids(db)
    put_in(db, texts("=" + "x" * 50_000))
    export_comments(db, KIDS, tmp_path / "out.xlsx")
    assert len(openpyxl.load_workbook(tmp_path / "out.xlsx").active["B2"].value) == 32_767
    export_comments(db, KIDS, tmp_path / "out.jsonl")
    assert len(json.loads((tmp_path / "out.jsonl").read_text())["text"]) == 50_001


def test_findings_are_exported_as_harmlessly_as_comments(db):
    kids(db)
    done = put_in(db, [{"id": f"c{n}", "text": text, "label": "=spam"} for n, text in enumerate(HOSTILE)])
    rows = list(csv.reader(io.StringIO(findings_csv(db, done.import_id), newline="")))
    assert len(rows) == len(HOSTILE) + 1
    assert not any(RUNS_AS_FORMULA.match(cell) for row in rows for cell in row)


def test_numbers_in_a_table_stay_numbers_and_its_header_is_harmless_too():
    assert csv_of(["=a", "n"], [["+1", -5], ["x", None]]).splitlines() == ["'=a,n", "'+1,-5", "x,"]


def test_an_unknown_format_or_dataset_is_refused_and_no_file_is_left(db, tmp_path):
    kids(db)
    folder = tmp_path / "exports"
    folder.mkdir()
    with pytest.raises(BadInput, match=r"'\.docx' is no format"):
        export_comments(db, KIDS, folder / "out.docx")
    with pytest.raises(NotFound, match="no dataset 'other'"):
        export_comments(db, "other", folder / "out.csv")
    assert list(folder.iterdir()) == []


def test_an_export_that_fails_leaves_the_file_of_before(hostile, tmp_path, monkeypatch):
    (tmp_path / "out.xlsx").write_text("of before")
    monkeypatch.setattr("services.release.writers._EXCEL_ROW_LIMIT", 3)
    with pytest.raises(BadInput, match="do not fit a worksheet"):
        export_comments(hostile, KIDS, tmp_path / "out.xlsx")
    assert (tmp_path / "out.xlsx").read_text() == "of before"
    assert [path.name for path in tmp_path.iterdir() if "draft" in path.name] == []


@pytest.mark.parametrize("target", ["no-such-folder/out.csv", "."])
def test_a_place_that_cannot_be_written_to_is_told_as_such(db, tmp_path, target):
    kids(db)
    (tmp_path / "is-a-folder.csv").mkdir()
    path = tmp_path / target if target != "." else tmp_path / "is-a-folder.csv"
    with pytest.raises(BadInput) as raised:
        export_comments(db, KIDS, path)
    assert str(path) in str(raised.value)


def test_the_repaired_text_and_the_language_go_along_and_an_import_passes_over_them(db, tmp_path):
    kids(db)
    put_in(db, texts("tom &amp; jerry", "=1+1", "never looked at"))
    one, two, _ = numbers(db)
    facts = {
        "comment_id": [one, two], "characters": [15, 4], "letters": [8, 0], "is_emoji_only": [False] * 2,
        **{flag: [False] * 2 for flag in FLAGS.values()}, "found_language": ["en", "und"],
        "language_confidence": [0.98, 0.2], "cleaned": ["tom & jerry", None],
    }  # fmt: skip
    add_facts(db, KIDS, pa.table(facts, schema=FACTS_SCHEMA), derived_by="x", cleaned_by="y")
    export_comments(db, KIDS, tmp_path / "out.csv")
    with open(tmp_path / "out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["cleaned_text"] for row in rows] == ["tom & jerry", "", ""]
    assert [(row["language_found"], row["language_confidence"]) for row in rows] == [
        ("en", "0.98"), ("und", "0.2"), ("", ""),
    ]  # fmt: skip
    mapping = guess_columns(tuple(rows[0]))
    assert not {"cleaned_text", "language_found", "language_confidence"} & set(mapping.values())
    assert (mapping["text"], mapping["language"]) == ("text", "language")
