"""Leaving: the scores of a rented service come in, and its flags stand beside those of your own model."""

import streamlit as st

from domain.text import escape_markdown
from services.curation import snapshots
from ui.curation.importing import held_file
from ui.curation.leaving import choose_columns, draw_imported, draw_rows, draw_why, run_import
from ui.errors import showing_errors
from ui.frame import dataset_in_hand, nothing_yet
from ui.store import database

dataset = dataset_in_hand()
draw_why()
taken = snapshots.list_snapshots(database(), dataset.dataset_id)
if not taken:
    nothing_yet(
        "There is no snapshot to compare on.",
        "Freeze the labels first: both systems are measured on the same frozen comments.",
        "snapshots",
        "Take a snapshot",
    )
    st.stop()

draw_imported(dataset.dataset_id)
uploaded = st.file_uploader(
    "A file of the service's scores",
    type=["csv", "tsv", "txt", "jsonl", "ndjson", "parquet"],
    key=f"leaving_file_{st.session_state.get('leaving_round', 0)}",
)
if uploaded is None:
    st.caption(
        "CSV, TSV, JSONL or Parquet, a row for each comment: an id or the text, and a score or a label. Ask"
        " the service about the validation and test comments of a snapshot while it still answers."
    )
    st.stop()

with showing_errors():
    path, look = held_file(uploaded)
    st.markdown(f"**{escape_markdown(uploaded.name)}** · {look.file_format.upper()}")
    draw_rows(look)
    by_id = {one.snapshot_id: one for one in taken}
    chosen = choose_columns(look, by_id, form=uploaded.file_id)
    if st.button("Bring the scores in", type="primary", icon=":material/input:", key="leaving_go"):
        run_import(path, uploaded.name, chosen)
