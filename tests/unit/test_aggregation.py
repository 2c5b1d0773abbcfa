import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BadInput
from services.labelling.aggregation import Ballots, dawid_skene, likeliest, majority

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

# Dawid and Skene (1979), table 1: the first observer's three answers on a patient, then four others'.
PATIENTS = (
    "1111111", "3334334", "1122122", "2223121", "2223222", "2223322", "1222111", "3333433", "2222223",
    "2322223", "4444444", "2223343", "1111111", "2223212", "1211111", "1112111", "1111111", "1111111",
    "2222221", "2221322", "2222222", "2222221", "2223222", "2212222", "1111111", "1111111", "2322222",
    "1111111", "1111111", "1121121", "1111111", "3333233", "1111111", "2222222", "2223232", "4334343",
    "2212232", "2323233", "3333432", "1111111", "1111111", "1212111", "2322222", "1211111", "2222222",
)  # fmt: skip


def published():
    rows = [
        (patient, max(0, place - 2), int(answer) - 1)
        for patient, answers in enumerate(PATIENTS)
        for place, answer in enumerate(answers)
    ]
    comments, annotators, labels = (np.array(column) for column in zip(*rows, strict=True))
    return Ballots(comments, annotators, labels, (45, 5, 4))


def test_dawid_and_skenes_own_example():
    found = dawid_skene(published(), smoothing=0)
    assert found.converged
    # Their table 2: shares of the classes, and how often the first observer is right on each.
    assert found.shares == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.005)
    assert np.diag(found.confusion[0])[:2] == pytest.approx([0.89, 0.88], abs=0.006)
    # Their table 4: nearly every patient is certain.
    assert (found.posterior.max(axis=1) > 0.9).sum() >= 42


def test_it_finds_the_annotators_who_guess_where_majority_does_not():
    draw = np.random.default_rng(3)
    truth = draw.integers(0, 2, 3_000)
    flips = np.array([0.05] * 5 + [0.45] * 5)
    seats = np.stack([draw.permutation(10)[:5] for _ in truth])
    said = truth[:, None] ^ (draw.random(seats.shape) < flips[seats])
    ballots = Ballots(
        np.repeat(np.arange(3_000), 5), seats.ravel(), said.ravel().astype(np.int64), (3_000, 10, 2)
    )
    found = dawid_skene(ballots)
    by_majority = np.mean(likeliest(majority(ballots).posterior) == truth)
    by_habits = np.mean(likeliest(found.posterior) == truth)
    assert by_habits > by_majority + 0.05
    right = found.confusion[:, [0, 1], [0, 1]].mean(axis=1)
    assert right[:5].min() > 0.9 > 0.65 > right[5:].max()


@pytest.mark.parametrize("seed", range(8))
def test_nearly_every_label_is_found_where_half_of_ten_raters_flip_nearly_half_of_their_votes(seed):
    # All ten vote on all: of five votes drawn of ten, one comment in 252 is left to guessers alone.
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 2, 2_000)
    flips = np.array([0.03] * 5 + [0.45] * 5)
    said = truth[:, None] ^ (draw.random((2_000, 10)) < flips)
    seats = np.tile(np.arange(10), 2_000)
    ballots = Ballots(np.repeat(np.arange(2_000), 10), seats, said.ravel().astype(np.int64), (2_000, 10, 2))
    assert np.mean(likeliest(dawid_skene(ballots).posterior) == truth) >= 0.99
    assert np.mean(likeliest(majority(ballots).posterior) == truth) < 0.99


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=60))
def test_whatever_the_votes_posteriors_are_chances(votes):
    comments, annotators, labels = (np.array(column) for column in zip(*votes, strict=True))
    for found in (majority, dawid_skene):
        posterior = found(Ballots(comments, annotators, labels, (8, 4, 3))).posterior
        assert posterior.sum(axis=1) == pytest.approx(np.ones(8))
        assert ((posterior >= 0) & (posterior <= 1)).all()


def test_a_tie_by_majority_has_no_label():
    ballots = Ballots(np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([0, 1, 1]), (2, 2, 2))
    assert list(likeliest(majority(ballots).posterior)) == [-1, 1]


def test_no_votes_and_wrong_numbers_are_refused():
    nothing = np.array([], dtype=np.int64)
    with pytest.raises(BadInput, match="no votes"):
        Ballots(nothing, nothing, nothing, (0, 0, 2))
    with pytest.raises(BadInput, match="outside"):
        Ballots(np.array([0]), np.array([0]), np.array([2]), (1, 1, 2))


@pytest.mark.skipif(not (DATA / "hatecheck").is_dir(), reason="the real data are not on this machine")
def test_half_of_hatechecks_annotators_may_guess():
    with (DATA / "hatecheck" / "test_suite_annotations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # The first five guess: with the last five, one comment in ten would have no other annotator.
    draw, votes, truth = np.random.default_rng(0), [], []
    for comment, row in enumerate(rows):
        truth.append(int(row["label_annot_maj"] == "hateful"))
        for person in range(10):
            if answer := row[f"label_{person + 1}"]:
                flipped = person < 5 and draw.random() < 0.45
                votes.append((comment, person, int((answer == "hateful") != flipped)))
    columns = (np.array(column) for column in zip(*votes, strict=True))
    found = dawid_skene(Ballots(*columns, (len(rows), 10, 2)))
    assert np.mean(likeliest(found.posterior) == truth) >= 0.99
