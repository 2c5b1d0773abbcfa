"""Train: a recipe on a snapshot becomes a job that makes a model."""

import streamlit as st

from services.curation import snapshots
from services.modelling import training
from services.modelling.commands import train_command
from ui.curation.withholding import choose_personal_data
from ui.errors import showing_errors
from ui.frame import dataset_in_hand, go_to, nothing_yet
from ui.links import pick
from ui.modelling.estimates import draw_estimate
from ui.modelling.hosted_choice import choose_model, draw_hosted
from ui.modelling.training import choose_recipe, choose_settings, describe_rows
from ui.repeating import draw_script
from ui.store import database

dataset = dataset_in_hand()
who = st.session_state["person"]
taken = {one.snapshot_id: one for one in snapshots.list_snapshots(database(), dataset.dataset_id)}
if not taken:
    nothing_yet(
        "There is no snapshot yet.", "A model learns from a frozen snapshot.", "snapshots", "Take a snapshot"
    )
    st.stop()

left, right = st.columns(2)
with left:
    snapshot_id = pick("Snapshot", list(taken), key="snapshot")
name = right.text_input(
    "Name of the model", max_chars=100, placeholder="made from recipe and snapshot", key="train_name"
)
st.caption(describe_rows(taken[snapshot_id]))
recipe = choose_recipe()
hosted = choose_model(recipe) if recipe.kind == "train_hosted" else {}
if hosted:
    hosted |= choose_personal_data(taken[snapshot_id], recipe)
with st.expander("Settings", icon=":material/tune:"):
    settings = choose_settings(recipe, hosted)  # no form: the command below follows every change
if hosted:
    draw_hosted(dataset, taken[snapshot_id], recipe, settings, actor=who)

draw_estimate(snapshot_id, recipe, settings)
if st.button("Start training", type="primary", icon=":material/play_arrow:", key="train_start"):
    with showing_errors():
        job = training.train(
            database(), snapshot_id=snapshot_id, recipe=recipe.name, settings=settings, name=name, actor=who
        )
        go_to("jobs", dataset=dataset.dataset_id, job=job.job_id)
st.caption("The same from the command line:")
st.code(
    train_command(snapshot_id, recipe.name, name=name, settings=settings, actor=who),
    language=None,
    wrap_lines=True,
)
if recipe.kind == "train_encoder":
    with st.expander("Repeat it without the workbench", icon=":material/content_copy:"), showing_errors():
        draw_script(snapshot_id, recipe.name, settings)
