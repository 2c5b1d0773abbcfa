"""Agreement, annotators and disputes as the stored votes tell them."""

import json

import pytest

from domain.errors import BadInput, Conflict
from domain.labels import IMPORTED, Vote
from services.curation.cleaning import apply_rule
from services.curation.snapshots import take_snapshot
from services.labelling import adjudication
from services.labelling.aggregation_runs import aggregate, list_aggregations, show_aggregation
from services.labelling.agreement_report import frozen_agreement, measure_agreement, pair_comments
from services.labelling.annotators import list_annotators, list_changes
from services.labelling.ceiling import human_ceiling
from services.labelling.desk import record_votes
from services.verbs.running import run_verb
from storage.comments import list_comment_ids, list_comments_by_id
from storage.votes import add_votes
from tests.building import KIDS, kids, put_in


@pytest.fixture
def vote(db):
    """Six comments c1 to c6 of six authors; a function that votes on them as {"ana": "aadd.."}."""
    kids(db, votes_needed=2)
    put_in(db, [{"id": f"c{place}", "text": f"text {place}", "author": f"a{place}"} for place in range(1, 7)])
    numbers = [number for _, number in sorted(list_comment_ids(db, KIDS).items())]
    names = {"a": ("label", "allow"), "d": ("label", "disallow"), "?": ("unsure", None), "s": ("skip", None)}

    def voted(answers, round_=1):
        for annotator, said in answers.items():
            votes = [
                Vote(
                    number,
                    annotator,
                    names[one][0],
                    f"{annotator}:{number}:{round_}",
                    names[one][1],
                    seconds=2.0,
                )
                for number, one in zip(numbers, said, strict=True)
                if one != "."
            ]
            if annotator == IMPORTED:
                add_votes(db, KIDS, votes)
            else:
                record_votes(db, KIDS, votes, actor=annotator)
        return numbers

    return voted


def labels_in_force(db):
    ids = sorted(list_comment_ids(db, KIDS).values())
    return [(each.label, each.label_from) for each in list_comments_by_id(db, KIDS, ids)]


def test_only_comments_that_two_people_labelled_count(db, vote):
    vote({"ana": "aadd..", "ben": "ada?s."})
    found = measure_agreement(db, KIDS)
    assert (found.n, found.votes, found.annotators) == (3, 6, ("ana", "ben"))
    assert found.raw.value == pytest.approx(1 / 3)
    assert [each.n for each in found.by_label] == [3, 2]


def test_a_label_that_came_with_the_file_is_nobodys_vote(db, vote):
    vote({IMPORTED: "aaaaaa", "ana": "dddddd"})
    assert measure_agreement(db, KIDS).n == 0


def test_the_newest_vote_of_a_person_counts_and_one_that_was_taken_back_does_not(db, vote):
    numbers = vote({"ana": "aaaaaa", "ben": "dddddd"})
    vote({"ben": "aaaaaa"}, round_=2)
    assert measure_agreement(db, KIDS).raw.value == 1
    undo = Vote(numbers[0], "ben", "undo", "ben:undo", undoes=f"ben:{numbers[0]}:2")
    record_votes(db, KIDS, [undo], actor="ben")
    assert measure_agreement(db, KIDS).raw.value == pytest.approx(5 / 6)


def test_excluded_comments_do_not_count(db, vote):
    put_in(db, [{"id": "c0", "text": "", "author": "a0"}])
    vote_on = list_comment_ids(db, KIDS)["c0"]
    for name in ("ana", "ben"):
        record_votes(db, KIDS, [Vote(vote_on, name, "label", f"{name}:empty", "allow")], actor=name)
    assert measure_agreement(db, KIDS).n == 1
    apply_rule(db, KIDS, "empty", actor="ana")
    assert measure_agreement(db, KIDS).n == 0


def test_the_table_of_a_pair_opens_its_comments(db, vote):
    numbers = vote({"ana": "aadda.", "ben": "adadd."})
    (pair,) = measure_agreement(db, KIDS).by_pair
    assert (pair.first, pair.second, pair.table) == ("ana", "ben", ((1, 2), (1, 1)))
    behind = pair_comments(db, KIDS, ("ana", "ben"), ("allow", "disallow"))
    assert [each.comment_id for each in behind] == [numbers[1], numbers[4]]
    assert pair_comments(db, KIDS, ("ben", "ana"), ("allow", "disallow"))[0].comment_id == numbers[2]


def test_the_level_is_named_and_an_unknown_one_refused(db, vote):
    vote({"ana": "aadd..", "ben": "adad.."})
    assert "(ordinal)" in measure_agreement(db, KIDS, level="ordinal").sentence
    with pytest.raises(BadInput, match="ratio"):
        measure_agreement(db, KIDS, level="ratio")


def test_a_snapshot_freezes_the_agreement_with_the_tied_comments_in(db, vote):
    vote({"ana": "aaddad", "ben": "aaddaa"})
    frozen = take_snapshot(db, KIDS, actor="ana", split_mode="stratified").manifest["agreement"]
    assert frozen["n"] == 6  # the tied one is not in the snapshot, and yet it speaks of the annotators
    assert frozen["measure"] == "Krippendorff's alpha, nominal"
    assert frozen["low"] < frozen["value"] < 1
    assert frozen["value"] == measure_agreement(db, KIDS).alpha.value


@pytest.mark.parametrize(
    "answers",
    [
        {"ana": "aaddaa"},
        {"ana": "aaddaa", "ben": "a....."},
        {"ana": "aa....", "ben": "aa....", "cleo": "..ddaa"},
    ],
)
def test_where_agreement_is_undefined_the_snapshot_says_none(db, vote, answers):
    vote(answers)
    assert frozen_agreement(db, KIDS) is None


def test_an_annotator_is_compared_with_what_the_others_decided(db, vote):
    # Without ana: c1 allow, c2 and c4 disallow, c3 tied and so not compared.
    vote({"ana": "aaaa..", "ben": "adad..", "cleo": "add..."})
    ana = next(each for each in list_annotators(db, KIDS) if each.annotator == "ana")
    assert (ana.labels, ana.median_s) == (4, 2.0)
    assert (ana.agreement.successes, ana.agreement.n) == (1, 3)
    assert ana.few


def test_a_decision_of_ones_own_is_no_praise(db, vote):
    numbers = vote({"ana": "a.....", "ben": "d....."})
    adjudication.decide(db, KIDS, numbers[0], label="allow", why="rule 2", actor="lena")
    told = {each.annotator: each.agreement.successes for each in list_annotators(db, KIDS)}
    assert told == {"ana": 1, "ben": 0}


def test_people_set_the_ceiling_that_a_model_is_held_against(db, vote):
    vote({"ana": "aaa...", "ben": "aaa...", "cleo": "daa..."})
    ceiling = human_ceiling(db, KIDS)
    # Of the first comment only cleo is compared: the two others leave a tie without their own vote.
    assert (ceiling.successes, ceiling.n) == (6, 7)


def test_with_nobody_else_the_imported_label_is_the_measure(db, vote):
    vote({IMPORTED: "ad....", "ana": "aa...."})
    (ana,) = list_annotators(db, KIDS)
    assert (ana.agreement.successes, ana.agreement.n) == (1, 2)


def test_changes_of_mind_are_counted_by_what_was_said_before_and_after(db, vote):
    vote({"ana": "aad...", "ben": "a....."})
    vote({"ana": "dda...", "ben": "a....."}, round_=2)
    assert [(each.before, each.after, each.count, each.annotators) for each in list_changes(db, KIDS)] == [
        ("allow", "disallow", 2, 1),
        ("disallow", "allow", 1, 1),
    ]
    assert {each.annotator: each.changes for each in list_annotators(db, KIDS)} == {"ana": 3, "ben": 0}


def test_a_text_that_comes_again_shows_whether_somebody_answers_alike(db, vote):
    put_in(db, [{"id": f"r{place}", "text": "text 1", "author": f"b{place}"} for place in (1, 2)])
    vote({"ana": "a....."})
    for place, label in ((1, "allow"), (2, "disallow")):
        number = list_comment_ids(db, KIDS)[f"r{place}"]
        record_votes(db, KIDS, [Vote(number, "ana", "label", f"ana:r{place}", label)], actor="ana")
    (ana,) = list_annotators(db, KIDS)
    assert (ana.consistency.successes, ana.consistency.n) == (1, 2)


def test_who_voted_or_was_unsure_is_not_asked_to_decide(db, vote):
    numbers = vote({"ana": "aa....", "ben": "dd....", "cleo": "?s...."})
    open_to = {
        who: [each.comment.comment_id for each in adjudication.next_disputes(db, KIDS, actor=who)]
        for who in ("ana", "cleo", "lena")
    }
    assert open_to == {"ana": [], "cleo": numbers[1:2], "lena": numbers[:2]}
    assert adjudication.count_disputes(db, KIDS, actor="cleo") == adjudication.DisputeCounts(2, 1)
    for who in ("ana", "cleo"):
        with pytest.raises(Conflict, match="cannot decide"):
            adjudication.decide(db, KIDS, numbers[0], label="allow", why="mine", actor=who)
    assert labels_in_force(db)[0] == (None, "tied")


def test_a_decision_is_in_force_until_it_is_taken_back(db, vote):
    numbers = vote({"ana": "a.....", "ben": "d....."})
    adjudication.decide(db, KIDS, numbers[0], label="DISALLOW", why=" rule 2 ", actor="lena")
    assert labels_in_force(db)[0] == ("disallow", "adjudicated")
    assert adjudication.next_disputes(db, KIDS, actor="lena") == []
    adjudication.take_back(db, KIDS, numbers[0], why="too quick", actor="lena")
    assert labels_in_force(db)[0] == (None, "tied")
    with pytest.raises(Conflict, match="No decision is in force"):
        adjudication.take_back(db, KIDS, numbers[0], why="again", actor="lena")


@pytest.mark.parametrize(
    ("label", "why"), [("", "rule 2"), ("spam", "rule 2"), ("allow", "  "), ("allow", "x" * 2_001)]
)
def test_a_decision_needs_a_label_of_the_set_and_a_reason(db, vote, label, why):
    numbers = vote({"ana": "a.....", "ben": "d....."})
    with pytest.raises(BadInput):
        adjudication.decide(db, KIDS, numbers[0], label=label, why=why, actor="lena")
    with pytest.raises(BadInput, match="is not in"):
        adjudication.decide(db, KIDS, 999_999, label="allow", why="rule 2", actor="lena")


def test_the_overturn_rate_is_about_disputes_that_were_not_tied(db, vote):
    numbers = vote({"ana": "aada..", "ben": "aad...", "cleo": "dda..."})
    assert adjudication.overturn_rate(db, KIDS) is None
    for place, label in ((0, "disallow"), (1, "allow")):
        adjudication.decide(db, KIDS, numbers[place], label=label, why="rule", actor="lena")
    found = adjudication.overturn_rate(db, KIDS)
    assert (found.successes, found.n) == (1, 2)


def test_the_verb_tells_a_program_everything(db, vote):
    vote({"ana": "aadd..", "ben": "adad.."})
    answer = json.loads(json.dumps(run_verb(db, "agreement", {"dataset": KIDS}, lambda _, __: None)))
    assert answer["agreement"]["n"] == 4
    assert answer["agreement"]["by_pair"][0]["table"] == [[1, 1], [1, 1]]
    assert {each["annotator"] for each in answer["annotators"]} == {"ana", "ben"}


def test_an_aggregation_is_kept_in_versions_and_changes_no_label_in_force(db, vote):
    numbers = vote({"ana": "aadd..", "ben": "adad..", "cleo": "aad..."})
    before = labels_in_force(db)
    first = aggregate(db, KIDS, method="majority", name="all", actor="lena")
    again = aggregate(db, KIDS, method="dawid-skene", name="all", actor="lena")
    assert [(run.name, run.version, run.method) for run in list_aggregations(db, KIDS)] == [
        ("all", 2, "dawid-skene"),
        ("all", 1, "majority"),
    ]
    assert (first.row_count, first.created_by, first.last_vote_id) == (4, "lena", again.last_vote_id)
    assert set(again.found["annotators"]) == {"ana", "ben", "cleo"}
    assert labels_in_force(db) == before
    assert show_aggregation(db, first.aggregation_id).count == 0
    adjudication.decide(db, KIDS, numbers[0], label="disallow", why="rule 2", actor="lena")
    (differing,) = show_aggregation(db, first.aggregation_id).differences
    assert (differing.comment_id, differing.label, differing.sureness) == (numbers[0], "allow", 1)
    assert (differing.in_force, differing.label_from) == ("disallow", "adjudicated")


def test_an_aggregation_of_nothing_or_by_no_method_is_refused(db, vote):
    with pytest.raises(BadInput, match="no votes"):
        aggregate(db, KIDS, actor="lena")
    vote({"ana": "aadd.."})
    with pytest.raises(BadInput, match="luck"):
        aggregate(db, KIDS, method="luck", actor="lena")
    with pytest.raises(BadInput, match="name of a run"):
        aggregate(db, KIDS, name="a\nb", actor="lena")
