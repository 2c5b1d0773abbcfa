import pytest

from services.backends.engine_check import EngineCheck
from services.evaluation.intervals import Proportion


@pytest.mark.parametrize(
    ("difference", "told"),
    [(1.25e-06, "2e-06"), (1e-06, "1e-06"), (2e-06, "2e-06"), (1.0000001e-06, "2e-06"), (9.01e-07, "1e-06"),
     (0.0, "0"), (0.00091, "0.001")],
)  # fmt: skip
def test_the_bound_that_is_told_is_never_below_what_was_found(difference, told):
    assert str(EngineCheck(9, difference)).endswith(f"differs by more than {told}.")


def test_the_largest_difference_in_8_bits_is_rounded_up_too():
    share = Proportion(1, 9)
    found = EngineCheck(9, 1e-06, difference_int8=0.0312, other_labels=share, other_labels_close=share)
    assert "differs by up to 0.04)" in str(found)
