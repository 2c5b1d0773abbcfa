"""Clean: exclude by rule what no model should learn from; nothing is deleted."""

import pandas as pd
import streamlit as st

from domain.text import visible
from services.curation import cleaning
from services.curation.cleaning import Preview
from ui.errors import showing_errors
from ui.frame import dataset_in_hand, nothing_yet
from ui.readers import cleanings_of, preview_of, standing_of
from ui.store import database
from ui.times import when

_MEANING = {
    "empty": "Nothing but white space and invisible characters.",
    "exact duplicate": "The same text, letter by letter, as an older comment; the oldest stays.",
}

dataset = dataset_in_hand()
who = st.session_state["person"]


def exclude(rule: str) -> None:
    """Exclude what the rule finds now."""
    with showing_errors():
        done = cleaning.apply_rule(database(), dataset.dataset_id, rule, actor=who)
        st.toast(f"{done.excluded:,} comments excluded.", icon=":material/check:")


def take_back(cleaning_id: int) -> None:
    """Undo one cleaning."""
    with showing_errors():
        done = cleaning.undo(database(), cleaning_id, dataset_id=dataset.dataset_id, actor=who)
        st.toast(f"{done.excluded:,} comments count again.", icon=":material/undo:")


def draw_rule(preview: Preview) -> None:
    """One rule as a card: what it finds now, the first of them, and the button."""
    rule = preview.rule
    with st.container(border=True):
        told, act = st.columns([4, 1], vertical_alignment="center")
        told.markdown(f"**{rule.capitalize()}** · {_MEANING[rule]}")
        if not preview.count:
            act.caption("Nothing found.", text_alignment="right")
            return
        act.button(
            f"Exclude {preview.count:,}",
            key=f"clean_{rule}",
            on_click=exclude,
            args=(rule,),
            width="stretch",
        )
        with st.expander(f"Look at the first {len(preview.examples)} of {preview.count:,}"):
            st.dataframe(
                pd.DataFrame(
                    {
                        "comment": [comment.comment_id for comment, _ in preview.examples],
                        "text": [visible(comment.body) for comment, _ in preview.examples],
                        "repeats comment": pd.array([old for _, old in preview.examples], dtype="Int64"),
                    }
                ),
                hide_index=True,
                column_config={"text": st.column_config.TextColumn(width="large")},
                placeholder="",
                alt=f"Comments that the rule {rule} would exclude",
            )


if not standing_of(dataset.dataset_id).counts["comments"]:
    nothing_yet("This dataset has no comments.", "Import some to clean them.", "import", "Import comments")
    st.stop()

st.caption(
    "Excluded comments stay where they are, with the reason; they are not labelled, frozen or trained on."
)
for rule in cleaning.RULES:
    draw_rule(preview_of(dataset.dataset_id, rule))

st.subheader("What was excluded so far", anchor=False)
history = cleanings_of(dataset.dataset_id)
if not history:
    st.caption("Nothing yet.")
for done in history:
    with st.container(border=True):
        told, act = st.columns([4, 1], vertical_alignment="center")
        state = f"undone by {done.undone_by}, {when(done.undone_at)}" if done.undone_at else "in force"
        told.text(f"{done.excluded:,} × {done.reason} · {done.created_by}, {when(done.created_at)} · {state}")
        if done.undone_at is None:
            act.button(
                "Undo",
                icon=":material/undo:",
                key=f"undo_{done.cleaning_id}",
                on_click=take_back,
                args=(done.cleaning_id,),
                width="stretch",
            )
