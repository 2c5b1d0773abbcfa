import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from domain.errors import BadInput
from services.labelling.agreement import (
    LEVELS,
    Tally,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
    specific_agreement,
    tally_votes,
)

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, example C: four observers, twelve units.
KRIPPENDORFF = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")

# Fleiss (1971), table 1: thirty patients, six psychiatrists, five diagnoses.
FLEISS = (
    "444444", "222555", "233335", "555555", "222444", "113333", "333355", "113334", "114444", "555555",
    "144444", "124444", "222333", "144444", "224445", "333335", "111455", "111112", "224444", "133555",
    "555555", "244444", "224555", "114444", "144445", "222224", "111155", "224444", "133333", "555555",
)  # fmt: skip


def numbers(lines):
    """Annotators' answers, one line each, "." for none, as label numbers from 0: (comments, annotators)."""
    return np.array([[-1 if answer == "." else int(answer) - 1 for answer in line] for line in lines]).T


def test_krippendorffs_own_example_at_each_level():
    tally = tally_votes(numbers(KRIPPENDORFF), 5)
    assert tally.n == 11  # the twelfth unit has one value
    assert krippendorff_alpha(tally, "nominal").value == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(tally, "ordinal").value == pytest.approx(0.815, abs=5e-4)
    assert krippendorff_alpha(tally, "interval").value == pytest.approx(0.849, abs=5e-4)


def test_with_missing_votes_gwets_coefficients_are_those_of_his_handbook():
    # Gwet (2014), Handbook of Inter-Rater Reliability, the same data; his own program prints these.
    tally = tally_votes(numbers(KRIPPENDORFF), 5)
    assert gwet_ac1(tally).value == pytest.approx(0.77544, abs=5e-6)
    assert fleiss_kappa(tally).value == pytest.approx(0.76117, abs=5e-6)
    assert raw_agreement(tally).value == pytest.approx(0.81818, abs=5e-6)


def test_fleiss_own_example():
    votes = numbers(["".join(column) for column in zip(*FLEISS, strict=True)])
    tally = tally_votes(votes, 5)
    assert raw_agreement(tally).value == pytest.approx(0.5556, abs=1e-4)
    assert fleiss_kappa(tally).value == pytest.approx(0.430, abs=5e-4)


def test_cohens_own_example():
    # Cohen (1960), table 1: two psychologists, 200 patients; observed .70, by chance .41.
    table = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    assert cohen_kappa(table).value == pytest.approx(0.492, abs=5e-4)


def test_ac1_stands_where_kappa_falls_over_a_rare_label():
    # Gwet (2008): 125 people, agreement .944, and a kappa below nought.
    table = np.array([[118, 5], [2, 0]])
    tally = Tally(np.array([[2, 0], [1, 1]]), np.array([118, 7]))
    assert cohen_kappa(table).value == pytest.approx(-0.0234, abs=5e-5)
    assert gwet_ac1(tally).value == pytest.approx(0.9408, abs=5e-5)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40))
def test_cohens_kappa_is_that_of_scikit_learn(pairs):
    first, second = zip(*pairs, strict=True)
    table = np.zeros((4, 4), dtype=np.int64)
    np.add.at(table, (first, second), 1)
    found = cohen_kappa(table)
    if len(set(first) | set(second)) == 1:
        assert found is None
    else:
        assert found.value == pytest.approx(cohen_kappa_score(first, second), abs=1e-9)


VOTES = st.lists(st.lists(st.integers(-1, 2), min_size=4, max_size=4), min_size=1, max_size=25)


@settings(deadline=None, max_examples=30)
@given(VOTES, st.sampled_from(LEVELS))
def test_every_number_lies_in_its_interval_and_none_above_one(votes, level):
    tally = tally_votes(votes, 3)
    for found in (
        raw_agreement(tally),
        fleiss_kappa(tally),
        gwet_ac1(tally),
        krippendorff_alpha(tally, level),
        *(specific_agreement(tally, label) for label in range(3)),
    ):
        if found is not None:
            assert found.low <= found.value <= found.high <= 1 + 1e-9


@settings(deadline=None, max_examples=30)
@given(VOTES)
def test_who_voted_makes_no_difference_to_what_was_said(votes):
    turned = [row[::-1] for row in votes]
    assert krippendorff_alpha(tally_votes(votes, 3)) == krippendorff_alpha(tally_votes(turned, 3))


def test_alpha_by_its_definition_pair_by_pair():
    draw = np.random.default_rng(5)
    votes = draw.integers(-1, 3, size=(60, 4))
    met, expected = [], []
    for row in votes:
        said = [label for label in row if label >= 0]
        if len(said) >= 2:
            met += [
                ((a - b) ** 2, 1 / (len(said) - 1))
                for i, a in enumerate(said)
                for j, b in enumerate(said)
                if i != j
            ]
            expected += said
    observed = sum(distance * weight for distance, weight in met) / len(expected)
    chance = np.mean([(a - b) ** 2 for i, a in enumerate(expected) for j, b in enumerate(expected) if i != j])
    found = krippendorff_alpha(tally_votes(votes, 3), "interval")
    assert found.value == pytest.approx(1 - observed / chance, abs=1e-12)


def test_one_label_throughout_says_nothing_of_what_lies_beyond_chance():
    tally = tally_votes([[0, 0]] * 50, 2)
    assert raw_agreement(tally).value == 1
    assert krippendorff_alpha(tally) is None
    assert fleiss_kappa(tally) is None
    assert cohen_kappa(np.array([[50, 0], [0, 0]])) is None


def test_comments_with_one_vote_say_nothing_of_agreement():
    tally = tally_votes([[0, -1], [-1, 1], [1, -1]], 2)
    assert tally.n == 0
    assert [raw_agreement(tally), krippendorff_alpha(tally), fleiss_kappa(tally), gwet_ac1(tally)] == [
        None
    ] * 4


def test_twenty_comments_without_a_disagreement_are_no_proof():
    tally = tally_votes([[0, 0], [1, 1]] * 10, 2)
    found = krippendorff_alpha(tally)
    assert found.value == found.high == 1
    assert found.low < 0.75  # redrawing alone would say 1 to 1


@pytest.mark.parametrize("measure", [gwet_ac1, krippendorff_alpha])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(measure):
    draw = np.random.default_rng(11)

    def voted(n):
        truth = draw.random(n) < 0.3
        return (truth[:, None] ^ (draw.random((n, 3)) < 0.12)).astype(int)

    truth = measure(tally_votes(voted(400_000), 2)).value
    held = [
        found.low <= truth <= found.high for found in (measure(tally_votes(voted(80), 2)) for _ in range(100))
    ]
    assert np.mean(held) >= 0.9


def test_specific_agreement_is_about_one_label_only():
    # Of the 6 votes for label 1 on comments with two votes, 4 met another one: 4/6.
    tally = tally_votes([[1, 1], [1, 1], [1, 0], [0, 1], [0, 0], [0, 0], [1, -1]], 2)
    assert specific_agreement(tally, 1).value == pytest.approx(4 / 6)
    assert specific_agreement(tally_votes([[0, 0]], 2), 1) is None


def test_a_label_against_the_rest_forgets_the_others():
    tally = tally_votes([[0, 1], [2, 2], [1, 2]], 3)
    assert (
        krippendorff_alpha(tally.against_the_rest(2)).value
        == krippendorff_alpha(tally_votes([[1, 1], [0, 0], [1, 0]], 2)).value
    )


def test_an_unknown_level_is_refused():
    with pytest.raises(BadInput, match="ratio"):
        krippendorff_alpha(tally_votes([[0, 1]], 2), "ratio")


@pytest.mark.skipif(not (DATA / "hatecheck").is_dir(), reason="the real data are not on this machine")
def test_hatechecks_annotators():
    with (DATA / "hatecheck" / "test_suite_annotations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    place = {"": -1, "hateful": 0, "non-hateful": 1}
    tally = tally_votes([[place[row[f"label_{one}"]] for one in range(1, 11)] for row in rows], 2)
    assert tally.n == 3728
    assert fleiss_kappa(tally).value == pytest.approx(0.939016, abs=5e-7)
    assert krippendorff_alpha(tally).value == pytest.approx(0.939019, abs=5e-7)


@pytest.mark.skipif(not (DATA / "convabuse").is_dir(), reason="the real data are not on this machine")
def test_convabuses_severity_at_each_level():
    units, severities = {}, ("1", "0", "-1", "-2", "-3")
    with (DATA / "convabuse" / "ConvAbuseEMNLPfull.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            unit = tuple(row[name] for name in ("conv_id", "prev_agent", "prev_user", "agent", "user"))
            said = [place for place, name in enumerate(severities) if row[f"is_abuse.{name}"] == "1"]
            units.setdefault(unit, {}).setdefault(row["annotator_id"], said[0])
    annotators = sorted({one for votes in units.values() for one in votes})
    tally = tally_votes([[votes.get(one, -1) for one in annotators] for votes in units.values()], 5)
    found = [krippendorff_alpha(tally, level).value for level in LEVELS]
    assert found == pytest.approx([0.4374, 0.6598, 0.7339], abs=5e-5)
