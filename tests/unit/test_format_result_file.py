import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInput
from services.modelling.formats.result_file import Curves, curves_from_events, curves_from_file

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "openai_cookbook"

OLD = (
    "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n"
    "1,1.5,0.5,,\n2,6e-05,1.0,0.25,0.75\n"
)
NEW = (
    "step,train_loss,train_mean_token_accuracy,valid_loss,validation_mean_token_accuracy,full_valid_loss,"
    "full_valid_mean_token_accuracy\r\n1,1.5,0.5,,,,\r\n2,6e-05,1.0,0.25,0.75,0.3,0.7\r\n"
)
EXPECTED = Curves(
    steps=(1, 2),
    train_loss=(1.5, 6e-05),
    train_accuracy=(0.5, 1.0),
    valid_loss=(None, 0.25),
    valid_accuracy=(None, 0.75),
    full_valid_loss=(None, None),
    full_valid_accuracy=(None, None),
)


def written(text: str, how: str) -> bytes | str:
    data = text.encode()
    return {
        "text": text,
        "bytes": data,
        "byte order mark": b"\xef\xbb\xbf" + data,
        "base64": base64.b64encode(data),
        "base64 as text": base64.b64encode(data).decode(),
        "base64 in lines": base64.encodebytes(data),
        "base64 of a byte order mark": base64.b64encode(b"\xef\xbb\xbf" + data),
        "upper case": data.replace(b"step,train", b"Step,Train"),
    }[how]


HOWS = ["text", "bytes", "byte order mark", "base64", "base64 as text", "base64 in lines"]
HOWS += ["base64 of a byte order mark", "upper case"]


@pytest.mark.parametrize("how", HOWS)
def test_files_of_the_first_generation_are_read_however_they_come(how):
    assert curves_from_file(written(OLD, how)) == EXPECTED


@pytest.mark.parametrize("how", HOWS)
def test_files_of_the_second_generation_have_the_whole_validation_file_too(how):
    curves = curves_from_file(written(NEW, how))
    assert (curves.train_accuracy, curves.valid_accuracy) == ((0.5, 1.0), (None, 0.75))
    assert (curves.full_valid_loss, curves.full_valid_accuracy) == ((None, 0.3), (None, 0.7))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loss,accuracy\n1,2\n", "neither CSV nor base64"),
        ("a step is,not a header\n", "no column 'step'"),
        ("", "no column 'step'"),
        ("step,train_loss\n1,high\n", "Line 2 .* train_loss is 'high'"),
        ("step,train_loss\n1.5,0.1\n", "the step is '1.5'"),
        ("step,train_loss\n,0.1\n", "the step is ''"),
        (b"step,train_loss\n1,\xff\n", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_result_file_is_refused(text, message):
    with pytest.raises(BadInput, match=message):
        curves_from_file(text)


def test_short_rows_blank_lines_and_steps_out_of_order_are_read():
    curves = curves_from_file("step,train_loss,train_accuracy\n3,0.3\n\n,,\n1.0,0.1,0.9\n")
    assert (curves.steps, curves.train_loss, curves.train_accuracy) == ((1, 3), (0.1, 0.3), (0.9, None))


def test_values_that_are_not_finite_are_gaps_and_are_counted():
    curves = curves_from_file("step,train_loss\n1,nan\n2,inf\n3,0.5\n")
    assert (curves.train_loss, curves.not_finite_count) == ((None, None, 0.5), 2)


def metric(step: int, **values: object) -> dict[str, object]:
    return {"id": f"e{step}", "type": "metrics", "data": {"step": step, "total_steps": 9, **values}}


def test_metric_events_give_the_same_curves_as_the_file():
    events = [
        {"id": "m", "type": "message", "message": "Step 2/9", "data": {}},
        metric(
            2,
            train_loss=6e-05,
            train_mean_token_accuracy=1.0,
            valid_loss=0.25,
            valid_mean_token_accuracy=0.75,
        ),
        metric(1, train_loss=1.5, train_mean_token_accuracy=0.5),
        {"id": "x", "type": "moderation_checks", "data": {"step": 5, "train_loss": 7}},
        {"id": "y", "type": "metrics", "data": None},
        {"id": "z", "data": {"step": 4, "scores": {"train_reward_mean": 0.3}}},
    ]
    assert curves_from_events(events) == EXPECTED


def test_a_page_of_events_fetched_twice_changes_nothing():
    events = [metric(step, train_loss=1 / step) for step in (3, 2, 1)]
    assert curves_from_events(events + events[:2]) == curves_from_events(events)


def test_a_step_whose_values_come_in_two_events_is_one_step():
    curves = curves_from_events([metric(7, train_loss=0.5), metric(7, full_valid_loss=0.4, train_loss=None)])
    assert (curves.steps, curves.train_loss, curves.full_valid_loss) == ((7,), (0.5,), (0.4,))


def test_no_events_give_no_steps():
    assert curves_from_events([]) == Curves()


@pytest.mark.parametrize("value", [True, "high", [1]])
def test_an_event_whose_metric_is_no_number_is_refused(value):
    with pytest.raises(BadInput, match="Event e1: train_loss is"):
        curves_from_events([metric(1, train_loss=value)])


@given(st.dictionaries(st.integers(0, 10**6), st.floats(0, 20), min_size=1, max_size=30))
def test_what_is_written_is_read_in_order_of_steps(losses):
    text = "step,train_loss\n" + "".join(f"{step},{loss!r}\n" for step, loss in losses.items())
    curves = curves_from_file(base64.b64encode(text.encode()))
    assert dict(zip(curves.steps, curves.train_loss, strict=True)) == losses
    assert list(curves.steps) == sorted(losses)


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the published example files are not here")
def test_the_published_example_files_are_read():
    guide = curves_from_file((EXAMPLES / "result_file_guide_example.csv").read_bytes())
    assert guide.steps == (1, 2, 3, 4, 5)
    assert guide.train_loss == (1.52347, 0.57719, 3.63525, 1.72257, 1.52379)
    assert guide.valid_loss == (None,) * 5
    drone = curves_from_file((EXAMPLES / "result_file_drone_first75.csv").read_bytes())
    assert drone.steps == tuple(range(1, 76))
    assert (drone.train_loss[29], drone.train_accuracy[29]) == (6e-05, 1.0)
    assert drone.not_finite_count == 0
