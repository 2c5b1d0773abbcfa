"""What is written comes back equal: every comment letter by letter, and every vote on it."""

import csv
import io
import json
import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.labels import Vote
from services.curation import cleaning, contradictions
from services.curation.datasets import create_dataset
from services.curation.importing import counts_sentence, guess_columns, import_file
from services.curation.snapshots import take_snapshot
from services.labelling import adjudication
from services.release.export import export_comments, export_snapshot
from storage.cleanings import add_cleaning_of
from storage.imports import list_findings
from storage.intake import child
from storage.intake.batch import FINDINGS_FILE, ROWS_FILE
from storage.intake.dataset_folder import digest_of
from storage.intake.formats import rows_of
from storage.intake.parent import ParsedFile
from storage.intake.reading import reading_of
from storage.votes import add_votes
from tests.building import KIDS, asked, kids, numbers, put_in, take_back, texts, vote
from tests.hostile import HOSTILE

COUNTED = count()
FORMATS = (".csv", ".jsonl", ".parquet")
LABELS = ("allow", "disallow")
NAMES = (
    "id",
    "text",
    "author",
    "thread",
    "time",
    "language",
    "source",
    "score",
    "split",
    "label",
    "annotator_votes",
    "decision_in_force",
    "excluded_for",
)
FROZEN = tuple(name for name in NAMES if name != "excluded_for")  # nothing that is excluded is frozen
RUNS_AS_FORMULA = re.compile(r"^[=+\-@\t\r＝＋－＠﹦﹢﹣﹫]")

ODD = [
    "", "NA", "null", "None", "nan", "\ufeff", "'", "''=1", '"', '"=1', "'\t=1", "\t", "\r", "\n", "\r\n",
    "\0", "=", "+", "-", "@", ",", ";", "a,b;c\td|e", "👩‍👩‍👧", "\u2028", "\x85", "\x1c", "[]", "{}", "1",
    "true", *HOSTILE,
]  # fmt: skip
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CELL = st.one_of(
    st.sampled_from(ODD), ANY, st.builds("".join, st.tuples(st.sampled_from(ODD), ANY, st.sampled_from(ODD)))
)
MAYBE = st.one_of(st.none(), CELL.filter(bool))
VOTE = st.tuples(
    st.sampled_from(["ana", "=ben", "cléo 👍", "(imported)"]),
    st.sampled_from(["allow", "disallow", "skip", "unsure"]),
    MAYBE,
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.integers(0, 5),
)
ROW = st.fixed_dictionaries(
    {
        "text": CELL,
        "author": MAYBE,
        "thread": MAYBE,
        "time": st.one_of(st.none(), st.just("2026-03-01T10:00:00+02:00"), CELL.filter(bool)),
        "language": MAYBE,
        "source": MAYBE,
        "score": st.one_of(st.none(), st.floats(allow_nan=False).map(repr)),
        "split": st.sampled_from([None, "train", "test"]),
        "votes": st.lists(VOTE, max_size=3, unique_by=lambda each: each[0]),
    }
)


def comments_of(db, dataset_id):
    return asked(
        db,
        "SELECT external_id, body, author, thread, posted_text, posted_at, language, source_score,"
        " coalesce(source, file_name)"
        " FROM comments c LEFT JOIN imports USING (import_id) WHERE c.dataset_id = ? ORDER BY comment_id",
        [dataset_id],
    )


def votes_of(db, dataset_id):
    """Every vote in force with all that is known of it."""
    return asked(
        db,
        """
        SELECT c.external_id, v.annotator, vote.kind, vote.label, vote.reason, vote.guideline_version,
          vote.seconds, vote.voted_at, d.severity, CAST(json(d.spans) AS VARCHAR), d.suggested, d.shown
        FROM current_votes_of($1, 0, 9223372036854775807) v
        JOIN comments c ON c.comment_id = v.comment_id
        LEFT JOIN vote_details d ON d.comment_id = v.comment_id AND d.client_id = vote.client_id
        ORDER BY c.comment_id, v.annotator
        """,
        [dataset_id],
    )


def parse_here(path: Path, into: Path, *, columns: dict[str, str], **_more: Any) -> ParsedFile:
    """What the child does, without a process for each example."""
    batches = rows_of(path, columns, reading_of({}), into)
    told = child.parse(batches, into) | {"sha256": digest_of(path), "layout": {}}
    return ParsedFile(into / ROWS_FILE, into / FINDINGS_FILE, **told)


def filled(db, dataset_id, rows):
    create_dataset(db, dataset_id, LABELS, actor="ana")
    stored = [{**row, "id": f"{place}{row['text'][:3]}", "votes": None} for place, row in enumerate(rows)]
    put_in(db, stored, into=dataset_id)
    given_votes = [
        Vote(
            number, who, "label" if said in LABELS else said, f"{number}:{who}",
            said if said in LABELS else None, reason, version, seconds, source="desk",
        )
        for number, row in zip(numbers(db, dataset_id), rows, strict=True)
        for who, said, reason, seconds, version in row["votes"]
    ]  # fmt: skip
    add_votes(db, dataset_id, given_votes)


def check(db, folder, rows):
    name = f"from-{next(COUNTED)}"
    filled(db, name, rows)
    for suffix in FORMATS:
        file, back = folder / f"out{suffix}", f"{name}-{suffix[1:]}"
        export_comments(db, name, file)
        done = import_file(db, file, back, actor="ben", columns=guess_columns(NAMES), labels=LABELS)
        assert (done.counts["refused"], done.counts["conflicts"]) == (0, 0)
        assert repr(comments_of(db, back)) == repr(comments_of(db, name))
        assert votes_of(db, back) == votes_of(db, name)


def test_every_odd_cell_comes_back_equal_in_every_column(db, tmp_path, monkeypatch):
    monkeypatch.setattr("services.curation.importing.parse", parse_here)
    rows = [
        {
            "text": cell, "author": cell or None, "thread": f"{cell}x", "time": cell or None,
            "language": f"x{cell}", "source": cell or None, "score": "nan" if cell == "nan" else None,
            "split": None,
            "votes": [(f"{cell}who", "allow", cell or None, 0.1, 2), ("ben", "unsure", None, None, 0)],
        }
        for cell in ODD
    ]  # fmt: skip
    check(db, tmp_path, rows)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=25))
def test_whatever_is_in_the_cells_comes_back_equal(db, tmp_path, monkeypatch, rows):
    monkeypatch.setattr("services.curation.importing.parse", parse_here)
    check(db, tmp_path, rows)


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_export_is_imported_without_a_word_about_its_columns(db, tmp_path, suffix):
    kids(db)
    put_in(db, texts(*HOSTILE, "", "NA"))
    first, second, third, *_ = numbers(db)
    vote(db, first, "=ana", "allow")
    vote(db, first, "ben", "disallow")
    vote(db, second, "ben", None)
    take_back(db, third, "ben", vote(db, third, "ben", "allow"))
    with db.writing(KIDS) as cursor:
        cursor.execute(
            "INSERT INTO vote_details SELECT dataset_id, comment_id, annotator, client_id, 2, '[[0, 3]]',"
            " 'allow', true FROM votes WHERE annotator = '=ana'"
        )
    export_comments(db, KIDS, tmp_path / f"out{suffix}")
    done = import_file(db, tmp_path / f"out{suffix}", "again", actor="eve", labels=LABELS)
    assert done.counts["refused"] == 0
    assert comments_of(db, "again") == comments_of(db, KIDS)
    assert votes_of(db, "again") == votes_of(db, KIDS)
    assert len(votes_of(db, "again")) == 3
    assert votes_of(db, "again")[0][-4:] == (2, "[[0,3]]", "allow", True)
    once_more = import_file(db, tmp_path / f"out{suffix}", "again", actor="eve")
    assert (once_more.counts["labels"], once_more.counts["conflicts"]) == (0, 0)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_snapshot_comes_back_with_its_splits_and_the_votes_of_its_day(db, tmp_path, monkeypatch, suffix):
    monkeypatch.setattr("services.curation.importing.parse", parse_here)
    kids(db, votes_needed=2)
    put_in(db, texts(*[f"{text} {place}" for place, text in enumerate(HOSTILE)]))
    said = [(place, number, who) for place, number in enumerate(numbers(db)) for who in ("ana", "ben")]
    add_votes(db, KIDS, [Vote(n, who, "label", f"{n}:{who}", LABELS[place % 2]) for place, n, who in said])
    then = votes_of(db, KIDS)
    snapshot = take_snapshot(db, KIDS, actor="ana", split_mode="stratified")
    vote(db, numbers(db)[0], "cleo", "disallow")
    file = tmp_path / f"out{suffix}"
    assert export_snapshot(db, snapshot.snapshot_id, file) == len(HOSTILE)
    import_file(db, file, "again", actor="eve", labels=LABELS, columns=guess_columns(FROZEN))
    assert comments_of(db, "again") == comments_of(db, KIDS)
    assert votes_of(db, "again") == then
    again = take_snapshot(db, "again", actor="eve", split_mode="imported")
    assert again.sha256 == snapshot.sha256


def standing_of(db, dataset_id):
    """Of every comment the label in force, how it came about, and why it is excluded."""
    return asked(
        db,
        """
        SELECT c.external_id, l.label, l.label_from, e.reason
        FROM comments c
        LEFT JOIN labels_of($1, 0, 9223372036854775807) l USING (comment_id)
        LEFT JOIN excluded_of($1, 0, 9223372036854775807) e USING (comment_id)
        WHERE c.dataset_id = $1
        ORDER BY c.comment_id
        """,
        [dataset_id],
    )


@pytest.fixture
def settled(db):
    """Two decided comments, one of them never voted on; two excluded for reasons; one decision taken back."""
    kids(db)
    snail = "what a lovely video of a snail"
    rows = [(snail, "allow"), (snail, "disallow"), (" ", None), ("=spam", "allow"), ("hm", "allow")]
    put_in(db, [{"id": f"c{n}", "text": text, "label": label} for n, (text, label) in enumerate(rows)])
    put_in(db, texts("", "", "", "", "", "nobody voted")[5:])
    first, second, _, spam, taken, unvoted = numbers(db)
    vote(db, second, "ben", "disallow")
    contradictions.decide_label(db, KIDS, first, label="allow", why="rule 2", actor="lena")
    adjudication.decide(db, KIDS, unvoted, label="disallow", why="=1+1", actor="lena")
    adjudication.decide(db, KIDS, taken, label="disallow", why="rude", actor="lena")
    adjudication.take_back(db, KIDS, taken, why="no", actor="lena")
    cleaning.apply_rule(db, KIDS, "empty", actor="ana")
    add_cleaning_of(db, KIDS, "-spam", [spam], "ana")
    return standing_of(db, KIDS)


@pytest.mark.parametrize("suffix", FORMATS)
def test_decisions_and_exclusions_come_back_and_can_be_undone(db, settled, tmp_path, monkeypatch, suffix):
    monkeypatch.setattr("services.curation.importing.parse", parse_here)
    file = tmp_path / f"out{suffix}"
    export_comments(db, KIDS, file)
    columns = guess_columns(NAMES)
    done = import_file(db, file, "again", actor="eve", labels=LABELS, columns=columns)
    assert [row[1:] for row in settled] == [
        ("allow", "imported", None), ("allow", "adjudicated", None), (None, None, "empty"),
        ("allow", "imported", "-spam"), ("allow", "imported", None), ("disallow", "adjudicated", None),
    ]  # fmt: skip
    assert standing_of(db, "again") == settled and votes_of(db, "again") == votes_of(db, KIDS)
    assert (done.counts["decisions"], done.counts["excluded"], done.counts["notes"]) == (2, 2, 0)
    assert "2 decisions and 2 exclusions came back." in counts_sentence(done)
    said = asked(
        db, "SELECT created_by, why FROM adjudications WHERE dataset_id = 'again' ORDER BY comment_id"
    )
    assert [who for who, _ in said] == ["eve", "eve"]
    assert re.fullmatch(r"As imported: lena decided on 20\d\d-\d\d-\d\d, rule 2", said[0][1])
    once_more = import_file(db, file, "again", actor="eve", columns=columns).counts
    assert (once_more["decisions"], once_more["excluded"], once_more["conflicts"]) == (0, 0, 0)

    adjudication.take_back(db, "again", numbers(db, "again")[1], why="no", actor="ben")
    for one in cleaning.list_cleanings(db, "again"):
        cleaning.undo(db, one.cleaning_id, dataset_id="again", actor="ben")
    undone = standing_of(db, "again")
    assert undone[1][1:3] == ("disallow", "single") and {row[3] for row in undone} == {None}
    after = import_file(db, file, "again", actor="eve", columns=columns)
    assert standing_of(db, "again") == undone, "what was taken back here stays so"
    assert after.counts["conflicts"] == 3


def test_a_snapshot_says_the_decisions_of_its_day(db, settled, tmp_path, monkeypatch):
    monkeypatch.setattr("services.curation.importing.parse", parse_here)
    snapshot = take_snapshot(db, KIDS, actor="ana", split_mode="stratified")
    adjudication.decide(db, KIDS, numbers(db)[1], label="disallow", why="since", actor="lena")
    export_snapshot(db, snapshot.snapshot_id, tmp_path / "out.csv")
    columns = guess_columns(FROZEN)
    done = import_file(db, tmp_path / "out.csv", "again", actor="eve", labels=LABELS, columns=columns)
    kept = [row for row in settled if row[3] is None]
    assert standing_of(db, "again") == kept and done.counts["decisions"] == 2
    assert "splits are kept" in counts_sentence(done)
    again = take_snapshot(db, "again", actor="eve", split_mode="imported")
    assert again.sha256 == snapshot.sha256


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"decision": json.dumps({"label": "spam"})}, "its decision names no label of the label set"),
        ({"decision": "[1]"}, "its decision names no label of the label set"),
        ({"decision": "{"}, "its decision names no label of the label set"),
        ({"decision": json.dumps({"aggregated": "allow"})}, "label 'allow' came of an aggregation"),
        ({"excluded": "x" * 201}, "its exclusion did not come back"),
    ],
)
def test_what_cannot_come_back_is_noted_and_the_comment_goes_in(db, cells, told):
    kids(db)
    done = put_in(db, [{"id": "1", "text": "x", **cells}])
    [found] = list_findings(db, done.import_id)
    assert (found.kind, found.line) == ("note", 2) and found.reason.startswith(told)
    assert (done.counts["decisions"], done.counts["excluded"], len(numbers(db))) == (0, 0, 1)


def test_no_cell_runs_and_the_marked_ones_are_named(db, tmp_path):
    kids(db)
    put_in(db, [{"id": f"={n}", "text": text, "author": text} for n, text in enumerate(HOSTILE)])
    export_comments(db, KIDS, tmp_path / "out.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_bytes().decode(), newline="")))
    assert not any(RUNS_AS_FORMULA.match(cell) for row in rows for cell in row.values())
    for row, text in zip(rows, HOSTILE, strict=True):
        marked = row["apostrophe_before"].split()
        assert "id" in marked and row["text"] == ("'" if "text" in marked else "") + text


def test_half_of_a_character_is_refused_and_named(db, tmp_path):
    kids(db)
    for name, content in (
        ("bad.csv", b"id,text\n1,fine\n2,half \xed\xa0\xbd\n"),
        ("bad.jsonl", b'{"id": "1", "text": "fine"}\n{"id": "2", "text": "half \\ud83d"}\n'),
    ):
        (tmp_path / name).write_bytes(content)
        said = reading_of({"encoding": "utf-8"})  # else it is taken for an older encoding
        done = import_file(db, tmp_path / name, KIDS, actor="ana", reading=said)
        assert done.counts["refused"] == 1
    assert [body for _, body, *_ in comments_of(db, KIDS)] == ["fine"]


@pytest.mark.parametrize(
    ("cell", "kept", "noted"),
    [
        ("3", 0, 1),
        ("not JSON", 0, 1),
        ('{"annotator": "ana"}', 0, 1),
        ("[]", 0, 0),
        (json.dumps([{"annotator": "ana", "kind": "label", "label": "no such label"}]), 0, 1),
        (json.dumps([{"annotator": "", "kind": "label", "label": "allow"}]), 0, 1),
        (json.dumps([{"annotator": "ana", "kind": "undo", "label": "allow"}]), 0, 1),
        (json.dumps([7, {"annotator": "ana", "kind": "skip"}, {"annotator": "ana", "kind": "unsure"}]), 1, 1),
        (json.dumps([{"annotator": "ana", "kind": "label", "label": "allow", "seconds": "long"}]), 1, 0),
    ],
)
def test_votes_that_cannot_be_read_are_noted_and_the_comment_goes_in(db, cell, kept, noted):
    kids(db)
    done = put_in(db, [{"id": "1", "text": "x", "votes": cell}])
    assert len(votes_of(db, KIDS)) == kept
    assert done.counts["notes"] == noted and len(numbers(db)) == 1


def test_a_vote_that_comes_back_never_stands_before_one_that_there_is(db):
    kids(db)
    put_in(db, [{"id": "1", "text": "x"}])
    vote(db, numbers(db)[0], "ana", "disallow")
    back = [{"annotator": who, "kind": "label", "label": "allow"} for who in ("ana", "ben")]
    done = put_in(db, [{"id": "1", "text": "x", "votes": json.dumps(back), "label": "disallow"}])
    assert [(who, label) for _, who, _, label, *_ in votes_of(db, KIDS)] == [
        ("ana", "disallow"),
        ("ben", "allow"),
    ]
    assert done.counts["conflicts"] == 1
