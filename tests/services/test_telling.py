import pytest

from domain.errors import WorkbenchError
from domain.text import visible
from services.evaluation import comparing, reports
from services.telling.told import told
from services.verbs.running import run_verb
from tests.building import numbers, written_csv
from tests.conftest import SMALL
from tests.hostile import HOSTILE
from tests.stored_runs import labelled_dataset, stored_run

CONTROLS = set("\x00\x07\x1b\x7f\x9b\r\u202e\u2066\u200b\ufeff")


def said(db, verb, **arguments):
    return told(verb, run_verb(db, verb, arguments, lambda *_: None))


def test_a_dataset_is_told_with_what_to_do_next(small):
    line = said(small, "datasets")
    assert line.startswith("small: Import: 300 comments")
    assert line.endswith("Next: Freeze the labels in force.")


def test_nothing_yet_is_told_as_nothing_yet(db):
    assert said(db, "datasets").startswith("No dataset yet")
    assert said(db, "jobs") == "No job yet."
    assert said(db, "models") == "No model yet."


def test_a_cleaning_is_told_before_during_and_after(small):
    assert "empty: 2 comments" in said(small, "clean", dataset=SMALL, actor="ana")
    done = said(small, "clean", dataset=SMALL, actor="ana", rule="empty")
    assert done == "Cleaning 1: 2 × empty, in force."
    assert said(small, "clean", dataset=SMALL, actor="ana", undo=1) == "Cleaning 1: 2 × empty, undone."


def test_a_snapshot_is_told_with_its_rows_splits_and_leaks(small):
    line = said(small, "snapshot", dataset=SMALL, actor="ana")
    assert line.startswith("snapshot-1: ")
    assert "rows (train " in line and "held-out rows linked to training rows: " in line
    assert said(small, "snapshot", dataset=SMALL, show_all=True) == line


def test_a_vote_is_told_as_who_said_what(small):
    comment = numbers(small, SMALL)[0]
    assert said(small, "label", dataset=SMALL, actor="dana", comment=comment, label="allow") == (
        f"Comment {comment}: allow by dana."
    )


def test_a_clean_import_is_told_as_such():
    assert told("findings", []) == "Every row went in as it stands."


GOLD = ["allow"] * 30 + ["disallow"] * 20


@pytest.fixture
def ids(db):
    return labelled_dataset(db, [(f"comment {place}", label) for place, label in enumerate(GOLD)])


def answered(ids, wrong=(), unparsed=()):
    other = {"allow": "disallow", "disallow": "allow"}
    return {
        number: None if place in unparsed else other[gold] if place in wrong else gold
        for place, (number, gold) in enumerate(zip(ids, GOLD, strict=True))
    }


def test_an_evaluation_is_told_in_a_headline_averages_labels_and_a_matrix(db, ids):
    run = stored_run(db, answered(ids, wrong=range(6), unparsed={49}))
    found = reports.evaluate(db, run).report
    lines = said(db, "evaluate", run=run, actor="ana").splitlines()
    assert lines[0] == f"baseline (model-1, {run}) on the test split of snapshot-1, n = 50."

    def shown(number):
        return f"{number.value:.3f} ({number.low:.3f} to {number.high:.3f})"

    told_of = {line.split("  ")[0]: line for line in lines}
    assert "0.860" in told_of["Accuracy"] and told_of["Accuracy"].endswith(shown(found.accuracy))
    assert told_of["Macro F1"].endswith(shown(found.macro_f1))
    assert told_of["Weighted F1"].endswith(shown(found.weighted_f1))
    allow, _ = found.classes
    heads = [place for place, line in enumerate(lines) if line.startswith(("label ", "gold "))]
    table, matrix = (lines[place : place + 3] for place in heads)
    assert table[0].split() == ["label", "support", "precision", "recall", "F1"]
    assert [shown(number) in table[1] for number in (allow.precision, allow.recall, allow.f1)] == [True] * 3
    assert len({len(line) for line in table}) == 1
    assert [line.split()[-4:] for line in matrix] == [
        ["predicted", "allow", "disallow", "(unparsed)"],
        ["allow", "24", "6", "0"],
        ["disallow", "0", "19", "1"],
    ]


NEVER_ASKED = "withheld for personal data and never asked: counted as wrong."


@pytest.mark.parametrize(
    ("unparsed", "withheld", "line"),
    [
        ({0, 1, 49}, {0, 1, 49}, f"3 comments were {NEVER_ASKED}"),
        ({49}, set(), "1 answer named no label: counted as wrong."),
        ({0, 1}, {1}, f"1 answer named no label; 1 comment was {NEVER_ASKED}"),
    ],
)
def test_withheld_comments_are_told_apart_from_answers_without_a_label(db, ids, unparsed, withheld, line):
    run = stored_run(db, answered(ids, unparsed=unparsed), withheld={ids[place] for place in withheld})
    assert line in said(db, "evaluate", run=run, actor="ana").splitlines()


def test_a_content_filter_at_the_provider_is_no_withholding(db, ids):
    run = stored_run(db, answered(ids, unparsed={49}), withheld={ids[49]})
    with db.writing("kids") as cursor:  # the same answer given again costs nothing, but took its time
        cursor.execute("UPDATE predictions SET latency_ms = 80 WHERE tokens = 0")
    assert "1 answer named no label: counted as wrong." in said(db, "evaluate", run=run, actor="ana")


def test_what_is_undefined_is_told_as_such(db, ids):
    run = stored_run(db, dict.fromkeys(ids, "allow"))
    [line] = [
        line
        for line in said(db, "evaluate", run=run, actor="ana").splitlines()
        if line.startswith("disallow  ")
    ][:1]
    assert line.split()[1:3] == ["20", "undefined"]


def test_a_file_of_predictions_is_told_with_what_could_not_be_used(db, tmp_path):
    rows = [{"gold": gold, "said": gold, "score": place / 10} for place, gold in enumerate(["a", "b"] * 3)]
    rows += [{"gold": "a", "said": "weather", "score": 0.1}, {"gold": "", "said": "a", "score": 0.1}]
    file = written_csv(tmp_path / "theirs.csv", rows)
    lines = said(
        db, "evaluate-file", path=str(file), gold="gold", predicted="said", score="score"
    ).splitlines()
    assert lines[0].startswith("theirs.csv (sha256 ") and lines[0].endswith("n = 7.")
    assert lines[1] == "1 rows were refused and are in no number:"
    assert lines[2].startswith("  line 9: ")
    assert lines[3] == "Predicted 1 times, but no gold label: weather"
    assert lines[-1].startswith("ROC AUC of the scores for ") and lines[-1].endswith("n = 7.")


def test_a_comparison_is_told_in_a_sentence_its_counts_and_the_labels(db, ids):
    before = stored_run(db, answered(ids, wrong={*range(12), 40}), name="old")
    after = stored_run(db, answered(ids, wrong={0, 40, 41}), name="new", snapshot_id="snapshot-1")
    lines = said(db, "compare", runs=[before, after], actor="ana").splitlines()
    assert lines[0] == comparing.compare_runs(db, before, after).sentence
    assert lines[1] == "Fixed 11, broken 1, both wrong 2, both right 36."
    assert [line.split() for line in lines[3:]] == [
        ["label", "n", "fixed", "broken", "p", "(Holm)"],
        ["allow", "30", "11", "0", "0.002"],
        ["disallow", "20", "0", "1", "1.000"],
    ]
    assert said(db, "compare", runs=[before, after], show="broken", actor="ana") == (
        f"{ids[41]} [disallow] disallow → allow: comment 41"
    )
    other = stored_run(db, answered(ids), snapshot_id="snapshot-1")
    assert said(db, "compare", runs=[after, other], show="broken", actor="ana") == "None."


def test_what_a_comparison_leaves_out_is_told(db, ids):
    before = stored_run(db, answered(ids))
    fewer = {number: label for number, label in answered(ids).items() if number != ids[0]}
    after = stored_run(db, fewer, snapshot_id="snapshot-1")
    shown = said(db, "compare", runs=[before, after], actor="ana")
    assert "Not compared: before only 1, after only 0, relabelled 0." in shown


def test_a_model_that_has_seen_the_answers_is_told_as_such(db, ids):
    run = stored_run(db, answered(ids))
    answer = run_verb(db, "evaluate", {"run": run, "actor": "ana"}, lambda *_: None)
    assert "has learned" not in told("evaluate", answer)
    answer["data"]["seen_in_training"] = 7
    assert "has learned from 7 of these comments" in told("evaluate", answer)


@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_hostile_labels_of_a_file_do_not_reach_the_terminal_as_a_control(db, tmp_path, place):
    text = HOSTILE[place]
    file = written_csv(
        tmp_path / "theirs.csv", [{"gold": "a", "said": text}, {"gold": f"b{text}b", "said": "a"}]
    )
    try:
        shown = said(db, "evaluate-file", path=str(file), gold="gold", predicted="said")
    except WorkbenchError as error:  # a text that is no label at all
        shown = visible(str(error))
    assert shown and not set(shown) & CONTROLS


@pytest.mark.parametrize("verb", ["comments", "findings", "comment"])
def test_no_hostile_text_reaches_the_terminal_as_a_control(verb):
    answers = {
        "comments": [{"comment_id": 1, "label": text, "body": text} for text in HOSTILE],
        "findings": [{"line": 1, "kind": "note", "reason": text, "raw": text} for text in HOSTILE],
    }
    shown = told(verb, answers.get(verb, {"comment": [{"body": text, text: [text]} for text in HOSTILE]}))
    assert not set(shown) & CONTROLS
