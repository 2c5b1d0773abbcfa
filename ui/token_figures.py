"""A token budget on the screen: its numbers as tiles, its lengths as a histogram."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from domain.text import escape_markdown
from services.modelling.tokens.budget import TokenBudget

_NEAR = 0.5  # of the limit: from there on the chart shows where it lies
_BAR, _LIMIT = "#3657d6", "#d1495b"


def draw_tiles(found: TokenBudget, *, cost_usd: float | None = None, note: str = "") -> None:
    """The budget as numbers."""
    each = found.tokens
    middle = f"median · p5 {each.p5:,.0f} · p95 {each.p95:,.0f} · {each.smallest:,} to {each.largest:,}"
    tiles = {
        "Examples": f"{found.examples:,}",
        "Tokens in all": f"{each.total:,}",
        "Per example": f"{each.median:,.0f}",
        "Epochs": f"{found.epochs}",
        "Billed tokens": f"{found.billed_tokens:,}",
    }
    below = {
        "Examples": f"{found.answer_tokens.total:,} tokens of answers",
        "Tokens in all": f"mean {each.mean:,.1f} per example",
        "Per example": middle,
        "Epochs": "by the published rule",
        "Billed tokens": f"{found.billed_tokens_per_epoch:,} × {found.epochs}",
    }
    if cost_usd is not None:
        tiles["Training"], below["Training"] = f"${cost_usd:,.2f}", note
    for column, name in zip(st.columns(len(tiles)), tiles, strict=True):
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.metric(name, tiles[name])
            st.caption(escape_markdown(below[name]))
    if not found.exact:
        st.warning(
            f"The file of {found.encoding} is not in place: every count is an estimate from the number of "
            "characters. Put it in place with `python -m services.modelling.tokens.encodings`.",
            icon=":material/warning:",
        )


def draw_histogram(
    bins: Sequence[tuple[float, float, int]], *, limit: int, limit_name: str, title: str
) -> None:
    """How many examples have how many tokens; the limit is drawn where anything comes near it."""
    rows = pd.DataFrame(bins, columns=["start", "end", "examples"]).assign(foot=0)
    bars = (
        alt.Chart(rows)
        .mark_rect(color=_BAR)  # a bar that spans a stretch has no foot of its own
        .encode(
            x=alt.X("start:Q", title=title, scale=alt.Scale(zero=False, nice=False)),
            x2="end:Q",
            y=alt.Y("examples:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            y2="foot:Q",
            tooltip=[
                alt.Tooltip("start:Q", title="from", format=",.0f"),
                alt.Tooltip("end:Q", title="to", format=",.0f"),
                alt.Tooltip("examples:Q", format=","),
            ],
        )
    )
    layers: list[alt.Chart] = [bars]
    if rows["end"].max() >= _NEAR * limit:
        line = pd.DataFrame({"limit": [limit], "what": [f"{limit_name} {limit:,}"]})
        rule = alt.Chart(line).mark_rule(color=_LIMIT, strokeWidth=2).encode(x="limit:Q", tooltip="what:N")
        name = alt.Chart(line).mark_text(align="right", dx=-6, dy=8, color=_LIMIT, baseline="top")
        layers += [rule, name.encode(x="limit:Q", y=alt.value(0), text="what:N")]
    st.altair_chart(alt.layer(*layers).properties(height=240), alt=f"Histogram: {title}")
