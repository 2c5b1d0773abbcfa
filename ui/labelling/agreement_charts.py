"""Charts of agreement: what two annotators said, and alpha over months. Labels are data, never markup."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from domain.text import shortened
from services.evaluation.intervals import SMALL_N
from services.labelling.agreement_report import MonthAgreement, PairAgreement
from ui.charts import RIGHT, WRONG

_MAX_MATRIX_PX, _CELL_PX, _ROW_PX, _MARGIN_PX = 700, 150, 46, 180
_DARK_ENOUGH = 0.45  # above this share of its row a cell is so dark that its number is white


def annotator_matrix(
    pair: PairAgreement, labels: Sequence[str], *, is_dark: bool, framed: tuple[str, str] = ("", "")
) -> alt.LayerChart:
    """What two annotators said of the same comments; a click selects a cell as `cell` (said, answered).

    Args:
        is_dark: Whether the page is dark; numbers stand on the page's own colour where a cell is faint.
        framed: The labels of the cell in hand, "" for none.
    """
    cells = _cells(pair, labels)
    cells["framed"] = (cells["said"] == framed[0]) & (cells["answered"] == framed[1])
    width = min(_CELL_PX, _MAX_MATRIX_PX // len(labels))
    x = alt.X("answered:N", sort=list(labels), title=shortened(pair.second, 40), axis=_axis("top"))
    y = alt.Y("said:N", sort=list(labels), title=shortened(pair.first, 40), axis=_axis("left"))
    place = alt.Chart(cells).encode(x=x, y=y)
    squares = place.mark_rect(cornerRadius=3, strokeWidth=3, cursor="pointer").encode(
        color=alt.Color("same:N", scale=alt.Scale(domain=[True, False], range=[RIGHT, WRONG]), legend=None),
        fillOpacity=alt.FillOpacity("strength:Q", scale=None, legend=None),
        stroke=alt.condition("datum.framed", alt.value("#e9a23b"), alt.value("transparent")),
        tooltip=[
            alt.Tooltip("said:N", title=shortened(pair.first, 40)),
            alt.Tooltip("answered:N", title=shortened(pair.second, 40)),
            alt.Tooltip("count:Q", title="Comments", format=","),
        ],
    )
    clicked = alt.selection_point(name="cell", fields=["said", "answered"], toggle=False)
    numbers = place.mark_text().encode(text=alt.Text("count:Q", format=","))
    return alt.layer(
        squares.add_params(clicked),
        numbers.mark_text(fontSize=13, color="white" if is_dark else "#1d2433").transform_filter(
            alt.datum.strength <= _DARK_ENOUGH
        ),
        numbers.mark_text(fontSize=13, color="white").transform_filter(alt.datum.strength > _DARK_ENOUGH),
    ).properties(width=width * len(labels) + _MARGIN_PX, height=_ROW_PX * len(labels) + 100)


def month_chart(months: Sequence[MonthAgreement]) -> alt.LayerChart:
    """Alpha of each month as a point with its interval; hollow where it rests on few comments."""
    rows = pd.DataFrame(
        [
            (each.month, each.alpha.value, each.alpha.low, each.alpha.high, each.n, each.n >= SMALL_N)
            for each in months
            if each.alpha is not None
        ],
        columns=["month", "alpha", "low", "high", "comments", "enough"],
    )
    least = min(0.0, float(rows["low"].min()))
    x = alt.X("month:O", title=None, axis=alt.Axis(labelAngle=0))
    y = alt.Y("low:Q", title="Alpha", scale=alt.Scale(domain=[least, 1]))
    base = alt.Chart(rows).encode(x=x)
    return alt.layer(
        base.mark_rule(strokeWidth=2, color=RIGHT, opacity=0.8).encode(y=y, y2="high:Q"),
        base.mark_point(size=70, color=RIGHT, opacity=1).encode(
            y="alpha:Q",
            fill=alt.condition("datum.enough", alt.value(RIGHT), alt.value("transparent")),
            tooltip=[
                "month:O",
                alt.Tooltip("alpha:Q", format=".3f"),
                alt.Tooltip("low:Q", format=".3f"),
                alt.Tooltip("high:Q", format=".3f"),
                alt.Tooltip("comments:Q", format=","),
            ],
        ),
    ).properties(height=240)


def _axis(orient: str) -> alt.Axis:
    return alt.Axis(
        labelAngle=0, labelLimit=150, labelOverlap=False, orient=orient, ticks=False, domain=False
    )


def _cells(pair: PairAgreement, labels: Sequence[str]) -> pd.DataFrame:
    rows = []
    for i, said in enumerate(labels):
        total = sum(pair.table[i])
        for j, answered in enumerate(labels):
            count = pair.table[i][j]
            strength = 0.04 if count == 0 else 0.12 + 0.88 * count / total
            rows.append((said, answered, count, strength, i == j))
    return pd.DataFrame(rows, columns=["said", "answered", "count", "strength", "same"])
