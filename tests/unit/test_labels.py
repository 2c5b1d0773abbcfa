import pytest

from domain.errors import BadInput
from domain.labels import MAX_LABELS, label_set


def test_labels_keep_their_order_and_get_digits_then_letters_as_keys():
    labels = label_set([f"label {n}" for n in range(11)]).labels
    assert [label.key for label in labels] == list("1234567890a")
    assert labels[0].name == "label 0"


def test_neighbouring_labels_differ_in_colour():
    labels = label_set([f"label {n}" for n in range(12)]).labels
    assert all(one.colour != other.colour for one, other in zip(labels, labels[1:], strict=False))


def test_a_written_value_means_the_label_of_that_name_in_any_case():
    labels = label_set(["Allow", "Straße"])
    assert labels.named(" ALLOW ") == "Allow"
    assert labels.named("STRASSE") == "Straße"
    assert labels.named("allowed") is None


def test_definitions_go_with_their_label():
    labels = label_set(["allow", "disallow"], {"disallow": "Must not stand there."}).labels
    assert [label.definition for label in labels] == ["", "Must not stand there."]


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["allow"],
        ["allow", "Allow "],
        ["allow", " "],
        ["allow", "x" * 61],
        ["allow", "two\nlines"],
        ["allow", "wolla\u202e"],
        ["allow", "allow\u200b"],
        ["allow", "\x9b31m"],
        [f"label {n}" for n in range(MAX_LABELS + 1)],
    ],
)
def test_a_label_set_that_nobody_could_use_is_refused(names):
    with pytest.raises(BadInput):
        label_set(names)
