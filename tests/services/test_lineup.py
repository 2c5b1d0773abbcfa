import json
import random

import pytest

from domain.errors import BadInput, NotFound
from services.evaluation.comparing import compare_runs
from services.evaluation.holm import holm_adjusted
from services.evaluation.lineup import as_dict, line_up
from services.telling.told import told
from storage.database import connect
from storage.models import list_runs
from tests.several import several_model
from tests.stored_runs import labelled_dataset, relabel, stored_run

GOLD = ["allow"] * 240 + ["disallow"] * 160
WRONG = {"good": 0.08, "fair": 0.1, "poor": 0.3}


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    """One for all: runs are frozen, and more of them change nothing."""
    database = connect(tmp_path_factory.mktemp("lineup") / "home")
    yield database
    database.close()


@pytest.fixture(scope="module")
def ids(db):
    return labelled_dataset(db, [(f"comment {place}", label) for place, label in enumerate(GOLD)])


def answers(ids, share, seed):
    draw, other = random.Random(seed), {"allow": "disallow", "disallow": "allow"}
    return {
        number: other[gold] if draw.random() < share else gold for number, gold in zip(ids, GOLD, strict=True)
    }


@pytest.fixture(scope="module")
def runs(db, ids):
    found = [stored_run(db, answers(ids, WRONG["good"], 1), name="good")]
    for seed, name in enumerate(("fair", "poor"), start=2):
        found.append(stored_run(db, answers(ids, WRONG[name], seed), name=name, snapshot_id="snapshot-1"))
    return found


def test_every_pair_is_the_comparison_of_the_two_with_holm_over_all(db, runs):
    found = line_up(db, runs)
    alone = [compare_runs(db, each.before.run_id, each.after.run_id).counts for each in found.pairs]
    assert [each.counts for each in found.pairs] == alone
    assert [each.p_holm for each in found.pairs] == pytest.approx(
        holm_adjusted([each.p_value for each in alone]).tolist()
    )
    assert [each.name for each in found.entries] == ["good", "fair", "poor"]
    assert found.sentence == (
        f"On the same 400 comments good is right most often: {found.entries[0].accuracy.value:.3f}. That is"
        " better than poor beyond what chance explains. It cannot be told from fair. Always saying “allow”"
        " would be right on 0.600. Corrected for all 3 comparisons (Holm)."
    )


def test_a_difference_that_only_one_look_would_show_is_not_decidable_among_many(db, ids, runs):
    wrong = {
        name: {
            n: {"allow": "disallow", "disallow": "allow"}[g] for n, g in zip(ids[a:b], GOLD[a:b], strict=True)
        }
        for name, (a, b) in {
            "first": (0, 5),
            "second": (10, 27),
            "third": (40, 46),
            "fourth": (50, 56),
        }.items()
    }
    whole = dict(zip(ids, GOLD, strict=True))
    found = []
    for name, missed in wrong.items():
        found.append(stored_run(db, whole | missed, name=name, snapshot_id="snapshot-1"))
    pair = line_up(db, found).against(found[0])[found[1]]
    assert pair.counts.verdict == "worse" and pair.counts.p_value < 0.05
    assert pair.verdict == "not decidable" and pair.p_holm >= 0.05


def test_the_reference_can_be_any_of_them_and_turns_the_pair_round(db, runs):
    found = line_up(db, runs)
    there, back = found.against(runs[0])[runs[2]], found.against(runs[2])[runs[0]]
    assert (there.verdict, back.verdict) == ("worse", "better")
    assert there.counts.fixed == back.counts.broken
    assert there.macro_f1.low == -back.macro_f1.high
    assert there.counts.difference.value == -back.counts.difference.value
    assert (there.not_worse(0.01), back.not_worse(0.01)) == ("shown to be worse", "shown")
    level = found.against(runs[0])[runs[1]]
    assert (level.not_worse(0.01), level.not_worse(0.2)) == ("not shown", "shown")


def test_only_comments_that_all_answered_under_the_same_label_count(db, ids, runs):
    relabel(db, {ids[0]: "disallow", ids[1]: "disallow"}, round_=2)
    fewer = dict(list(answers(ids, 0.1, 9).items())[:300])
    later = stored_run(db, fewer, name="later")
    assert line_up(db, [*runs, later]).n == 298


def test_few_differing_comments_give_no_difference_in_macro_f1(db, ids, runs):
    whole = dict(zip(ids, GOLD, strict=True))
    first = stored_run(db, whole, name="one", snapshot_id="snapshot-1")
    second = stored_run(db, whole | {ids[0]: None}, name="one", snapshot_id="snapshot-1")
    found = line_up(db, [first, second])
    assert found.pairs[0].macro_f1 is None
    assert [each.name for each in found.entries] == [f"one ({first})", f"one ({second})"]


def test_it_travels_as_json_and_is_told_in_lines(db, runs):
    given = as_dict(line_up(db, runs), runs[2], 0.02)
    assert json.loads(json.dumps(given)) == given
    by_run = {each["run_id"]: each["against_reference"] for each in given["models"]}
    assert by_run[runs[2]] is None
    assert by_run[runs[0]]["verdict"] == "better"
    assert by_run[runs[0]]["mid_p"] < by_run[runs[0]]["p_value"]
    lines = told("compare", given)
    assert "against run-3" in lines and "not worse: shown" in lines and "reference" in lines


def test_what_cannot_stand_side_by_side_is_refused(db, ids, runs):
    for given, words in (([runs[0]], "cannot stand"), ([runs[0], runs[0]], "cannot stand")):
        with pytest.raises(BadInput, match=words):
            line_up(db, given)
    with pytest.raises(NotFound, match="run-99"):
        line_up(db, [runs[0], "run-99"])
    other = labelled_dataset(db, [("here", "allow"), ("there", "disallow")], dataset_id="others")
    elsewhere = stored_run(db, {other[0]: "allow"}, dataset_id="others")
    with pytest.raises(BadInput, match="share no comment"):
        line_up(db, [runs[0], elsewhere])


@pytest.mark.slow
def test_several_labels_are_compared_as_whole_sets(db, tmp_path):
    models = several_model(db, tmp_path, recipes=("baseline", "baseline-weighted"))
    tests = [list_runs(db, model_id=each.model_id, split="test")[0] for each in models]
    found = line_up(db, [run.run_id for run in tests])
    assert all(each.macro_f1 is None for each in found.entries)
    assert found.pairs[0].counts == compare_runs(db, tests[0].run_id, tests[1].run_id).counts
