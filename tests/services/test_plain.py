import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from services.plain import plain


@dataclass(frozen=True)
class Inner:
    at: datetime
    values: tuple[float, ...]


@dataclass(frozen=True)
class Outer:
    inner: Inner
    counts: dict


def test_a_nested_answer_becomes_plain_json():
    inner = Inner(datetime(2026, 11, 21, 9, 30), (0.5, float("nan")))
    answer = plain(Outer(inner, {1: np.int64(3), "p": Path("a")}))
    assert answer == {
        "inner": {"at": "2026-11-21T09:30:00", "values": [0.5, None]}, "counts": {"1": 3, "p": "a"},
    }  # fmt: skip
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (float("inf"), None),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        (True, True),
        (frozenset(["x"]), ["x"]),
        (None, None),
    ],
)
def test_what_json_cannot_carry_becomes_what_it_can(value, expected):
    assert plain(value) == expected


@pytest.mark.parametrize("value", [object(), b"bytes", Inner, np.True_.__class__])
def test_what_nobody_meant_to_send_is_a_bug_and_stays_loud(value):
    with pytest.raises(TypeError, match="cannot be written as JSON"):
        plain(value)


def test_a_truth_value_of_numpy_is_a_truth_value():
    assert plain(np.True_) is True
