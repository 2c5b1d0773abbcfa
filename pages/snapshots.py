"""Snapshots: freeze the labels in force, and see what was frozen."""

import streamlit as st

from services.curation import snapshots
from ui.curation.snapshots import (
    choose_mode,
    choose_slice,
    choose_test_from,
    choose_text,
    draw_now,
    draw_snapshot,
    pick_snapshot,
)
from ui.errors import showing_errors
from ui.frame import dataset_in_hand, nothing_yet
from ui.readers import standing_of
from ui.store import database

dataset = dataset_in_hand()
standing = standing_of(dataset.dataset_id)
taken = snapshots.list_snapshots(database(), dataset.dataset_id)

if done := st.session_state.pop("snapshots_done", None):
    st.toast(done, icon=":material/check:")

if not standing.counts["labelled"] and not taken:
    nothing_yet(
        "Nothing is labelled yet.", "A snapshot freezes labelled comments.", "label", "Label comments"
    )
    st.stop()

with st.expander("Take a snapshot", icon=":material/photo_camera:", expanded=not taken):
    draw_now(standing)
    mode, seed = choose_mode(dataset)
    test_from = choose_test_from(mode)
    text = choose_text(dataset.dataset_id)
    slice_name = choose_slice(dataset)
    note = st.text_input("Note", max_chars=200, placeholder="Why now", key="snapshots_note")
    if st.button("Take snapshot", type="primary", key="snapshots_take"):
        with showing_errors(), st.spinner("Freezing"):
            new = snapshots.take_snapshot(
                database(),
                dataset.dataset_id,
                actor=st.session_state["person"],
                split_mode=mode,
                seed=seed,
                note=note,
                slice_name=slice_name,
                text=text,
                test_from=test_from,
            )
            # Told by the next run: a browser that is slower than the rerun never shows a toast of this one.
            st.session_state["snapshots_done"] = f"{new.snapshot_id} holds {new.row_count:,} comments."
            st.query_params["snapshot"] = new.snapshot_id
            st.rerun()

if taken:
    opened = pick_snapshot(taken)
    st.subheader(opened.snapshot_id, anchor=False)
    draw_snapshot(opened)
