import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    matthews_corrcoef,
    precision_recall_fscore_support,
    recall_score,
    roc_auc_score,
)

from domain.errors import BadInput, NotFound
from services.evaluation.files import as_dict, evaluate_file
from services.evaluation.telling import file_evaluation_told
from ui.charts import confusion_matrix


def written(path, rows, header=("gold", "predicted")):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


@pytest.mark.parametrize("size", [2, 3, 12])
def test_a_file_agrees_with_scikit_learn(tmp_path, size):
    draw = np.random.default_rng(size)
    names = np.array([f"label {k:02}" for k in range(size)])
    gold = draw.choice(names, 800, p=draw.dirichlet(np.ones(size)))
    predicted = np.where(draw.random(800) < 0.6, gold, draw.choice(names, 800))
    path = written(tmp_path / "file.csv", zip(gold, predicted, strict=True))
    found = evaluate_file(path, gold="gold", predicted="predicted", labels=list(names)).report

    assert found.accuracy.value == pytest.approx(accuracy_score(gold, predicted), abs=1e-12)
    assert found.mcc.value == pytest.approx(matthews_corrcoef(gold, predicted), abs=1e-12)
    assert found.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(gold, predicted), abs=1e-12)
    columns = precision_recall_fscore_support(gold, predicted, labels=names, zero_division=0)
    for each, *wanted in zip(found.classes, *columns, strict=True):
        shown = [0 if n is None else n.value for n in (each.precision, each.recall, each.f1)]
        assert [*shown, each.support] == pytest.approx(wanted, abs=1e-12)
    for average in ("macro", "weighted"):
        wanted = precision_recall_fscore_support(
            gold, predicted, labels=names, average=average, zero_division=0
        )
        shown = [getattr(found, f"{average}_{name}").value for name in ("precision", "recall", "f1")]
        assert shown == pytest.approx(wanted[:3], abs=1e-12)


@pytest.mark.parametrize("size", [2, 3, 12])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_missing_and_invalid_predictions_in_spellings_of_their_own_agree_with_scikit_learn(
    tmp_path, size, kind
):
    """One label of each file is never predicted; a tenth of the answers is missing, a tenth says nonsense."""
    draw = np.random.default_rng(100 + size)
    names = np.array([f"label {k:02}" for k in range(size)])
    gold = np.concatenate([names, draw.choice(names, 500)])
    predicted = np.where(draw.random(gold.size) < 0.6, gold, draw.choice(names[1:], gold.size))
    predicted = np.where(predicted == names[0], names[-1], predicted)
    nonsense = draw.choice(["", "as an AI I", " "], gold.size)
    predicted = np.where(draw.random(gold.size) < 0.2, nonsense, predicted)
    written_as = {name: f"Class-{k}!" for k, name in enumerate(names)}
    rows = [
        {"the truth": f" {written_as[g].upper()} ", "Said by them": written_as.get(p, p)}
        for g, p in zip(gold, predicted, strict=True)
    ]
    path = tmp_path / f"file.{kind}"
    if kind == "csv":
        written(path, [row.values() for row in rows], header=rows[0].keys())
    elif kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    spellings = {spelling: str(name) for name, spelling in written_as.items()}
    found = evaluate_file(
        path, gold="the truth", predicted="Said by them", labels=list(names), spellings=spellings
    )

    said = np.where(np.isin(predicted, names), predicted, "(unparsed)")
    assert found.report.unparsed == int((said == "(unparsed)").sum()) > 50
    assert found.report.accuracy.value == pytest.approx(accuracy_score(gold, said), abs=1e-12)
    assert found.report.mcc.value == pytest.approx(matthews_corrcoef(gold, said), abs=1e-12)
    recalls = recall_score(gold, said, labels=names, average=None, zero_division=0)
    assert found.report.balanced_accuracy.value == pytest.approx(recalls.mean(), abs=1e-12)
    columns = precision_recall_fscore_support(gold, said, labels=names, zero_division=0)
    for each, *wanted in zip(found.report.classes, *columns, strict=True):
        shown = [0 if n is None else n.value for n in (each.precision, each.recall, each.f1)]
        assert [*shown, each.support] == pytest.approx(wanted, abs=1e-12)
    assert found.report.classes[0].precision is None  # undefined, not 0: it was never predicted
    assert "undefined" in file_evaluation_told(as_dict(found))
    for average in ("macro", "weighted"):
        wanted = precision_recall_fscore_support(gold, said, labels=names, average=average, zero_division=0)
        shown = [getattr(found.report, f"{average}_{name}").value for name in ("precision", "recall", "f1")]
        assert shown == pytest.approx(wanted[:3], abs=1e-12)


def test_spellings_of_a_label_are_one_label(tmp_path):
    rows = [("Toxic", "toxic"), (" toxic ", "TOXIC"), ("Toxic", "ok"), ("ok", "OK ")]
    found = evaluate_file(written(tmp_path / "file.csv", rows), gold="gold", predicted="predicted")
    assert found.table.labels == ("Toxic", "ok")
    assert found.table.counts.tolist() == [[2, 1, 0], [0, 1, 0]]


def test_an_empty_or_unknown_prediction_is_wrong_and_counted(tmp_path):
    rows = [("a", "a"), ("a", ""), ("b", "   "), ("b", "c"), ("b", "b")]
    found = evaluate_file(written(tmp_path / "file.csv", rows), gold="gold", predicted="predicted")
    assert (found.report.unparsed, found.report.accuracy.successes, found.report.n) == (3, 2, 5)
    assert found.unknown == {"c": 1}


def test_rows_that_cannot_be_used_are_listed_with_their_line(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text('gold,predicted,note\na,a,x\n,b,x\nb,b\nb,b,"two\nlines"\n  ,a,x\n', encoding="utf-8")
    found = evaluate_file(path, gold="gold", predicted="predicted")
    assert [(each.line, each.reason) for each in found.refused] == [
        (3, "The gold label is empty."),
        (4, "2 fields, the header has 3."),
        (7, "The gold label is empty."),
    ]
    assert (found.refused_count, found.report.n) == (3, 2)


def test_a_gold_label_outside_the_given_set_is_refused(tmp_path):
    path = written(tmp_path / "file.csv", [("a", "a"), ("z", "a"), ("b", "z")])
    found = evaluate_file(path, gold="gold", predicted="predicted", labels=["b", "a"])
    assert found.table.labels == ("b", "a")
    assert [each.reason for each in found.refused] == ["'z' is no gold label."]
    assert found.unknown == {"z": 1}


@pytest.mark.parametrize("rows", [[], [("", "a")]])
def test_a_file_without_a_usable_row_is_refused(tmp_path, rows):
    with pytest.raises(BadInput, match="No row"):
        evaluate_file(written(tmp_path / "file.csv", rows), gold="gold", predicted="predicted")


def test_a_missing_file_and_a_missing_column_are_named(tmp_path):
    with pytest.raises(NotFound, match=r"nowhere\.csv"):
        evaluate_file(tmp_path / "nowhere.csv", gold="gold", predicted="predicted")
    path = written(tmp_path / "file.csv", [("a", "a")])
    with pytest.raises(BadInput, match="verdict"):
        evaluate_file(path, gold="gold", predicted="verdict")


def test_a_column_of_texts_is_not_taken_for_labels(tmp_path):
    path = written(tmp_path / "file.csv", [(f"comment {n}", "a") for n in range(40)])
    with pytest.raises(BadInput, match="40 different labels"):
        evaluate_file(path, gold="gold", predicted="predicted")


def test_a_score_column_is_ranked_as_scikit_learn_ranks_it(tmp_path):
    draw = np.random.default_rng(3)
    toxic = draw.random(400) < 0.3
    scores = np.round(np.clip(draw.normal(np.where(toxic, 0.6, 0.4), 0.2), 0, 1), 2)  # rounding makes ties
    rows = [
        ("toxic" if is_toxic else "fine", "toxic" if score > 0.5 else "fine", score)
        for is_toxic, score in zip(toxic, scores, strict=True)
    ]
    path = written(tmp_path / "file.csv", rows, header=("gold", "predicted", "score"))
    ranking = evaluate_file(path, gold="gold", predicted="predicted", score="score").ranking
    assert (ranking.label, ranking.n) == ("toxic", 400)
    assert ranking.roc_auc.value == pytest.approx(roc_auc_score(toxic, scores), abs=1e-12)
    assert ranking.roc_auc.low < ranking.roc_auc.value < ranking.roc_auc.high


def test_a_perfect_ranking_is_not_certain_and_a_score_that_is_no_number_is_refused(tmp_path):
    rows = [("a", "a", "0.1"), ("a", "a", "0.2"), ("b", "b", "0.9"), ("b", "b", "high"), ("b", "b", "")]
    path = written(tmp_path / "file.csv", rows, header=("gold", "predicted", "score"))
    found = evaluate_file(path, gold="gold", predicted="predicted", score="score")
    assert found.ranking.roc_auc.value == 1
    assert found.ranking.roc_auc.low < 0.9
    assert [each.line for each in found.refused] == [5]
    assert (found.report.n, found.ranking.n) == (4, 3)
    json.dumps(as_dict(found), allow_nan=False)


def test_a_score_of_three_labels_is_refused(tmp_path):
    path = written(tmp_path / "f.csv", [(x, x, 1) for x in "abc"], header=("gold", "predicted", "score"))
    with pytest.raises(BadInput, match="two labels"):
        evaluate_file(path, gold="gold", predicted="predicted", score="score")


@pytest.mark.slow
def test_one_flipped_label_among_sixty_thousand_changes_the_counts_shown(tmp_path):
    rows = (
        [("allow", "allow")] * 40_000 + [("disallow", "disallow")] * 19_000 + [("disallow", "allow")] * 1_000
    )
    shown, drawn = [], []
    for place in (None, 12_345):
        flipped = [
            ("disallow", said) if at == place else (gold, said) for at, (gold, said) in enumerate(rows)
        ]
        path = written(tmp_path / f"{place}.csv", flipped)
        found = evaluate_file(path, gold="gold", predicted="predicted")
        shown.append(file_evaluation_told(as_dict(found)).splitlines())
        chart = confusion_matrix(found.table, as_shares=False, is_dark=False, gold="", predicted="")
        drawn.append({cell["shown"] for data in chart.to_dict()["datasets"].values() for cell in data})
    assert drawn[0] == {"40,000", "0", "1,000", "19,000"}
    assert drawn[1] == {"39,999", "0", "1,001", "19,000"}
    changed = [line.split() for line, before in zip(*reversed(shown), strict=True) if line != before][1:]
    assert ["allow", "39,999", "0", "0"] in changed and ["disallow", "1,001", "19,000", "0"] in changed
    assert any(line[:2] == ["allow", "39,999"] for line in changed), "the support of the label too"
