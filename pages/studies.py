"""Experiments: better settings, more labels or not, and how much a split decides; none makes a model."""

import streamlit as st

from services.curation import snapshots
from services.modelling.studies.running import get_study, list_studies, start_study
from services.several import refuse_several
from ui.errors import showing_errors
from ui.frame import dataset_in_hand, go_to, nothing_yet
from ui.links import pick
from ui.modelling.studies import (
    choose_kind,
    choose_metric,
    choose_recipe,
    choose_size,
    draw_study,
    pick_study,
)
from ui.store import database

dataset = dataset_in_hand()
refuse_several(dataset, "Experiments")
who = st.session_state["person"]
taken = {one.snapshot_id: one for one in snapshots.list_snapshots(database(), dataset.dataset_id)}
if not taken:
    nothing_yet(
        "There is no snapshot yet.", "An experiment works on a frozen one.", "snapshots", "Take a snapshot"
    )
    st.stop()

studies = list_studies(database(), dataset.dataset_id)
st.caption(
    "Studies use the train and validation splits of a snapshot. None of them ever sees the test split."
)
with st.expander("Start an experiment", icon=":material/insights:", expanded=not studies):
    left, right = st.columns(2, gap="large")
    with left:
        kind = choose_kind()
    with right:
        snapshot_id = pick("Snapshot", list(taken), key="snapshot")
        recipe = choose_recipe()
        plan = choose_metric(taken[snapshot_id]) | choose_size(kind, recipe)
    if st.button("Start", type="primary", icon=":material/play_arrow:", key="studies_start"):
        with showing_errors():
            job = start_study(
                database(), kind=kind, snapshot_id=snapshot_id, recipe=recipe.name, actor=who, **plan
            )
            go_to("studies", dataset=dataset.dataset_id, study=job.job_id)


def draw(*, looks_again: bool) -> None:
    """The list and the open study, read anew from the job folders."""
    found = list_studies(database(), dataset.dataset_id)
    draw_study(get_study(database(), pick_study(found)))
    if looks_again and all(job.absorbed_at is not None for job in found):
        st.rerun()  # the whole page, which then no longer looks every second


if studies:
    looks_again = any(job.absorbed_at is None for job in studies)
    st.fragment(draw, run_every="1s" if looks_again else None)(looks_again=looks_again)
