import csv
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BadInput, Conflict
from services.curation.datasets import mark_child_data
from services.jobs import score
from services.jobs.files import answers
from services.jobs.managing import launch
from services.jobs.managing.absorb import absorb
from services.jobs.process import worker
from services.modelling.formats.chat import prompt_for
from services.modelling.models import model_folder
from services.modelling.scoring import find_refused_rows, get_scored, list_scored, score_comments, score_file
from services.plain import plain
from services.telling.told import told
from services.verbs.training import predict
from storage.comment_scores import count_comment_scores, list_comment_scores
from storage.comments import list_comment_ids
from tests.building import written_csv
from tests.hosted import GUIDELINE, KEY_VARIABLE
from tests.provider.fixtures import provider, provider_address
from tests.stored_models import TUNED, baseline, dataset, hosted

__all__ = ["provider", "provider_address"]

ROOT = Path(__file__).resolve().parents[2]
NEW = [
    {"id": f"n{n}", "text": f"a {'lovely' if n % 2 else 'rotten'} text{'!' * (n % 7)} {n}"} for n in range(30)
]

# The prediction in chunks of 4, killed as by `kill -9` when it has kept the number given.
DIES = """
import os, signal, sys
from services.jobs.files import answer_chunks
from services.jobs.files import answers
from services.jobs import score
from services.jobs.process.worker import run
answers.CHUNK_ROWS, kept = 4, int(sys.argv.pop(1))
add = answer_chunks.KeptChunks.add
def dying(self, number, rows):
    add(self, number, rows)
    if number == kept - 1:
        os.kill(os.getpid(), signal.SIGKILL)
answer_chunks.KeptChunks.add = dying
sys.exit(run(score.score))
"""


@pytest.fixture(scope="module")
def trained_home(tmp_path_factory):
    """A closed home with 60 labelled comments, 30 new ones, and a baseline that knows rotten from lovely."""
    from services.curation.importing import import_file
    from storage.database import connect

    folder = tmp_path_factory.mktemp("trained")
    opened = connect(folder / "home")
    dataset(opened)
    baseline(opened)
    import_file(opened, written_csv(folder / "new.csv", NEW), "kids", actor="ana")
    opened.close()
    return folder / "home"


@pytest.fixture
def trained(trained_home, home):
    from storage.database import connect

    opened = connect(shutil.copytree(trained_home, home))
    yield opened
    opened.close()


@pytest.fixture
def jobs_here(monkeypatch):
    """Jobs run where they are started, in small chunks and stretches."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr(answers, "CHUNK_ROWS", 4)
    monkeypatch.setattr(score, "STRETCH_ROWS", 12)
    monkeypatch.setattr(
        launch,
        "start_process",
        lambda folder, kind, lock: worker.run(
            score.score, [str(folder.path), "--lock", str(lock)], waits=score.works_here
        ),
    )
    yield
    signal.signal(signal.SIGTERM, before)


def ask(db, **given):
    job = score_comments(db, model_id="model-1", dataset_id="kids", actor="ben", **given)
    assert job.state.name == "succeeded", (job.state, launch.folder_of(db, job.job_id).log_tail())
    absorb(db)
    return job


def rows_of(db, job):
    return pq.read_table(launch.folder_of(db, job.job_id).path / "scored.parquet").to_pylist()


def words_of(row):
    return "disallow" if "rotten" in row["text"] or "awful" in row["text"] else "allow"


def test_the_comments_without_a_label_are_answered_in_their_order_each_by_its_own_answer(trained, jobs_here):
    job = ask(trained, unlabelled=True)
    rows = rows_of(trained, job)
    assert [(row["id"], row["text"]) for row in rows] == [(row["id"], row["text"]) for row in NEW]
    assert [row["label"] for row in rows] == [words_of(row) for row in NEW]
    assert all(row["score allow"] + row["score disallow"] == pytest.approx(1, abs=1e-5) for row in rows)
    found = get_scored(trained, job.job_id)
    assert (found.rows, found.refused, found.labels) == (30, 0, {"disallow": 15, "allow": 15})
    assert [one.job_id for one in list_scored(trained, "model-1")] == [job.job_id]


def test_the_answers_to_a_datasets_comments_are_kept_and_a_newer_one_takes_the_place(trained, jobs_here):
    ask(trained, unlabelled=True)
    assert count_comment_scores(trained, "kids") == {"model-1": 30}
    again = ask(trained)
    assert count_comment_scores(trained, "kids") == {"model-1": 90}
    kept = list_comment_scores(trained, "kids", "model-1").to_pylist()
    numbers = list_comment_ids(trained, "kids")
    assert [row["comment_id"] for row in kept] == sorted(numbers.values())
    said = {numbers[row["id"]]: row for row in rows_of(trained, again)}
    for row in kept:
        assert row["label"] == said[row["comment_id"]]["label"]
        assert row["scores"] == [said[row["comment_id"]][f"score {label}"] for label in ("allow", "disallow")]
        assert row["score_kind"] == "softmax"


def test_answers_that_name_a_stranger_are_not_taken_over(trained, jobs_here, monkeypatch):
    monkeypatch.setattr(launch, "start_process", lambda *_: None)
    job = score_comments(trained, model_id="model-1", dataset_id="kids", actor="ben")
    folder = launch.folder_of(trained, job.job_id)
    asked = pq.read_table(folder.path / "inputs" / "comments.parquet")
    moved = asked.set_column(0, "comment_id", pa.array(range(9_001, 9_001 + asked.num_rows), pa.int64()))
    (folder.path / "inputs" / "comments.parquet").unlink()  # it is one file with the frozen one
    pq.write_table(moved, folder.path / "inputs" / "comments.parquet")
    (folder.path / "lock").unlink()
    assert worker.run(score.score, [str(folder.path)]) == 0
    absorb(trained)
    assert "90 name no comment of 'kids'" in launch.get_job(trained, job.job_id).state.message
    assert count_comment_scores(trained, "kids") == {}


def test_a_file_is_answered_row_by_row_and_what_cannot_be_read_is_listed(trained, jobs_here, tmp_path):
    file = tmp_path / "theirs.csv"
    file.write_text(
        'body,by\n=1+1 rotten,a\n"a lovely\nline",b\nrotten,with,too much\n\u202e,c\n', encoding="utf-8"
    )
    job = score_file(trained, model_id="model-1", path=file, actor="ben", columns={"text": "body"})
    absorb(trained)
    out = tmp_path / "out.csv"
    found = get_scored(trained, job.job_id, to=out)
    assert (found.rows, found.refused, found.path) == (3, 1, out)
    with out.open(encoding="utf-8", newline="") as read:
        rows = list(csv.DictReader(read))
    assert [(row["id"], row["text"]) for row in rows] == [
        ("line 2", "'=1+1 rotten"),
        ("line 3", "a lovely\nline"),
        ("line 6", "\u202e"),
    ]
    assert [row["label"] for row in rows][:2] == ["disallow", "allow"]
    assert rows_of(trained, job)[0]["text"] == "=1+1 rotten"  # only a spreadsheet needs the apostrophe
    assert "rotten,with,too much" in find_refused_rows(trained, job).read_text(encoding="utf-8")
    assert count_comment_scores(trained, "kids") == {}


def test_ids_that_stand_twice_are_told_with_an_example_and_a_missing_one_is_nobody_elses(
    trained, jobs_here, tmp_path
):
    ids = ["3", "", "n1", "n1", "3", "n1"]  # the row without an id stands in line 3
    file = written_csv(tmp_path / "theirs.csv", [{"id": one, "text": f"so lovely {one}"} for one in ids])
    job = score_file(trained, model_id="model-1", path=file, actor="ben")
    assert [row["id"] for row in rows_of(trained, job)] == ["3", "line 3", "n1", "n1", "3", "n1"]
    found = get_scored(trained, job.job_id)
    assert (found.repeated_ids, found.repeated_id) == (3, "3")
    assert "3 rows have an id that an earlier row has, such as '3'" in told("answers", plain(found))
    whole = get_scored(trained, ask(trained, unlabelled=True).job_id)
    assert (whole.repeated_ids, whole.repeated_id) == (0, None)


def test_an_ending_that_cannot_be_written_is_refused_before_a_job_is_made(trained, tmp_path):
    file = written_csv(tmp_path / "theirs.csv", [{"text": "so lovely"}])
    with pytest.raises(BadInput, match=r"'\.xlsx' is no format"):
        predict(
            trained, model="model-1", actor="ben", file=str(file), to=str(tmp_path / "out.xlsx"),
            progress=lambda *_: None,
        )  # fmt: skip
    assert list_scored(trained, "model-1") == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"text": "nothing"}, "nothing"),
        ({"id": "body"}, "No column holds the text"),
        ({"label": "body"}, "'label'"),
    ],
)
def test_a_column_that_is_not_there_is_refused_before_a_job_is_made(trained, tmp_path, given, told):
    file = written_csv(tmp_path / "theirs.csv", [{"body": "so lovely"}])
    with pytest.raises(BadInput, match=told):
        score_file(trained, model_id="model-1", path=file, actor="ben", columns=given)
    assert list_scored(trained, "model-1") == []


def test_nothing_to_ask_about_is_said_at_once(trained, jobs_here, tmp_path):
    ask(trained, unlabelled=True)
    with pytest.raises(BadInput, match="4 were refused"):
        file = tmp_path / "broken.csv"
        file.write_text("text,by\n" + "a,b,c\n" * 4, encoding="utf-8")
        score_file(trained, model_id="model-1", path=file, actor="ben")
    with pytest.raises(BadInput, match="did not ask about comments"):
        get_scored(trained, "job-1")
    with pytest.raises(BadInput, match=r"'\.xlsx' is no format"):
        get_scored(trained, "job-2", to=tmp_path / "out.xlsx")


@pytest.mark.slow
def test_a_prediction_that_was_killed_goes_on_with_the_chunks_that_were_answered(
    trained, jobs_here, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(launch, "start_process", lambda *_: None)
        killed = score_comments(trained, model_id="model-1", dataset_id="kids", actor="ben")
    folder = launch.folder_of(trained, killed.job_id).path
    died = subprocess.run(
        [sys.executable, "-c", DIES, "7", folder], cwd=ROOT, capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()
    absorb(trained)
    asked, tell = [], answers.ask_chunk

    def counted(classifier, batch, kept, number):
        rows, is_new = tell(classifier, batch, kept, number)
        asked.extend(batch.column("comment_id").to_pylist() if is_new else [])
        return rows, is_new

    monkeypatch.setattr(score, "ask_chunk", counted)
    monkeypatch.setattr(score, "STRETCH_ROWS", 20_000)  # as in the process that was killed
    again = launch.restart(trained, killed.job_id, "ben")
    absorb(trained)
    assert len(asked) == 90 - 7 * 4
    whole = {row["id"]: row for row in rows_of(trained, ask(trained))}
    assert {row["id"]: row for row in rows_of(trained, again)} == whole


def test_no_more_than_a_stretch_of_comments_is_held_at_a_time(trained, jobs_here, monkeypatch):
    seen, written = [], score.ScoredFiles.add

    def add(self, comments, found):
        seen.append(comments.num_rows)
        written(self, comments, found)

    monkeypatch.setattr(score.ScoredFiles, "add", add)
    ask(trained)
    assert seen == [12] * 7 + [6]


def test_a_hosted_model_is_asked_through_the_gate(trained, jobs_here, provider, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, provider.key)
    learned = [(prompt_for(row["text"], GUIDELINE)[1]["content"], words_of(row)) for row in NEW]
    provider.add_model(TUNED, learned)
    model_id = hosted(trained, provider, cost_cap_usd=1.0)
    job = score_comments(trained, model_id=model_id, dataset_id="kids", unlabelled=True, actor="ben")
    absorb(trained)
    rows = rows_of(trained, job)
    assert [row["label"] for row in rows] == [words_of(row) for row in NEW]
    assert count_comment_scores(trained, "kids") == {model_id: 30}
    told = launch.folder_of(trained, job.job_id).events()
    assert [event["billed_usd"] > 0 for event in told if "billed_usd" in event] == [True]
    mark_child_data(trained, "kids", may_hold_child_data=True, actor="ana")
    with pytest.raises(Conflict, match="do not leave this machine"):
        score_comments(trained, model_id=model_id, dataset_id="kids", unlabelled=True, actor="ben")


def test_the_files_of_the_model_stay_as_they_are(trained, jobs_here):
    folder = model_folder(trained, "model-1")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    ask(trained)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
