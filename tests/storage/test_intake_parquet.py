"""Parquet through the real child process."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BadInput
from storage.intake.parent import look_at
from tests.storage.intake_files import findings_of, parsed, rows_of, texts_of


def saved(folder: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), folder / "upload", compression="zstd")
    return folder / "upload"


def test_columns_become_text(tmp_path: Path):
    path = saved(
        tmp_path,
        body=pa.array(["NA", "", "a\0b", None]).dictionary_encode(),
        n=[1, None, 3, 4],
        x=[0.5, 1.0, float("nan"), None],
        day=pa.array([0, 1, 2, None], pa.date32()),
    )
    rows = rows_of(path, text="body", id="n", score="x", time="day")
    assert [row["body"] for row in rows] == ["NA", "", "a\0b"]
    assert [row["external_id"] for row in rows] == ["1", None, "3"]
    assert [row["score_text"] for row in rows] == ["0.5", "1", "nan"]
    assert rows[0]["posted_text"] == "1970-01-01"
    assert [row["line"] for row in rows] == [1, 2, 3]
    assert findings_of(path, text="body") == [(4, "body is null.")]


def test_text_that_is_not_utf8_costs_its_row(tmp_path: Path):
    broken = pa.array([b"good", b"caf\xe9", "süß".encode()], pa.binary()).view(pa.string())
    path = saved(tmp_path, text=broken)
    assert texts_of(path) == ["good", "süß"]
    assert findings_of(path, text="text") == [(2, "text is not UTF-8.")]


def test_a_nested_column_is_shown_but_not_read(tmp_path: Path):
    path = saved(tmp_path, text=["a", "b"], tags=[["x"], []])
    seen = look_at(path)
    assert seen.columns == ("text", "tags")
    assert seen.rows == ({"text": "a", "tags": None}, {"text": "b", "tags": None})
    assert [(finding.kind, finding.line) for finding in seen.findings] == [("note", 0)]
    assert texts_of(path) == ["a", "b"]
    with pytest.raises(BadInput, match="tags is list"):
        parsed(path, text="text", label="tags")


def test_the_text_must_be_a_text_column(tmp_path: Path):
    with pytest.raises(BadInput, match="text is int64, not text"):
        parsed(saved(tmp_path, text=[1, 2]), text="text")


def test_a_bomb_is_stopped_by_counting_what_comes_out(tmp_path: Path):
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 6_000, pa.int32()), ["x" * 400_000])
    path = tmp_path / "upload"
    pq.write_table(pa.table({"text": repeated}), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 200_000
    with pytest.raises(BadInput, match="decodes to more than 2,000 times its size"):
        parsed(path, text="text")


def test_a_damaged_file_says_so(tmp_path: Path):
    path = saved(tmp_path, text=["a", "b"])
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(BadInput, match="cannot be read as Parquet"):
        parsed(path, text="text")
