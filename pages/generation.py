"""Generate: pairs of source and references, models that write from them, and what people think of it."""

import streamlit as st

from services.generation.pairs import get_pair_set, list_pair_sets
from services.generation.written import list_writing_jobs
from ui.errors import showing_errors
from ui.frame import dataset_in_hand
from ui.generation.pairs import draw_add, draw_pairs, pick_pairs
from ui.generation.writing import draw_job, draw_start, pick_job
from ui.store import database

dataset = dataset_in_hand()
who = st.session_state["person"]
sets = list_pair_sets(database(), dataset.dataset_id)
st.caption(
    "A model learns to write from pairs: a source, and what people made of it. Every number stands beside "
    "opponents that need no training."
)
with st.expander("Add pairs", icon=":material/upload_file:", expanded=not sets):
    draw_add(dataset, actor=who)
if not sets:
    st.info("There are no pairs yet. Add a file, such as ParaDetox or DialogSum.", icon=":material/info:")
    st.stop()

kept = get_pair_set(database(), pick_pairs(sets))
draw_pairs(kept)
jobs = [
    job for job in list_writing_jobs(database(), dataset.dataset_id) if job.snapshot_id == kept.pair_set_id
]
with (
    st.expander("Write or train", icon=":material/model_training:", expanded=not jobs),
    showing_errors(),
):
    draw_start(dataset, kept, actor=who)


def draw(*, looks_again: bool) -> None:
    """The list and the open job, read anew from the job folders."""
    found = [
        job
        for job in list_writing_jobs(database(), dataset.dataset_id)
        if job.snapshot_id == kept.pair_set_id
    ]
    with showing_errors():
        draw_job(pick_job(found), actor=who)
    if looks_again and all(job.absorbed_at is not None for job in found):
        st.rerun()  # the whole page, which then no longer looks every second


if jobs:
    looks_again = any(job.absorbed_at is None for job in jobs)
    st.fragment(draw, run_every="2s" if looks_again else None)(looks_again=looks_again)
