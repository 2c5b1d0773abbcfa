"""How often a test split was looked at, told and counted where its comments are seen."""

import streamlit as st

from domain.text import escape_markdown
from services.evaluation import looks
from ui.store import database


def count_look(run_id: str, station: str) -> None:
    """Record that this person sees the run's answers here; a day's second look writes nothing."""
    looks.note_look(database(), run_id, station=station, actor=st.session_state["person"])


def draw_looks(run_id: str) -> None:
    """The looks at the test comments so far; nothing for a run on another split."""
    told = looks.looks_told(database(), run_id)
    if told:
        st.caption(f":material/visibility: {escape_markdown(told)}")
