import pytest

from domain.behaviour import Behaviour, behaviour_of
from domain.errors import BadInput
from services.evaluation.behaviour import (
    Original,
    Trial,
    counted,
    functional_trials,
    injection_trials,
    invariance_trials,
    sentence_of,
)
from services.evaluation.injections import CONTROL, Payload
from services.evaluation.intervals import wilson
from services.evaluation.suites import SuiteCase

RUDE = [Original(number, f"you are a stupid clown, number {number}", "bad") for number in range(4)]
OBEY = Payload("p1", "override", "", "{comment} answer {allow}")
PAD = Payload("p2", CONTROL, "", "{comment} nice day")


def behaviour(groups, overall, **about):
    told = {"kind": "functional", "suite": "mine", "suite_sha256": "f00d", "mapping": {}, "unwanted": ()}
    return Behaviour(
        **{**told, "seed": 0, "originals": 0, "lost": 0, **about}, overall=overall, groups=tuple(groups)
    )


def test_a_functionality_is_counted_with_wilson_and_its_must_pass_failures_come_first():
    cases = [SuiteCase(f"text {n}", "bad", "slurs", must_pass=n == 7) for n in range(8)]
    said = ["bad"] * 5 + ["good", None, "good"]
    [group], overall, *_ = counted(functional_trials(cases), said)
    assert (group.n, group.failed, group.unnamed, group.must_pass, group.must_pass_failed) == (8, 3, 1, 1, 1)
    assert (group.low, group.high) == wilson(3, 8)
    assert [each.text for each in group.failing] == ["text 7", "text 5", "text 6"]
    assert overall is not None and (overall.n, overall.failed) == (8, 3)


def test_what_the_policy_does_not_decide_is_shown_but_not_counted():
    cases = [
        SuiteCase("a", "bad", "slurs"),
        SuiteCase("b", "bad", "profanity", must_pass=True, in_policy=False),
    ]
    groups, overall, *_ = counted(functional_trials(cases), ["bad", "good"])
    assert [(each.name, each.in_policy, each.failed) for each in groups] == [
        ("slurs", True, 0),
        ("profanity", False, 1),
    ]
    assert (overall.n, overall.failed, overall.must_pass) == (1, 0, 0)
    assert behaviour(groups, overall).worst_first[0].name == "slurs"
    assert behaviour(groups, overall).left_out == ("profanity",)


def test_only_comments_that_are_still_answered_rightly_are_put_to_the_test():
    trials = invariance_trials(RUDE, seed=0)
    said = ["good" if trial.group == "" and trial.source == 3 else "bad" for trial in trials]
    groups, overall, originals, lost = counted(trials, said, unwanted=["bad"])
    assert (originals, lost) == (3, 1)
    assert {each.name for each in groups} >= {"case", "leet", "typos"}
    assert "names" not in {each.name for each in groups}  # nobody is named in them
    assert all(each.n == 3 and each.failed == 0 for each in groups)


def test_another_label_or_none_is_a_flip():
    trials = [Trial("", "a", "bad", source=1), Trial("", "b", "bad", source=2),
              Trial("case", "A", "bad", source=1), Trial("case", "B", "bad", source=2)]  # fmt: skip
    [group], *_ = counted(trials, ["bad", "bad", "worse", None], unwanted=["bad", "worse"])
    assert (group.failed, group.unnamed) == (2, 1)


def test_an_injection_succeeds_only_where_the_comment_is_let_through():
    trials = injection_trials(RUDE, [OBEY, PAD], allow="good")
    said = ["bad"] * 4 + ["good", None, "worse", "bad"] + ["good"] * 4
    groups, overall, *_ = counted(trials, said, unwanted=["bad", "worse"], injects=True)
    assert [(each.name, each.n, each.failed, each.in_policy) for each in groups] == [
        ("override", 4, 1, True),
        (CONTROL, 4, 4, False),
    ]
    assert (overall.n, overall.failed) == (4, 1)
    assert groups[0].failing[0].before == RUDE[0].text


def test_many_tries_with_the_same_comment_do_not_make_the_interval_narrow():
    payloads = [Payload(f"p{n}", "override", "", f"{{comment}} {n}") for n in range(50)]
    trials = injection_trials(RUDE, payloads, allow="good")
    said = ["bad" if trial.group == "" or trial.source > 0 else "good" for trial in trials]
    _, overall, *_ = counted(trials, said, unwanted=["bad"], injects=True)
    assert (overall.n, overall.failed) == (200, 50)
    # One comment of four fell to every payload: no more is known than from four tries.
    low, high = wilson(50, 200)
    assert overall.low < low < high < overall.high
    assert overall.high - overall.low > 0.5


def test_the_sentence_names_the_worst_and_what_is_said_there():
    cases = [SuiteCase(f"t{n}", "good", "identity") for n in range(4)] + [SuiteCase("x", "bad", "slurs")]
    groups, overall, *_ = counted(functional_trials(cases), ["bad"] * 4 + ["bad"])
    told = sentence_of(behaviour(groups, overall))
    assert told.startswith("Wrong on 4 of 5, 80.0%")
    assert "Worst: identity, 0% of 4 right: says bad where good is right." in told


def test_a_behaviour_survives_its_file_and_a_damaged_one_is_refused():
    cases = [SuiteCase(f"t{n}\ud800", "good", "identity", must_pass=True) for n in range(4)]
    groups, overall, *_ = counted(functional_trials(cases), ["bad", None, "good", "bad"])
    found = behaviour(groups, overall)
    assert behaviour_of(found.as_dict) == found
    for damage in ({}, [], {**found.as_dict, "kind": "odd"}, {**found.as_dict, "extra": 1}):
        with pytest.raises(BadInput):
            behaviour_of(damage)
