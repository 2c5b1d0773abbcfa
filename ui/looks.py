"""How often a test split was looked at, told and counted where its comments are seen."""

import streamlit as st

from domain.text import escape_markdown
from services.evaluation import looks
from services.modelling.models import get_run
from ui.store import database


def count_look(run_id: str, station: str) -> None:
    """Record that this person sees the run's answers here; a day's second look writes nothing."""
    looks.note_look(database(), run_id, station=station, actor=st.session_state["person"])


def draw_looks(run_id: str) -> None:
    """The looks at the test split so far; nothing for a run on another split."""
    found = looks.looks_at(database(), run_id)
    if found is not None and found.count:
        told = looks.sentence(found, get_run(database(), run_id).snapshot_id)
        st.caption(f":material/visibility: {escape_markdown(told)}")
