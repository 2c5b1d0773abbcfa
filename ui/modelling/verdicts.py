"""Verdicts as a person reads them: large first, then the words and the training comments behind them."""

from collections.abc import Sequence
from datetime import date
from zlib import crc32

import altair as alt
import pandas as pd
import streamlit as st

from domain.text import escape_markdown, shortened, visible
from services.modelling.explaining import Explanation, Near, explain
from services.modelling.playground.labelling import Said, Tried
from ui.charts import RIGHT, WRONG, score_bars
from ui.store import database

_COLOURS = (
    "green",
    "red",
    "orange",
    "blue",
    "violet",
    "gray",
)  # as the label set's, as near as Markdown comes
_WORDS, _NEAR_CHARACTERS = 12, 300
_HOW = {
    "exact": "Exact: what each word adds to the label, against the mean of the others.",
    "left out": "By leaving each word out: how far the score of the label falls without it.",
}
_NO_LABEL = {
    "refusal": "refused",
    "invalid": "not a label",
    "truncated": "cut off",
    "filtered": "withheld",
    "api_error": "no answer",
}


def draw_agreement(tried: Sequence[Tried], place: int) -> None:
    """Whether the models say the same; nothing where only one answered."""
    said = _labels_said(tried, place)
    if len(said) < 2:
        return
    if len(set(said)) > 1:
        st.markdown(":orange-badge[:material/call_split: The models disagree]")
    elif said[0] is not None:
        st.markdown(f":gray-badge[:material/done_all: All {len(said)} say the same]")


def _labels_said(tried: Sequence[Tried], place: int) -> list[str | None]:
    """What the models said that were asked about this text."""
    return [one.said[place].label for one in tried if one.said and not one.said[place].note]


def draw_cards(tried: Sequence[Tried], labels: Sequence[str], place: int = 0) -> None:
    """One card per model with its verdict on one of the texts."""
    for column, one in zip(st.columns(max(len(tried), 1)), tried, strict=False):
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.caption(
                f"{escape_markdown(shortened(one.choice.title, 60))} · {escape_markdown(one.choice.key)}"
            )
            if one.error:
                st.markdown(f"**No answer.** {escape_markdown(one.error)}")
                st.caption(escape_markdown(one.hint))
            else:
                _draw_verdict(one, one.said[place], labels)


def _draw_verdict(one: Tried, said: Said, labels: Sequence[str]) -> None:
    if said.label is None:
        st.title(":gray[No label]", anchor=False)
        told = said.note or f"The answer was {_NO_LABEL.get(said.parse_status, said.parse_status)}."
        st.caption(escape_markdown(told))
    else:
        colour = _COLOURS[min(labels.index(said.label) if said.label in labels else 99, len(_COLOURS) - 1)]
        st.title(f":{colour}[{escape_markdown(said.label)}]", anchor=False)
    if said.score is not None:
        st.progress(min(max(said.score, 0.0), 1.0), f"{one.score_kind} {said.score:.3f}")
    facts = [
        "" if said.latency_ms is None else f"{said.latency_ms:,.0f} ms",
        "" if said.tokens is None else f"{said.tokens:,} tokens",
        "" if said.cost_usd is None else rf"\${said.cost_usd:.6f}",
    ]
    st.caption(f"{' · '.join(filter(None, facts))}{ending(one.choice.ends_on)}")


def ending(day: date | None) -> str:
    """A line of Markdown that says when a model at a provider ends, or ended; empty where nobody knows."""
    if day is None:
        return ""
    return f"  \n{'Shut' if day <= date.today() else 'Ends'} on {day}"


def draw_table(texts: Sequence[str], tried: Sequence[Tried]) -> int:
    """All texts with every model's verdict; returns the place of the one that is open."""
    columns: dict[str, list[str]] = {"text": [shortened(text, 200) for text in texts]}
    for one in tried:
        name = f"{one.choice.key}: {shortened(one.choice.title, 30)}"
        columns[name] = [_cell(one, place) for place in range(len(texts))]
    said = [_labels_said(tried, place) for place in range(len(texts))]
    columns["agree"] = ["no" if len(set(labels)) > 1 else "yes" for labels in said]
    split = sum(cell == "no" for cell in columns["agree"])
    st.caption(f"{len(texts):,} texts; the models disagree on {split:,}. A row opens below.")
    picked = st.dataframe(
        pd.DataFrame(columns),
        hide_index=True,
        height=min(38 + 35 * len(texts), 320),
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [0]}},
        column_config={"text": st.column_config.TextColumn(width="large")},
        key=f"try_table_{key_of(*texts)}",
        alt="What every model says of every text",
    )
    rows = picked["selection"]["rows"]
    return int(rows[0]) if rows and rows[0] < len(texts) else 0


def _cell(one: Tried, place: int) -> str:
    if not one.said:
        return "–"
    said = one.said[place]
    if said.label is None:
        return _NO_LABEL.get(said.parse_status, said.parse_status)
    return shortened(said.label, 60) + ("" if said.score is None else f" {said.score:.2f}")


def draw_why(tried: Sequence[Tried], text: str, place: int) -> None:
    """What is behind each answer, a tab per model; only the open one is worked out."""
    answered = [one for one in tried if one.said]
    if not answered:
        return
    names = [f"{escape_markdown(shortened(one.choice.title, 30))} · {one.choice.key}" for one in answered]
    tabs = st.tabs(names, on_change="rerun", key=f"try_why_{key_of(text, *names)}")
    for tab, one in zip(tabs, answered, strict=True):
        if tab.open:
            with tab:
                _draw_behind(one, one.said[place], text)


def draw_reasons(key: str, text: str, label: str | None) -> None:
    """The words that decided one stored answer, and the nearest comments that the model had learned from."""
    why = _explanation(key, text, label)
    left, right = st.columns(2, gap="large")
    with left:
        _draw_words(why, Said(label, "ok" if label else "invalid"))
    with right:
        _draw_near(why)


def _draw_behind(one: Tried, said: Said, text: str) -> None:
    why = _explanation(one.choice.key, text, said.label)
    left, right = st.columns(2, gap="large")
    with left:
        if said.raw is not None:
            st.markdown("**Answer as it came**")
            st.code(visible(said.raw) or "(empty)", language=None, wrap_lines=True)
        _draw_words(why, said)
        if len(said.scores) > 2:
            st.markdown("**Scores**")
            st.altair_chart(score_bars(said.scores, gold=said.label or ""), alt="Scores, highest first")
    with right:
        _draw_near(why)


def _draw_words(why: Explanation, said: Said) -> None:
    st.markdown("**Deciding words**")
    if why.how is None:
        st.caption(
            "A model at a provider does not tell which words decided." if said.raw else "None are known."
        )
        return
    if not why.words:
        st.caption("The text has no words.")
        return
    left_over = f" {why.left_over:,} words of the long text were not looked at." if why.left_over else ""
    st.caption(f"{_HOW[why.how]}{left_over}")
    label = shortened(said.label or "", 40)
    st.altair_chart(_word_bars(why.words[:_WORDS], label), alt=f"Words for and against {label}")


def _word_bars(words: Sequence[tuple[str, float]], label: str) -> alt.Chart:
    """Words that speak for the label to the right, against it to the left."""
    rows = pd.DataFrame(
        [(f"{shortened(word, 30)}", amount, "for" if amount >= 0 else "against") for word, amount in words],
        columns=["word", "amount", "side"],
    )
    axis = alt.Axis(title=None, labelLimit=160, labelOverlap=False, ticks=False, domain=False)
    sides = alt.Scale(domain=["for", "against"], range=[RIGHT, WRONG])
    return (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=3, height=14)
        .encode(
            x=alt.X("amount:Q", title=f"← against · for {label} →"),
            y=alt.Y("word:N", sort=list(rows["word"]), axis=axis),
            color=alt.Color("side:N", scale=sides, legend=None),
            tooltip=["word:N", alt.Tooltip("amount:Q", format="+.3f")],
        )
        .properties(height=24 * len(rows) + 60)
    )


def _draw_near(why: Explanation) -> None:
    st.markdown("**Nearest comments that it learned from**")
    if not why.training_rows:
        st.caption("Its training comments are not here.")
        return
    some = "" if why.searched == why.training_rows else f" {why.searched:,} of"
    st.caption(f"By shared words (TF-IDF), among{some} {why.training_rows:,} of the train split.")
    if not why.near:
        st.caption("None shares a word with the text.")
    for one in why.near:
        _draw_neighbour(one)


def _draw_neighbour(one: Near) -> None:
    with st.container(border=True, gap="xsmall"):
        st.text(visible(one.text[:_NEAR_CHARACTERS]))
        st.caption(
            f"**{escape_markdown(shortened(one.label, 60))}** · {one.similarity:.2f} alike"
            f" · {one.split} split · comment {one.comment_id}"
        )


def key_of(*texts: str) -> int:
    """What tells the widgets of these texts from those of others."""
    return crc32("\0".join(texts).encode())


@st.cache_data(max_entries=256, show_spinner="Looks for what decided")
def _explanation(key: str, text: str, label: str | None) -> Explanation:
    """Models never change, so that what is behind an answer does not either."""
    return explain(database(), key, text, label)
