"""The charts of a page as SVG files; Streamlit's own button on a chart saves PNG only."""

from pathlib import Path

import streamlit as st

__all__ = ["draw_chart_files"]

_FOLDER = Path(__file__).parent

_chart_files = st.components.v2.component(
    "moderation_workbench_chart_files",
    html=(_FOLDER / "chart_files.html").read_text(encoding="utf-8"),
    css=(_FOLDER / "chart_files.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "chart_files.js").read_text(encoding="utf-8"),
)


def draw_chart_files() -> None:
    """A button for each chart of the page that saves it as SVG."""
    _chart_files(key="chart_files")
