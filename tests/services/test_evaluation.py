import json

import pytest

from domain.errors import BadInput, NotFound
from services.evaluation.reports import as_dict, evaluate
from storage.database import connect
from tests.stored_runs import labelled_dataset, relabel, stored_run

GOLD = ["allow"] * 6 + ["disallow"] * 4


@pytest.fixture
def db(tmp_path):
    database = connect(tmp_path / "home")
    yield database
    database.close()


@pytest.fixture
def ids(db):
    return labelled_dataset(db, [(f"comment {place}", label) for place, label in enumerate(GOLD)])


def test_a_run_is_measured_against_the_labels_of_its_snapshot(db, ids):
    answers = [*["allow"] * 5, "disallow", "allow", *["disallow"] * 3]
    found = evaluate(db, stored_run(db, dict(zip(ids, answers, strict=True))))
    assert found.table.counts.tolist() == [[5, 1, 0], [1, 3, 0]]
    assert (found.report.accuracy.successes, found.report.n) == (8, 10)
    assert found.model_name == "baseline"
    assert (found.data.split, found.data.guideline_version, found.data.row_count) == ("test", 0, 10)
    assert found.data.label_from == {"single": 10}
    assert len(found.data.sha256) == 64


def test_answers_are_joined_by_comment_id_whatever_their_order(db, ids):
    right = dict(zip(ids, GOLD, strict=True))
    shuffled = {number: right[number] for number in sorted(ids, key=lambda number: number * 7 % 11)}
    assert evaluate(db, stored_run(db, shuffled)).report.accuracy.value == 1


def test_relabelling_later_does_not_change_an_evaluation(db, ids):
    run = stored_run(db, dict.fromkeys(ids, "allow"))
    before = as_dict(evaluate(db, run))
    relabel(db, dict.fromkeys(ids[:3], "disallow"), round_=2)
    assert as_dict(evaluate(db, run)) == before


def test_answers_without_a_label_or_with_a_foreign_one_count_as_wrong(db, ids):
    answers = dict(zip(ids, GOLD, strict=True)) | {ids[0]: None, ids[9]: "spam"}
    found = evaluate(db, stored_run(db, answers))
    assert (found.report.unparsed, found.report.accuracy.successes) == (2, 8)


def test_comments_that_the_model_learned_from_are_counted(db):
    ids = labelled_dataset(db, [(f"c {n}", ("allow", "disallow")[n % 2]) for n in range(8)], split="train")
    run = stored_run(db, dict.fromkeys(ids, "allow"), split="train")
    assert evaluate(db, run).data.seen_in_training == 8


def test_an_evaluation_travels_as_json_and_says_null_for_what_is_undefined(db, ids):
    told = json.loads(
        json.dumps(as_dict(evaluate(db, stored_run(db, dict.fromkeys(ids, "allow")))), allow_nan=False)
    )
    allow, disallow = told["classes"]
    assert disallow["precision"] is None
    assert allow["recall"] == {
        "value": 1.0, "low": pytest.approx(0.6097, abs=1e-4), "high": 1.0, "successes": 6, "n": 6
    }  # fmt: skip
    assert told["confusion"]["counts"] == [[6, 0, 0], [4, 0, 0]]
    assert told["macro_f1"]["low"] <= told["macro_f1"]["value"] <= told["macro_f1"]["high"]


def test_a_run_that_does_not_exist_is_named(db):
    with pytest.raises(NotFound, match="run-77"):
        evaluate(db, "run-77")


def test_a_run_without_answers_is_refused(db, ids):
    with pytest.raises(BadInput, match="no comment to evaluate"):
        evaluate(db, stored_run(db, {}))
