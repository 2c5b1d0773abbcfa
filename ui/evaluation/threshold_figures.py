"""What a threshold does, drawn: its numbers, its promise, its counts and the comments at the line."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from domain.text import visible
from services.evaluation.base_rate import precision_at
from services.evaluation.choosing import Choice, Crossing
from services.evaluation.intervals import Estimate
from services.evaluation.outlook import Outlook
from services.evaluation.targets import Stability, Target
from services.evaluation.thresholds import Tally, Traffic
from ui.charts import label_title
from ui.evaluation.curve_charts import Point
from ui.figures import draw_figure, draw_metric

_COLOURS = {"met": "green", "not met": "red", "not decidable": "gray"}


def draw_boxes(tally: Tally, day: Outlook, traffic: Traffic) -> None:
    """Precision, recall and false-positive rate of what is flagged, and the hours it takes."""
    boxes = st.columns(4)
    removed = tally.removed_positives + tally.removed_negatives
    share = f"where {traffic.base_rate:.2%} are unwanted"
    with boxes[0]:
        draw_figure("Precision", day.precision, n=removed, note=share)
    with boxes[1]:
        draw_figure("Recall", day.recall, n=tally.positives)
    with boxes[2]:
        draw_figure("False-positive rate", day.false_positive_rate, n=tally.negatives)
    with boxes[3], st.container(border=True, height="stretch", gap="xsmall"):
        draw_metric("Hours of reading a day", f"{day.hours.value:,.1f}")
        has_band = tally.queued_positives + tally.queued_negatives > 0
        unread = "" if has_band else "  \nIf what is flagged is read first; none if removed unread"
        st.caption(
            f"95 % interval {_span(day.hours, 1)}  \n"
            f"{day.read.value:,.0f} ({_span(day.read)}) comments a day{unread}"
        )


def draw_tally(choice: Choice) -> None:
    """The comments behind a cut: what they are, and what becomes of them."""
    tally, has_band = choice.tally, choice.cut.has_band
    rows = pd.DataFrame(
        {
            "frozen label": ["unwanted", "others"],
            "flagged": [tally.removed_positives, tally.removed_negatives],
            "to a human": [tally.queued_positives, tally.queued_negatives],
            "kept": [tally.kept_positives, tally.kept_negatives],
        }
    )
    st.dataframe(
        rows if has_band else rows.drop(columns="to a human"),
        hide_index=True,
        height="content",
        alt="How many comments of either kind the threshold flags and keeps",
    )
    draw_ranges(choice.outlook)


def draw_ranges(day: Outlook) -> None:
    """How sure the numbers of a day are."""
    st.caption(
        f"95 % intervals a day: {_span(day.abusive_caught)} abusive ones caught, {_span(day.abusive_missed)}"
        f" missed, {_span(day.kind_removed)} kind ones flagged, {_span(day.removed)} flagged in all."
    )


def draw_firmness(choice: Choice, stable: Stability | None) -> None:
    """Whether the comments show what the rule promises, and how far luck moves the threshold."""
    for target in choice.targets:
        st.markdown(f":{_COLOURS[target.verdict]}-badge[{target.verdict.capitalize()}] {_promise(target)}")
    cut = choice.cut
    words = f"Flag from {cut.upper:.4f}" + (f", read from {cut.lower:.4f}" if cut.has_band else "")
    if stable is not None:
        failed = f"; {stable.failed} of 200 found none" if stable.failed else ""
        words += f". Redrawing the comments moves it between {stable.low:.4f} and {stable.high:.4f}{failed}"
    st.caption(f"{words}.")


def _promise(target: Target) -> str:
    sign = "at least" if target.at_least else "at most"
    found = "undefined" if target.found is None else _span(target.found, 3)
    needed = f" About {target.labels_needed:,} labels would decide it." if target.labels_needed else ""
    return f"{target.name.capitalize()} {sign} {target.wanted:g}: 95 % interval {found}.{needed}"


def points_of(choice: Choice) -> list[Point]:
    """Where a cut lies on the curve: the flagging point first, then that of the human band."""
    tally, rate = choice.tally, choice.traffic.base_rate
    steps = [(tally.removed_positives, tally.removed_negatives, "flag")]
    if choice.cut.has_band:
        queued = (tally.queued_positives, tally.queued_negatives)
        steps.append((steps[0][0] + queued[0], steps[0][1] + queued[1], "read"))
    points = []
    for caught, wronged, words in steps:
        recall = caught / tally.positives
        precision = precision_at(recall, wronged / tally.negatives, rate)
        if not np.isnan(precision):
            points.append((recall, precision, words))
    return points


def draw_crossing(found: Sequence[Crossing], line: float) -> None:
    """The comments next to a threshold, either side in a table of its own."""
    st.subheader(f"Comments at the line, {line:.4f}", anchor=False)
    sides = {"Just flagged": True, "Just not flagged": False}
    for column, (title, is_flagged) in zip(st.columns(2), sides.items(), strict=True):
        near = [each for each in found if each.is_flagged == is_flagged]
        with column:
            st.caption(title)
            st.dataframe(
                pd.DataFrame(
                    {
                        "score": [each.score for each in near],
                        "frozen label": [label_title(each.gold) for each in near],
                        "text": [visible(each.body) for each in near],
                    }
                ),
                hide_index=True,
                height="content",
                column_config={
                    "score": st.column_config.NumberColumn(width=70, format="%.4f"),
                    "frozen label": st.column_config.TextColumn(width=100),
                },
                placeholder="",
                alt=f"{title}: the comments next to the threshold",
            )


def _span(number: Estimate, digits: int = 0) -> str:
    return f"{number.low:,.{digits}f} to {number.high:,.{digits}f}"
