import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import roc_auc_score

from domain.errors import BadInput, NotFound
from services.curation.datasets import create_dataset
from services.curation.snapshots import take_snapshot
from services.evaluation.flag_rates import as_dict, differing, equal_flag_rate
from services.evaluation.reports import evaluate
from services.modelling.imported_scores import Columns, import_scores
from services.modelling.models import get_model, get_run, list_models, model_folder
from services.modelling.playground.labelling import list_choices
from services.modelling.prediction import predict
from services.telling.told import told
from services.verbs.running import run_verb
from storage.audit import list_entries
from storage.comments import list_comment_ids
from storage.predictions import list_predictions
from tests.building import put_in, written_csv
from tests.stored_runs import labelled_dataset, stored_run

BY_SCORE = Columns("Comment ID", scores={"disallow": "TOXICITY"})


@pytest.fixture
def ids(db):
    return labelled_dataset(db, [(f"comment {n}", "disallow" if n % 4 == 0 else "allow") for n in range(40)])


@pytest.fixture
def snapshot(db, ids):
    return take_snapshot(db, "kids", actor="ana", split_mode="imported").snapshot_id


def written(path, rows, header=("Comment ID", "TOXICITY")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def brought(db, path, snapshot, columns=BY_SCORE, **options):
    return import_scores(db, path, snapshot, columns, name="Perspective", actor="ana", **options)


def test_scores_become_answers_of_a_model_on_the_comments_they_belong_to(db, ids, snapshot, tmp_path):
    path = written(tmp_path / "f.csv", [(f"c{n}", n / 40) for n in reversed(range(40))])
    done = brought(db, path, snapshot)
    run, model = get_run(db, done.runs["test"]), get_model(db, done.model_id)
    assert (model.name, model.backend, run.score_kind, run.row_count) == (
        "Perspective",
        "imported",
        "imported",
        40,
    )
    rows = {row["comment_id"]: row for row in list_predictions(db, run.run_id).to_pylist()}
    assert rows[ids[30]]["scores"] == pytest.approx([0.25, 0.75])
    assert [rows[ids[n]]["label"] for n in (19, 20, 39)] == ["allow", "disallow", "disallow"]
    assert "scores imported" in [entry.verb for entry in list_entries(db)]
    assert evaluate(db, run.run_id).report.n == 40


def test_rows_without_a_comment_are_listed_and_comments_without_a_row_are_counted(
    db, ids, snapshot, tmp_path
):
    rows = [("c0", 0.9), ("c1", "high"), ("c2", 1.2), ("c3", ""), ("zz", 0.5), ("c0", 0.1), (" c5 ", 0.2)]
    done = brought(db, written(tmp_path / "f.csv", rows), snapshot)
    assert (done.matched, done.unparsed, done.without) == (3, 1, 37)
    assert [(row.line, row.raw) for row in done.strangers] == [(6, "zz")]
    assert [(row.line, row.reason) for row in done.refused] == [
        (3, "The score 'high' is no number."),
        (4, "The score 1.2 is not between 0 and 1: is this the scale?"),
        (7, "Line 2 is about it too."),
    ]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_any_names_and_spellings_on_a_scale_to_100_in_every_format(db, ids, snapshot, tmp_path, kind):
    rows = [
        {"n°": f"c{n}", "verdict of theirs": "Rude!" if n % 4 == 0 else "OK", "%": 2.5 * n} for n in range(40)
    ]
    path = tmp_path / f"f.{kind}"
    if kind == "csv":
        written(path, [row.values() for row in rows], header=rows[0].keys())
    elif kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    columns = Columns(
        "n°", scores={"disallow": "%"}, label="verdict of theirs", scale=100,
        spellings={"rude!": "disallow", "ok": "allow"},
    )  # fmt: skip
    done = brought(db, path, snapshot, columns)
    assert evaluate(db, done.runs["test"]).report.accuracy.successes == 40
    scores = list_predictions(db, done.runs["test"])["scores"].to_pylist()
    assert scores[30] == pytest.approx([0.25, 0.75])


def test_labels_alone_are_enough_and_an_unknown_spelling_is_an_answer_that_named_none(
    db, ids, snapshot, tmp_path
):
    path = written(tmp_path / "f.csv", [("c0", "DISALLOW"), ("c1", "maybe")], header=("id", "said"))
    done = brought(db, path, snapshot, Columns("id", label="said"))
    assert (done.matched, done.unparsed) == (2, 1)
    assert get_run(db, done.runs["test"]).score_kind == "none"


def test_a_row_may_find_its_comment_by_the_text(db, ids, snapshot, tmp_path):
    path = written(tmp_path / "f.csv", [("comment 4", 0.9)], header=("body", "TOXICITY"))
    done = brought(db, path, snapshot, Columns("body", key_is="text", scores={"disallow": "TOXICITY"}))
    assert list_predictions(db, done.runs["test"])["comment_id"].to_pylist() == [ids[4]]


def test_comments_that_a_model_learns_from_get_no_answer(db, tmp_path):
    labelled_dataset(db, [("kind", "allow"), ("rude", "disallow")], split="train")
    frozen = take_snapshot(db, "kids", actor="ana", split_mode="imported").snapshot_id
    with pytest.raises(BadInput, match="2 are in train"):
        brought(db, written(tmp_path / "f.csv", [("c0", 0.1), ("c1", 0.2)]), frozen)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (Columns("Comment ID"), "No column holds"),
        (Columns("Comment ID", scores={"spam": "TOXICITY"}), "no label 'spam'"),
        (Columns("Comment ID", scores={"disallow": "TOXICITY"}, scale=10), "scale to 10"),
        (Columns("Comment ID", scores={"disallow": "TOXICITY"}, flags_from=0), "scale to 1 "),
        (Columns("nowhere", scores={"disallow": "TOXICITY"}), "no column nowhere for the key"),
    ],
)
def test_columns_that_cannot_be_used_are_refused_and_leave_nothing(
    db, ids, snapshot, tmp_path, columns, words
):
    with pytest.raises(BadInput, match=words):
        brought(db, written(tmp_path / "f.csv", [("c0", 0.1)]), snapshot, columns)
    assert list_choices(db, "kids") == []


@pytest.mark.parametrize(
    ("scores", "scale", "words"),
    [
        ([2.5 * n for n in range(40)], 1, "39 of 40 scores lie above 1: is the scale 100"),
        ([n / 40 for n in range(40)], 100, "all 40 scores lie between 0 and 1: is the scale 1"),
        ([-n for n in range(40)], 1, "39 of 40 scores do not lie between 0 and 1"),
        ([200] * 40, 100, "40 of 40 scores do not lie between 0 and 100"),
    ],
)
def test_scores_on_another_scale_are_refused_and_leave_nothing(
    db, ids, snapshot, tmp_path, scores, scale, words
):
    path = written(tmp_path / "f.csv", [(f"c{n}", score) for n, score in enumerate(scores)])
    columns = Columns("Comment ID", scores={"disallow": "TOXICITY"}, scale=scale)
    with pytest.raises(BadInput, match=words):
        brought(db, path, snapshot, columns)
    assert list_models(db, "kids") == []


def test_an_imported_model_cannot_be_asked_and_says_so(db, ids, snapshot, tmp_path):
    done = brought(db, written(tmp_path / "f.csv", [("c0", 0.1)]), snapshot)
    for ask in (
        lambda: model_folder(db, done.model_id),
        lambda: predict(db, model_id=done.model_id, snapshot_id=snapshot, split="test", actor="ana"),
    ):
        with pytest.raises(NotFound, match="came from a file"):
            ask()
    assert list_choices(db, "kids") == []
    with pytest.raises(NotFound, match="no file"):
        brought(db, tmp_path / "nowhere.csv", snapshot)


@pytest.fixture
def pair(db, ids, snapshot, tmp_path):
    """Theirs flags 10 of 40, 4 of them rightly; ours ranks 8 of the 10 unwanted ones on top."""
    theirs = {ids[n] for n in (0, 4, 8, 12, 1, 2, 3, 5, 6, 7)}
    path = written(tmp_path / "f.csv", [(f"c{n}", 0.9 if ids[n] in theirs else 0.2) for n in range(40)])
    top = {ids[n]: 0.9 - n / 1000 for n in (0, 4, 8, 12, 16, 20, 24, 28, 1, 2)}
    scores = {number: [1 - top.get(number, 0.1), top.get(number, 0.1)] for number in ids}
    ours = stored_run(
        db, dict.fromkeys(ids, "allow"), snapshot_id=snapshot, name="ours", scores=scores
    )  # its own labels flag nothing: the threshold is chosen anew
    return brought(db, path, snapshot).runs["test"], ours


def test_at_an_equal_flag_rate_both_flag_as_many_and_the_better_flags_show(db, ids, pair):
    found = equal_flag_rate(db, *pair)
    assert (found.before.flagged, found.after.flagged, found.unwanted) == (10, 10, ("disallow",))
    assert (found.before.recall.successes, found.after.recall.successes, found.positives) == (4, 8, 10)
    assert (found.counts.fixed, found.counts.broken) == (4, 0)
    assert {kind: len(rows) for kind, rows in found.differ.items()} == {
        "found_by_after": 4, "found_by_before": 0, "wronged_by_after": 0, "wronged_by_before": 4,
    }  # fmt: skip
    assert "ours finds 8 and Perspective 4" in found.sentence
    assert "both flag 25.0% of the same 40" in found.sentence
    assert "Not decidable" in found.sentence  # four comments settle nothing
    assert [c.comment.comment_id for c in differing(db, found, "found_by_after")] == [
        ids[n] for n in (16, 20, 24, 28)
    ]
    json.dumps(as_dict(found), allow_nan=False)


def test_the_areas_are_those_of_scikit_learn(db, ids, pair):
    found = equal_flag_rate(db, *pair, unwanted=["disallow"])
    for side in (found.before, found.after):
        table = list_predictions(db, side.run.run_id)
        gold = np.array(table["gold"].to_pylist()) == "disallow"
        wanted = roc_auc_score(gold, [row[1] for row in table["scores"].to_pylist()])
        assert side.auc.value == pytest.approx(wanted, abs=1e-12)
        assert side.auc.low < side.auc.value < side.auc.high


def test_what_flags_nothing_has_no_rate_to_be_equal_to(db, ids, pair):
    theirs, ours = pair
    with pytest.raises(BadInput, match="flags 0 of the 40"):
        equal_flag_rate(db, ours, theirs)
    with pytest.raises(BadInput, match="itself"):
        equal_flag_rate(db, ours, ours)
    with pytest.raises(BadInput, match="has no label 'spam'"):
        equal_flag_rate(db, theirs, ours, unwanted=["spam"])
    with pytest.raises(NotFound, match="no difference"):
        differing(db, equal_flag_rate(db, theirs, ours), "all")


def test_two_models_of_ours_must_be_told_what_a_flag_stands_for(db, ids, snapshot, pair):
    again = stored_run(db, dict.fromkeys(ids, "disallow"), snapshot_id=snapshot, name="again")
    with pytest.raises(BadInput, match="stand for"):
        equal_flag_rate(db, again, pair[1])


SCORED = [
    {
        "id": f"c{n}", "text": f"comment {n}", "label": "disallow" if n % 4 == 0 else "allow",
        "split": ("train", "validation", "test")[n % 3], "score": f"{n * 2.5}",
    }
    for n in range(40)
]  # fmt: skip


def brought_in(db, path, **given):
    asked = {"path": str(path), "dataset": "scored", "actor": "ana", "scores_of": "Perspective", "scale": 100}
    return run_verb(db, "import", asked | given, lambda _what, _share: None)


def test_a_column_of_scores_is_imported_with_the_comments_and_kept_as_a_model(db, tmp_path):
    path = written_csv(tmp_path / "scored.csv", SCORED)
    answer = brought_in(db, path, scores_mean="disallow", labels=["allow", "disallow"])
    model = answer["scores"]["model"]
    assert (model["matched"], model["in_training"], model["without"]) == (26, 14, 0)
    assert "Perspective is model-1 now: 26 answers" in told("import", answer)
    numbers = list_comment_ids(db, "scored")
    rows = {row["comment_id"]: row for row in list_predictions(db, model["runs"]["test"]).to_pylist()}
    assert rows[numbers["c20"]]["scores"] == pytest.approx([0.5, 0.5])
    assert (rows[numbers["c20"]]["label"], rows[numbers["c17"]]["label"]) == ("disallow", "allow")
    assert get_model(db, "model-1").settings["flags"] == "disallow"
    assert evaluate(db, model["runs"]["test"]).report.n == 13
    again = written_csv(tmp_path / "again.csv", [{**row, "id": f"n{row['id']}"} for row in SCORED])
    told_again = brought_in(db, again, scores_of=None, as_last=True)
    assert told_again["scores"]["model"]["name"] == "Perspective"


@pytest.mark.slow
def test_scores_wait_beside_their_comments_until_there_are_labels(db, tmp_path):
    create_dataset(db, "scored", ("allow", "disallow"), actor="ana")
    path = written_csv(tmp_path / "bare.csv", [{**row, "label": ""} for row in SCORED])
    answer = brought_in(db, path)
    assert answer["scores"]["model"] is None and "Label some comments" in answer["scores"]["waits_for"]
    assert "no model yet" in told("import", answer)
    put_in(db, [{**row, "id": f"d{row['id']}"} for row in SCORED], into="scored")
    snapshot = take_snapshot(db, "scored", actor="ana", split_mode="imported").snapshot_id
    given = {"snapshot": snapshot, "name": "Perspective", "actor": "ana", "scale": 100.0}
    kept = run_verb(db, "import-scores", given, lambda _what, _share: None)
    assert (kept["matched"], kept["without"]) == (26, 0)
    with pytest.raises(BadInput, match="is the scale 100"):
        run_verb(db, "import-scores", {**given, "scale": 1.0}, lambda _what, _share: None)
    with pytest.raises(BadInput, match="No column holds the scores of Perspective"):
        brought_in(db, written_csv(tmp_path / "none.csv", [{"text": "one"}]))
