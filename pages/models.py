"""Models: what each is, what it answered, and asking it for more."""

import streamlit as st

from domain.models import ENGINES
from domain.splits import SPLITS
from services.curation import snapshots
from services.modelling import model_facts, models, prediction
from ui.errors import showing_errors
from ui.frame import dataset_in_hand, go_to, nothing_yet
from ui.modelling.model_export import draw_export
from ui.modelling.model_list import draw_archive, draw_differences, draw_facts, pick_model
from ui.modelling.models import draw_free_text, draw_model, draw_runs
from ui.modelling.score_start import draw_score_start
from ui.store import database

dataset = dataset_in_hand()
made = model_facts.list_model_facts(database(), dataset.dataset_id, archived=True)
if not made:
    nothing_yet("There is no model yet.", "Train one on a snapshot.", "train", "Train a model")
    st.stop()

opened = pick_model(made)
model = opened.model
draw_model(model)
draw_facts(opened)
if not model.labels:
    draw_free_text(model)
    draw_archive(opened)
    st.stop()

draw_runs(
    model,
    models.list_runs(database(), model_id=model.model_id),
    models.list_engines(database(), model.model_id),
)
if model.backend == "imported":  # there is nobody to ask
    draw_archive(opened)
    st.stop()
with st.form("models_predict"):
    st.markdown("**Let it predict**")
    snapshot, split, go = st.columns([2, 2, 1], vertical_alignment="bottom")
    taken = [one.snapshot_id for one in snapshots.list_snapshots(database(), dataset.dataset_id)]
    snapshot_id = snapshot.selectbox("Snapshot", taken, key="models_snapshot")
    wanted = split.selectbox("Split", SPLITS, index=SPLITS.index("test"), key="models_split")
    engine = ENGINES[0]
    if model.backend == "huggingface":
        engine = st.radio(
            "Computed by", ENGINES, key="models_engine", horizontal=True,
            help="onnx gives the same numbers. onnx-int8 is faster; close calls are asked again in 32 bits.",
        )  # fmt: skip
    if go.form_submit_button("Predict", type="primary", icon=":material/play_arrow:", width="stretch"):
        with showing_errors():
            job = prediction.predict(
                database(),
                model_id=model.model_id,
                snapshot_id=snapshot_id,
                split=wanted,
                actor=st.session_state["person"],
                engine=engine,
            )
            go_to("jobs", dataset=dataset.dataset_id, job=job.job_id)

draw_score_start(model, dataset)
draw_differences(model, made)
draw_export(model)
draw_archive(opened)
