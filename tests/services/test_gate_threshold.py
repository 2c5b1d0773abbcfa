import pytest

from domain.errors import BadInput, NotFound
from services.evaluation.acting import BY_LABEL
from services.release.card_files import card_file, markdown_of
from services.release.gate import judge
from services.release.policy import policy_of
from services.release.releases import approve, card_of, propose
from services.release.verifying import verify_release
from storage.thresholds import NewThreshold, add_threshold
from tests.released import GOLD, KIND, RUDE, answered, model_of, rows, ruled

CLAUSES = [
    {"clause": "recall", "label": "disallow", "at_least": 0.5},
    {"clause": "precision", "label": "disallow", "at_least": 0.5},
    {"clause": "false_positive_rate", "label": "disallow", "at_most": 0.5},
    {"clause": "accuracy", "at_least": 0.5},
]


def score(place):
    """Rude ones 0.30 to 0.98, kind ones 0.02 to 0.60: any cut gives something up."""
    return 0.30 + 0.68 * (place - KIND) / RUDE if place >= KIND else 0.02 + 0.58 * place / KIND


@pytest.fixture
def ids(db):
    return rows(db)


@pytest.fixture
def model(db, ids):
    said = {number: ("allow", "disallow")[score(place) >= 0.5] for place, number in enumerate(ids)}
    return model_of(db, said, scores={n: (1 - score(p), score(p)) for p, n in enumerate(ids)})


def freeze(db, model, upper, lower=None, unwanted=("disallow",)):
    lower = upper if lower is None else lower
    chosen = NewThreshold(
        dataset_id="kids", model_id=model, snapshot_id="snapshot-1", run_id="run-1", unwanted=unwanted,
        rule=f"between={lower},{upper}", upper_score=upper, lower_score=lower, base_rate=0.01, volume=1e4,
        seconds_per_review=20.0, temperature=None, tally={"positives": 80}, why="Agreed.",
    )  # fmt: skip
    return add_threshold(db, chosen, "eve").threshold_id


def counted(upper, lower):
    """Recall, precision and false-positive rate by going through the comments one by one."""
    rude = [place for place, label in enumerate(GOLD) if label == "disallow"]
    caught = sum(score(place) >= lower for place in rude)
    removed = [place for place in range(len(GOLD)) if score(place) >= upper]
    wronged = sum(GOLD[place] == "allow" for place in removed)
    return caught / RUDE, (len(removed) - wronged) / len(removed), wronged / KIND


@pytest.mark.parametrize(("upper", "lower"), [(0.75, 0.75), (0.35, 0.35), (0.7, 0.4)])
def test_recall_precision_and_false_positives_are_counted_where_the_threshold_cuts(db, model, upper, lower):
    name = freeze(db, model, upper, lower)
    verdict = judge(db, model, policy_of(CLAUSES))
    recall, precision, wrong, accuracy = (each.finding for each in verdict.clauses[1:])
    assert (recall.value, precision.value, wrong.value) == pytest.approx(counted(upper, lower))
    assert all(each.why.startswith(f"At {name} (from ") for each in (recall, precision, wrong))
    assert accuracy.value == pytest.approx(judge(db, model, policy_of(CLAUSES), threshold=BY_LABEL)
                                           .clauses[4].finding.value)  # fmt: skip
    assert verdict.threshold == name


def test_without_a_threshold_or_by_wish_the_label_that_the_model_names_is_judged(db, model):
    plain = judge(db, model, policy_of(CLAUSES))
    assert plain.threshold is None
    assert plain.clauses[1].finding.value == pytest.approx(counted(0.5, 0.5)[0])
    freeze(db, model, 0.75)
    assert judge(db, model, policy_of(CLAUSES), threshold=BY_LABEL).clauses == plain.clauses


def test_the_newest_is_taken_unless_another_is_named(db, model):
    first, second = freeze(db, model, 0.75), freeze(db, model, 0.35)
    assert judge(db, model, policy_of(CLAUSES)).threshold == second
    found = judge(db, model, policy_of(CLAUSES), threshold=first)
    assert found.clauses[1].finding.value == pytest.approx(counted(0.75, 0.75)[0])


def test_a_cut_can_turn_the_verdict_round(db, model):
    policy = policy_of([{"clause": "recall", "label": "disallow", "at_least": 0.85}])
    assert judge(db, model, policy).outcome == "fail"
    freeze(db, model, 0.3)
    assert judge(db, model, policy).outcome == "pass"


def test_a_threshold_of_another_model_or_none_that_exists_is_refused(db, ids, model):
    other = model_of(db, answered(ids), snapshot_id="snapshot-1")
    name = freeze(db, other, 0.5)
    with pytest.raises(BadInput, match=f"frozen for {other}"):
        judge(db, model, policy_of(CLAUSES), threshold=name)
    with pytest.raises(NotFound, match="threshold-9"):
        judge(db, model, policy_of(CLAUSES), threshold="threshold-9")


def test_answers_without_scores_are_judged_by_their_label(db, ids, model):
    other = model_of(db, answered(ids), snapshot_id="snapshot-1")
    name = freeze(db, other, 0.5)
    assert judge(db, other, policy_of(CLAUSES)).threshold is None
    with pytest.raises(BadInput, match="no scores"):
        judge(db, other, policy_of(CLAUSES), threshold=name)


def test_a_release_keeps_the_threshold_that_it_named_and_its_card_says_which(db, model):
    ruled(db, CLAUSES)
    first = freeze(db, model, 0.35)
    propose(db, model, actor="ben")
    freeze(db, model, 0.75)  # a later one is not this release's
    approve(db, "release-1", why="Agreed.", actor="lena")
    card, _ = card_of(db, "release-1")
    assert (card["verdict"]["threshold"], card["threshold"]["threshold_id"]) == (first, first)
    assert card["verdict"]["clauses"][1]["value"] == pytest.approx(counted(0.35, 0.35)[0])
    for format in ("md", "html"):
        assert "judged at this threshold" in card_file(db, "release-1", format).replace("\\", "")
    assert [each.what for each in verify_release(db, "release-1") if not each.ok] == []


def test_a_card_of_the_first_format_is_still_read_and_counted_again(db, model):
    ruled(db, CLAUSES)
    propose(db, model, threshold=BY_LABEL, actor="ben")
    approve(db, "release-1", why="Agreed.", actor="lena")
    freeze(db, model, 0.35)
    card, _ = card_of(db, "release-1")
    assert card["verdict"]["threshold"] is None
    assert [each.what for each in verify_release(db, "release-1") if not each.ok] == []
    old = {name: value for name, value in card.items() if name != "behaviour"}
    old["verdict"] = {name: value for name, value in card["verdict"].items() if name != "threshold"}
    assert "Not part of this card" in markdown_of(old)
