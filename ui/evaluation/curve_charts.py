"""Charts of what scores can do: precision and recall, ROC, and the reliability diagram."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from services.evaluation.calibration import Bin
from services.evaluation.class_curves import Curve
from ui.charts import RIGHT, WRONG

_POINT = "#e9a23b"
_GREY = "#8b93a3"
_HEIGHT_PX = 300
_LEAST_RATE = 0.001  # where the axis of a false-positive rate begins: it has no 0
_FEW = 10  # bins with fewer comments are drawn hollow

Point = tuple[float, float, str]


def precision_recall_chart(curve: Curve, *, base_rate: float, points: Sequence[Point] = ()) -> alt.LayerChart:
    """Precision over recall with its band, the base rate as a dashed line, and operating points.

    Args:
        points: Recall, precision and the words of each point; the first is filled.
    """
    line = (
        alt.Chart(pd.DataFrame({"y": [base_rate]})).mark_rule(strokeDash=[4, 4], color=_GREY).encode(y="y:Q")
    )
    return alt.layer(*_curve(curve, "Recall", "Precision"), line, *_points(points)).properties(
        height=_HEIGHT_PX
    )


def roc_chart(curve: Curve, *, points: Sequence[Point] = ()) -> alt.LayerChart:
    """Recall over the false-positive rate on a logarithmic axis, with its band and the line of chance.

    Args:
        points: False-positive rate, recall and the words of operating points.
    """
    drawn = Curve(np.maximum(curve.x, _LEAST_RATE), curve.y, curve.low, curve.high, curve.thresholds)
    rates = np.geomspace(_LEAST_RATE, 1, 40)
    chance = (
        alt.Chart(pd.DataFrame({"x": rates, "y": rates}))
        .mark_line(strokeDash=[4, 4], color=_GREY, strokeWidth=1)
        .encode(x="x:Q", y="y:Q")
    )
    layers = _curve(drawn, "False-positive rate, from 0.001", "Recall", is_log=True)
    marked = [(max(x, _LEAST_RATE), y, words) for x, y, words in points]
    return alt.layer(*layers, chance, *_points(marked)).properties(height=_HEIGHT_PX)


def reliability_chart(bins: Sequence[Bin]) -> alt.LayerChart:
    """What the score says against how often it is so, with the band of perfect calibration.

    Bins with fewer than ten comments are hollow.
    """
    rows = pd.DataFrame(
        {
            "said": [each.mean_score for each in bins],
            "from": [each.low for each in bins],
            "to": [each.high for each in bins],
            "share": [each.share.value for each in bins],
            "low": [each.share.low for each in bins],
            "high": [each.share.high for each in bins],
            "null_low": [each.null_low for each in bins],
            "null_high": [each.null_high for each in bins],
            "n": [each.share.n for each in bins],
            "few": [each.share.n < _FEW for each in bins],
        }
    )
    x = alt.X("said:Q", title="Score", scale=alt.Scale(domain=[0, 1]))
    place = alt.Chart(rows).encode(x=x)
    y = alt.Y("share:Q", title="Share that is so", scale=alt.Scale(domain=[0, 1]))
    ends = alt.Chart(pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]}))
    return alt.layer(
        place.mark_area(opacity=0.18, color=_GREY).encode(y=alt.Y("null_low:Q", title=""), y2="null_high:Q"),
        ends.mark_line(strokeDash=[4, 4], color=_GREY, strokeWidth=1).encode(x="x:Q", y="y:Q"),
        place.mark_rule(color=RIGHT, strokeWidth=1.5).encode(y="low:Q", y2="high:Q"),
        place.mark_point(color=RIGHT, size=60, opacity=1, cursor="pointer")
        .add_params(alt.selection_point(name="bin", fields=["from", "to"], toggle=False))
        .encode(
            y=y,
            fill=alt.condition("datum.few", alt.value("transparent"), alt.value(RIGHT)),
            tooltip=[
                alt.Tooltip("said:Q", title="Mean score", format=".3f"),
                alt.Tooltip("share:Q", title="Share", format=".3f"),
                alt.Tooltip("n:Q", title="Comments", format=","),
            ],
        ),
    ).properties(height=_HEIGHT_PX)


def score_histogram(bins: Sequence[Bin]) -> alt.Chart:
    """Where the scores lie: narrow bins are crowded, as all hold equally many; a click selects `bin`."""
    rows = pd.DataFrame(
        {
            "low": [each.low for each in bins],
            "high": [max(each.high, each.low + 0.004) for each in bins],
            "crowd": [each.share.n / max(each.high - each.low, 0.004) for each in bins],
            "n": [each.share.n for each in bins],
            "from": [each.low for each in bins],
            "to": [each.high for each in bins],
        }
    )
    height = alt.Y(
        "crowd:Q",
        title="Density",
        axis=alt.Axis(labels=False, ticks=False),
        scale=alt.Scale(type="sqrt"),
    )
    words = [
        alt.Tooltip("low:Q", title="Score from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("n:Q", title="Comments", format=","),
    ]
    x = alt.X("low:Q", title=None, scale=alt.Scale(domain=[0, 1]))
    clicked = alt.selection_point(name="bin", fields=["from", "to"], toggle=False)
    bars = alt.Chart(rows).mark_bar(color=_GREY, opacity=0.7, cursor="pointer").add_params(clicked)
    return bars.encode(x=x, x2="high:Q", y=height, y2=alt.datum(0), tooltip=words).properties(height=90)


def _curve(curve: Curve, across: str, up: str, *, is_log: bool = False) -> list[alt.Chart]:
    rows = pd.DataFrame(
        {"x": curve.x, "y": curve.y, "low": curve.low, "high": curve.high, "threshold": curve.thresholds}
    )
    kind = {"type": "log", "domain": [_LEAST_RATE, 1]} if is_log else {"domain": [0, 1]}
    axis = alt.Axis(values=[0.001, 0.01, 0.1, 1], format="~g") if is_log else alt.Axis()
    place = alt.Chart(rows).encode(x=alt.X("x:Q", title=across, scale=alt.Scale(**kind), axis=axis))
    height = alt.Scale(domain=[0, 1])
    band = place.mark_area(opacity=0.2, color=RIGHT).encode(
        y=alt.Y("low:Q", title=up, scale=height), y2="high:Q"
    )
    line = place.mark_line(color=RIGHT, strokeWidth=2).encode(
        y=alt.Y("y:Q", title=up, scale=height),
        order="threshold:Q",
    )
    told = [
        alt.Tooltip("threshold:Q", title="Threshold", format=".4f"),
        alt.Tooltip("x:Q", title=across.split(" (")[0], format=".4f"),
        alt.Tooltip("y:Q", title=up, format=".4f"),
        alt.Tooltip("low:Q", title="from", format=".4f"),
        alt.Tooltip("high:Q", title="to", format=".4f"),
    ]
    clicked = alt.selection_point(name="at", fields=["threshold"], toggle=False)
    spots = place.mark_point(size=120, opacity=0, cursor="pointer").encode(y="y:Q", tooltip=told)
    return [band, line, spots.add_params(clicked)]


def _points(points: Sequence[Point]) -> list[alt.Chart]:
    if not points:
        return []
    rows = pd.DataFrame(points, columns=["x", "y", "words"])
    rows["first"] = rows.index == 0
    mark = (
        alt.Chart(rows)
        .mark_point(size=140, color=WRONG, strokeWidth=2.5, opacity=1)
        .encode(
            x="x:Q",
            y="y:Q",
            fill=alt.condition("datum.first", alt.value(_POINT), alt.value("transparent")),
            tooltip=["words:N", alt.Tooltip("x:Q", format=".3f"), alt.Tooltip("y:Q", format=".3f")],
        )
    )
    return [mark]
