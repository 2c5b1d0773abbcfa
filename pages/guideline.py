"""Guideline: what each label means, for people and models alike; versions, never edited."""

import streamlit as st

from services.curation import datasets
from ui.frame import dataset_in_hand
from ui.labelling.guideline_examples import draw_examples, draw_stale
from ui.labelling.guidelines import draw_versions, write_next
from ui.labelling.label_looks import draw_looks
from ui.store import database

dataset = dataset_in_hand()
if done := st.session_state.pop("guideline_done", None):
    st.toast(done, icon=":material/check:")
versions = datasets.list_guidelines(database(), dataset.dataset_id)
if not versions:
    st.info(
        "There is no guideline yet. Write what each label means, with examples at the border: people label "
        "by it, and a model at a provider is told it.",
        icon=":material/menu_book:",
    )
who = st.session_state["person"]
draw_stale(dataset, who)
write_next(dataset, versions[0] if versions else None, who)
with st.expander("Keys, colours and definitions of the labels"):
    draw_looks(dataset, who)
draw_examples(dataset.dataset_id, who)
if versions:
    st.subheader("Versions", anchor=False)
    draw_versions(versions)
