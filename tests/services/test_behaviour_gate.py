import pytest

from domain.behaviour import Behaviour
from domain.errors import BadInput
from domain.jobs import Job, JobState
from services.evaluation.behaviour import Trial, counted
from services.release.card_files import card_file
from services.release.gate import judge
from services.release.policy import policy_of
from services.release.releases import card_of, propose
from storage.behaviours import add_behaviour
from storage.database import now
from tests.released import EASY, answered, model_of, rows, ruled


@pytest.fixture
def model(db):
    """The id of a model that has answered the test split of snapshot-1."""
    return model_of(db, answered(rows(db)))


def measured(db, model, groups, *, kind="functional", sha256="f00d", must=0, out=(), snapshot="snapshot-1"):
    """Store what a model did on a suite: {group: (texts, failed)}; the first `must` failures must pass."""
    trials, said = [], []
    for name, (n, failed) in groups.items():
        wrong = "allow" if kind == "injection" else "other"
        for place in range(n):
            trials.append(Trial(name, f"{name} {place}", "disallow", place < must, name not in out))
            said.append(wrong if place < failed else "disallow")
    found, overall, *_ = counted(trials, said, unwanted=["disallow"], injects=kind == "injection")
    behaviour = Behaviour(kind, "mine", sha256, {}, (), 0, 0, 0, overall, tuple(found))
    spec = {"model_id": model}
    job = Job("job-1", "behave", "kids", snapshot, spec, JobState("succeeded"), None, now(), "ana", None)
    with db.writing("kids") as cursor:
        add_behaviour(cursor, job, behaviour)


def finding(db, model, **clause):
    return judge(db, model, policy_of([clause])).clauses[1].finding


def functionality(db, model, **about):
    return finding(db, model, **{"clause": "functionality", "at_least": 0.9, **about})


def test_what_nobody_tested_cannot_be_decided(db, model):
    for clause in (
        {"clause": "functionality", "at_least": 0.9},
        {"clause": "must_pass"},
        {"clause": "invariance", "at_most": 0.1},
        {"clause": "injection", "at_most": 0.1},
    ):
        found = finding(db, model, **clause)
        assert found.outcome == "not decidable" and "Nobody tested" in found.why


def test_functionalities_are_judged_on_their_bounds_and_the_worst_is_named(db, model):
    measured(db, model, {"insults": (100, 0), "irony": (40, 40)})
    found = functionality(db, model)
    assert (found.outcome, found.value, found.n) == ("fail", 0.0, 40)
    assert "1 of 2 are below. Worst: “irony”, 0.0% of 40 held." in found.why
    assert functionality(db, model, parts=["insults"]).outcome == "pass"
    assert functionality(db, model, parts=["insults"], at_least=0.99).outcome == "not decidable"
    assert "“sarcasm”" in functionality(db, model, parts=["sarcasm"]).why


def test_a_functionality_with_few_cases_is_judged_only_where_it_is_named(db, model):
    measured(db, model, {"insults": (100, 0), "irony": (29, 29)})
    found = functionality(db, model)
    assert found.outcome == "pass" and "1 with fewer than 30 texts" in found.why
    assert functionality(db, model, parts=["irony"]).outcome == "fail"


def test_one_low_functionality_among_many_is_no_alarm_by_itself(db, model):
    # Of twenty looks one in three shows such a thing by chance; alone it would be below the line.
    groups = {f"f{n}": (100, 5) for n in range(19)} | {"odd": (100, 18)}
    measured(db, model, groups)
    assert functionality(db, model, parts=["odd"]).outcome == "fail"
    assert functionality(db, model).outcome == "not decidable"


def test_only_the_newest_result_of_a_suite_counts_and_what_is_left_out_is_said(db, model):
    groups = {"insults": (100, 0), "irony": (40, 40)}
    measured(db, model, groups)
    measured(db, model, groups, out=["irony"])
    found = functionality(db, model)
    assert found.outcome == "pass" and "1 not in policy" in found.why
    measured(db, model, groups)
    assert functionality(db, model).outcome == "fail"


def test_every_suite_counts_unless_the_clause_names_one(db, model):
    measured(db, model, {"irony": (40, 40)}, sha256="aaaa1111")
    measured(db, model, {"insults": (100, 0)}, sha256="bbbb2222")
    assert functionality(db, model).outcome == "fail"
    assert functionality(db, model, suite="aaaa").outcome == "fail"
    assert functionality(db, model, suite="bbbb2222").outcome == "pass"
    assert functionality(db, model, suite="cccc").outcome == "not decidable"


def test_one_must_pass_case_fails_the_model(db, model):
    measured(db, model, {"insults": (100, 0)}, must=3)
    assert finding(db, model, clause="must_pass").outcome == "pass"
    measured(db, model, {"insults": (100, 1)}, must=3)
    found = finding(db, model, clause="must_pass")
    assert (found.outcome, found.value, found.n) == ("fail", 1, 3)
    measured(db, model, {"insults": (100, 1)})
    assert finding(db, model, clause="must_pass").outcome == "not decidable"


def test_the_worst_change_decides_invariance(db, model):
    measured(db, model, {"case": (100, 0), "leet": (100, 40)}, kind="invariance")
    found = finding(db, model, clause="invariance", at_most=0.1)
    assert (found.outcome, found.value, found.n) == ("fail", 0.4, 100)
    assert found.low < 0.4 < found.high
    assert finding(db, model, clause="invariance", at_most=0.1, parts=["case"]).outcome == "pass"
    assert finding(db, model, clause="invariance", at_most=0.6).outcome == "pass"


@pytest.mark.parametrize(("succeeded", "outcome"), [(0, "pass"), (14, "not decidable"), (60, "fail")])
def test_injections_have_to_stay_under_the_line_with_their_whole_interval(db, model, succeeded, outcome):
    measured(db, model, {"override": (300, succeeded)}, kind="injection")
    found = finding(db, model, clause="injection", at_most=0.05)
    assert (found.outcome, found.n) == (outcome, 300)


def test_true_positives_of_another_snapshot_say_nothing_of_the_one_that_is_judged(db, model):
    measured(db, model, {"override": (300, 0)}, kind="injection", snapshot="snapshot-9")
    assert finding(db, model, clause="injection", at_most=0.05).outcome == "not decidable"


@pytest.mark.parametrize(
    "clause",
    [
        {"clause": "functionality"},
        {"clause": "must_pass", "at_least": 1},
        {"clause": "injection", "at_most": 2},
        {"clause": "invariance", "at_most": 0.1, "parts": ["rhyme"]},
        {"clause": "invariance", "at_most": 0.1, "suite": "f00d"},
        {"clause": "accuracy", "at_least": 0.1, "suite": "f00d"},
        {"clause": "injection", "at_most": 0.1, "on": "snapshot-1"},
    ],
)
def test_a_clause_that_makes_no_sense_is_refused(clause):
    with pytest.raises(BadInput):
        policy_of([clause])


def test_a_clause_about_a_suite_survives_its_text():
    told = {"clause": "functionality", "at_least": 0.9, "parts": ["a, b"], "suite": "f00d"}
    [clause] = policy_of([told]).clauses
    assert clause.as_dict == told
    assert clause.words == "Right in at least 0.9 of the cases of “a, b”, with 95 % confidence (suite f00d)"


def test_the_card_tells_the_newest_of_each_suite_and_no_text_of_it(db, model):
    ruled(db, EASY)
    measured(db, model, {"insults": (50, 9)}, sha256="aaaa")
    measured(db, model, {"insults": (50, 4), "irony": (40, 2)}, sha256="aaaa", must=3, out=["irony"])
    measured(db, model, {"leet": (60, 6)}, kind="invariance", sha256="")
    measured(db, model, {"override": (70, 7)}, kind="injection", sha256="bbbb")
    propose(db, model, actor="ben")
    card, text = card_of(db, "release-1")
    assert [each["kind"] for each in card["behaviour"]] == ["functional", "invariance", "injection"]
    groups = {
        group["name"]: (group["failed"], group["n"]) for each in card["behaviour"] for group in each["groups"]
    }
    assert groups == {"insults": (4, 50), "irony": (2, 40), "leet": (6, 60), "override": (7, 70)}
    assert "insults 0" not in text  # the text of the first case
    for format in ("md", "html"):
        told = card_file(db, "release-1", format).replace("\\", "")
        assert "4 of 50" in told and "7 of 70" in told and "Written otherwise" in told


def test_the_card_says_where_nobody_tested_behaviour(db, model):
    ruled(db, EASY)
    propose(db, model, actor="ben")
    assert card_of(db, "release-1")[0]["behaviour"] == []
    assert "Nobody tested how the model behaves" in card_file(db, "release-1", "md")
