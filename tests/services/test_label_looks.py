import pytest

from domain.errors import BadInput
from services.curation.datasets import get_label_set
from services.curation.label_looks import change_looks
from tests.building import KIDS, asked, kids


def test_a_label_has_a_key_a_colour_and_a_definition_of_its_own(db):
    kids(db)
    looks = {"disallow": {"key": "X", "colour": "#AA0000", "definition": " Hurts somebody. "}}
    changed = change_looks(db, KIDS, looks, actor="lena")
    assert changed == get_label_set(db, KIDS)
    assert [(each.name, each.key) for each in changed.labels] == [("allow", "1"), ("disallow", "x")]
    assert (changed.labels[1].colour, changed.labels[1].definition) == ("#AA0000", "Hurts somebody.")
    change_looks(db, KIDS, looks, actor="lena")
    assert asked(db, "SELECT max(version) FROM label_sets") == [(2,)]  # the same again is no new version


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        ({"spam": {"key": "3"}}, "not in the label set"),
        ({"allow": {"key": "2"}}, "stand for two labels"),
        ({"allow": {"key": "s"}}, "cannot be a key"),
        ({"allow": {"key": "12"}}, "cannot be a key"),
        ({"allow": {"colour": "url(x)"}}, "no colour"),
        ({"allow": {"definition": "x" * 501}}, "too long"),
        ({"allow": {"name": "y"}}, "has no 'name'"),
    ],
)
def test_looks_that_cannot_be_are_refused(db, looks, told):
    kids(db)
    with pytest.raises(BadInput, match=told):
        change_looks(db, KIDS, looks, actor="lena")
