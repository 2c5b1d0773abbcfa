"""Files made to harm whoever reads them, and a program that reads a list of files and says what came of each.

`python -m tests.storage.hostile_files LIST` answers in JSON lines: the error or the counts of rows, and the
largest resident memory, in MB, of any process that has read a file so far.
"""

import gzip
import io
import json
import resource
import struct
import sys
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from domain.errors import WorkbenchError
from storage.intake.parent import parse

TABLE = b"text\nhello\n"
_MANY = 300_000_000
_ROOM = b"\0" * 1_000_000

# What the message must say, by the name of the file; "" where rows are refused and not the file.
EXPECTED = {
    "zip_of_zeros": "more than 200 times its size",
    "zip_that_lies_about_its_size": "cannot be unpacked",
    "zip_in_a_zip": "another archive",
    "zip_of_many_files": "more than 1,000 files",
    "zip_with_a_password": "password",
    "zip_cut_off": "cannot be unpacked",
    "zip_of_nothing": "holds 0 files",
    "zip_named_upwards": "outside of itself",
    "zip_named_from_the_root": "outside of itself",
    "zip_named_by_a_drive": "outside of itself",
    "zip_named_too_long": "outside of itself",
    "zip_named_backwards": "outside of itself",
    "gzip_bomb": "more than 200 times its size",
    "gzip_cut_off": "cannot be unpacked",
    "gzip_in_a_gzip": "another archive",
    "parquet_bomb": "2,000 times its size",
    "parquet_cut_off": "cannot be read as Parquet",
    "parquet_of_nonsense": "cannot be read as Parquet",
    "arrow_of_nonsense": "cannot be read as Parquet",
    "workbook_bomb": "more than 200 times its size",
    "workbook_of_entities": "EntitiesForbidden",
    "workbook_that_reads_our_files": "EntitiesForbidden",
    "workbook_of_16384_columns": "columns",
    "workbook_without_sheets": "workbook",
    "csv_line_without_end": "longer than 32,000,000",
    "csv_of_201_columns": "201 columns",
    "csv_of_open_quotes": "broken quotes",
    "csv_field_too_long": "",
    "csv_of_zero_bytes": "",
    "utf32_of_no_characters": "cannot be decoded",
    "picture": "a picture",
    "old_workbook": "an old Excel workbook",
    "json_depth_bomb": "",
    "json_array_depth_bomb": "nested too deep",
    "json_twice_the_key": "",
    "json_nan": "",
    "json_half_a_character": "",
    "json_of_201_keys": "more than 200 keys",
    "json_number_without_end": "",
    "json_array_cut_off": "not JSON in the item at line 2",
}  # fmt: skip


def _zip(content: dict[str, bytes], *, compress: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compress) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _zip_of_zeros(name: str, *more: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for other, data in more:
            archive.writestr(other, data)
        with archive.open(name, "w") as file:
            for _ in range(_MANY // len(_ROOM)):
                file.write(_ROOM)
    return stream.getvalue()


def _lying(archive: bytes) -> bytes:
    """The archive with every size that it declares made 100 bytes."""
    told = struct.pack("<I", _MANY)
    return archive.replace(told, struct.pack("<I", 100))


def _locked(archive: bytes) -> bytes:
    """The archive with the mark of a password set, in the entry and in the directory."""
    data = bytearray(archive)
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _gzip_bomb() -> bytes:
    stream = io.BytesIO()
    with gzip.open(stream, "wb") as file:
        for _ in range(_MANY // len(_ROOM)):
            file.write(_ROOM)
    return stream.getvalue()


def _parquet(**columns: object) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, compression="zstd", store_schema=False)
    return stream.getvalue()


_WORKBOOK = {
    "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument'
    b'.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships'
    b'/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": b"<Relationships xmlns="
    b'"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type='
    b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target='
    b'"worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
    b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a"'
    b' sheetId="1" r:id="r1"/></sheets></workbook>',
}
_SHEET = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData>'
)
_SHEET += b"</worksheet>"
_CELL = b'<row r="1"><c r="%s1" t="inlineStr"><is><t>%s</t></is></c></row>'


def _workbook(sheet: bytes, *, before: bytes = b"", **more: bytes) -> bytes:
    parts = {**_WORKBOOK, "xl/worksheets/sheet1.xml": before + _SHEET % sheet, **more}
    return _zip(parts)


def _laughs(levels: int = 12) -> bytes:
    lines = [b'<!ENTITY l0 "ha">']
    lines += [b'<!ENTITY l%d "%s">' % (n, (b"&l%d;" % (n - 1)) * 10) for n in range(1, levels)]
    return b'<?xml version="1.0"?><!DOCTYPE x [' + b"".join(lines) + b"]>"


def make_hostile_files(folder: Path) -> dict[str, Path]:
    """Write the file of each name of EXPECTED into the folder."""
    zeros = _zip_of_zeros("a.csv")
    bomb = pa.DictionaryArray.from_arrays(pa.array([0] * 3_000, pa.int32()), ["x" * 99_000])
    external = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY own SYSTEM "file:///etc/hostname">]>'
    content = {
        "zip_of_zeros": zeros,
        "zip_that_lies_about_its_size": _lying(zeros),
        "zip_in_a_zip": _zip({"a.zip": _zip({"a.csv": TABLE})}),
        "zip_of_many_files": _zip({f"{n}.csv": b"" for n in range(1_001)}),
        "zip_with_a_password": _locked(_zip({"a.csv": TABLE})),
        "zip_cut_off": _zip({"a.csv": TABLE})[:-30],
        "zip_of_nothing": _zip({"__MACOSX/a": b""}),
        "zip_named_upwards": _zip({"../../x.csv": TABLE}),
        "zip_named_from_the_root": _zip({"/tmp/x.csv": TABLE}),
        "zip_named_by_a_drive": _zip({"C:\\x.csv": TABLE}),
        "zip_named_too_long": _zip({"x" * 300 + ".csv": TABLE}),
        "zip_named_backwards": _zip({"\u202evsc.exe": TABLE}),
        "gzip_bomb": _gzip_bomb(),
        "gzip_cut_off": gzip.compress(TABLE * 100)[:-12],
        "gzip_in_a_gzip": gzip.compress(gzip.compress(TABLE)),
        "parquet_bomb": _parquet(text=bomb),
        "parquet_cut_off": _parquet(text=["a"] * 100)[:-8],
        "parquet_of_nonsense": b"PAR1" + b"\xff" * 5_000 + b"PAR1",
        "arrow_of_nonsense": b"ARROW1\0\0" + b"\xff" * 5_000,
        "workbook_bomb": _zip_of_zeros("xl/worksheets/sheet1.xml", *_WORKBOOK.items()),
        "workbook_of_entities": _workbook(_CELL % (b"A", b"&l11;"), before=_laughs()),
        "workbook_that_reads_our_files": _workbook(_CELL % (b"A", b"&own;"), before=external),
        "workbook_of_16384_columns": _workbook(_CELL % (b"XFD", b"text")),
        "workbook_without_sheets": _zip({"xl/workbook.xml": b"<workbook/>"}),
        "csv_line_without_end": b"text\n" + b"x" * 40_000_000,
        "csv_of_201_columns": b",".join(b"c%d" % n for n in range(201)) + b"\n",
        "csv_of_open_quotes": b"text\n" + b'"x\n' * 10_002,
        "csv_field_too_long": b"text\n" + b"x" * 100_001 + b"\n",
        "csv_of_zero_bytes": b"text,n\n" + b"\0" * 900 + b"\n",
        "utf32_of_no_characters": b"\xff\xfe\0\0" + b"\xff" * 4_000,
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(500),
        "old_workbook": b"\xd0\xcf\x11\xe0" + bytes(500),
        "json_depth_bomb": b'{"text": ' + b"[" * 200_000 + b"]" * 200_000 + b'}\n{"text": 1}',
        "json_array_depth_bomb": b'[{"text": ' + b"[" * 200_000,
        "json_twice_the_key": b'{"text": "a", "text": "b"}\n{"text": 1}',
        "json_nan": b'{"text": "a", "n": NaN}\n{"text": 1}',
        "json_half_a_character": b'{"text": "\\ud83d"}',
        "json_of_201_keys": json.dumps({f"k{n}": 1 for n in range(201)}).encode(),
        "json_number_without_end": b'{"text": ' + b"9" * 200_000 + b"}",
        "json_array_cut_off": b'[{"text": "a"},\n{"text": "b"',
    }
    paths = {}
    for name, data in content.items():
        paths[name] = folder / name
        paths[name].write_bytes(data)
    return paths


def main() -> None:
    """Read each file of the list, and say what came of it."""
    for name in json.loads(Path(sys.argv[1]).read_text()):
        with tempfile.TemporaryDirectory() as into:
            try:
                done = parse(Path(name), Path(into), columns={"text": "text"})
                told = {"rows": done.row_count, "refused": done.refused_count}
            except WorkbenchError as error:
                told = {"error": f"{error} {error.hint}"}
        told["peak_mb"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(json.dumps({"file": Path(name).name, **told}), flush=True)


if __name__ == "__main__":
    main()
