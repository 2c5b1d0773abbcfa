import json
import os
import signal
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import BadInput, Conflict, NotFound
from services.curation.snapshots import take_snapshot
from services.jobs import cross_validate, search
from services.jobs.cross_validate import cross_validate as cross_validated
from services.jobs.learning_curve import learning_curve
from services.jobs.managing.absorb import absorb
from services.jobs.managing.launch import cancel, folder_of, get_job, list_jobs, restart
from services.jobs.opponents.word_opponents import keyword_answers, keyword_lists
from services.jobs.process.folder import JobFolder
from services.jobs.process.worker import RunningJob
from services.jobs.rows.groups import groups_of, stratified_order
from services.jobs.search import search as searched
from services.jobs.studies.attempt import Attempt
from services.jobs.studies.attempts import fit_and_answer
from services.modelling.models import list_models
from services.modelling.studies.running import get_study, list_studies, start_study, train_with_best
from tests.encoder.conftest import LABELS, comments
from tests.waiting import over, until

pytestmark = pytest.mark.slow


@pytest.fixture
def taken(small):
    """A snapshot of the small dataset; no job outlives its test."""
    snapshot_id = take_snapshot(small, "small", actor="ana", split_mode="stratified").snapshot_id
    yield snapshot_id
    for job in list_jobs(small):
        if not job.state.is_over:
            folder_of(small, job.job_id).cancel("the end of the test")


def job_in(folder, kind, rows, **plan):
    """A study's job on these rows, without a database."""
    (folder / "inputs").mkdir(parents=True)
    pq.write_table(rows, folder / "inputs" / "comments.parquet")
    spec = {"kind": kind, "snapshot_id": "snapshot-1", "settings": {"recipe": "baseline", **plan}}
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
    return RunningJob(JobFolder(folder))


def found_by(job):
    return json.loads((job.folder.path / "study.json").read_text(encoding="utf-8"))


def without_seconds(value):
    if isinstance(value, dict):
        return {key: without_seconds(one) for key, one in value.items() if key != "seconds"}
    return [without_seconds(one) for one in value] if isinstance(value, list) else value


def with_authors(rows, authors):
    return rows.append_column("author", pa.array([f"author {n % authors}" for n in range(rows.num_rows)]))


def test_a_search_succeeds_without_a_model_and_its_best_settings_train_one(small, taken):
    job = start_study(
        small, kind="search", snapshot_id=taken, actor="ana", recipe="baseline-weighted", trials=3
    )
    with pytest.raises(Conflict, match="has no best settings"):
        train_with_best(small, job.job_id, actor="ben")
    assert over(small, job).state.name == "succeeded", folder_of(small, job.job_id).log_tail()
    assert absorb(small) == [job.job_id] and list_models(small) == []
    study = get_study(small, job.job_id)
    assert [one["number"] for one in study.found["trials"]] == [1, 2, 3]
    assert study.found["trials"][0]["settings"]["class_weight"] == "balanced"
    assert study.found["best"]["trial"] in (1, 2, 3) and "on validation" in study.found["sentence"]
    assert f"train --snapshot {taken} --recipe baseline-weighted" in study.command
    assert not (folder_of(small, job.job_id).path / "work").exists()
    again = train_with_best(small, job.job_id, actor="ben")
    assert again.spec["settings"].items() >= study.found["best"]["settings"].items()
    assert over(small, again).state.name == "succeeded"
    absorb(small)
    assert [model.name for model in list_models(small)] == [f"baseline-weighted, best of {job.job_id}"]


def test_a_search_that_was_killed_goes_on_where_it_stopped(small, taken):
    job = start_study(small, kind="search", snapshot_id=taken, actor="ana", trials=4)
    folder = folder_of(small, job.job_id)
    until(lambda: (folder.path / "study.json").exists(), "the first trial")
    os.kill(folder.events()[0]["pid"], signal.SIGKILL)
    assert over(small, job).state.name == "died"
    done = {one["number"]: one for one in json.loads((folder.path / "study.json").read_text())["trials"]}
    again = restart(small, job.job_id, "ben")
    assert over(small, again).state.name == "succeeded"
    found = get_study(small, again.job_id).found["trials"]
    assert [one["number"] for one in found] == [1, 2, 3, 4]
    assert {one["number"]: one for one in found if one["number"] in done} == done  # their seconds too
    unbroken = start_study(small, kind="search", snapshot_id=taken, actor="ana", trials=4)
    assert over(small, unbroken).state.name == "succeeded"
    assert without_seconds(get_study(small, unbroken.job_id).found["trials"]) == without_seconds(found)


def test_a_study_is_cancelled_like_any_job(small, taken):
    job = start_study(small, kind="search", snapshot_id=taken, actor="ana", trials=200)
    until(lambda: get_job(small, job.job_id).state.name == "running", "the start")
    cancel(small, job.job_id, "eve")
    assert over(small, job).state.name == "cancelled"
    assert absorb(small) == [job.job_id]
    assert [one.job_id for one in list_studies(small, "small")] == [job.job_id]


def test_a_study_that_left_nothing_has_failed(small, taken):
    job = start_study(small, kind="cross_validate", snapshot_id=taken, actor="ana", folds=2)
    assert over(small, job).state.name == "succeeded"
    (folder_of(small, job.job_id).path / "study.json").write_text("{")
    absorb(small)
    state = get_job(small, job.job_id).state
    assert state.name == "failed" and "study.json" in state.message


@pytest.mark.parametrize(
    ("plan", "error", "told"),
    [
        ({"kind": "luck"}, BadInput, "no study 'luck'"),
        ({"recipe": "wishes"}, NotFound, "wishes"),
        ({"recipe": "hosted"}, BadInput, "cannot be studied"),
        ({"trials": 0}, BadInput, "trials is 0"),
        ({"folds": 5}, BadInput, "no setting 'folds'"),
        ({"metric": "luck"}, BadInput, "no metric 'luck'"),
        ({"metric": "recall", "label": "spam"}, NotFound, "no label 'spam'"),
        ({"settings": {"c": -1}}, BadInput, "c is -1"),
    ],
)
def test_a_study_that_makes_no_sense_is_not_started(small, taken, plan, error, told):
    with pytest.raises(error, match=told):
        start_study(small, **{"kind": "search", "snapshot_id": taken, "actor": "ana", **plan})
    assert list_jobs(small) == []


def test_a_job_that_is_no_study_is_not_shown_as_one(small, taken):
    with pytest.raises(NotFound):
        get_study(small, "job-9")


@pytest.mark.parametrize(
    ("kind", "work", "plan"),
    [
        ("search", searched, {"trials": 3}),
        ("learning_curve", learning_curve, {"repeats": 2}),
        ("cross_validate", cross_validated, {"folds": 3}),
    ],
)
def test_no_study_looks_at_the_test_split(tmp_path, kind, work, plan):
    rows = comments(300, noise=0.3)
    is_test = np.array(rows["split"].to_pylist()) == "test"
    labels = [
        LABELS[0] if hidden else label
        for hidden, label in zip(is_test, rows["label"].to_pylist(), strict=True)
    ]
    spoilt = rows.set_column(2, "label", pa.array(labels)).set_column(
        1,
        "text",
        pa.array(
            [
                "scum" if hidden else text
                for hidden, text in zip(is_test, rows["text"].to_pylist(), strict=True)
            ]
        ),
    )
    found = []
    for name, given in (("whole", rows), ("spoilt", spoilt), ("without", rows.filter(~is_test))):
        job = job_in(tmp_path / name, kind, given, **plan)
        work(job)
        found.append(without_seconds(found_by(job)))
    assert found[0] == found[1] == found[2] and found[0]["finished"]


def test_a_learning_curve_draws_nested_shares_of_every_label_and_whole_groups():
    labels = [LABELS[n % 7 % 3] for n in range(900)]
    groups = np.arange(900) // 6
    order = stratified_order(labels, groups, seed=4)
    before = set()
    for share in (0.1, 0.25, 0.5, 1.0):
        chosen = set(np.flatnonzero(order <= share).tolist())
        assert before <= chosen and abs(len(chosen) / 900 - share) < 0.03
        assert {groups[place] for place in chosen}.isdisjoint(
            groups[[n for n in range(900) if n not in chosen]]
        )
        before = chosen
    assert len(before) == 900
    alone = stratified_order(labels, np.arange(900), seed=4)
    for label, count in Counter(labels).items():
        drawn = sum(1 for place in np.flatnonzero(alone <= 0.25) if labels[place] == label)
        assert abs(drawn / count - 0.25) < 0.02
    assert not np.array_equal(alone, stratified_order(labels, np.arange(900), seed=5))


def test_a_learning_curve_rises_with_the_comments_and_says_what_to_do(tmp_path):
    job = job_in(tmp_path / "job", "learning_curve", comments(600, noise=0.3), repeats=2)
    learning_curve(job)
    found = found_by(job)
    assert [(one["share"], len(one["values"])) for one in found["points"]] == [
        (0.1, 2),
        (0.25, 2),
        (0.5, 2),
        (1.0, 1),
    ]
    assert found["points"][0]["value"] < found["points"][-1]["value"]
    assert found["verdict"] in ("label more", "stop", "not decidable")
    assert job.folder.events()[-1]["message"] == found["sentence"]


def test_a_share_with_too_few_comments_of_a_label_is_left_out_and_told(tmp_path):
    job = job_in(tmp_path / "job", "learning_curve", comments(60), repeats=1)
    learning_curve(job)
    found = found_by(job)
    assert found["skipped"] and "10%, draw 1: The train split" in found["skipped"][0]
    assert [one["share"] for one in found["points"]][-1] == 1.0


def test_finished_pieces_are_not_done_again(tmp_path, monkeypatch):
    rows, asked = comments(200), []

    def dying(part, config, attempt):
        asked.append(attempt.folder.parent.name)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return fit_and_answer(part, config, attempt)

    monkeypatch.setattr(cross_validate, "fit_and_answer", dying)
    job = job_in(tmp_path / "job", "cross_validate", rows, folds=4)
    with pytest.raises(KeyboardInterrupt):
        cross_validated(job)
    assert [one["fold"] for one in found_by(job)["folds"]] == [1, 2] and not found_by(job)["finished"]
    cross_validated(job)
    assert asked == ["fold-1", "fold-2", "fold-3", "fold-3", "fold-4"]
    assert [one["fold"] for one in found_by(job)["folds"]] == [1, 2, 3, 4]


def test_a_cross_validation_answers_every_comment_once_and_parts_no_author(tmp_path, monkeypatch):
    rows = with_authors(comments(300), 60)
    author_of = dict(zip(rows["comment_id"].to_pylist(), rows["author"].to_pylist(), strict=True))
    attempts = []

    def noted(part, config, attempt):
        attempts.append(attempt)
        return fit_and_answer(part, config, attempt)

    monkeypatch.setattr(cross_validate, "fit_and_answer", noted)
    job = job_in(tmp_path / "job", "cross_validate", rows, group_by="author")
    cross_validated(job)
    asked = [number for one in attempts for number in one.asked["comment_id"].to_pylist()]
    held = job.comments(["train", "validation"])["comment_id"].to_pylist()
    assert sorted(asked) == sorted(held) and len(attempts) == 5
    for one in attempts:
        learned, answered = (
            {author_of[number] for number in table["comment_id"].to_pylist()}
            for table in (one.rows, one.asked)
        )
        assert learned.isdisjoint(answered)
    found = found_by(job)
    values = [one["value"] for one in found["folds"]]
    assert found["mean"] == pytest.approx(np.mean(values)) and found["stdev"] == pytest.approx(
        np.std(values, ddof=1)
    )
    assert "All comments of one author" in found["sentence"] and "no confidence interval" in found["sentence"]


def test_comments_of_one_text_stay_together_unless_everybody_says_it(tmp_path):
    texts = ["Go away", "go  AWAY", "lovely", *(f"word {chr(97 + n)}{chr(98 + n)}" for n in range(20))]
    rows = pa.table({
        "comment_id": range(23), "text": texts, "label": ["a"] * 23, "split": ["train"] * 23,
        "author": ["ann", "ben", "ann", *(None for _ in range(20))],
    })  # fmt: skip
    job = job_in(tmp_path / "job", "cross_validate", rows)
    by_text = groups_of(job, rows, "none")
    assert by_text.of[0] == by_text.of[1] != by_text.of[2] and len(set(by_text.of.tolist())) == 22
    by_author = groups_of(job, rows, "author")
    assert (
        by_author.of[0] == by_author.of[2] and "same text" not in by_author.told
    )  # three of 23 are too many
    assert len(set(by_author.of[3:].tolist())) == 20  # nobody's comments are nobody's group
    frozen_without = job_in(tmp_path / "other", "cross_validate", rows.drop_columns(["author"]))
    assert "author" not in groups_of(frozen_without, rows, "author").told


def test_a_label_with_too_few_groups_is_refused_before_anything_is_fitted(tmp_path):
    job = job_in(tmp_path / "job", "cross_validate", with_authors(comments(200), 3), group_by="author")
    with pytest.raises(BadInput, match="form 3 groups, too few for 5 folds"):
        cross_validated(job)


def test_a_search_for_the_recall_of_a_label_measures_that(tmp_path, monkeypatch):
    job = job_in(
        tmp_path / "job", "search", comments(300, noise=0.3), trials=2, metric="recall", label="rude"
    )
    answered = {}

    def noted(part, config, attempt, heard):
        answers = fit_and_answer(part, config, attempt, heard)
        gold = attempt.asked["label"].to_pylist()
        right = [answer == "rude" for answer, label in zip(answers, gold, strict=True) if label == "rude"]
        answered[len(answered) + 1] = sum(right) / len(right)
        return answers

    monkeypatch.setattr(search, "fit_and_answer", noted)
    searched(job)
    found = found_by(job)
    assert {one["number"]: pytest.approx(one["value"]) for one in found["trials"]} == answered
    assert found["metric"] == "recall of 'rude'"


def test_an_attempt_that_can_learn_nothing_is_refused(tmp_path):
    rows = comments(40)
    job = job_in(tmp_path / "job", "search", rows)
    one_label = rows.filter(np.array(rows["label"].to_pylist()) == "allow")
    from services.modelling.settings import BaselineSettings

    with pytest.raises(BadInput, match="1 label"):
        fit_and_answer(job, BaselineSettings(), Attempt(one_label, rows, rows, tmp_path / "fit"))


def test_keyword_lists_hold_telling_words_and_no_list_is_of_the_most_common_label():
    rows = comments(400)
    texts, labels = rows["text"].to_pylist(), rows["label"].to_pylist()
    lists = keyword_lists(texts, labels)
    assert set(lists) == {LABELS[1], "rude"}
    assert lists["rude"] >= {"stupid", "idiot", "silly", "dumb"} and "lovely" not in lists["rude"]
    [(name, (answers, seconds))] = keyword_answers(
        texts, labels, ["you idiot", "vermin scum", "hm", ""]
    ).items()
    assert (name, answers) == ("keyword lists", ["rude", LABELS[1], "allow", "allow"]) and seconds >= 0


def test_keyword_lists_need_words_that_occur_twice():
    with pytest.raises(BadInput, match="share no words"):
        keyword_lists(["one", "two"], ["a", "b"])
