import json

import pytest

from domain.errors import BadInput, NotFound
from services.evaluation.comparing import as_dict, changed, compare_runs
from services.evaluation.comparison import compare, sentence
from services.evaluation.label_changes import concluded
from services.telling.told import told
from storage.database import connect
from tests.stored_runs import labelled_dataset, relabel, stored_run

GOLD = ["allow"] * 30 + ["disallow"] * 20


@pytest.fixture
def db(tmp_path):
    database = connect(tmp_path / "home")
    yield database
    database.close()


@pytest.fixture
def ids(db):
    return labelled_dataset(db, [(f"comment {place}", label) for place, label in enumerate(GOLD)])


def answers(ids, wrong):
    other = {"allow": "disallow", "disallow": "allow"}
    return {
        number: other[gold] if place in wrong else gold
        for place, (number, gold) in enumerate(zip(ids, GOLD, strict=True))
    }


def test_the_counts_the_sentence_and_the_labels_of_a_comparison(db, ids):
    before = stored_run(db, answers(ids, {*range(12), 40}), name="old")
    after = stored_run(db, answers(ids, {0, 40, 41}), name="new", snapshot_id="snapshot-1")
    found = compare_runs(db, before, after)
    assert found.counts == compare(both_right=36, fixed=11, broken=1, both_wrong=2)
    assert found.sentence == sentence(
        found.counts, "old", "new", concluded=concluded(found.counts, found.labels)
    )
    assert found.sentence.endswith(
        "By label: finds 11 more of 30 “allow” (p = 0.002 after Holm); no such change in the other label."
        " The difference in accuracy is larger than chance would explain."
    )
    assert found.counts.verdict == "better"
    assert [(each.label, each.n, each.fixed, each.broken) for each in found.labels] == [
        ("allow", 30, 11, 0),
        ("disallow", 20, 0, 1),
    ]
    assert found.left_out.total == 0


def test_an_answer_that_could_not_be_parsed_is_wrong_on_either_side(db, ids):
    before = stored_run(db, answers(ids, set()) | {ids[0]: None, ids[1]: None})
    after = stored_run(db, answers(ids, set()) | {ids[1]: None, ids[2]: None}, snapshot_id="snapshot-1")
    counts = compare_runs(db, before, after).counts
    assert (counts.fixed, counts.broken, counts.both_wrong) == (1, 1, 1)


def test_what_was_fixed_and_broken_is_listed(db, ids):
    before = stored_run(db, answers(ids, {0, 1, 40}))
    after = stored_run(db, answers(ids, {0, 41}), snapshot_id="snapshot-1")
    [fixed, also_fixed] = changed(db, before, after, "fixed")
    assert (fixed.comment.body, fixed.gold, fixed.before, fixed.after) == (
        "comment 1", "allow", "disallow", "allow"
    )  # fmt: skip
    assert also_fixed.gold == "disallow"
    assert [each.comment.body for each in changed(db, before, after, "broken")] == ["comment 41"]
    assert [each.comment.body for each in changed(db, before, after, "both_wrong")] == ["comment 0"]
    assert changed(db, before, after, "fixed", label="allow") == [fixed]
    with pytest.raises(NotFound, match="improved"):
        changed(db, before, after, "improved")


def test_only_comments_that_both_saw_under_the_same_frozen_label_count(db, ids):
    before = stored_run(db, answers(ids, set()))
    relabel(db, {ids[0]: "disallow", ids[1]: "disallow"}, round_=2)
    after = stored_run(db, dict(list(answers(ids, set()).items())[:-1]))
    found = compare_runs(db, before, after)
    assert (found.before.snapshot_id, found.after.snapshot_id) == ("snapshot-1", "snapshot-2")
    assert found.counts.n == 47
    assert (found.left_out.before_only, found.left_out.after_only, found.left_out.relabelled) == (1, 0, 2)


def test_models_of_the_same_name_are_told_apart(db, ids):
    before = stored_run(db, answers(ids, {1}))
    after = stored_run(db, answers(ids, {2}), snapshot_id="snapshot-1")
    assert compare_runs(db, before, after).sentence.startswith(
        "baseline (run-2) is right on 1 comment that baseline (run-1)"
    )


def test_runs_without_a_comment_in_common_are_refused_with_the_reason(db, ids):
    others = labelled_dataset(db, [("a", "allow"), ("b", "disallow")], dataset_id="others")
    before = stored_run(db, answers(ids, set()))
    after = stored_run(db, dict.fromkeys(others, "allow"), dataset_id="others")
    with pytest.raises(BadInput, match="share no comment") as refused:
        compare_runs(db, before, after)
    assert "snapshot-1" in str(refused.value) and "snapshot-2" in str(refused.value)


def test_a_run_is_not_compared_with_itself_and_a_missing_one_is_named(db, ids):
    run = stored_run(db, answers(ids, set()))
    with pytest.raises(BadInput, match="itself"):
        compare_runs(db, run, run)
    with pytest.raises(NotFound, match="run-9"):
        compare_runs(db, run, "run-9")


def test_a_comparison_travels_as_json(db, ids):
    before = stored_run(db, answers(ids, {0}))
    after = stored_run(db, answers(ids, {1}), snapshot_id="snapshot-1")
    travelled = json.loads(json.dumps(as_dict(compare_runs(db, before, after)), allow_nan=False))
    assert travelled["verdict"] == "not decidable"
    assert (travelled["fixed"], travelled["broken"], travelled["n"]) == (1, 1, 50)
    assert travelled["accuracy_before"]["n"] == 50
    assert travelled["difference"]["low"] < 0 < travelled["difference"]["high"]


def test_the_same_answers_are_more_than_the_same_mistakes(db):
    ids = labelled_dataset(db, [(f"c {n}", GOLD[-n]) for n in range(12)])
    said = dict.fromkeys(ids[:11], "allow")
    first = stored_run(db, said | {ids[11]: "allow"}, name="old")
    again = stored_run(db, said | {ids[11]: "allow"}, name="new", snapshot_id="snapshot-1")
    silent = stored_run(db, said | {ids[11]: None}, name="silent", snapshot_id="snapshot-1")
    same, other = compare_runs(db, first, again), compare_runs(db, first, silent)
    assert (same.counts.fixed, same.counts.broken) == (other.counts.fixed, other.counts.broken) == (0, 0)
    assert same.same_answers and same.sentence.endswith("n = 12). They gave the same answers.")
    assert not other.same_answers and "Not decidable" in other.sentence
    assert as_dict(same)["same_answers"]


def test_a_gain_for_one_label_at_the_cost_of_another_is_told_as_a_trade(db, ids):
    before = stored_run(db, answers(ids, set(range(30, 45))), name="old")
    after = stored_run(db, answers(ids, set(range(11))), name="new", snapshot_id="snapshot-1")
    found = compare_runs(db, before, after)
    assert found.counts.verdict == "not decidable" and found.is_trade
    assert [each.moves for each in found.labels] == [-1, 1]
    assert [each.p_holm for each in found.labels] == pytest.approx([2 * 0.5**11, 2 * 2 * 0.5**15])
    assert found.sentence.endswith(
        "A trade: finds 15 more of 20 “disallow” (p < 0.001 after Holm), loses 11 more of 30 “allow”"
        " (p < 0.001 after Holm); accuracy alone cannot tell them apart."
    )
    answer = json.loads(json.dumps(as_dict(found)))
    assert answer["is_trade"] and answer["labels"][1]["p_holm"] < 0.001
    assert "A trade: finds 15 more of 20" in told("compare", answer)


def test_labels_that_do_not_move_are_no_trade(db, ids):
    before = stored_run(db, answers(ids, {*range(6), *range(30, 36)}), name="old")
    after = stored_run(
        db, answers(ids, {*range(4, 10), *range(34, 40)}), name="new", snapshot_id="snapshot-1"
    )
    found = compare_runs(db, before, after)
    assert [(each.fixed, each.broken, each.moves, each.p_holm) for each in found.labels] == [
        (4, 4, 0, 1.0)
    ] * 2
    assert not found.is_trade
    assert "label" not in found.sentence and "trade" not in found.sentence
    assert "Not decidable: the two are right equally often" in found.sentence
