import pytest

from domain.errors import BadInput
from domain.labels import IMPORTED
from domain.people import actor_named


def test_a_name_is_kept_without_the_spaces_around_it_and_composed():
    assert actor_named("  Zoe\u0301 ") == "Zoé"


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\nb", "a\x00b", "\u202eana", "a\u200bb", IMPORTED])
def test_a_name_that_would_mislead_is_refused(name):
    with pytest.raises(BadInput) as raised:
        actor_named(name)
    assert raised.value.hint


def test_a_refused_name_is_shown_with_its_invisible_characters_written_out():
    with pytest.raises(BadInput) as raised:
        actor_named("\u202eana")
    assert "\u202e" not in str(raised.value)
