import json
import shutil

import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.curation.snapshots import take_snapshot
from services.evaluation.behaving import (
    get_behaviour,
    list_behaviours,
    start_functional,
    start_injection,
    start_invariance,
)
from services.jobs import behave
from services.jobs.managing.absorb import absorb
from services.jobs.managing.inputs import suite_file
from services.jobs.managing.launch import folder_of, get_job, restart
from services.jobs.process.folder import JobFolder
from services.jobs.process.worker import RunningJob
from services.modelling.training import train
from storage.audit import list_entries
from storage.database import connect
from tests.building import asked
from tests.stored_jobs import ready_to_train
from tests.waiting import done, over

pytestmark = pytest.mark.slow

SUITE = (
    b"text,expected,functionality,must_pass\n"
    + b"".join(
        b"you are awful number %d,bad,insults,%s\n" % (n, b"yes" if n < 2 else b"no") for n in range(40)
    )
    + b"".join(b"you are sweet number %d,bad,irony,no\n" % n for n in range(40))
)


@pytest.fixture(scope="module")
def trained_home(tmp_path_factory):
    """A closed home with a baseline that knows awful from the rest, and has answered its test split."""
    db = connect(tmp_path_factory.mktemp("trained") / "home")
    ready_to_train(db)
    snapshot = take_snapshot(db, "kids", actor="ana", split_mode="stratified")
    done(db, train(db, snapshot_id=snapshot.snapshot_id, name="words", actor="ana"))
    db.close()
    return db.home


@pytest.fixture
def trained(trained_home, home):
    database = connect(shutil.copytree(trained_home, home))
    yield database
    database.close()


def result_of(db, start, **about):
    job = done(db, start(db, model_id="model-1", actor="ana", **about))
    assert job.state.name == "succeeded", job
    return get_behaviour(db, job.job_id)


def suite_tested(db, content=SUITE, **about):
    given = {"name": "mine.csv", "mapping": {"bad": "disallow"}, **about}
    return result_of(db, start_functional, suite=content, **given)


def test_a_suite_is_answered_in_a_process_of_its_own_and_taken_in_once(trained):
    test = suite_tested(trained)
    insults, irony = test.found.groups
    assert (insults.name, insults.n, insults.failed, insults.must_pass) == ("insults", 40, 0, 2)
    assert (irony.name, irony.n, irony.failed) == ("irony", 40, 40)
    assert irony.failing[0].said == "allow"
    assert test.snapshot_id is None
    assert absorb(trained) == []
    assert asked(trained, "SELECT count(*) FROM behaviours") == [(1,)]
    assert asked(trained, "SELECT count(*) FROM models") == [(1,)]
    assert "behaviour tested" in {each.verb for each in list_entries(trained)}


def test_the_mapping_of_labels_is_given_once(trained):
    with pytest.raises(BadInput, match="'bad' stands for no label"):
        start_functional(trained, model_id="model-1", suite=SUITE, name="mine.csv", actor="ana")
    suite_tested(trained)
    assert suite_tested(trained, mapping=None).found.mapping == {"bad": "disallow"}


def test_the_suite_is_kept_by_its_hash_and_a_changed_one_is_refused(trained, tmp_path):
    test = suite_tested(trained)
    kept = suite_file(trained.home, test.found.suite_sha256)
    assert kept.read_bytes() == SUITE
    copy = shutil.copytree(folder_of(trained, test.job_id).path, tmp_path / "copy")
    (copy / "inputs" / "suite.csv").unlink()
    (copy / "inputs" / "suite.csv").write_bytes(SUITE.replace(b"sweet", b"awful"))
    with pytest.raises(BadInput, match="not the one that was chosen"):
        behave.behave(RunningJob(JobFolder(copy)))


def test_true_positives_written_otherwise_are_compared_with_themselves(trained):
    test = result_of(trained, start_invariance, comments=5, seed=3)
    groups = {each.name: each for each in test.found.groups}
    assert test.snapshot_id == "snapshot-1"
    assert test.found.originals == 4 and test.found.lost == 0  # every third of twelve in the test split
    assert groups["case"].failed == 0  # a baseline folds case
    assert all(each.n == 4 for each in groups.values())
    assert groups["homoglyphs"].failed + groups["leet"].failed > 0  # it has never seen those letters
    again = result_of(trained, start_invariance, comments=5, seed=3)
    assert again.found == test.found


def test_every_payload_is_put_around_every_true_positive(trained):
    test = result_of(trained, start_injection, comments=2)
    assert test.found.overall is not None
    assert (test.found.originals, test.found.overall.n) == (2, 120)
    assert sum(each.n for each in test.found.groups) == 128
    assert test.found.left_out == ("harmless filler",)


def test_a_killed_test_goes_on_with_what_was_answered(trained, tmp_path, monkeypatch):
    monkeypatch.setattr("services.jobs.files.answers.CHUNK_ROWS", 30)
    test = suite_tested(trained)
    done = folder_of(trained, test.job_id).path
    shutil.copytree(
        done, copy := tmp_path / "copy", ignore=shutil.ignore_patterns("*.parquet", "behaviour.json")
    )
    chunks, loaded = [], behave.load_classifier

    class Counting:
        """The model, which dies at its second chunk the first time."""

        def __init__(self, folder, dies):
            self._model, self._dies = loaded(folder), dies
            self.labels, self.score_kind = self._model.labels, self._model.score_kind

        def predict(self, texts):
            chunks.append(len(texts))
            if self._dies and len(chunks) == 2:
                raise KeyboardInterrupt
            return self._model.predict(texts)

    monkeypatch.setattr(behave, "load_classifier", lambda folder: Counting(folder, dies=True))
    with pytest.raises(KeyboardInterrupt):
        behave.behave(RunningJob(JobFolder(copy)))
    monkeypatch.setattr(behave, "load_classifier", lambda folder: Counting(folder, dies=False))
    behave.behave(RunningJob(JobFolder(copy)))
    assert chunks == [30, 30, 30, 20]  # the first is not asked again
    assert json.loads((copy / "behaviour.json").read_text()) == json.loads(
        (done / "behaviour.json").read_text()
    )


def test_a_damaged_result_makes_the_job_failed_and_leaves_nothing(trained, monkeypatch):
    job = start_functional(
        trained, model_id="model-1", suite=SUITE, name="m", mapping={"bad": "disallow"}, actor="ana"
    )
    over(trained, job)
    (folder_of(trained, job.job_id).path / "behaviour.json").write_text('{"groups": []}')
    absorb(trained)
    assert get_job(trained, job.job_id).state.name == "failed"
    assert list_behaviours(trained) == []
    again = done(trained, restart(trained, job.job_id, "ana"))
    assert again.state.name == "succeeded"
    assert [each.job_id for each in list_behaviours(trained)] == [again.job_id]


@pytest.mark.parametrize(
    ("about", "error", "told"),
    [
        ({"model_id": "model-9"}, NotFound, "model-9"),
        ({"snapshot_id": "snapshot-9"}, Conflict, "has not answered the test split"),
        ({"unwanted": ["spam"]}, BadInput, "no label 'spam'"),
        ({"unwanted": ["allow", "disallow"]}, BadInput, "Every label"),
        ({"comments": 0}, BadInput, "cannot be drawn"),
        ({"comments": 1_001}, BadInput, "cannot be drawn"),
    ],
)
def test_a_test_that_cannot_be_is_refused_before_it_starts(trained, about, error, told):
    for start in (start_invariance, start_injection):
        with pytest.raises(error, match=told):
            start(trained, **{"model_id": "model-1", "actor": "ana", **about})
    assert asked(trained, "SELECT count(*) FROM jobs") == [(1,)]
