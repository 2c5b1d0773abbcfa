import pytest

from services.telling import told
from services.verbs import run_verb
from tests.building import numbers
from tests.conftest import SMALL
from tests.hostile import HOSTILE

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


@pytest.mark.parametrize("verb", ["comments", "findings", "evaluate-file", "comment"])
def test_no_hostile_text_reaches_the_terminal_as_a_control(verb):
    answers = {
        "comments": [{"comment_id": 1, "label": text, "body": text} for text in HOSTILE],
        "findings": [{"line": 1, "kind": "note", "reason": text, "raw": text} for text in HOSTILE],
    }
    shown = told(verb, answers.get(verb, {"comment": [{"body": text, text: [text]} for text in HOSTILE]}))
    assert not set(shown) & CONTROLS
