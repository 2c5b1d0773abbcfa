"""Misses that are alike, group by group: what they share, and the way to each."""

from collections.abc import Callable

import streamlit as st

from domain.models import Run
from domain.text import escape_markdown, shortened
from services.evaluation.similar import MissGroup, similar_misses
from ui.comments_table import draw_misses
from ui.store import database

_SHOWN = 12


def draw_similar(run: Run, gold: str, predicted: str, *, on_pick: Callable[[int], None]) -> None:
    """Groups of misses that share words, the largest first."""
    groups = _groups(run.run_id, gold, predicted, database().revision_of(run.dataset_id))
    if not groups:
        st.info(
            "No two of these misses share enough words to stand together.", icon=":material/scatter_plot:"
        )
        return
    together = "1 group" if len(groups) == 1 else f"{len(groups):,} groups"
    counted = sum(len(group.misses) for group in groups)
    st.caption(
        f"{counted:,} misses in {together} by the words they share (TF-IDF). One sentence in the"
        " guideline, or a few more labelled examples, may settle a whole group. A row opens its comment."
    )
    for place, group in enumerate(groups[:_SHOWN]):
        words = ", ".join(shortened(word, 30) for word in group.words)
        title = f"**{len(group.misses):,} misses** · {escape_markdown(words)}"
        with st.expander(title, expanded=place == 0):
            draw_misses(
                group.misses, key=f"review_similar_{run.run_id}_{gold}_{predicted}_{place}", on_pick=on_pick
            )


# The revision is part of the key: a review is a write to the dataset, and the table shows verdicts.
@st.cache_data(max_entries=16, show_spinner="Puts misses beside those like them")
def _groups(run_id: str, gold: str, predicted: str, revision: int) -> list[MissGroup]:
    return similar_misses(database(), run_id, gold=gold or None, predicted=predicted or None)
