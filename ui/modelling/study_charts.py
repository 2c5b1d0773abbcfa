"""Charts of experiments: trials and the best so far, a learning curve with its band, folds and their mean."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from domain.text import shortened
from ui.charts import RIGHT, WRONG

GREY = "#8a93a5"
_HEIGHT_PX, _ROW_PX = 300, 26
_STATES = ["finished", "given up", "failed"]


def trials_chart(trials: Sequence[dict[str, Any]], metric: str) -> alt.LayerChart:
    """Each trial as a point, and the best so far as a line in steps; a failed trial has no point."""
    rows = pd.DataFrame(
        [(one["number"], one["state"], one["value"], _settings(one["settings"])) for one in trials],
        columns=["trial", "state", "value", "settings"],
    )
    rows["best"] = rows["value"].where(rows["state"] == "finished").cummax().ffill()
    x = alt.X("trial:Q", title="Trial", axis=alt.Axis(tickMinStep=1, format="d"), scale=_about(rows["trial"]))
    base = alt.Chart(rows).encode(x=x)
    line = base.mark_line(interpolate="step-after", color=RIGHT, strokeWidth=2, opacity=0.6).encode(
        y=alt.Y("best:Q", title=_title(metric), scale=alt.Scale(zero=False, nice=True))
    )
    points = base.mark_point(filled=True, size=70, opacity=0.9).encode(
        y="value:Q",
        color=alt.Color(
            "state:N",
            scale=alt.Scale(domain=_STATES[:2], range=[RIGHT, GREY]),
            legend=alt.Legend(title=None, orient="top"),
        ),
        tooltip=[
            alt.Tooltip("trial:Q", title="Trial"),
            alt.Tooltip("value:Q", title=_title(metric), format=".3f"),
            alt.Tooltip("state:N", title="State"),
            alt.Tooltip("settings:N", title="Settings"),
        ],
    )
    return alt.layer(line, points).properties(height=_HEIGHT_PX)


def importance_chart(importance: dict[str, float]) -> alt.Chart:
    """How much of the differences between trials each setting explains."""
    rows = pd.DataFrame(importance.items(), columns=["setting", "share"])
    rows["setting"] = rows["setting"].str.replace("_", " ")
    return (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=3, height=14, color=RIGHT)
        .encode(
            x=alt.X("share:Q", title="Share of the differences", axis=alt.Axis(format="%", tickCount=5)),
            y=alt.Y(
                "setting:N",
                sort=list(rows["setting"]),
                axis=alt.Axis(title=None, ticks=False, domain=False, labelLimit=160),
            ),
            tooltip=["setting:N", alt.Tooltip("share:Q", format=".0%")],
        )
        .properties(height=_ROW_PX * len(rows) + 60)
    )


def curve_chart(points: Sequence[dict[str, Any]], metric: str) -> alt.LayerChart:
    """The mean of each share over the comments learned from, its interval as a band, each draw as a dot."""
    rows = pd.DataFrame(
        [(one["learned"], one["value"], one["low"], one["high"], f"{one['share']:.0%}") for one in points],
        columns=["learned", "value", "low", "high", "share"],
    )
    draws = pd.DataFrame(
        [(one["learned"], value) for one in points for value in one["values"]], columns=["learned", "draw"]
    )
    x = alt.X(
        "learned:Q",
        title="Comments learned from; every doubling is as wide",
        scale=alt.Scale(type="log", base=2, nice=False, padding=24),
        axis=alt.Axis(values=rows["learned"].tolist(), format=",", grid=False),
    )
    mean = alt.Chart(rows).encode(x=x)
    band = mean.mark_area(opacity=0.18, color=RIGHT).encode(
        y=alt.Y("low:Q", title=_title(metric), scale=alt.Scale(zero=False)), y2="high:Q"
    )
    line = mean.mark_line(
        color=RIGHT, strokeWidth=2.5, point=alt.OverlayMarkDef(size=70, filled=True)
    ).encode(
        y="value:Q",
        tooltip=[
            alt.Tooltip("share:N", title="Share of the training comments"),
            alt.Tooltip("learned:Q", title="Comments", format=","),
            alt.Tooltip("value:Q", title=_title(metric), format=".3f"),
            alt.Tooltip("low:Q", title="from", format=".3f"),
            alt.Tooltip("high:Q", title="to", format=".3f"),
        ],
    )
    dots = alt.Chart(draws).mark_point(filled=True, size=26, color=GREY, opacity=0.9).encode(x=x, y="draw:Q")
    return alt.layer(band, line, dots).properties(height=_HEIGHT_PX)


def folds_chart(folds: Sequence[dict[str, Any]], metric: str) -> alt.LayerChart:
    """Each fold as a dot with its interval, and their mean as a line."""
    rows = pd.DataFrame(
        [(f"Fold {one['fold']}", one["value"], one["low"], one["high"], one["asked"]) for one in folds],
        columns=["fold", "value", "low", "high", "asked"],
    ).dropna()
    y = alt.Y("fold:N", sort=list(rows["fold"]), axis=alt.Axis(title=None, ticks=False, domain=False))
    each = alt.Chart(rows).encode(y=y)
    spans = each.mark_rule(color=RIGHT, strokeWidth=2, opacity=0.35).encode(
        x=alt.X(
            "low:Q",
            title=_title(metric),
            scale=alt.Scale(zero=False, nice=True),
            axis=alt.Axis(tickCount=8),
        ),
        x2="high:Q",
    )
    dots = each.mark_point(filled=True, size=90, color=RIGHT, opacity=1).encode(
        x="value:Q",
        tooltip=[
            "fold:N",
            alt.Tooltip("value:Q", title=_title(metric), format=".3f"),
            alt.Tooltip("asked:Q", title="Comments asked", format=","),
        ],
    )
    mean = (
        alt.Chart(rows).mark_rule(color=WRONG, strokeDash=[5, 4], strokeWidth=1.5).encode(x="mean(value):Q")
    )
    return alt.layer(spans, dots, mean).properties(height=_ROW_PX * 1.5 * len(rows) + 60)


def _title(metric: str) -> str:
    return shortened(f"{metric[0].upper()}{metric[1:]}", 60)


def _about(numbers: "pd.Series[int]") -> alt.Scale:
    return alt.Scale(domain=[0.5, max(float(numbers.max()), 2.0) + 0.5], nice=False)


def _settings(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
                     for name, value in settings.items())  # fmt: skip
