"""Tokens: what fine-tuning on a snapshot or a file would come to, before anything leaves."""

import streamlit as st

from ui.errors import showing_errors
from ui.frame import dataset_in_hand
from ui.tokens.example_files import draw_file_tab
from ui.tokens.tokenizers import draw_tokenizer_tab
from ui.tokens.tokens import draw_snapshot_tab

dataset = dataset_in_hand()
tabs = {
    "A snapshot": draw_snapshot_tab,
    "A file": draw_file_tab,
    "A local tokenizer": draw_tokenizer_tab,
}
shown = st.tabs(list(tabs), key="tokens_of", bind="query-params")
for tab, draw in zip(shown, tabs.values(), strict=True):
    if tab.open:
        with tab, showing_errors():
            draw(dataset)
