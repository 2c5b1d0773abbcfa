import pytest

from services.backends.similar import similar_groups

CATS = ["my cat eats the blue fish", "your cat eats a blue fish", "the cat eats blue fish daily"]
RUDE = ["shut up stupid idiot", "stupid idiot shut up now"]


def test_texts_that_share_words_stand_together_the_largest_group_first_with_its_words():
    found = similar_groups([RUDE[0], *CATS, "quite another thing", RUDE[1]])
    assert [sorted(group.places) for group in found] == [[1, 2, 3], [0, 5]]
    assert {"cat", "eats", "blue", "fish"} <= set(found[0].words)
    assert set(found[1].words) <= {"shut", "up", "stupid", "idiot", "now"}


@pytest.mark.parametrize(
    "texts", [[], ["one"], ["!!!", "???", ""], ["one cat", "two dogs"], ["!", "alone here"]]
)
def test_texts_that_are_like_no_other_are_in_no_group(texts):
    assert similar_groups(texts) == []


def test_spelling_in_accents_and_case_makes_no_difference():
    assert len(similar_groups(["Café crème", "cafe CREME"])) == 1
