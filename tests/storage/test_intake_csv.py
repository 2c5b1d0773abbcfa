"""CSV and TSV through the real child process."""

import csv
import io
import json
import time
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import BadInput
from storage.intake import csv_rows
from storage.intake.csv_rows import batches, layout_of, unique_names
from storage.intake.parent import Reading, look_at
from tests.storage.intake_files import SAMPLES, outcome_of, parsed, rows_of, texts_of, written

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def manifest() -> list[dict[str, str]]:
    if not SAMPLES.is_dir():
        return []
    with (SAMPLES / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["expected_data_rows"].isdigit()]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not part of the repository")
@pytest.mark.parametrize("sample", manifest(), ids=lambda row: row["file"])
def test_each_sample_gives_the_rows_of_its_manifest(sample: dict[str, str], tmp_path: Path):
    path = written(tmp_path, (SAMPLES / sample["file"]).read_bytes())
    widths = json.loads(sample["columns"])
    seen = look_at(path)
    result = parsed(path, text=seen.columns[0])
    assert len(seen.rows[0] if seen.rows else seen.columns) in widths
    assert result.row_count + result.refused_count == int(sample["expected_data_rows"])
    assert result.refused_count == (2 if len(widths) > 1 else 0)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not part of the repository")
def test_utf16_without_much_sense_still_reads(tmp_path: Path):
    path = written(tmp_path, (SAMPLES / "duckdb__invalid_utf8.csv").read_bytes())
    assert texts_of(path, look_at(path).columns[0]) == ["bla", "\ufffd"]


def test_no_word_means_missing_but_an_empty_optional_cell_does(tmp_path: Path):
    path = written(tmp_path, 'text,label\nNA,NA\nnull,null\nNone,\n"",x\n"  ",nan\n')
    rows = rows_of(path, text="text", label="label")
    assert [row["body"] for row in rows] == ["NA", "null", "None", "", "  "]
    assert [row["label"] for row in rows] == ["NA", "null", None, "x", "nan"]
    assert [row["author"] for row in rows] == [None] * 5
    assert [row["line"] for row in rows] == [2, 3, 4, 5, 6]


def test_line_ends_inside_quotes_stay_as_they_are(tmp_path: Path):
    path = written(tmp_path, 'id,text\r\n1,"a\r\nb"\r\n\r\n2,"c\nd"\r\n3,"e\rf"\r\n4,g\0h\u2028i\x0bj\r\n')
    rows = rows_of(path, text="text", id="id")
    assert [row["body"] for row in rows] == ["a\r\nb", "c\nd", "e\rf", "g\0h\u2028i\x0bj"]
    assert [row["line"] for row in rows] == [2, 5, 7, 9]


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path: Path):
    path = written(tmp_path, b"\xef\xbb\xbftext\nhi\n")
    assert look_at(path).columns == ("text",)
    assert texts_of(path) == ["hi"]


@pytest.mark.parametrize("bom, encoding", [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_utf16_is_read_by_its_mark(tmp_path: Path, bom: bytes, encoding: str):
    path = written(tmp_path, bom + "text;id\nça va 😀;1\n".encode(encoding))
    assert look_at(path).encoding == "utf-16"
    assert texts_of(path) == ["ça va 😀"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_fits_all_records(tmp_path: Path, delimiter: str):
    lines = [["id", "text"], ["1,5", "a, b; c"], ["2", "d|e\tf"], ["3", "g\nh"], ["4", "i"]]
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(lines)
    path = written(tmp_path, stream.getvalue())
    assert look_at(path).delimiter == delimiter
    assert texts_of(path) == [line[1] for line in lines[1:]]


def test_a_stray_quote_costs_one_record(tmp_path: Path):
    content = 'id,text\n1,one\n2,"two\n3,three\n4,"four"\n5,"five"x\n6,six\n7,"seven'
    path = written(tmp_path, content)
    texts, refused = outcome_of(path, text="text")
    assert texts == ["one", "three", "four", "six"]
    assert [line for line, _ in refused] == [3, 6, 8]


def test_a_quote_that_is_never_closed_does_not_swallow_the_file(tmp_path: Path):
    path = written(tmp_path, 'id,text\n1,"open\n' + "".join(f"{n},row {n}\n" for n in range(2, 60_000)))
    result = parsed(path, text="text")
    assert (result.row_count, result.refused_count) == (59_998, 1)


def test_a_record_over_too_many_lines_is_refused(tmp_path: Path):
    path = written(tmp_path, 'id,text\n1,"' + "\n" * 1_200 + '"\n2,fine\n')
    rows = rows_of(path, text="text", id="id")
    assert [row["body"] for row in rows] == ["fine"]


def test_ragged_records_are_refused_with_their_line(tmp_path: Path):
    path = written(tmp_path, 'a,text,c\n1,2,3\n1,2\n1,"2\n2",3,4\n\n4,5,6\n')
    ragged = [(3, "2 fields, the header has 3."), (4, "4 fields, the header has 3.")]
    assert outcome_of(path, text="text") == (["2", "5"], ragged)


def test_bytes_that_are_not_utf8_cost_their_record(tmp_path: Path):
    path = written(tmp_path, b"text,label\ngood,1\ncaf\xe9,2\nfine,3\n")
    reason = "Not UTF-8: byte 0xE9 at character 4. Save the file as UTF-8."
    assert outcome_of(path, Reading(encoding="utf-8"), text="text") == (["good", "fine"], [(3, reason)])
    assert look_at(path, Reading(encoding="utf-8")).findings[0].raw == "caf\\xe9,2"


def test_a_text_of_20_megabytes_is_refused_and_the_rest_goes_in(tmp_path: Path):
    path = written(tmp_path, "id,text\n1," + "x" * 20_000_000 + "\n2,fine\n")
    result = parsed(path, text="text")
    assert (result.row_count, result.refused_count) == (1, 1)


def test_a_line_without_end_stops_the_reading_early(tmp_path: Path):
    path = written(tmp_path, b"text\n" + b"x" * 200_000_000)
    started = time.monotonic()
    with pytest.raises(BadInput, match="Line 2 is longer than 32,000,000 characters"):
        parsed(path, text="text")
    assert time.monotonic() - started < 10


def test_lines_before_the_header_are_noted(tmp_path: Path):
    path = written(tmp_path, "Report of May\nid,text,label\n1,a,b\n2,c,d\n")
    assert [finding.kind for finding in look_at(path).findings] == ["note"]
    skipped = [(1, "Stands before the header and was skipped.")]
    assert outcome_of(path, text="text") == (["a", "c"], skipped)


def test_doubled_names_are_numbered_without_collision():
    assert unique_names(["a", "b", "a", "a_1", "", "a"]) == ("a", "b", "a_2", "a_1", "column_5", "a_3")


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "empty"),
        (b"\n\n", "no header"),
        ("büro,töxt\nä,ö\n".encode() + b"\xff,y\n", "no column text"),
        (b"\x8f\x90,text\n1,2\n", "header, cannot be read. Not CP1252: byte 0x8F"),
        (b"\xff\xfet\0e\0x\0t\0\n\0h", "middle of a UTF-16 character"),
        ("," * 200 + "\n", "201 columns"),
        (b"PK\x03\x04rest", "cannot be unpacked"),
        ("body\nx\n", "no column text"),
        ("text\n" + '"x\n' * 10_002, "broken quotes"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: str | bytes, message: str):
    with pytest.raises(BadInput, match=message) as caught:
        parsed(written(tmp_path, content), text="text")
    assert caught.value.hint
    assert list((tmp_path / "parsed").iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block_bytes=st.integers(1, 64),
)
def test_what_csv_writes_comes_back(tmp_path: Path, monkeypatch, rows, delimiter, end, block_bytes):
    monkeypatch.setattr("storage.intake.lines.BLOCK_BYTES", block_bytes)
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    layout = csv_rows.CsvLayout("utf-8", delimiter, ("id", "text", "label"), 0, ())
    path = written(tmp_path, stream.getvalue())
    found = list(batches(path, layout, {"text": "text", "id": "id"}))
    assert [text for batch in found for text in batch.fields["text"]] == [row[1] for row in rows]
    assert [cell or "" for batch in found for cell in batch.fields["id"]] == [row[0] for row in rows]
    assert [finding for batch in found for finding in batch.findings] == []


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(TEXTS))
def test_texts_come_back_through_the_child(tmp_path: Path, texts: list[str]):
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerows(
        [("id", "text", "label"), *((n, text, "x") for n, text in zip(count(), texts, strict=False))]
    )
    path = written(tmp_path, stream.getvalue())
    assert layout_of(path).delimiter == ","
    assert texts_of(path) == texts
