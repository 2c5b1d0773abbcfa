"""Playground: models side by side on a text of one's own; the verdict first, what is behind it after."""

import streamlit as st

from ui.errors import showing_errors
from ui.frame import dataset_in_hand
from ui.modelling.free_text import draw_free_text, is_free_text
from ui.modelling.playground import draw_verdicts

MODES = ("Verdicts", "Free text")

dataset = dataset_in_hand()
asked_for = st.query_params.get("model", "")
mode = st.segmented_control(
    "What is asked for",
    MODES,
    key="ask",
    bind="query-params",
    default=MODES[is_free_text(asked_for)],
    required=True,
    label_visibility="collapsed",
)
with showing_errors():
    if mode == MODES[1]:
        draw_free_text(dataset, asked_for)
    else:
        draw_verdicts(dataset, asked_for)
