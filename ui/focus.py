"""Putting the cursor into a field that has just opened, so that the hand stays on the keyboard."""

from pathlib import Path

import streamlit as st

_focus = st.components.v2.component(
    "workbench.focus", js=Path(__file__).with_name("focus.js").read_text(encoding="utf-8")
)


def focus_on(field: str) -> None:
    """Put the cursor into the field of that key, once."""
    _focus(key=f"focus_{field}", data={"key": field})
