"""Models: what each is, what it answered, and asking it for more."""

import streamlit as st

from domain.splits import SPLITS
from services.curation import snapshots
from services.modelling import models, prediction
from ui.errors import showing_errors
from ui.frame import dataset_in_hand, go_to, nothing_yet
from ui.models import draw_model, draw_runs, pick_model
from ui.store import database

dataset = dataset_in_hand()
made = models.list_models(database(), dataset.dataset_id)
if not made:
    nothing_yet("There is no model yet.", "Train one on a snapshot.", "train", "Train a model")
    st.stop()

model = pick_model(made)
draw_model(model)
draw_runs(models.list_runs(database(), model_id=model.model_id))

with st.form("models_predict"):
    st.markdown("**Let it predict**")
    snapshot, split, go = st.columns([2, 2, 1], vertical_alignment="bottom")
    taken = [one.snapshot_id for one in snapshots.list_snapshots(database(), dataset.dataset_id)]
    snapshot_id = snapshot.selectbox("Snapshot", taken, key="models_snapshot")
    wanted = split.selectbox("Split", SPLITS, index=SPLITS.index("test"), key="models_split")
    if go.form_submit_button("Predict", type="primary", icon=":material/play_arrow:", width="stretch"):
        with showing_errors():
            job = prediction.predict(
                database(),
                model_id=model.model_id,
                snapshot_id=snapshot_id,
                split=wanted,
                actor=st.session_state["person"],
            )
            go_to("jobs", dataset=dataset.dataset_id, job=job.job_id)
