"""Comments that mean nearly the same as the one that is open."""

import streamlit as st

from domain.comments import Comment
from services.curation.similar import LOOKED_AT, Similar, can_find_similar, similar_comments
from ui.curation.comment_hits import draw_hits
from ui.errors import showing_errors
from ui.store import database


def draw_similar_comments(comment: Comment) -> None:
    """The nearest in meaning, when somebody asks; nothing where no encoder is on this machine."""
    if not can_find_similar():
        return
    part = st.expander(
        "Similar comments", icon=":material/join_inner:", on_change="rerun", key="comments_similar"
    )
    if not part.open:
        return
    with part, showing_errors():
        found = _similar(comment.comment_id, database().revision_of(comment.dataset_id))
        if not found:
            st.caption("No other comment shares a word of three letters or more with it.")
            return
        st.caption(f"Nearest in meaning first, among the {LOOKED_AT} comments that share most words with it.")
        draw_hits(
            [each.comment for each in found], (), beside=[f"{each.similarity:.0%} alike" for each in found]
        )


# A write to the dataset may have brought comments and labels: its revision is part of the key.
@st.cache_data(max_entries=32, show_spinner="Compares meanings; the first time the encoder is loaded")
def _similar(comment_id: int, revision: int) -> list[Similar]:
    return similar_comments(database(), comment_id)
