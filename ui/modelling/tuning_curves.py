"""What a provider tells of a training as it goes on: loss and token accuracy, step by step."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

# What is drawn, by the names that events and both generations of result files give it.
_LINES: dict[str, dict[str, tuple[str, ...]]] = {
    "Loss": {
        "training": ("train_loss",),
        "validation, a batch": ("valid_loss",),
        "validation, all": ("full_valid_loss",),
    },
    "Token accuracy": {
        "training": ("train_mean_token_accuracy", "train_accuracy"),
        "validation, a batch": ("valid_mean_token_accuracy", "valid_accuracy"),
        "validation, all": ("full_valid_mean_token_accuracy", "full_valid_accuracy"),
    },
}
_COLOURS = {"training": "#3657d6", "validation, a batch": "#e9a23b", "validation, all": "#d1495b"}
_DOTS_UP_TO = 60  # points; more would hide the line


def draw_tuning_curves(told: Sequence[Mapping[str, Any]]) -> None:
    """Both curves, from the lines of one training in the order of their steps; nothing without a step."""
    steps = [line for line in told if line.get("step") is not None]
    if not steps:
        return
    last = max(int(line["step"]) for line in steps)
    st.caption(f"Loss and token accuracy as the provider tells them; {len(steps):,} points, step {last:,}.")
    for place, (title, lines) in zip(st.columns(len(_LINES), gap="large"), _LINES.items(), strict=True):
        points = points_of(steps, lines)
        if points.empty:
            continue
        place.markdown(f"**{title}**")
        place.altair_chart(_curve(points, title), alt=f"{title} over {len(steps):,} points, to step {last:,}")


def points_of(steps: Sequence[Mapping[str, Any]], lines: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The columns step, of and value; a number that was not told, or is none, has no row."""
    rows = [
        (int(step["step"]), line, float(value))
        for step in steps
        for line, names in lines.items()
        for value in [next((step[name] for name in names if step.get(name) is not None), None)]
        if value is not None
    ]
    return pd.DataFrame(rows, columns=["step", "of", "value"]).sort_values(["of", "step"])


def _curve(points: pd.DataFrame, title: str) -> alt.Chart:
    shown = [line for line in _COLOURS if line in set(points["of"])]
    colours = alt.Scale(domain=shown, range=[_COLOURS[line] for line in shown])
    return (
        alt.Chart(points)
        .mark_line(point=len(points) <= _DOTS_UP_TO)
        .encode(
            x=alt.X("step:Q", title="Step", axis=alt.Axis(tickMinStep=1, format=",d")),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=False)),
            color=alt.Color("of:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
            tooltip=[
                "of:N",
                alt.Tooltip("step:Q", format=","),
                alt.Tooltip("value:Q", title=title, format=".4f"),
            ],
        )
        .properties(height=280)
    )
