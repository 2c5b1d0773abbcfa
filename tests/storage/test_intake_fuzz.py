"""Whatever the cells, what a program writes in any dialect and encoding comes back equal."""

import csv
import io

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from storage.intake.formats import rows_of
from storage.intake.reading import Reading
from tests.storage.intake_files import written

ODD = [
    "NA", "null", "", "\ufeff", "N/A", "None", "nan", "'", '"', '""', "\\", '\\"', "=1+1", "a\0b", " a ",
    "\u2028", "\r", "\n", "\r\n", "\t", ",", ";", "|", "é", "“", "€", "你好", "こんにちは", "Привет", "🙂",
    "1", "text", "{", "[",
]  # fmt: skip
CELL = st.one_of(st.sampled_from(ODD), st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
ENCODINGS = [
    "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "iso8859-15", "mac_roman", "big5",
    "cp932", "gb18030", "euc_kr", "cp1251", "koi8_r",
]  # fmt: skip
DIALECTS = [
    {"quoting": csv.QUOTE_ALL},
    {"quoting": csv.QUOTE_MINIMAL},
    {"quoting": csv.QUOTE_NONNUMERIC},
    {"quoting": csv.QUOTE_ALL, "escapechar": "\\", "doublequote": False},
    {"quoting": csv.QUOTE_ALL, "quotechar": "'"},
]
SAID = ["double", "double", "double", "backslash", "single"]


def holdable(text: str, encoding: str) -> str:
    """What of the text the encoding can hold, and gives back."""
    kept = (each for each in text if each.encode(encoding, "ignore").decode(encoding, "ignore") == each)
    return "".join(kept)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(ENCODINGS),
    dialect=st.integers(0, len(DIALECTS) - 1),
)
@example(rows=[(cell, cell) for cell in ODD], delimiter=",", end="\n", encoding="utf-8", dialect=0)
@example(rows=[(cell, cell) for cell in ODD], delimiter="\t", end="\r\n", encoding="utf-16", dialect=1)
@example(rows=[(cell, cell) for cell in ODD], delimiter=";", end="\r", encoding="gb18030", dialect=0)
def test_what_a_program_writes_comes_back(tmp_path, rows, delimiter, end, encoding, dialect):
    if dialect == 1:
        end = (
            "\r\n"  # else this writer leaves a line end of another kind without quotes, and nobody could tell
        )
    rows = [tuple(holdable(cell, encoding) for cell in row) for row in rows]
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, **DIALECTS[dialect])
    writer.writerows([("id", "text", "label"), *((str(n), *row) for n, row in enumerate(rows))])
    path = written(tmp_path, stream.getvalue().encode(encoding))
    named = encoding if encoding not in ("utf-8", "utf-8-sig", "utf-16") else ""
    said = Reading(encoding=named, quoting=SAID[dialect] if dialect > 2 else "")
    found = list(rows_of(path, {"id": "id", "text": "text", "label": "label"}, said, tmp_path))
    assert [one for batch in found for one in batch.findings] == []
    back = [zip(b.fields["text"], b.fields["label"], strict=True) for b in found if b.lines]
    assert [(text, label or "") for pairs in back for text, label in pairs] == rows
