"""Several votes per comment, in whatever shape a file has them."""

import csv
from pathlib import Path

import pytest

from domain.errors import BadInput
from services.curation.annotators import with_annotators
from services.curation.datasets import create_dataset
from services.curation.importing import findings, import_file
from services.release.export import export_comments
from services.verbs.running import run_verb
from tests.building import KIDS, asked, written_csv

CONVABUSE = Path(__file__).resolve().parents[3] / "shared" / "data" / "convabuse" / "ConvAbuseEMNLPfull.csv"
PAIR = ("allow", "disallow")


def votes(db, dataset=KIDS):
    return asked(
        db,
        "SELECT c.body, v.annotator, v.label FROM votes v JOIN comments c USING (comment_id)"
        " WHERE v.dataset_id = ? ORDER BY v.vote_id",
        [dataset],
    )


def bring(db, file, **given):
    asked_for = {"path": str(file), "dataset": KIDS, "actor": "ana", **given}
    return run_verb(db, "import", asked_for, lambda _what, _share: None)["import"]


def test_a_column_per_annotator_becomes_a_vote_each_and_an_empty_cell_none(db, tmp_path):
    rows = [
        {"id": "1", "text": "kind", "rater_a": "allow", "rater_b": "disallow", "label": "allow"},
        {"id": "2", "text": "rude", "rater_a": "", "rater_b": "disallow", "label": "disallow"},
        {"id": "3", "text": "new", "rater_a": "", "rater_b": " ", "label": ""},
    ]
    file = written_csv(tmp_path / "wide.csv", rows)
    done = bring(db, file, annotators=["rater_*"])
    said = [("kind", "rater_a", "allow"), ("kind", "rater_b", "disallow"), ("rude", "rater_b", "disallow")]
    assert votes(db) == said
    assert (done["counts"]["rows"], done["counts"]["added"], done["counts"]["labels"]) == (3, 3, 3)
    again = bring(db, file, annotators=["rater_a", "rater_b"])
    assert (again["counts"]["added"], again["counts"]["labels"], again["counts"]["conflicts"]) == (0, 0, 0)
    with pytest.raises(BadInput, match="'label' holds the labels, and so do columns of 2 annotators"):
        bring(db, file, annotators=["rater_*"], columns={"label": "label"})


def test_a_row_per_vote_is_one_comment_for_all_rows_of_the_same_text(db, tmp_path):
    rows = [
        {"text": text, "who": who, "label": label}
        for text, who, label in (
            ("kind", "ben", "allow"), ("rude", "ben", "disallow"), ("kind", "cleo", "disallow"),
            ("rude", "cleo", "disallow"), ("kind", "ben", "disallow"),
        )
    ]  # fmt: skip
    done = bring(db, written_csv(tmp_path / "long.csv", rows), annotators=["who"])
    assert done["counts"]["added"] == 2
    assert sorted(votes(db)) == [
        ("kind", "ben", "allow"),
        ("kind", "cleo", "disallow"),
        ("rude", "ben", "disallow"),
        ("rude", "cleo", "disallow"),
    ]
    assert [one.reason for one in findings(db, done["import_id"])] == [
        "ben labelled this allow before, here disallow"
    ]


def test_an_id_of_several_columns_tells_equal_texts_apart(db, tmp_path):
    rows = [
        {"thread": thread, "turn": turn, "text": "yes", "annotator": who, "label": "allow"}
        for thread, turn in (("1", "12"), ("11", "2"))
        for who in ("ben", "cleo")
    ]
    file = written_csv(tmp_path / "long.csv", rows)
    columns = {"id:a": "thread", "id:b": "turn"}
    done = bring(db, file, columns=columns, annotators=["annotator"], labels=list(PAIR))
    assert (done["counts"]["added"], done["counts"]["labels"]) == (2, 4)
    assert bring(db, file, columns=columns, annotators=["annotator"])["counts"]["known"] == 2


def test_counts_of_votes_become_so_many_votes(db, tmp_path):
    rows = [
        {"text": "rude", "hate": "2", "fine": "1"},
        {"text": "kind", "hate": "0", "fine": "3.0"},
        {"text": "odd", "hate": "many", "fine": ""},
    ]
    columns = {"text": "text", "count:disallow": "hate", "count:allow": "fine"}
    done = import_file(
        db, written_csv(tmp_path / "counts.csv", rows), KIDS, actor="ana", columns=columns, labels=PAIR
    )
    assert votes(db) == [
        ("rude", "(counted 1)", "disallow"),
        ("rude", "(counted 2)", "disallow"),
        ("rude", "(counted 3)", "allow"),
        ("kind", "(counted 1)", "allow"),
        ("kind", "(counted 2)", "allow"),
        ("kind", "(counted 3)", "allow"),
    ]
    assert [(one.line, one.kind, one.raw) for one in findings(db, done.import_id)] == [(4, "note", "many")]


def test_columns_of_0_and_1_go_into_a_dataset_of_one_label_where_just_one_says_1(db, tmp_path):
    create_dataset(db, KIDS, PAIR, actor="ana")
    rows = [
        {"text": text, "a": a, "d": d}
        for text, a, d in (("kind", "1", "0"), ("rude", "0", "1"), ("both", "1", "1"), ("none", "0", "0"))
    ]
    columns = {"text": "text", "label:allow": "a", "label:disallow": "d"}
    file = written_csv(tmp_path / "spread.csv", rows)
    done = import_file(db, file, KIDS, actor="ana", columns=columns)
    assert votes(db) == [("kind", "(imported)", "allow"), ("rude", "(imported)", "disallow")]
    assert [one.line for one in findings(db, done.import_id)] == [4, 5]
    import_file(db, file, "fresh", actor="ana", columns=columns, several=False)
    assert len(votes(db, "fresh")) == 2


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": "a", "label:x": "b"}, "a column of their own and in one column each"),
        ({"vote:x": "a", "label:x": "b"}, "columns of two kinds"),
        ({"vote:x": "a", "annotator": "b"}, "names the annotator"),
        ({"id": "a", "id:x": "b"}, "one column and several together"),
        ({"vote:": "a"}, "'vote:' is no field"),
    ],
)
def test_a_mapping_that_says_two_things_is_refused(db, tmp_path, columns, message):
    file = written_csv(tmp_path / "a.csv", [{"text": "x", "a": "1", "b": "0"}])
    with pytest.raises(BadInput, match=message):
        import_file(db, file, KIDS, actor="ana", columns={"text": "text", **columns}, labels=PAIR)


def test_annotators_are_found_by_name_or_pattern():
    present = ("text", "label", "r1", "r2", "who")
    assert with_annotators(present, {"text": "text"}, []) == {"text": "text"}
    assert with_annotators(present, {"text": "text"}, ["r*"]) == {
        "text": "text", "vote:r1": "r1", "vote:r2": "r2",
    }  # fmt: skip
    assert with_annotators(present, {"id": "label", "text": "text"}, ["who"]) == {
        "id": "label", "text": "text", "annotator": "who",
    }  # fmt: skip
    with pytest.raises(BadInput, match="no column x\\* of an annotator"):
        with_annotators(present, {"text": "text"}, ["x*"])


@pytest.mark.slow
@pytest.mark.skipif(not CONVABUSE.exists(), reason="the public file is not beside this checkout")
def test_convabuse_goes_in_as_several_annotators_per_comment_and_comes_out_equal(db, tmp_path):
    unit = ("conv_id", "prev_agent", "prev_user", "agent", "user")
    grades = ("1", "0", "-1", "-2", "-3")
    columns = {"text": "user", "annotator": "annotator_id"}
    columns |= {f"id:{name}": name for name in unit}
    columns |= {f"label:{grade}": f"is_abuse.{grade}" for grade in grades}
    done = import_file(db, CONVABUSE, "bots", actor="ana", columns=columns, several=False)
    assert (done.counts["rows"], done.counts["added"], done.counts["refused"]) == (12_768, 4_185, 0)
    said: dict[tuple[tuple[str, ...], str], str] = {}
    with CONVABUSE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            given = [grade for grade in grades if row[f"is_abuse.{grade}"] == "1"]
            if len(given) == 1:
                said.setdefault((tuple(row[name] for name in unit), row["annotator_id"]), given[0])
    expected = sorted((unit[-1], who, label) for (unit, who), label in said.items())
    assert sorted(votes(db, "bots")) == expected
    export_comments(db, "bots", tmp_path / "out.csv")
    import_file(db, tmp_path / "out.csv", "back", actor="ana", labels=grades)
    assert sorted(votes(db, "back")) == expected
