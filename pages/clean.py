"""Clean: exclude by rule what no model should learn from; nothing is deleted."""

import pandas as pd
import streamlit as st

from domain.text import visible
from services.curation import cleaning
from ui.frame import dataset_in_hand
from ui.readers import cleanings_of, preview_of
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
    done = cleaning.apply_rule(database(), dataset.dataset_id, rule, actor=who)
    st.toast(f"{done.excluded:,} comments excluded.", icon=":material/check:")


def take_back(cleaning_id: int) -> None:
    """Undo one cleaning."""
    done = cleaning.undo(database(), cleaning_id, actor=who)
    st.toast(f"{done.excluded:,} comments count again.", icon=":material/undo:")


st.caption("Excluded comments stay where they are, with the reason; they are not labelled, frozen or trained on.")
for rule in cleaning.RULES:
    preview = preview_of(dataset.dataset_id, rule)
    with st.container(border=True):
        told, act = st.columns([4, 1], vertical_alignment="center")
        told.markdown(f"**{rule.capitalize()}** · {preview.count:,} comments")
        told.caption(_MEANING[rule])
        act.button(
            f"Exclude {preview.count:,}",
            key=f"clean_{rule}",
            on_click=exclude,
            args=(rule,),
            disabled=preview.count == 0,
            width="stretch",
        )
        if preview.count:
            with st.expander(f"Look at the first {len(preview.examples)}"):
                st.dataframe(
                    pd.DataFrame(
                        {
                            "comment": [comment.comment_id for comment, _ in preview.examples],
                            "text": [visible(comment.body) for comment, _ in preview.examples],
                            "repeats comment": pd.array([old for _, old in preview.examples], dtype="Int64"),
                        }
                    ),
                    hide_index=True,
                    alt=f"Comments that the rule {rule} would exclude",
                )

history = cleanings_of(dataset.dataset_id)
st.subheader("What was excluded so far", anchor=False)
if not history:
    st.caption("Nothing yet.")
for done in history:
    told, act = st.columns([4, 1], vertical_alignment="center")
    state = f"undone by {done.undone_by} {when(done.undone_at)}" if done.undone_at else "in force"
    told.text(f"{done.excluded:,} × {done.reason}, by {done.created_by} {when(done.created_at)}; {state}")
    if done.undone_at is None:
        act.button(
            "Undo", key=f"undo_{done.cleaning_id}", on_click=take_back, args=(done.cleaning_id,), width="stretch"
        )
