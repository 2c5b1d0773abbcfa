"""Jobs: follow them, stop them, start them again."""

import streamlit as st

from services.jobs.managing.following import follow
from services.jobs.managing.launch import list_jobs
from ui.frame import dataset_in_hand, nothing_yet
from ui.modelling.jobs import draw_job, pick_job
from ui.modelling.provider_jobs import draw_provider_jobs
from ui.store import database

dataset = dataset_in_hand()


def draw(*, looks_again: bool) -> None:
    """The list and the open job, read anew from the job folders."""
    jobs = list_jobs(database(), dataset.dataset_id)
    draw_job(follow(database(), pick_job(jobs)))
    if looks_again and not any(job.absorbed_at is None for job in jobs):
        st.rerun()  # the whole page, which then no longer looks every second


jobs = list_jobs(database(), dataset.dataset_id)
looks_again = any(job.absorbed_at is None for job in jobs)
if jobs:
    st.fragment(draw, run_every="1s" if looks_again else None)(looks_again=looks_again)
else:
    nothing_yet("No job was started yet.", "Training and predicting run as jobs.", "train", "Train a model")
draw_provider_jobs(dataset)
