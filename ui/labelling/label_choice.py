"""The right answer as a person chooses it: one label, or several."""

import streamlit as st

from domain.labels import NONE_OF_THEM, SEPARATOR, LabelSet
from domain.text import escape_markdown, shortened


def choose_answer(title: str, labels: LabelSet, *, key: str) -> str:
    """The answer that is chosen, as `LabelSet.named` reads it; empty while nothing is.

    Where a comment may have several labels, that none of them fits is a choice of its own.
    """
    if labels.several:
        st.pills(title, [*labels.names, NONE_OF_THEM], selection_mode="multi", format_func=_shown, key=key)
    else:
        st.radio(title, labels.names, index=None, format_func=_shown, horizontal=True, key=key)
    return chosen_answer(key)


def chosen_answer(key: str) -> str:
    """The answer that was chosen under this key, for a callback, which runs before the choice is drawn."""
    chosen = st.session_state.get(key) or ""
    return chosen if isinstance(chosen, str) else SEPARATOR.join(chosen)


def _shown(name: str) -> str:
    return escape_markdown(shortened(name, 60))
