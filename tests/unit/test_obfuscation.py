import pytest

from services.evaluation.obfuscation import OBFUSCATIONS, obfuscations
from services.evaluation.perturbations import perturbed

PLAIN = (
    "Nobody here needs a stranger telling them about gardens",
    "Ich möchte das nicht, danke",
    "Это просто комментарий",
    "これは普通のコメントです。",
    "See https://example.com/a1b2c3 and @b0t4you",
    "NASA and the EU",
    "👨‍👩‍👧 lovely",
    "",
)


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_text_shows_no_sign(text):
    assert obfuscations(text) == set()


@pytest.mark.parametrize("name", [name for name in OBFUSCATIONS if name != "capitals"])
def test_what_a_perturbation_hides_is_seen_under_its_name(name):
    seen = [name in obfuscations(perturbed(name, PLAIN[0], seed=seed, number=1)) for seed in range(30)]
    assert all(seen)


def test_a_text_in_capitals_is_seen_and_an_abbreviation_is_not():
    assert obfuscations("YOU ARE NOT WANTED") == {"capitals"}
    assert obfuscations("The UN, the EU and the WHO met") == set()
