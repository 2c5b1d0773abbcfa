import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import match_key
from services.evaluation.identity_terms import shipped_terms
from services.evaluation.perturbations import HOMOGLYPHS, NAMES, PERTURBATIONS, perturbed

TEXT = "Nobody wants you here, Emily, you are a stupid gay clown @rudeboy https://example.com/seat"
LETTERS = st.text("abcdefghijklmnop qrstuvwxyzABC,.!? ", min_size=1, max_size=80)
BACK_FROM_LEET = str.maketrans("4310$7", "aeiost")


def after(name, text=TEXT, seed=0):
    return PERTURBATIONS[name](text, random.Random(seed))


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_every_perturbation_is_the_same_for_the_same_seed_and_changes_the_text(name):
    first, again = (perturbed(name, TEXT, seed=3, number=7) for _ in range(2))
    assert first == again is not None
    assert first != TEXT


def test_another_seed_writes_it_another_way():
    assert len({perturbed("typos", TEXT, seed=seed, number=1) for seed in range(20)}) > 5


def test_what_is_asked_for_before_changes_nothing():
    alone = perturbed("leet", TEXT, seed=1, number=2)
    perturbed("leet", "other", seed=1, number=1)
    assert perturbed("leet", TEXT, seed=1, number=2) == alone


@pytest.mark.parametrize("name", ["case", "full width", "zero width"])
@given(text=LETTERS)
def test_case_width_and_invisible_letters_leave_what_a_person_reads(name, text):
    assert match_key(after(name, text)) == match_key(text)


@given(text=LETTERS)
def test_leet_and_look_alikes_keep_every_letter_in_its_place(text):
    leet, alike = after("leet", text), after("homoglyphs", text)
    assert len(leet) == len(alike) == len(text)
    assert leet.translate(BACK_FROM_LEET).lower() == text.lower().replace("4", "a")
    assert alike.translate({v: k for k, v in HOMOGLYPHS.items()}) == text


@given(text=LETTERS)
def test_spacing_adds_spaces_inside_one_word_and_nothing_else(text):
    spaced = after("spacing", text)
    assert spaced.replace(" ", "") == text.replace(" ", "")
    longest = max(map(len, text.split()), default=0)
    assert len(text) <= len(spaced) <= len(text) + max(0, longest - 1)


@given(text=LETTERS)
def test_typos_are_few_and_never_touch_the_first_letter_of_a_word(text):
    slipped = after("typos", text)
    words = [word for word in text.split() if len(word) >= 4]
    assert abs(len(slipped) - len(text)) <= max(1, len(words))
    pairs = list(zip(text.split(), slipped.split(), strict=True))
    assert all(one[0] == other[0] for one, other in pairs)
    assert sum(one != other for one, other in pairs) <= max(1, len(words))


@pytest.mark.parametrize("name", ["leet", "homoglyphs", "typos", "zero width", "spacing"])
def test_links_and_handles_stay_as_they_are(name):
    assert all("@rudeboy https://example.com/seat" in after(name, seed=seed) for seed in range(20))


def test_names_are_swapped_for_others_and_one_person_stays_one_person():
    swapped = after("names", "Emily said that Emily and Omar saw @someone").split()
    assert swapped[0] == swapped[3] != "Emily"
    assert swapped[5] in NAMES and swapped[5] not in ("Omar", swapped[0])
    assert swapped[-1].startswith("@user")
    assert [*swapped[1:3], swapped[4], swapped[6]] == ["said", "that", "and", "saw"]


def test_identity_terms_are_swapped_within_their_family_and_keep_number_and_case():
    origin = "Muslims and a MUSLIM woman, not muslims only"
    for seed in range(20):
        first, _, _, one, woman, _, again, _ = after("identity", origin, seed).split()
        family = shipped_terms().families["religion"]
        assert first.casefold() in {ways[1] for ways in family.values() if len(ways) > 1} - {"muslims"}
        assert first[0].isupper() and again == first.casefold()
        assert one.isupper() and one.casefold() in {ways[0] for ways in family.values()} - {"muslim"}
        assert woman.rstrip(",") in {ways[0] for ways in shipped_terms().families["gender"].values()}
    assert perturbed("identity", "you are a clown", seed=0, number=0) is None


def test_a_text_without_a_name_has_no_names_to_swap():
    assert perturbed("names", "you are a clown", seed=0, number=0) is None
