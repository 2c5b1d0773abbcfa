"""Charts of the evaluation: a confusion matrix, scores, and what changed. Labels are data, never markup."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from domain.labels import labels_in
from domain.text import shortened
from services.evaluation.confusion import UNPARSED, ConfusionTable
from services.evaluation.label_changes import LabelChange
from services.reporting.opening import Mark

RIGHT, WRONG = "#3657d6", "#d1495b"
_OUTCOME_COLOURS = {"pass": RIGHT, "fail": WRONG, "not decidable": "#8b93a3", "not judged": RIGHT}
_LINE = "#e9a23b"  # what the policy asks for
_MAX_MATRIX_PX, _CELL_PX, _ROW_PX = 700, 118, 46
_MARGIN_PX = 180  # the chart is fitted into its size together with the names of the labels
_UPRIGHT_PX = 90  # names above narrower cells are turned
_DARK_ENOUGH = 0.45  # above this share of its row a cell is so dark that its number is white


def confusion_matrix(
    table: ConfusionTable, *, as_shares: bool, is_dark: bool, gold: str = "", predicted: str = ""
) -> alt.LayerChart:
    """The matrix, rows frozen labels, columns predicted ones; a click selects a cell as `cell`.

    Args:
        as_shares: Write shares of each row instead of counts; the colours are shares either way.
        is_dark: Whether the page is dark; numbers stand on the page's own colour where a cell is faint.
        gold, predicted: The cell to be framed, "" for none.
    """
    cells = _cells(table, as_shares)
    columns = [*table.labels, UNPARSED]
    cells["framed"] = (cells["gold"] == gold) & (cells["predicted"] == predicted)
    width = min(_CELL_PX, _MAX_MATRIX_PX // len(columns))
    is_narrow = width < _UPRIGHT_PX
    x = alt.X("predicted:N", sort=columns, title="Predicted", axis=_axis(-40 if is_narrow else 0, "top"))
    y = alt.Y("gold:N", sort=list(table.labels), title="Frozen label", axis=_axis(0, "left"))
    place = alt.Chart(cells).encode(x=x, y=y)
    squares = place.mark_rect(cornerRadius=3, strokeWidth=3, cursor="pointer").encode(
        color=alt.Color("right:N", scale=alt.Scale(domain=[True, False], range=[RIGHT, WRONG]), legend=None),
        fillOpacity=alt.FillOpacity("strength:Q", scale=None, legend=None),
        stroke=alt.condition("datum.framed", alt.value("#e9a23b"), alt.value("transparent")),
        tooltip=[
            alt.Tooltip("gold:N", title="Frozen label"),
            alt.Tooltip("predicted:N", title="Predicted"),
            alt.Tooltip("count:Q", title="Comments", format=","),
            alt.Tooltip("share_text:N", title="Share of the row"),
        ],
    )
    clicked = alt.selection_point(name="cell", fields=["gold", "predicted"], toggle=False)
    numbers = place.mark_text().encode(text="shown:N")
    return alt.layer(
        squares.add_params(clicked),
        numbers.mark_text(fontSize=13, color="white" if is_dark else "#1d2433").transform_filter(
            alt.datum.strength <= _DARK_ENOUGH
        ),
        numbers.mark_text(fontSize=13, color="white").transform_filter(alt.datum.strength > _DARK_ENOUGH),
    ).properties(
        width=width * len(columns) + _MARGIN_PX,
        height=_ROW_PX * len(table.labels) + (_MARGIN_PX if is_narrow else 100),
    )


def score_bars(scores: Sequence[tuple[str, float]], *, gold: str) -> alt.Chart:
    """The scores of one answer, highest first; bars of frozen labels are in the colour of what is right."""
    rows = pd.DataFrame(scores, columns=["label", "score"])
    rows["right"] = rows["label"].isin({gold, *labels_in(gold)})
    axis = alt.Axis(title=None, labelLimit=140, ticks=False, domain=False)
    end = max(1.0, float(rows["score"].max()))
    return (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=3, height=14)
        .encode(
            x=alt.X(
                "score:Q", scale=alt.Scale(domain=[min(0.0, float(rows["score"].min())), end]), title="Score"
            ),
            y=alt.Y("label:N", sort=list(rows["label"]), axis=axis),
            color=alt.Color(
                "right:N", scale=alt.Scale(domain=[True, False], range=[RIGHT, WRONG]), legend=None
            ),
            tooltip=["label:N", alt.Tooltip("score:Q", format=".3f")],
        )
        .properties(height=28 * len(rows) + 80)
    )


def change_bars(labels: Sequence[LabelChange]) -> alt.Chart:
    """Per frozen label, comments fixed to the right and broken to the left; a click selects `bar`."""
    rows = pd.DataFrame(
        [(each.label, "fixed", each.fixed, each.fixed) for each in labels]
        + [(each.label, "broken", -each.broken, each.broken) for each in labels],
        columns=["label", "change", "length", "comments"],
    )
    axis = alt.Axis(title=None, labelLimit=180, ticks=False, domain=False)
    clicked = alt.selection_point(name="bar", fields=["label", "change"], toggle=False)
    return (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=3, height=18, cursor="pointer")
        .encode(
            x=alt.X(
                "length:Q",
                title="← newly broken · comments · fixed →",
                axis=alt.Axis(labelExpr="format(abs(datum.value), ',')", tickMinStep=1, tickCount=8),
            ),
            y=alt.Y("label:N", sort=[each.label for each in labels], axis=axis),
            color=alt.Color(
                "change:N", scale=alt.Scale(domain=["fixed", "broken"], range=[RIGHT, WRONG]), legend=None
            ),
            tooltip=["label:N", "change:N", alt.Tooltip("comments:Q", format=",")],
        )
        .add_params(clicked)
        .properties(height=36 * len(labels) + 70)
    )


def interval_chart(marks: Sequence[Mark]) -> alt.LayerChart:
    """Shares with their intervals and the policy's line, in the order given; a click selects `mark`."""
    rows = pd.DataFrame(
        {
            "place": [str(place) for place in range(len(marks))],
            "title": [shortened(each.title, 40) for each in marks],
            "value": [each.value for each in marks],
            "low": [each.low for each in marks],
            "high": [each.high for each in marks],
            "line": [each.line for each in marks],
            "n": [each.n for each in marks],
            "outcome": [each.outcome or "not judged" for each in marks],
        }
    )
    colour = alt.Color(
        "outcome:N",
        scale=alt.Scale(domain=list(_OUTCOME_COLOURS), range=list(_OUTCOME_COLOURS.values())),
        legend=None,
    )
    axis = alt.Axis(title=None, labelLimit=190, labelOverlap=False, ticks=False, domain=False)
    place = alt.Chart(rows).encode(y=alt.Y("title:N", sort=list(rows["title"]), axis=axis))
    across = alt.Scale(domain=[0, 1])
    clicked = alt.selection_point(name="mark", fields=["place"], toggle=False)
    told = [
        alt.Tooltip("title:N", title="What"),
        alt.Tooltip("value:Q", format=".3f", title="Measured"),
        alt.Tooltip("low:Q", format=".3f", title="from"),
        alt.Tooltip("high:Q", format=".3f", title="to"),
        alt.Tooltip("line:Q", format=".3f", title="Policy"),
        alt.Tooltip("n:Q", format=",", title="n"),
        alt.Tooltip("outcome:N", title="Outcome"),
    ]
    return alt.layer(
        place.mark_rule(strokeWidth=3).encode(
            x=alt.X("low:Q", scale=across, title=None), x2="high:Q", color=colour
        ),
        place.mark_tick(thickness=2, size=20, color=_LINE).encode(x=alt.X("line:Q", scale=across)),
        place.mark_point(size=110, filled=True, opacity=1, cursor="pointer")
        .encode(x=alt.X("value:Q", scale=across), color=colour, tooltip=told)
        .add_params(clicked),
    ).properties(height=28 * len(rows) + 40)


def _axis(angle: int, orient: str) -> alt.Axis:
    return alt.Axis(
        labelAngle=angle, labelLimit=150, labelOverlap=False, orient=orient, ticks=False, domain=False
    )


def _cells(table: ConfusionTable, as_shares: bool) -> pd.DataFrame:
    shares = table.row_shares
    rows = []
    for i, gold in enumerate(table.labels):
        for j, predicted in enumerate((*table.labels, UNPARSED)):
            count, share = int(table.counts[i, j]), float(shares[i, j])
            share_text = "undefined" if share != share else f"{share:.1%}"
            shown = ("–" if share != share else share_text) if as_shares else f"{count:,}"
            strength = 0.04 if count == 0 else 0.12 + 0.88 * share
            rows.append((gold, predicted, count, share_text, shown, strength, i == j))
    columns = ["gold", "predicted", "count", "share_text", "shown", "strength", "right"]
    return pd.DataFrame(rows, columns=columns)


def label_title(label: str | None) -> str:
    """A predicted label as tables and pickers show it; an answer that named none says so."""
    return UNPARSED if label is None else shortened(label, 60)
