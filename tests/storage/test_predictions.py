from datetime import datetime

import pyarrow as pa
import pytest

from domain.errors import BadInput, NotFound
from domain.jobs import JobState
from services.jobs.files.answers import SCHEMA
from storage.database import connect
from storage.jobs import Results, add_job, get_job, list_jobs, update_absorbed
from storage.models import get_model, get_run, list_models, list_runs
from storage.predictions import count_predictions, list_predictions

LABELS = ("allow", "disallow; DROP TABLE runs")
SPEC = {"kind": "predict", "snapshot_id": "snapshot-1", "restart_of": None}
SUCCEEDED = JobState("succeeded", "Took 1.0 s.", share=1.0)


@pytest.fixture
def db(tmp_path):
    opened = connect(tmp_path / "home")
    with opened.writing("demo") as cursor:
        cursor.execute(
            """
            INSERT INTO snapshot_rows
            SELECT 'snapshot-1', range, 'allow', 'single', if(range < 20, 'validation', 'test')
            FROM range(10, 40)
            """
        )
    yield opened
    opened.close()


@pytest.fixture
def job(db):
    job_id = add_job(db, dataset_id="demo", spec=SPEC, actor="ann", prepare=lambda spec: None)
    return get_job(db, job_id)


def answers(ids, split="test", **columns):
    rows = {
        "split": [split] * len(ids),
        "comment_id": list(ids),
        "label": ["allow"] * len(ids),
        "parse_status": ["ok"] * len(ids),
        "scores": [[0.75, 0.25]] * len(ids),
        **{name: [None] * len(ids) for name in ("latency_ms", "tokens", "cost_usd")},
        **columns,
    }
    return pa.table(rows, schema=SCHEMA)


def results(table, *, splits=("test",), model_id=None):
    return Results(
        model_id=model_id,
        name="first",
        backend="tfidf",
        settings={"c": 1.5},
        labels=LABELS,
        score_kind="softmax",
        splits=splits,
        answers=table,
    )


def test_what_a_job_brings_is_stored_and_read_as_it_was(db, job):
    mixed = {
        "label": [None, *["allow"] * 19],
        "parse_status": ["refusal", *["ok"] * 19],
        "scores": [None, *[[0.5, 0.5]] * 19],
        "latency_ms": [1.5] * 20,
        "tokens": [7] * 20,
        "cost_usd": [0.01] * 20,
    }
    assert update_absorbed(db, job, SUCCEEDED, results(answers(range(39, 19, -1), **mixed)))
    [model], [run] = list_models(db, "demo"), list_runs(db, "demo")
    assert (model.labels, model.settings, model.job_id, model.created_by) == (
        LABELS,
        {"c": 1.5},
        "job-1",
        "ann",
    )
    assert (run.labels, run.row_count, run.split, run.model_id) == (LABELS, 20, "test", "model-1")
    assert (get_model(db, "model-1"), get_run(db, "run-1")) == (model, run)
    rows = list_predictions(db, "run-1").to_pylist()
    assert [row["comment_id"] for row in rows] == list(range(20, 40))
    assert rows[-1] == {
        "comment_id": 39,
        "gold": "allow",
        "label": None,
        "parse_status": "refusal",
        "scores": None,
        "latency_ms": 1.5,
        "tokens": 7,
        "cost_usd": 0.01,
    }
    assert count_predictions(db, "run-1") == 20


def test_each_split_becomes_a_run(db, job):
    both = pa.concat_tables([answers(range(20, 40)), answers(range(10, 20), "validation")])
    update_absorbed(db, job, SUCCEEDED, results(both, splits=("validation", "test")))
    assert {run.split: run.row_count for run in list_runs(db)} == {"test": 20, "validation": 10}
    assert [row["comment_id"] for row in list_predictions(db, "run-2").to_pylist()] == list(range(10, 20))
    assert len(list_runs(db, model_id="model-1", snapshot_id="snapshot-1", split="test")) == 1
    assert list_runs(db, "another") == [] and list_models(db, "another") == []


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (answers(range(20, 41)), "1 predictions name comments that are not in split test .*, such as 40"),
        (answers(range(20, 40), "train"), "20 comments of split test .* have no prediction"),
        (answers(range(21, 40)), "1 comments of split test .* have no prediction, such as 20"),
        (answers([]), "20 comments of split test .* have no prediction"),
        (answers([*range(20, 40), 39]), "1 comments of split test .* have more than one prediction"),
        (answers([*range(20, 39), 10]), "not in split test"),
    ],
)
def test_answers_that_do_not_fit_the_snapshot_change_nothing(db, job, table, complaint):
    with pytest.raises(BadInput, match=complaint):
        update_absorbed(db, job, SUCCEEDED, results(table))
    assert (list_models(db), list_runs(db), get_job(db, "job-1")) == ([], [], job)


def test_a_job_is_absorbed_once(db, job):
    assert update_absorbed(db, job, SUCCEEDED, results(answers(range(20, 40))))
    assert not update_absorbed(db, job, SUCCEEDED, results(answers(range(20, 40))))
    assert len(list_runs(db)) == 1
    absorbed = get_job(db, "job-1")
    assert absorbed.state == SUCCEEDED and isinstance(absorbed.absorbed_at, datetime)


def test_a_job_without_results_keeps_its_message_and_what_to_do(db, job):
    update_absorbed(db, job, JobState("died", "Gone.", "Restart it."), None)
    assert get_job(db, "job-1").state == JobState("died", "Gone. Restart it.")
    assert list_jobs(db, unabsorbed=True) == [] and len(list_jobs(db, "demo")) == 1


def test_a_run_of_an_older_model_adds_no_model(db, job):
    update_absorbed(db, job, SUCCEEDED, results(answers(range(20, 40)), model_id="model-7"))
    assert list_models(db) == [] and get_run(db, "run-1").model_id == "model-7"


def test_a_job_whose_folder_cannot_be_made_does_not_exist(db):
    def broken(spec):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        add_job(db, dataset_id="demo", spec=SPEC, actor="ann", prepare=broken)
    assert list_jobs(db) == []


@pytest.mark.parametrize("get", [get_job, get_model, get_run])
def test_an_unknown_name_is_told(db, get):
    with pytest.raises(NotFound, match="'nothing-1'"):
        get(db, "nothing-1")
