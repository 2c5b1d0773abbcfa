"""Keys of texts: the fast ways give what the plain definitions give, and alike texts are found."""

import random
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import match_key
from storage.intake.sketch import bands_of, jaccard, key_hashes, match_keys

BANDS_OF_THE_FOX = [
    16939469078669421497,
    6944576179819267847,
    6468558440549052758,
    2041015872116151908,
    1662558889073733753,
    2035940601579895618,
    2758683243443987550,
    10471769705959164680,
]
PIECES = st.sampled_from(
    [*"aA0 1٣@/:.wht\t\n\x1c\x85\u3000é\u0301\u200bＡ_-<>ſİ²½\0"]
    + ["www.", "http://", "https://", "@a", "000", "   ", "!!!", "هههه", "👍🏽"]
)
TEXTS = st.one_of(st.text(), st.text(st.characters(max_codepoint=127)), st.lists(PIECES).map("".join))


def plain_match_key(text: str) -> str:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(c for c in folded if unicodedata.category(c) not in ("Mn", "Cf"))
    kept = re.sub(r"(?:https?://|www\.)\S+", "<link>", kept)
    kept = re.sub(r"\d+", "0", re.sub(r"(?<!\w)@\w+", "@", kept))
    return re.sub(r"(?s)(.)\1{2,}", r"\1\1", re.sub(r"\s+", " ", kept)).strip()


def shares_a_band(first: str, second: str) -> bool:
    bands, has_bands = bands_of(match_keys([first, second]))
    return bool(has_bands.all() and (bands[0] == bands[1]).any())


@given(TEXTS)
def test_the_match_key_follows_its_plain_definition(text: str):
    assert match_key(text) == plain_match_key(text)


@given(st.lists(TEXTS))
def test_match_keys_of_many_are_those_of_each(texts: list[str]):
    assert match_keys(texts) == [match_key(text) for text in texts]


def test_hashes_and_bands_are_the_same_on_every_machine():
    key = "the quick brown fox jumps over the lazy dog"
    bands, has_bands = bands_of([key])
    assert key_hashes([key]).tolist() == [17508867106794943787]
    assert has_bands.tolist() == [True]
    assert bands.tolist() == [BANDS_OF_THE_FOX]


def test_bands_do_not_depend_on_the_neighbours():
    keys = ["a" * 30, "", "abc", "one two three four five six", "x" * 7, "seven eight nine ten eleven"]
    together, has_bands = bands_of(keys)
    alone = np.concatenate([bands_of([key])[0] for key in keys])
    assert has_bands.tolist() == [True, False, False, True, False, True]
    assert (together[has_bands] == alone[has_bands]).all()


@pytest.mark.parametrize("change", ["word", "typo", "number"])
def test_slightly_changed_texts_are_candidates(change: str):
    rng = random.Random(7)
    vocabulary = ["".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(2, 9))) for _ in range(3_000)]
    found = []
    while len(found) < 400:
        words = [rng.choice(vocabulary) for _ in range(15)]
        place = rng.randrange(15)
        other = list(words)
        if change == "word":
            other[place] = rng.choice(vocabulary)
        elif change == "typo":
            other[place] = words[place][:-1] + "x"
        else:
            words[place], other[place] = str(rng.randrange(10**6)), str(rng.randrange(10**3))
        first, second = " ".join(words), " ".join(other)
        if jaccard(first, second) >= 0.8:
            found.append(shares_a_band(first, second))
    assert np.mean(found) >= 0.98


def test_unrelated_texts_are_hardly_ever_candidates():
    rng = random.Random(8)
    vocabulary = ["".join(rng.choices("abcdefghijklmnoprstuvw", k=6)) for _ in range(3_000)]
    pairs = [[" ".join(rng.choices(vocabulary, k=15)) for _ in range(2)] for _ in range(400)]
    assert np.mean([shares_a_band(*pair) for pair in pairs]) < 0.02


def test_jaccard_counts_common_pieces_of_five():
    assert jaccard("abcdefg", "abcdefx") == 2 / 4
    assert jaccard("Hello, WORLD!!!!", "hello, world!!") == 1.0
    assert jaccard("abc", "abd") == 0.0
