"""Curves of a training under way, step by step. Labels are data, never markup."""

import math
from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from domain.text import shortened
from services.jobs.process.folder import Facts

# Twelve that can be told apart on white and on black.
_COLOURS = (
    "#3657d6", "#d1495b", "#2a9d8f", "#e9a23b", "#8f5bd1", "#3f8fc0", "#9a6b4f", "#6a8f3f", "#d666a8",
    "#7d8597", "#b8a12f", "#17becf",
)  # fmt: skip
_DASHES = ([1, 0], [6, 3], [2, 2])  # the colours once more, where there are more labels than that
_DOTS_UP_TO = 40  # points of a line; more would hide it
_HEIGHT, _LOW_HEIGHT, _TALL = 240, 130, 300
_LEGEND_COLUMNS, _LEGEND_ROW_PX = 3, 20  # the legend is inside the height of a chart


def loss_chart(steps: Sequence[Facts], evaluations: Sequence[Facts]) -> alt.Chart:
    """Loss on training and on validation over the steps."""
    rows = [(line["step"], "training", line["loss"]) for line in steps]
    rows += [(line["step"], "validation", line["loss"]) for line in evaluations if line["loss"] is not None]
    return _lines(rows, ["training", "validation"], title="Loss", zero=True)


def learning_rate_chart(steps: Sequence[Facts]) -> alt.Chart:
    """The learning rate over the steps: up while warming up, then down."""
    rows = [(line["step"], "learning rate", line["learning_rate"]) for line in steps]
    return _lines(rows, ["learning rate"], title="Learning rate", zero=True, height=_LOW_HEIGHT)


def label_chart(labels: Mapping[str, Sequence[Facts]]) -> alt.Chart:
    """F1 of each label on validation over the steps; where it is undefined the line has no point."""
    names = {label: shortened(label, 40) for label in sorted(labels)}
    rows = [
        (line["step"], names[label], line["f1"])
        for label, lines in labels.items()
        for line in lines
        if line["f1"] is not None
    ]
    legend_px = math.ceil(len(names) / _LEGEND_COLUMNS) * _LEGEND_ROW_PX
    return _lines(rows, list(names.values()), title="F1", limits=[0.0, 1.0], height=_TALL + legend_px)


def _lines(
    rows: Sequence[tuple[int, str, float]],
    names: Sequence[str],
    *,
    title: str,
    zero: bool = False,
    limits: list[float] | None = None,
    height: int = _HEIGHT,
) -> alt.Chart:
    points = pd.DataFrame(rows, columns=["step", "of", "value"])
    scale = alt.Scale(zero=zero) if limits is None else alt.Scale(domain=limits)
    places = range(len(names))
    colours = alt.Scale(domain=names, range=[_COLOURS[place % len(_COLOURS)] for place in places])
    dashes = alt.Scale(
        domain=names, range=[_DASHES[place // len(_COLOURS) % len(_DASHES)] for place in places]
    )
    legend = alt.Legend(orient="bottom", columns=_LEGEND_COLUMNS, labelLimit=130) if len(names) > 1 else None
    return (
        alt.Chart(points)
        .mark_line(point=len(points) <= _DOTS_UP_TO * len(names), strokeWidth=2)
        .encode(
            x=alt.X("step:Q", title="Step", axis=alt.Axis(tickMinStep=1, format=",d", grid=False)),
            y=alt.Y("value:Q", title=None, scale=scale, axis=alt.Axis(tickCount=5)),
            color=alt.Color("of:N", title=None, scale=colours, legend=legend),
            strokeDash=alt.StrokeDash("of:N", title=None, scale=dashes, legend=None),
            tooltip=[
                alt.Tooltip("of:N", title="Line"),
                alt.Tooltip("step:Q", title="Step", format=",d"),
                alt.Tooltip("value:Q", title=title, format=".4~g"),
            ],
        )
        .properties(height=height)
    )
