from pathlib import Path

import pytest

from domain.personal_data import find_personal_data, place_of

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.mark.parametrize("guideline", sorted(SAMPLES.glob("guideline_*.md")), ids=lambda path: path.stem)
def test_a_guideline_of_the_demo_can_be_sent_as_it_ships(guideline: Path) -> None:
    assert find_personal_data(guideline.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("555-0142", "line 1, characters 1 to 8"),
        ("Be kind.\n\nher number is 555-0142, ok", "line 3, characters 15 to 22"),
        ("ﬁve\u200b\u200b ﬁne\nask 55\u200b5-0142!", "line 2, characters 5 to 13"),
        ("mail ５５５-０１４２", "line 1, characters 6 to 13"),
        ("é" * 3 + "e\u0301" * 2 + " 555-0142", "line 1, characters 9 to 16"),
        ("call 030\n1234567", "line 1, character 6, to line 2, character 7"),
    ],
)
def test_the_place_of_a_find_is_told_in_the_text_as_it_was_written(text: str, place: str) -> None:
    found = find_personal_data(text)
    assert found is not None
    assert place_of(found, text) == place
