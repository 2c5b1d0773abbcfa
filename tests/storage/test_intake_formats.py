"""Files as teams have them: encodings, ways of quoting, archives, workbooks, folders, JSON in cells."""

import csv
import gzip
import io
import json
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BadInput
from storage.intake.batch import ABOVE_HEADER
from storage.intake.formats import look, rows_of
from storage.intake.reading import ENCODINGS, Reading, reading_of
from tests.storage.intake_files import SAMPLES, written

SPOKEN = {
    "French": "Ça va très bien à l'école, été comme hiver",
    "German": "Schöne Grüße aus München, du Blödian",
    "Polish": "Zażółć gęślą jaźń, ty głupku",
    "Russian": "Привет, как дела сегодня; уходи отсюда",
    "traditional": "你好，今天天氣很好，你這個笨蛋快滾開",
    "simplified": "你好，今天天气很好，你这个笨蛋快滚开",
    "Japanese": "こんにちは、今日はいい天気ですね。お前はばかだ",
    "Korean": "안녕하세요 오늘 날씨가 좋네요 너는 바보야",
    "Hebrew": "שלום, מה שלומך היום",
    "plain": "nothing but letters",
}
WRITTEN = [
    ("French", "cp1252"), ("German", "cp1252"), ("French", "latin-1"), ("French", "mac_roman"),
    ("German", "mac_roman"), ("Polish", "cp1250"), ("Russian", "cp1251"), ("Russian", "koi8_r"),
    ("traditional", "big5"), ("Japanese", "shift_jis"), ("Japanese", "euc_jp"), ("simplified", "gb18030"),
    ("Korean", "euc_kr"), ("French", "utf-8"), ("simplified", "utf-8-sig"), ("Japanese", "utf-16"),
    ("German", "utf-16-le"), ("plain", "utf-16-be"), ("Russian", "utf-32"),
]  # fmt: skip


def outcome(path, columns, reading=None, scratch=None):
    """Texts, labels, and what was found, read in this process."""
    texts, labels, findings = [], [], []
    for batch in rows_of(path, columns, reading or Reading(), scratch or path.parent):
        texts += batch.fields["text"]
        labels += batch.fields.get("label", [])
        findings += batch.findings
    return texts, labels, [(one.line, one.kind, one.reason) for one in findings]


def seen(path, reading=None):
    return look(path, reading or Reading(), path.parent)


@pytest.mark.parametrize(("language", "encoding"), WRITTEN)
def test_the_encoding_is_found_and_shown(tmp_path, language, encoding):
    text = SPOKEN[language]
    path = written(tmp_path, f'id,text\r\n1,"{text}"\r\n2,plain\r\n3,"{text}!"\r\n'.encode(encoding))
    assert outcome(path, {"text": "text"})[0] == [text, "plain", f"{text}!"]
    assert seen(path).encoding in ENCODINGS


@pytest.mark.parametrize("text", ["viele Grüße", "fünf", "don’t – and “so” on", "voilà, café et déjà vu"])
def test_one_odd_sentence_tells_the_mac_from_windows(tmp_path, text):
    for encoding in ("cp1252", *([] if "’" in text else ["mac_roman"])):
        lines = ["id,text", f'0,"{text}"', *(f"{n},plain words" for n in range(1, 11))]
        path = written(tmp_path, "\r".join(lines).encode(encoding))
        assert outcome(path, {"text": "text"})[0][0] == text


def test_an_encoding_that_was_guessed_wrong_can_be_said(tmp_path):
    path = written(tmp_path, "text\nna\xefve caf\xe9\n".encode("latin-1"))
    assert outcome(path, {"text": "text"}, reading_of({"encoding": "koi8-r"}))[0] == ["naОve cafИ"]
    assert outcome(path, {"text": "text"}, reading_of({"encoding": "Latin-1"}))[0] == ["naïve café"]
    for said in ({"encoding": "rot13"}, {"delimiter": "ab"}, {"quoting": "x"}, {"colour": "red"}):
        with pytest.raises(BadInput) as caught:
            reading_of(said)
        assert caught.value.hint


def test_a_file_that_is_utf8_for_the_most_part_is_not_read_otherwise(tmp_path):
    path = written(tmp_path, "text\nça et là\ncaf".encode() + b"\xe9\n" + "où\n".encode())
    assert outcome(path, {"text": "text"}) == (
        ["ça et là", "où"],
        [],
        [(3, "refused", "Not UTF-8: byte 0xE9 at character 4. Save the file as UTF-8.")],
    )


def test_between_tabs_a_quote_that_is_not_closed_swallows_no_line(tmp_path):
    lines = ["id\ttext"] + [f'{n}\t"quoted" {n}' for n in range(100)]
    lines[50] = '49\t"never closed'
    lines[60] = '59\t"is ""quoted"", well"'
    lines[61] = "60"
    path = written(tmp_path, "\n".join(lines))
    texts, _, findings = outcome(path, {"text": "text"})
    assert seen(path).quoting == "line"
    assert len(texts) == 99
    assert (texts[0], texts[49], texts[59]) == ('"quoted" 0', '"never closed', 'is "quoted", well')
    assert findings == [(62, "refused", "1 field, the header has 2.")]
    assert outcome(path, {"text": "text"}, reading_of({"quoting": "none"}))[0][59] == '"is ""quoted"", well"'


@pytest.mark.parametrize(
    ("content", "quoting", "texts"),
    [
        ('id,text\n1,"say \\"hi, you\\""\n2,"b, c"\n', "backslash", ['say "hi, you"', "b, c"]),
        ("id,text\n1,'a, b'\n2,'it''s, well'\n", "single", ["a, b", "it's, well"]),
        ('id,text\n1,"a ""b"""\n', "double", ['a "b"']),
    ],
)
def test_other_ways_of_quoting_are_found(tmp_path, content, quoting, texts):
    path = written(tmp_path, content)
    assert seen(path).quoting == quoting
    assert outcome(path, {"text": "text"})[0] == texts


def test_a_file_of_one_column_keeps_its_commas(tmp_path):
    path = written(tmp_path, 'text\nwell, you\n"a; b"\ntext\n')
    assert outcome(path, {"text": "text"})[0] == ["well, you", "a; b", "text"]


def test_a_missing_header_is_seen_and_a_second_one_is_refused(tmp_path):
    path = written(tmp_path, "1,hello you,0\n2,go away,1\n")
    assert (seen(path).header, seen(path).columns) == ("no", ("column_1", "column_2", "column_3"))
    assert outcome(path, {"text": "column_2"})[0] == ["hello you", "go away"]
    assert seen(path, reading_of({"header": "yes"})).columns == ("1", "hello you", "0")
    path = written(tmp_path, "id,text,0\n1,one,1\nid,text,0\n2,two,0\n")
    assert outcome(path, {"text": "text"}) == (["one", "two"], [], [(3, "refused", "The header again.")])


TABLE = "id,text,label\n1,kind,allow\n2,rude,disallow\n"


def packed_gz(folder, content):
    return written(folder, gzip.compress(content.encode()))


def packed_zip(folder, **files):
    with zipfile.ZipFile(folder / "upload", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return folder / "upload"


def workbook(folder, *rows, **sheets):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, more in sheets.items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(row)
    book.save(folder / "upload")
    return folder / "upload"


def test_packed_files_are_unpacked(tmp_path):
    columns = {"text": "text", "label": "label"}
    told = (["kind", "rude"], ["allow", "disallow"], [])
    assert outcome(packed_gz(tmp_path, TABLE), columns) == told
    more = {"dir/table.csv": TABLE, "__MACOSX/._x.csv": "junk", "dir/.DS_Store": "junk"}
    assert outcome(packed_zip(tmp_path, **more), columns) == told
    lines = "\n".join(json.dumps(row) for row in csv.DictReader(io.StringIO(TABLE)))
    assert outcome(packed_gz(tmp_path, lines), columns) == told


def test_of_an_archive_with_several_files_one_is_named(tmp_path):
    path = packed_zip(tmp_path, **{"a.csv": TABLE, "b.csv": "text\nother\n"})
    with pytest.raises(BadInput, match="holds 2 files") as caught:
        seen(path)
    assert "a.csv, b.csv" in caught.value.hint
    assert outcome(path, {"text": "text"}, reading_of({"part": "b.csv"}))[0] == ["other"]


def test_a_workbook_gives_the_rows_of_a_sheet(tmp_path):
    rows = (["text", "label", "n"], ["kind", "allow", 1.0], [], ["=1+1", True, None], ["a", "b", "c", "d"])
    path = workbook(tmp_path, *rows, more=[["text"], ["there"]])
    texts, labels, findings = outcome(path, {"text": "text", "label": "label", "id": "n"})
    assert (texts, labels) == (["kind", ""], ["allow", "true"])  # a formula has no value until it is computed
    assert findings == [(5, "refused", "4 cells, the header has 3.")]
    assert seen(path).file_format == "xlsx"
    assert outcome(path, {"text": "text"}, reading_of({"part": "more"}))[0] == ["there"]
    with pytest.raises(BadInput, match="no sheet 'x'") as caught:
        seen(path, reading_of({"part": "x"}))
    assert "Sheet, more" in caught.value.hint


def test_the_folder_of_a_data_set_gives_its_splits_and_class_names(tmp_path):
    about = {"info": {"features": {"label": {"names": ["allow", "disallow"], "_type": "ClassLabel"}}}}
    schema = pa.schema(
        [("text", pa.string()), ("label", pa.int64())], metadata={"huggingface": json.dumps(about)}
    )
    for split, texts, labels in (("train", ["a", "b"], [0, 1]), ("test", ["c"], [-1])):
        folder = tmp_path / "saved" / split
        folder.mkdir(parents=True)
        with pa.ipc.new_stream(str(folder / "data-00000-of-00001.arrow"), schema) as writer:
            writer.write_table(pa.table({"text": texts, "label": labels}, schema=schema))
        (folder / "state.json").write_text(
            json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}], "_split": split})
        )
    (tmp_path / "saved" / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    (tmp_path / "saved" / "saved.py").write_text("raise SystemExit('a script was run')")
    path = tmp_path / "saved"
    assert seen(path).columns == ("text", "label", "split")
    columns = {"text": "text", "label": "label", "split": "split"}
    batches = list(rows_of(path, columns, Reading(), tmp_path))
    assert [batch.fields["split"] for batch in batches] == [["train", "train"], ["test"]]
    assert [batch.lines for batch in batches] == [[1, 2], [3]]
    assert outcome(path, columns)[:2] == (["a", "b", "c"], ["allow", "disallow", None])


def test_parquet_files_of_a_folder_are_read_one_after_the_other(tmp_path):
    (tmp_path / "data").mkdir()
    for name, texts in (("train-00000-of-00002", ["a"]), ("train-00001-of-00002", ["b"]), ("test-0", ["c"])):
        pq.write_table(pa.table({"text": texts}), tmp_path / "data" / f"{name}.parquet")
    assert outcome(tmp_path, {"text": "text", "split": "split"})[0] == ["c", "a", "b"]


@pytest.mark.parametrize("name", ["../outside.arrow", "/etc/passwd", "", None, "missing.arrow"])
def test_a_folder_that_names_files_outside_of_itself_is_refused(tmp_path, name):
    (tmp_path / "outside.arrow").write_bytes(b"x")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
    with pytest.raises(BadInput, match="which is not in it"):
        seen(tmp_path / "saved")


def test_json_in_cells_is_taken_out_repaired_and_listed_where_it_cannot_be(tmp_path):
    pair = {"prompt": "you fool", "completion": "disallow"}
    plain = json.dumps(pair)
    chat = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "allow"}]
    cells = [
        plain,
        json.dumps([plain]),
        plain.replace('"', '\\"'),
        f"{plain}{plain}",
        "{'prompt': 'x', ",
        "[]",
    ]
    stream = io.StringIO()
    csv.writer(stream).writerows([["n", "data"], *enumerate(cells)])
    path = written(tmp_path, stream.getvalue())
    columns = {"id": "n", "text": "data.prompt", "label": "data.completion"}
    assert {"data.prompt", "data.completion"} < set(seen(path).columns)
    texts, labels, findings = outcome(path, columns)
    assert texts == ["you fool"] * 5 and labels == ["disallow"] * 5
    assert [line for line, kind, _ in findings if kind == "refused"] == [6, 7]
    assert [line for line, kind, _ in findings if kind == "note"] == [3, 4, 5]
    stream = io.StringIO()
    csv.writer(stream).writerows([["n", "data"], [1, json.dumps(chat)], [2, json.dumps({"messages": chat})]])
    path = written(tmp_path, stream.getvalue())
    said = {"text": "data.messages.user", "label": "data.messages.assistant"}
    assert outcome(path, said)[:2] == (["hello", "hello"], ["allow", "allow"])


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the data sets are not part of the repository")
def test_paradetox_gives_its_whole_lines_and_lists_the_broken_ones():
    path = SAMPLES.parent / "paradetox" / "paradetox.tsv"
    texts, _, findings = outcome(path, {"text": "toxic"})
    broken = [727, 728, 1981, 1982, 2716, 2718, 3795, 3796, 5094, 5883, 5884, 6241, 6242]
    assert [line for line, kind, _ in findings if kind == "refused"] == broken
    assert len(texts) + 1 == 11_922  # with the header, so many lines have four fields; line 2717 is blank


GERMAN = "Kommentar;Bewertung\nhallo, du;ok\ntsch;nein\nna; ja\n"


@pytest.mark.parametrize(
    ("above", "table", "line", "columns"),
    [
        ("Export vom 3. Mai, 2026\n\n", GERMAN, 3, ("Kommentar", "Bewertung")),
        ("Kommentare, Mai\n", GERMAN + "ja, ja;ok\n" * 20, 2, ("Kommentar", "Bewertung")),
        ("Report;\n;\n", GERMAN, 3, ("Kommentar", "Bewertung")),
        ("May\nTaken on 3 May, 2026\n", "id,comment\n1,a\n2,b\n", 3, ("id", "comment")),
        ("Created,2026-11-01\nAuthor,Ana\n", "id,text,label\n1,a,b\n2,c,d\n", 3, ("id", "text", "label")),
        ("", "text\nwell, you\nno, me\n", 1, ("text",)),
        ("", "What was said\nwell, you\nno, me\n", 1, ("What was said",)),
        ("", "id,text\n1,2,3\n4,5,6\n", 1, ("id", "text")),
        ("", "hi,,\nyo,x,3\nno,x,4\n", 1, ("hi", "column_2", "column_3")),
    ],
)
def test_the_header_is_found_below_a_title_and_not_where_there_is_none(tmp_path, above, table, line, columns):
    look_ = seen(written(tmp_path, above + table))
    assert (look_.header_line, look_.columns) == (line, columns)
    assert [one.line for one in look_.findings if one.reason == ABOVE_HEADER] == [
        number for number, text in enumerate(above.splitlines(), 1) if text
    ]


def test_the_line_of_the_header_can_be_said(tmp_path):
    path = written(tmp_path, "one\ntwo\nwhat,how\na,b\n")
    assert seen(path).columns == ("one",)
    said = reading_of({"header": "3"})
    assert (seen(path, said).columns, seen(path, said).header_line) == (("what", "how"), 3)
    assert outcome(path, {"text": "what"}, said) == (
        ["a"], [], [(1, "note", ABOVE_HEADER), (2, "note", ABOVE_HEADER)],
    )  # fmt: skip
    for wrong in ("0", "1001", "two", "-1"):
        with pytest.raises(BadInput, match="is not known"):
            reading_of({"header": wrong})
    with pytest.raises(BadInput, match="No line from 9 on names the columns"):
        seen(path, reading_of({"header": "9"}))


def test_a_title_in_a_workbook_is_above_the_header_too(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["Comments of May"],
        [],
        ["Nr", "Kommentar", "Bewertung"],
        [1, "hallo", "ok"],
        [2, "tsch"],
        [3, "a, b", "ok", "more"],
    ):
        book.active.append(row)
    path = tmp_path / "upload"
    book.save(path)
    assert (seen(path).header_line, seen(path).columns) == (3, ("Nr", "Kommentar", "Bewertung"))
    texts, _, findings = outcome(path, {"text": "Kommentar", "label": "Bewertung"})
    assert texts == ["hallo", "tsch"]
    assert findings == [(1, "note", ABOVE_HEADER), (6, "refused", "4 cells, the header has 3.")]
    assert seen(path).findings[-1].raw == '3,"a, b",ok,more'
    assert seen(path, reading_of({"header": "1"})).columns == ("Comments of May",)
    assert seen(path, reading_of({"header": "4"})).columns == ("1", "hallo", "ok")
