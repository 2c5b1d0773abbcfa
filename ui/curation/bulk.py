"""One label for all comments of a list: the count first, then the click, then the way back."""

import streamlit as st

from domain.comments import CommentFilter
from domain.text import escape_markdown, shortened
from services.curation import datasets
from services.labelling import bulk
from ui.errors import showing_errors
from ui.store import database


def draw_bulk(wanted: CommentFilter, who: str) -> None:
    """What a bulk label would reach, and what was labelled so last."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Label the whole list", icon=":material/done_all:"):
            _draw_form(wanted, who)
        last = bulk.find_last_bulk(database(), wanted.dataset_id, actor=who)
        if last is not None and st.button(
            f"Take back {last.count:,} × {escape_markdown(shortened(last.label, 40))}",
            icon=":material/undo:",
            type="tertiary",
            key=f"bulk_undo_{last.bulk_id}",
            help="What you labelled by one click last. Votes of others stay.",
        ):
            with showing_errors():
                bulk.undo_bulk(database(), wanted.dataset_id, last.bulk_id, actor=who)
                st.rerun()


def _draw_form(wanted: CommentFilter, who: str) -> None:
    count = bulk.count_bulk(database(), wanted)
    if count > bulk.MOST:
        st.caption(f"More than {bulk.MOST:,} comments are in this list: narrow it first.")
        return
    st.markdown(f"**{count:,} comments** are in this list and not excluded. Each gets one vote of yours.")
    st.caption("Nobody reads them one by one here: take lists whose comments are all alike.")
    label = st.selectbox(
        "Label",
        datasets.get_label_set(database(), wanted.dataset_id).names,
        index=None,
        placeholder="which",
        key="bulk_label",
    )
    if st.button(
        f"Label {count:,} comments", type="primary", disabled=label is None or not count, key="bulk_go"
    ):
        with showing_errors():
            bulk.label_all(database(), wanted, label=label or "", expected=count, actor=who)
            st.rerun()
