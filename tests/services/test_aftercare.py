import csv
import io
import json

import pyarrow as pa
import pytest

from domain.errors import BadInput, NotFound
from domain.jobs import Job, JobState
from services.curation.datasets import create_dataset
from services.evaluation.acting import BY_LABEL
from services.evaluation.appeals import as_dict, read_appeals
from services.evaluation.canary import canary
from services.evaluation.drifting import drift
from services.plain import plain
from services.release.releases import approve, propose
from services.release.transparency import EVERY, file_of, transparency
from services.telling.told import told
from services.verbs.aftercare import appeals
from storage.comment_scores import CommentScores, add_comment_scores
from storage.database import now
from storage.thresholds import NewThreshold, add_threshold
from tests.building import written_csv
from tests.released import EASY, GOLD, KIND, RUDE, answered, model_of, rows, ruled
from tests.stored_runs import stored_run


@pytest.fixture
def ids(db):
    return rows(db)


def later(db, count, *, body="a far longer comment, number {n}, as nobody used to write them", language="tr"):
    """Comments of another import, which no snapshot holds; their ids."""
    with db.writing("kids") as cursor:
        return [
            row[0]
            for row in cursor.execute(
                """
                INSERT INTO comments
                SELECT
                  nextval('comment_ids'), 'kids', 7, 'later-' || n, replace($body, '{n}', n::VARCHAR), NULL,
                  NULL, NULL, NULL, $language, NULL, NULL, n::UBIGINT, [], NULL, 'train', 'test', NULL
                FROM range($count) t(n)
                RETURNING comment_id
                """,
                {"body": body, "language": language, "count": count},
            ).fetchall()
        ]


def test_later_comments_that_are_longer_and_in_another_language_have_drifted(db, ids):
    model_of(db, answered(ids))
    later(db, 300)
    found = drift(db, "snapshot-1")
    assert {each.what: each.verdict for each in found.moved} == {"length": "alert", "language": "alert"}
    assert "length alert" in found.sentence and "language alert" in found.sentence
    assert (found.n_reference, found.n_sample) == (200, 300)
    assert "two datasets" not in found.sentence
    assert "0 of the later comments have a label" in found.not_looked_at["label"]
    assert json.loads(json.dumps(found.as_dict))["conventions"].startswith("An index from 0.1")


def test_drift_between_two_datasets_says_that_they_are_two(db, ids):
    model_of(db, answered(ids))
    create_dataset(db, "forum", ("allow", "disallow"), actor="ana")
    later(db, 300)
    with db.writing("forum") as cursor:
        cursor.execute("UPDATE comments SET dataset_id = 'forum' WHERE import_id = 7")
    found = drift(db, "snapshot-1", dataset_id="forum")
    assert "two datasets, 'forum' against 'kids'" in found.sentence


def test_later_comments_of_the_same_kind_have_not_drifted(db, ids):
    model_of(db, answered(ids))
    later(db, 2_000, body="comment number {n}", language="en")
    found = drift(db, "snapshot-1")
    assert {each.what for each in found.moved if each.verdict == "alert"} <= {
        "length"
    }  # numbers have more digits
    assert next(each for each in found.moved if each.what == "language").verdict == "steady"


def test_what_a_model_says_of_later_comments_is_compared_where_it_was_asked(db, ids):
    said = answered(ids)
    scores = {number: (0.9, 0.1) if label == "allow" else (0.2, 0.8) for number, label in said.items()}
    model = model_of(db, said, scores=scores)
    new = later(db, 200, body="comment number {n}", language="en")
    assert (
        "answered 0 of the later comments" in drift(db, "snapshot-1", model_id=model).not_looked_at["scores"]
    )
    answers = pa.table({
        "comment_id": new, "label": ["disallow"] * 200, "parse_status": ["ok"] * 200,
        "scores": pa.array([[0.05, 0.95]] * 200, pa.list_(pa.float32())),
    })  # fmt: skip
    job = Job("job-1", "predict", "kids", "snapshot-1", {}, JobState("succeeded"), None, now(), "ana", None)
    with db.writing("kids") as cursor:
        add_comment_scores(cursor, job, CommentScores(model, "softmax", answers))
    moved = {each.what: each for each in drift(db, "snapshot-1", model_id=model).moved}
    assert moved["predicted label"].verdict == moved["score of disallow"].verdict == "alert"
    assert moved["score of disallow"].ks == pytest.approx(1.0)


def test_drift_needs_later_comments_and_names_what_is_not_there(db, ids):
    model_of(db, answered(ids))
    with pytest.raises(BadInput, match="no comment that is not in snapshot-1"):
        drift(db, "snapshot-1")
    with pytest.raises(NotFound, match="snapshot-9"):
        drift(db, "snapshot-9")


def test_a_canary_tells_which_answers_are_not_what_they_were(db, ids):
    said = answered(ids)
    model = model_of(db, said)
    assert "asked about the test split of snapshot-1 once" in canary(db, model).sentence
    stored_run(db, {**said, ids[0]: "disallow", ids[1]: None, ids[150]: "allow"}, snapshot_id="snapshot-1")
    with db.writing("kids") as cursor:  # the same name answers differently
        cursor.execute("UPDATE runs SET model_id = $model", {"model": model})
    found = canary(db, model)
    newest = found.times[-1]
    assert (newest.changed.successes, newest.changed.n, newest.right.successes) == (3, 200, 197)
    assert [each[0] for each in found.differences] == [ids[0], ids[1], ids[150]]
    assert found.differences[1][2:] == ("allow", "(unparsed)")


@pytest.fixture
def file(tmp_path):
    def written(table):
        return written_csv(tmp_path / "appeals.csv", table)

    return written


def test_appeals_are_joined_by_identity_and_say_what_was_taken_back(db, ids, file):
    run = stored_run(db, answered(ids, alarms=10))
    outcomes = ["Granted"] * 6 + ["upheld"] * 2
    table = [{"comment": f"c{n}", "result": outcome} for n, outcome in enumerate(outcomes)]
    table += [{"comment": "c150", "result": "upheld"}, {"comment": "unknown", "result": "granted"}]
    table += [{"comment": "c0", "result": "upheld"}]  # decided anew: the last word counts
    found = read_appeals(db, run, file(table), id_column="comment", outcome_column="result")
    assert (found.overturned.successes, found.overturned.n) == (5, 9)
    assert (found.rows, found.stranger_count, found.strangers, found.repeated) == (11, 1, ("unknown",), 1)
    shares = {(by, name): (share.successes, share.n) for by, name, share in found.parts}
    assert shares == {("predicted", "disallow"): (5, 9), ("language", "en"): (5, 9)}
    again = read_appeals(
        db, run, file(table), id_column="comment", outcome_column="result", overturned=("UPHELD",)
    )
    assert again.overturned.successes == 4


def frozen(db, model, upper, lower):
    chosen = NewThreshold(
        dataset_id="kids", model_id=model, snapshot_id="snapshot-1", run_id="run-1", unwanted=("disallow",),
        rule=f"between={lower},{upper}", upper_score=upper, lower_score=lower, base_rate=0.01, volume=1e4,
        seconds_per_review=20.0, temperature=None, tally={"positives": RUDE}, why="Agreed.",
    )  # fmt: skip
    return add_threshold(db, chosen, "eve").threshold_id


def test_appeals_are_joined_to_what_the_frozen_threshold_decided_and_say_which(db, ids, file):
    rude = {number: 0.4 + 0.001 * place for place, number in enumerate(ids)}  # the label is allow up to c99
    said = {number: "disallow" if score >= 0.5 else "allow" for number, score in rude.items()}
    model = model_of(db, said, scores={number: (1 - score, score) for number, score in rude.items()})
    names = [frozen(db, model, 0.4095, 0.4045), frozen(db, model, 0.4195, 0.4095)]
    table = [{"id": f"c{n}", "outcome": "granted" if n % 2 else "upheld"} for n in (3, 7, 15, 16, 25)]
    newest = read_appeals(db, "run-1", file(table))
    assert newest.threshold == names[1] and names[1] in newest.decided_by
    shares = {name: (share.successes, share.n) for by, name, share in newest.parts if by == "decision"}
    assert shares == {"kept": (2, 2), "read by a human": (1, 2), "removed": (1, 1)}
    first = read_appeals(db, "run-1", file(table), threshold=names[0])
    shares = {name: (share.successes, share.n) for by, name, share in first.parts if by == "decision"}
    assert shares == {"kept": (1, 1), "read by a human": (1, 1), "removed": (2, 3)}
    named = read_appeals(db, "run-1", file(table), threshold=BY_LABEL)
    assert (named.threshold, named.decided_by) == (None, "the label that the model names")
    assert [(by, name) for by, name, _ in named.parts] == [("predicted", "allow"), ("language", "en")]
    assert f"Decided by {names[1]}" in told("appeals", plain(as_dict(newest)))


def test_appeals_against_a_release_are_held_against_what_it_was_released_with(db, ids, file):
    ruled(db, EASY)
    model = model_of(db, answered(ids), scores=dict.fromkeys(ids, (0.4, 0.6)))
    approve(db, propose(db, model, actor="ben").release_id, actor="lena")
    later_frozen = frozen(db, model, 0.9, 0.9)  # after the release, which decides by label
    path = str(file([{"id": "c150", "outcome": "granted"}]))
    assert appeals(db, path=path, dataset="kids")["threshold"] is None
    assert appeals(db, path=path, run="run-1")["threshold"] == later_frozen


def test_an_outcome_that_no_appeal_has_is_refused_with_those_there_are(db, ids, file):
    run = stored_run(db, answered(ids))
    path = file([{"id": "c1", "outcome": "Accepted"}, {"id": "c2", "outcome": "upheld"}])
    with pytest.raises(BadInput, match="No appeal has the outcome 'acepted'") as refused:
        read_appeals(db, run, path, overturned=("upheld", "acepted"))
    assert "Accepted, upheld" in refused.value.hint


def test_appeals_without_their_columns_are_refused(db, ids, file):
    run = stored_run(db, answered(ids))
    with pytest.raises(BadInput, match="outcome"):
        read_appeals(db, run, file([{"id": "c1", "result": "granted"}]))


def test_transparency_figures_are_those_of_the_released_run_with_interval_and_method(db, ids):
    ruled(db, EASY)
    model = model_of(db, answered(ids, missed=8, alarms=6))
    approve(db, propose(db, model, actor="ben").release_id, actor="lena")
    with db.writing("kids") as cursor:
        cursor.execute("UPDATE comments SET language = '=de' WHERE comment_id = $id", {"id": ids[0]})
    found = transparency(db, "kids")
    every = {each.figure: each.share for each in found.lines if each.language == EVERY}
    assert (every["missed"].successes, every["missed"].n) == (8, RUDE)
    assert (every["false positives"].successes, every["false positives"].n) == (6, KIND)
    assert (every["removed wrongly"].successes, every["removed wrongly"].n) == (6, RUDE - 8 + 6)
    assert every["decided automatically"].value == 1.0
    table = list(csv.DictReader(io.StringIO(file_of(found, "csv"))))
    assert {row["language"] for row in table} == {EVERY, "en", "'=de"}
    assert float(table[0]["share"]) == 1.0 and "sha256" in table[0]["method"]
    assert table[0]["low_95"] == str(every["decided automatically"].low)
    told = json.loads(file_of(found, "json"))
    assert len(told["lines"]) == len(table) and told["release_id"] == "release-1"
    missing = [each for each in told["lines"] if each["language"] == "=de" and each["figure"] == "missed"]
    assert missing[0]["share"] is None  # nothing unwanted there: undefined, and not nought


def test_without_a_release_there_is_nothing_to_report(db, ids):
    assert len(GOLD) == len(ids)
    with pytest.raises(NotFound, match="Nothing of 'kids' is in production"):
        transparency(db, "kids")
