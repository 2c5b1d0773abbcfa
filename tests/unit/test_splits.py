from collections import Counter

import pytest

from domain.splits import SPLITS, split_named, split_of_group


@pytest.mark.parametrize(
    ("group", "salt", "split"),
    [
        ("", "salt", "train"),
        ("Ünïcode 🙂", "salt", "train"),
        ("c00001", "salt", "train"),
        ("author-4", "salt", "validation"),
        ("author-8", "salt", "validation"),
        ("author-28", "salt", "test"),
        ("author-30", "salt", "test"),
        ("author-3", "salt", "train"),
        ("author-3", "other salt", "test"),
    ],
)
def test_a_group_stays_in_the_split_it_was_given_in_the_first_release(group, salt, split):
    assert split_of_group(group, salt) == split


def test_eighty_ten_ten_percent_of_the_groups():
    shares = Counter(split_of_group(f"author-{n}", "salt") for n in range(20_000))
    assert shares["train"] / 20_000 == pytest.approx(0.8, abs=0.01)
    assert shares["validation"] / 20_000 == pytest.approx(0.1, abs=0.01)
    assert set(shares) == set(SPLITS)


def test_two_datasets_do_not_share_their_test_authors():
    authors = [f"author-{n}" for n in range(5_000)]
    in_one = {author for author in authors if split_of_group(author, "one") == "test"}
    in_other = {author for author in authors if split_of_group(author, "other") == "test"}
    assert len(in_one & in_other) / len(in_one) == pytest.approx(0.1, abs=0.05)


def test_a_lone_surrogate_in_a_name_is_a_group_like_any_other():
    assert split_of_group("\ud800", "salt") in SPLITS


@pytest.mark.parametrize(
    ("written", "meaning"),
    [("Train", "train"), (" dev ", "validation"), ("VAL", "validation"), ("eval", "test"), ("fold 3", None)],
)
def test_a_split_column_is_understood_in_its_usual_spellings(written, meaning):
    assert split_named(written) == meaning
