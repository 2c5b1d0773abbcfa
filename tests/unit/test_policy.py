import json

import pytest

from domain.errors import BadInput
from services.release.clause import CHAMPION, KINDS, Clause
from services.release.policy import policy_of, read_policy, starter_policy
from tests.hostile import HOSTILE

EXAMPLES = {
    "recall": {"at_least": 0.9, "label": "spam"},
    "precision": {"at_least": 0.9, "label": "spam"},
    "f1": {"at_least": 0.9, "label": "spam", "on": "snapshot-7"},
    "macro_f1": {"at_least": 0.8},
    "accuracy": {"at_least": 1},
    "false_positive_rate": {"at_most": 0.05, "label": "spam"},
    "slices": {"at_least": 0.8, "label": "spam", "parts": ["language", "length"]},
    "better_than": {"against": CHAMPION},
    "not_worse_than": {"margin": 0.02, "against": "model-3"},
    "not_expired": {"at_least": 30},
    "leaks": {"at_most": 0, "parts": ["same_text"]},
    "agreement": {"at_least": 0.67},
    "unparsed": {"at_most": 0.01},
    "latency": {"at_most": 200},
    "cost": {"at_most": 1.5},
    "reviewed": {"at_least": 20},
    "functionality": {"at_least": 0.7, "parts": ["slur_h"]},
    "must_pass": {},
    "invariance": {"at_most": 0.05, "parts": ["leet"]},
    "injection": {"at_most": 0.02},
}


def written(*clauses):
    return json.dumps({"clauses": list(clauses)})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_clause_is_written_and_read_again_unchanged(kind):
    policy = read_policy(written({"clause": kind, **EXAMPLES[kind]}))
    assert policy.clauses[0].kind == kind
    assert read_policy(policy.text) == policy
    assert read_policy(policy.text).sha256 == policy.sha256


def test_the_clause_in_words_says_the_label_the_line_and_the_confidence():
    [clause] = read_policy(written({"clause": "recall", **EXAMPLES["recall"]})).clauses
    assert clause.words == "Recall of “spam” at least 0.9, with 95 % confidence"
    assert Clause("not_worse_than", 0.02, against=CHAMPION).words.startswith(
        "Accuracy at most 0.02 below that of what is in production"
    )
    assert Clause("slices", 0.8, parts=("label_from",)).words == (
        "No slice of 30 or more comments, by label from, with accuracy below 0.8"
    )
    assert Clause("accuracy", 0.9, on="snapshot-4").words.endswith("(on snapshot-4)")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not of the form"),
        ('{"clauses": {}}', "not of the form"),
        ('{"clauses": [], "more": 1}', "not of the form"),
        ('{"clauses": []}', "0 clauses"),
        ('{"clauses": [{"clause": "accuracy", "at_least": 0.9, "at_least": 0.1}]}', "given twice"),
        (written("accuracy"), "Clause 1"),
        (written({"clause": "kindness", "at_least": 1}), "no clause 'kindness'"),
        (written(*[{"clause": "accuracy", "at_least": 0.5}] * 51), "51 clauses"),
        (written({"clause": "accuracy"}), "no number 'at_least'"),
        (written({"clause": "accuracy", "at_most": 0.9}), "does not know 'at_most'"),
        (written({"clause": "accuracy", "at_least": "0.9"}), "no number 'at_least'"),
        (written({"clause": "accuracy", "at_least": True}), "no number 'at_least'"),
        (written({"clause": "accuracy", "at_least": 90}), "cannot have at_least 90"),
        ('{"clauses": [{"clause": "accuracy", "at_least": NaN}]}', "no number 'at_least'"),
        (written({"clause": "recall", "at_least": 0.9}), "does not say which label"),
        (written({"clause": "recall", "at_least": 0.9, "label": 3}), "cannot have the label 3"),
        (written({"clause": "accuracy", "at_least": 0.9, "label": "spam"}), "cannot have the label"),
        (written({"clause": "better_than"}), "does not say which against"),
        (written({"clause": "slices", "at_least": 0.8, "parts": ["colour"]}), "no part 'colour'"),
        (written({"clause": "slices", "at_least": 0.8, "parts": "language"}), "no list"),
        (written({"clause": "slices", "at_least": 0.8, "parts": [["language"]]}), "no part"),
        (written({"clause": "not_expired", "at_least": 9, "on": "snapshot-1"}), "cannot have the on"),
        (" " * 200_000, "200,000 characters"),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused_with_the_clause_and_the_reason(text, told):
    with pytest.raises(BadInput) as refused:
        read_policy(text)
    assert told in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_no_text_in_a_policy_is_taken_for_anything_but_a_name(place):
    text = HOSTILE[place]
    policy = policy_of([{"clause": "recall", "at_least": 0.9, "label": text}]) if text.strip() else None
    assert policy is None or read_policy(policy.text).clauses[0].label == text


def test_a_policy_to_begin_with_names_every_unwanted_label_and_can_be_read_again():
    policy = starter_policy(("fine", "rude", "spam"))
    assert {each.label for each in policy.clauses if each.kind == "recall"} == {"rude", "spam"}
    assert read_policy(policy.text) == policy
