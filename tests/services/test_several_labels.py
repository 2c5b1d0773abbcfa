"""A dataset whose comments may have several labels, from the file to the evaluation."""

import json
import shutil
from collections import Counter

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import workbench
from domain.comments import CommentFilter
from domain.errors import BadInput
from domain.labels import NONE_OF_THEM, Vote
from services.backends.registry import load_classifier
from services.curation.comments import get_comment, list_comments
from services.curation.datasets import create_dataset, get_label_set
from services.curation.importing import findings, import_file
from services.curation.snapshots import get_snapshot, snapshot_file
from services.evaluation import reviews
from services.evaluation.comparing import changed, compare_runs
from services.evaluation.set_reports import as_dict, evaluate_sets
from services.jobs.managing.launch import folder_of
from services.jobs.rows.several_labels import learned_labels
from services.labelling.adjudication import decide, next_disputes
from services.labelling.agreement import krippendorff_alpha, tally_votes
from services.labelling.agreement_report import measure_agreement, pair_comments
from services.labelling.annotators import list_annotators, list_changes
from services.labelling.desk import count_desk, label_comment, next_comments, record_votes
from services.modelling.models import model_folder
from services.modelling.training import train
from services.plain import plain
from services.release.export import export_comments, export_snapshot
from services.release.model_folder import export_model
from services.standing import standing
from services.telling.told import told
from services.verbs.table import VERBS
from storage.comments import list_comment_ids
from storage.database import connect
from storage.models import list_models, list_runs
from storage.predictions import list_predictions
from tests.building import KIDS, put_in, texts, written_csv
from tests.several import LABELS, SEVERAL, several_dataset, several_model

ONLY_ONE = "are for one label per comment; here a comment may have several"


@pytest.fixture
def numbers(db):
    """A dataset with twelve comments and no vote; the comment numbers."""
    create_dataset(db, KIDS, LABELS, actor="ana", several=True, votes_needed=2)
    put_in(db, texts(*(f"text {n}" for n in range(12))))
    return list(list_comment_ids(db, KIDS).values())


@pytest.fixture(scope="module")
def trained_home(tmp_path_factory):
    """A closed home with two trained baselines."""
    folder = tmp_path_factory.mktemp("trained")
    database = connect(folder / "home")
    several_model(database, folder, recipes=("baseline", "baseline-weighted"))
    database.close()
    return folder / "home"


@pytest.fixture
def trained(trained_home, home):
    database = connect(shutil.copytree(trained_home, home))
    yield database
    database.close()


def vote(db, number, **said):
    for person, label in said.items():
        label_comment(db, KIDS, number, actor=person, label=label)


def in_force(db, number):
    found = get_comment(db, number)
    return found.label, found.label_from


# --- the label in force -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"ana": "spam, insult"}, ("insult | spam", "single")),
        ({"ana": "(none)"}, (NONE_OF_THEM, "single")),
        ({"ana": "insult", "ben": "insult"}, ("insult", "majority")),
        ({"ana": "insult", "ben": "insult|spam", "cleo": "threat"}, ("insult", "majority")),
        ({"ana": "insult", "ben": "spam", "cleo": "threat"}, (NONE_OF_THEM, "majority")),
        ({"ana": "insult", "ben": "(none)"}, (None, "tied")),
        ({"ana": "insult | spam", "ben": "insult"}, (None, "tied")),
    ],
)
def test_each_label_has_a_majority_of_its_own(db, numbers, said, expected):
    vote(db, numbers[0], **said)
    assert in_force(db, numbers[0]) == expected


def test_the_label_of_a_file_counts_until_somebody_with_a_name_votes(db):
    create_dataset(db, KIDS, LABELS, actor="ana", several=True)
    put_in(db, [{"id": "c0", "text": "text", "label": "insult|threat"}])
    [number] = list_comment_ids(db, KIDS).values()
    assert in_force(db, number) == ("insult | threat", "imported")
    vote(db, number, ana="spam")
    assert in_force(db, number) == ("spam", "single")


def test_an_undo_takes_the_whole_answer_back(db, numbers):
    given = Vote(numbers[0], "ana", "label", "first-vote", "insult | spam")
    assert record_votes(db, KIDS, [given, given], actor="ana") == ["first-vote", "first-vote"]
    assert count_desk(db, KIDS, actor="ana").done == 1
    undo = Vote(numbers[0], "ana", "undo", "second-vote", undoes="first-vote")
    record_votes(db, KIDS, [undo], actor="ana")
    assert in_force(db, numbers[0]) == (None, None)


def test_a_comment_waits_until_enough_people_answered_and_no_label_is_tied(db, numbers):
    vote(db, numbers[0], ana="insult", ben="insult")
    vote(db, numbers[1], ana="insult", ben="(none)")
    waiting = [comment.comment_id for comment in next_comments(db, KIDS, actor="cleo")]
    assert numbers[0] not in waiting and numbers[1] in waiting


@pytest.mark.parametrize("label", ["spam | insult", "insult|spam", "insult | lies", "", "INSULT", "(None)"])
def test_the_desk_takes_an_answer_only_as_it_is_stored(db, numbers, label):
    with pytest.raises(BadInput, match="not in the label set"):
        record_votes(db, KIDS, [Vote(numbers[0], "ana", "label", "some-vote", label)], actor="ana")


@pytest.mark.parametrize("name", ["a|b", "a;b", "a,b", "(none)"])
def test_a_name_that_could_be_taken_for_two_or_for_none_is_refused(db, name):
    with pytest.raises(BadInput, match="cannot be one of several labels"):
        create_dataset(db, "odd", (name, "other"), actor="ana", several=True)
    create_dataset(db, "odd", (name, "other"), actor="ana")


def test_where_a_comment_has_one_label_the_same_marks_are_part_of_its_name(db):
    create_dataset(db, KIDS, ("a | b", "b"), actor="ana")
    put_in(db, [{"id": f"c{n}", "text": f"text {n}", "label": ("a | b", "b")[n % 2]} for n in range(4)])
    found = list_comments(db, CommentFilter(KIDS, label="b"))
    assert [one.label for one in found] == ["b", "b"]


# --- files in and out ---------------------------------------------------------------------------------------


def test_labels_in_columns_of_0_and_1_come_in_and_what_is_neither_is_noted(db, tmp_path):
    rows = [
        {"text": "a", "is_insult": "1", "is_threat": "0"},
        {"text": "b", "is_insult": "TRUE", "is_threat": "1.0"},
        {"text": "c", "is_insult": "no", "is_threat": "0"},
        {"text": "d", "is_insult": "", "is_threat": ""},
        {"text": "e", "is_insult": "0.7", "is_threat": "1"},
    ]
    columns = {"text": "text", "label:insult": "is_insult", "label:threat": "is_threat"}
    done = import_file(db, written_csv(tmp_path / "a.csv", rows), SEVERAL, actor="ana", columns=columns)
    found = {one.body: one.label for one in list_comments(db, CommentFilter(SEVERAL))}
    assert found == {"a": "insult", "b": "insult | threat", "c": NONE_OF_THEM, "d": None, "e": None}
    assert [(one.line, one.kind) for one in findings(db, done.import_id)] == [(6, "note")]
    assert get_label_set(db, SEVERAL).several


def test_a_column_of_a_label_that_the_set_has_not_is_refused_and_nothing_goes_in(db, tmp_path):
    create_dataset(db, SEVERAL, ("insult", "threat"), actor="ana", several=True)
    file = written_csv(
        tmp_path / "a.csv", [{"text": "a", "x": "1", "y": "0"}, {"text": "b", "x": "0", "y": "0"}]
    )
    columns = {"text": "text", "label:wrong": "x", "label:Threat": "y"}
    with pytest.raises(BadInput, match="'label:wrong' is of a label that is not in the label set") as refused:
        import_file(db, file, SEVERAL, actor="ana", columns=columns)
    assert "insult, threat" in refused.value.hint
    assert list_comments(db, CommentFilter(SEVERAL)) == []
    import_file(db, file, SEVERAL, actor="ana", columns=columns, label_map={"wrong": "insult"})
    found = {one.body: one.label for one in list_comments(db, CommentFilter(SEVERAL))}
    assert found == {"a": "insult", "b": NONE_OF_THEM}


def test_one_column_with_marks_between_the_labels_comes_in_through_the_map(db, tmp_path):
    rows = [{"text": t, "label": v} for t, v in (("a", "tox;obs"), ("b", "clean"), ("c", "OBS"), ("d", "x"))]
    file = written_csv(tmp_path / "a.csv", rows)
    meant = {"clean": "(none)", "tox": "toxic", "x": "obs, toxic"}
    import_file(db, file, SEVERAL, actor="ana", label_map=meant, labels=("toxic", "obs"), several=True)
    found = {one.body: one.label for one in list_comments(db, CommentFilter(SEVERAL))}
    assert found == {"a": "toxic | obs", "b": NONE_OF_THEM, "c": "obs", "d": "toxic | obs"}


def test_labels_in_a_column_and_in_one_column_each_are_refused(db, tmp_path):
    file = written_csv(tmp_path / "a.csv", [{"text": "a", "x": "1"}])
    both = {"text": "text", "label": "x", "label:allow": "x"}
    with pytest.raises(BadInput, match="a column of their own and in one column each"):
        import_file(db, file, "fresh", actor="ana", columns=both)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_what_is_exported_comes_in_again_without_loss(db, tmp_path, suffix):
    snapshot = several_dataset(db, tmp_path, 60)
    before = {one.external_id: one.label for one in list_comments(db, CommentFilter(SEVERAL, limit=1000))}
    export_comments(db, SEVERAL, tmp_path / f"out{suffix}")
    import_file(
        db, tmp_path / f"out{suffix}", "again", actor="ana", labels=LABELS, several=True,
        columns={"id": "id", "text": "text", "label": "label"},
    )  # fmt: skip
    after = {one.external_id: one.label for one in list_comments(db, CommentFilter("again", limit=1000))}
    assert after == before
    frozen = pq.read_table(snapshot_file(db, snapshot.snapshot_id, "comments.parquet"))
    assert Counter(frozen["label"].to_pylist()) == Counter(before.values())
    assert export_snapshot(db, snapshot.snapshot_id, tmp_path / f"frozen{suffix}") == 60


def test_the_snapshot_and_the_standing_count_a_comment_under_each_of_its_labels(trained):
    db, snapshot = trained, get_snapshot(trained, "snapshot-1")
    assert snapshot.several and snapshot.labels == LABELS
    answers = [one.label for one in list_comments(db, CommentFilter(SEVERAL, limit=1000))]
    for label in LABELS:
        whole = sum(label in answer.split(" | ") for answer in answers)
        assert sum(of.get(label, 0) for of in snapshot.label_counts.values()) == whole
        assert standing(db, SEVERAL).labels[label] == whole
        assert len(list_comments(db, CommentFilter(SEVERAL, label=label, limit=1000))) == whole
    assert sum(sum(of.values()) for of in snapshot.manifest["counts"].values()) == len(answers)


# --- agreement ----------------------------------------------------------------------------------------------


def test_agreement_is_about_one_label_given_or_not(db, numbers):
    said = {
        "ana": ["insult", "insult | spam", "(none)", "spam", "insult", "threat"],
        "ben": ["insult", "insult", "spam", "spam", "(none)", "threat | spam"],
    }
    for person, answers in said.items():
        for number, answer in zip(numbers, answers, strict=False):
            vote(db, number, **{person: answer})
    found = measure_agreement(db, KIDS, about="SPAM")
    assert found.labels == ("spam", "not spam") and found.n == 6 and found.about == "spam"
    flags = [[0 if "spam" in said[person][n] else 1 for person in ("ana", "ben")] for n in range(6)]
    expected = krippendorff_alpha(tally_votes(flags, 2))
    assert found.alpha.value == pytest.approx(expected.value, abs=1e-12)
    [pair] = found.by_pair
    assert pair.table == ((1, 1), (2, 2))
    behind = pair_comments(db, KIDS, ("ana", "ben"), ("not spam", "spam"), about="spam")
    assert [one.comment_id for one in behind] == [numbers[2], numbers[5]]
    assert [(one.annotator, one.labels) for one in list_annotators(db, KIDS, about="spam")] == [
        ("ana", 6), ("ben", 6),
    ]  # fmt: skip
    with pytest.raises(BadInput, match="Which label"):
        measure_agreement(db, KIDS)
    with pytest.raises(BadInput, match="no label 'lies'"):
        measure_agreement(db, KIDS, about="lies")


def test_a_change_of_mind_is_one_of_the_label_that_changed(db, numbers):
    vote(db, numbers[0], ana="insult")
    vote(db, numbers[0], ana="insult | spam")
    assert list_changes(db, KIDS, about="insult") == []
    [change] = list_changes(db, KIDS, about="spam")
    assert (change.before, change.after, change.count) == ("not spam", "spam", 1)


def test_a_dispute_is_decided_with_a_set_of_labels(db, numbers):
    vote(db, numbers[0], ana="insult", ben="insult | spam")
    [dispute] = next_disputes(db, KIDS, actor="lena")
    decide(db, KIDS, dispute.comment.comment_id, label="spam|insult", why="both", actor="lena")
    assert in_force(db, numbers[0]) == ("insult | spam", "adjudicated")


# --- training, evaluation, comparison, review ---------------------------------------------------------------


def test_a_baseline_gives_each_label_a_score_and_answers_with_those_from_one_half_on(trained):
    [run] = list_runs(trained, model_id="model-1", split="test")
    assert run.several and run.labels == LABELS
    for row in list_predictions(trained, run.run_id).to_pylist():
        over = [label for label, score in zip(LABELS, row["scores"], strict=True) if score >= 0.5]
        assert row["label"] == (" | ".join(over) or NONE_OF_THEM)
    found = evaluate_sets(trained, run.run_id)
    assert found.report.macro_f1.value > 0.7
    assert found.report.n == run.row_count
    written = json.loads(json.dumps(as_dict(found)))
    assert written["subset_accuracy"]["n"] == run.row_count and list(written["tables"]) == list(LABELS)
    metrics = folder_of(trained, "job-1").metrics()
    final = next(line for line in metrics if line.get("stage") == "validation")
    assert final["macro_f1"] > 0.7


def test_a_model_that_was_read_back_from_its_files_gives_the_same_scores(trained, tmp_path):
    [run] = list_runs(trained, model_id="model-1", split="test")
    rows = list_predictions(trained, run.run_id).to_pylist()
    with trained.reading() as cursor:
        bodies = dict(cursor.execute("SELECT comment_id, body FROM comments").fetchall())
    classifier = load_classifier(model_folder(trained, "model-1"))
    answers = classifier.predict([bodies[row["comment_id"]] for row in rows])
    assert list(answers.labels) == [row["label"] for row in rows]
    written = export_model(trained, "model-1", tmp_path / "out", progress=lambda _what, _share: None)
    assert "predict.py" in written.files
    assert "any of 3 labels" in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


def test_two_runs_are_compared_by_the_whole_answer_and_each_label_counts_its_comments(trained):
    before, after = (list_runs(trained, model_id=f"model-{n}", split="test")[0].run_id for n in (1, 2))
    found = compare_runs(trained, before, after)
    exact = [evaluate_sets(trained, run).report.subset_accuracy for run in (before, after)]
    assert [found.counts.accuracy_before, found.counts.accuracy_after] == exact
    assert {each.label for each in found.labels} == {*LABELS, NONE_OF_THEM}
    support = {each.label: each.support for each in evaluate_sets(trained, before).report.classes}
    assert {each.label: each.n for each in found.labels if each.label in LABELS} == support
    for change in ("fixed", "broken"):
        for label in LABELS:
            count = next(getattr(each, change) for each in found.labels if each.label == label)
            assert len(changed(trained, before, after, change, label=label)) == count


def test_a_miss_is_any_answer_that_is_not_the_frozen_set_and_can_be_put_right(trained):
    [run] = list_runs(trained, model_id="model-1", split="test")
    found = evaluate_sets(trained, run.run_id)
    missed = reviews.misses(trained, run.run_id)
    assert len(missed) == run.row_count - found.report.subset_accuracy.successes > 0
    for label in (*LABELS, NONE_OF_THEM):
        listed = reviews.misses(trained, run.run_id, gold=label)
        assert len(listed) == found.table.count(label, misses_only=True)
        listed = reviews.cell(trained, run.run_id, predicted=label)
        assert len(listed) == found.table.count("", label)
    one = missed[0]
    label = NONE_OF_THEM if one.gold != NONE_OF_THEM else "insult"
    reviews.review(
        trained, run_id=run.run_id, comment_id=one.comment.comment_id, verdict="label wrong", label=label,
        why="no word of it", client_id="some-review", actor="lena",
    )  # fmt: skip
    assert in_force(trained, one.comment.comment_id) == (label, "adjudicated")


REFUSALS = {
    "thresholds": {"run": "run-2", "unwanted": ["spam"]},
    "aggregate": {"dataset": SEVERAL, "actor": "ana"},
    "learning-curve": {"kind": "learning_curve", "snapshot": "snapshot-1", "actor": "ana"},
    "tune": {"kind": "search", "snapshot": "snapshot-1", "actor": "ana"},
    "cross-validate": {"kind": "cross_validate", "snapshot": "snapshot-1", "actor": "ana"},
    "estimate": {"recipe": "solid", "snapshot": "snapshot-1", "progress": print},
    "behave": {"model": "model-1", "kind": "invariance", "actor": "ana"},
    "policy": {"dataset": SEVERAL, "actor": "ana"},
    "gate": {"model": "model-1", "actor": "ana"},
    "report": {"run": "run-1", "actor": "ana"},
    "cause": {"run": "run-1", "actor": "ana"},
}
WORKING = {
    "datasets": {},
    "comments": {"dataset": SEVERAL, "label": "spam"},
    "comment": {"comment": 2},
    "clean": {"dataset": SEVERAL, "actor": "ana", "progress": print},
    "label": {"dataset": SEVERAL, "actor": "ana"},
    "agreement": {"dataset": SEVERAL, "label": "spam"},
    "adjudicate": {"dataset": SEVERAL, "actor": "ana"},
    "snapshot": {"dataset": SEVERAL, "actor": "ana"},
    "models": {"model": "model-1"},
    "compare-models": {"first": "model-1", "second": "model-2"},
    "evaluate": {"run": "run-1", "actor": "ana"},
    "review": {"run": "run-1", "gold": "spam", "actor": "ana"},
    "compare": {"runs": ["run-1", "run-3"], "actor": "ana"},
    "slices": {"run": "run-1"},
}


@pytest.mark.parametrize("recipe", ["hosted", "hosted-as-is"])
def test_a_hosted_training_says_that_it_is_for_one_label(trained, recipe):
    settings = {"provider": "openai", "model": "gpt-4o-mini"}
    with pytest.raises(BadInput, match=f"Hosted models {ONLY_ONE}"):
        train(trained, snapshot_id="snapshot-1", recipe=recipe, settings=settings, actor="ana")


@pytest.mark.parametrize("verb", REFUSALS)
def test_a_verb_that_reads_one_label_per_comment_says_so(trained, verb):
    with pytest.raises(BadInput, match=ONLY_ONE) as refused:
        VERBS[verb](trained, **REFUSALS[verb])
    assert "can do several" in refused.value.hint


@pytest.mark.parametrize("verb", WORKING)
def test_a_verb_that_can_do_several_labels_answers_and_is_told(trained, verb):
    assert told(verb, plain(VERBS[verb](trained, **WORKING[verb])))


def test_a_label_that_is_too_rare_to_be_learned_is_named():
    answers = ["a", "(none)"] * 10
    assert learned_labels(answers, ("a", "b", "c")) == ("a",)
    with pytest.raises(BadInput, match="too few have or have not b"):
        learned_labels(["a | b", *answers], ("a", "b", "c"))
    with pytest.raises(BadInput, match="None of the 3 training comments has a label"):
        learned_labels(["(none)"] * 3, ("a", "b"))


# --- the command line ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_line_makes_such_a_dataset_and_votes_on_it(home, tmp_path):
    def run(*words):
        done = CliRunner().invoke(workbench.app, [*words, "--home", str(home)])
        assert done.exit_code == 0, done.output
        return done.output

    rows = [{"text": f"text {n}", "a": str(n % 2), "b": "1"} for n in range(6)]
    file = str(written_csv(tmp_path / "a.csv", rows))
    spread = ["--column", "text=text", "--column", "label:x=a", "--column", "label:y=b"]
    run("import", file, "--dataset", "spread", *spread)
    assert "[x | y]" in run("comments", "--dataset", "spread", "--label", "x")
    run("create", "--dataset", "made", "--labels", "insult,threat", "--several")
    database = connect(home)
    number = min(list_comment_ids(database, "spread").values())
    database.close()
    given = ("label", "--dataset", "spread", "--comment", str(number), "--as", "ana", "--label")
    assert "x | y by ana" in run(*given, "y,x")
    assert "(none) by ana" in run(*given, "(none)")
    assert "with two votes or more" in run("agreement", "--dataset", "spread", "--label", "x")


def test_both_models_are_listed_with_their_headline_numbers(trained):
    assert len(list_models(trained, SEVERAL)) == 2
    answer = VERBS["models"](trained, model="model-1")
    assert all(0 <= run["accuracy"]["value"] <= 1 for run in answer["runs"])
