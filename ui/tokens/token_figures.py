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
    tiles = {
        "Examples": f"{found.examples:,}",
        "Tokens in all": f"{each.total:,}",
        "Per example": f"{each.median:,.0f}",
        "Epochs": f"{found.epochs}",
        "Billed tokens": f"{found.billed_tokens:,}",
    }
    below = {
        "Examples": f"{found.answer_tokens.total:,} tokens of answers",
        "Tokens in all": f"in {found.message_tokens.count:,} messages",
        "Per example": f"median; {each.smallest:,} to {each.largest:,}",
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


def draw_spreads(found: TokenBudget) -> None:
    """How the tokens are spread: over examples, over messages, over the answers of each example."""
    spreads = {
        "per example": found.tokens,
        "per message": found.message_tokens,
        "answers of an example": found.answer_tokens,
    }
    rows = pd.DataFrame(
        [
            (
                *(what, one.count, one.total, one.smallest, one.p5),
                *(one.mean, one.median, one.p95, one.largest),
            )
            for what, one in spreads.items()
        ],
        columns=["tokens", "how many", "in all", "smallest", "p5", "mean", "median", "p95", "largest"],
    )
    whole, broken = (st.column_config.NumberColumn(format=form) for form in ("localized", "%.1f"))
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            **dict.fromkeys(["how many", "in all", "smallest", "largest"], whole),
            **dict.fromkeys(["p5", "mean", "median", "p95"], broken),
        },
        alt="How the tokens are spread",
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
