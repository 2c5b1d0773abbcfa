"""Evaluate: may this model be released, and why; each number with its interval and its n."""

import streamlit as st

from services.modelling.models import get_model
from ui.evaluation.evaluations import evaluation_of, run_titles, runs_of
from ui.evaluation.looks import count_look, draw_looks
from ui.evaluation.matrix import draw_matrix
from ui.evaluation.opening import draw_opening, opening_of
from ui.evaluation.report_sections import (
    draw_ceiling,
    draw_files,
    draw_policy,
    draw_production,
    draw_rival,
    draw_slices,
)
from ui.evaluation.score_charts import draw_scores
from ui.evaluation.several import draw_several
from ui.evaluation.slice_search import draw_worst_slices
from ui.figures import draw_classes, draw_data
from ui.frame import dataset_in_hand, nothing_yet
from ui.labelling.agreement import draw_human_ceiling
from ui.links import pick
from ui.modelling.job_results import draw_expiry, draw_prompt
from ui.store import database

dataset = dataset_in_hand()
runs = runs_of(dataset.dataset_id)
if not runs:
    nothing_yet(
        "No model has answered anything yet.",
        "Training a model lets it answer the validation and the test split too.",
        "train",
        "Train a model",
    )
    st.stop()

newest = next((place for place, run in enumerate(runs.values()) if run.split == "test"), 0)
picker, file = st.columns([3, 1.4], vertical_alignment="bottom")
with picker:
    run = runs[pick("Run", list(runs), key="run", shown=run_titles(runs).__getitem__, default=newest)]
if run.several:
    count_look(run.run_id, "evaluate")
    draw_several(run)
    draw_looks(run.run_id)
    st.stop()
found = evaluation_of(run.run_id)
first = opening_of(found)

draw_opening(first, run)
draw_policy(first.verdict)

st.subheader("On what data?", anchor=False)
draw_data(found)
count_look(run.run_id, "evaluate")
draw_looks(run.run_id)
settings = get_model(database(), run.model_id).settings
draw_expiry(settings)
draw_prompt(settings)

st.subheader("How does each label fare?", anchor=False)
draw_classes(found.report)
draw_matrix(run, found.table, dataset.dataset_id)
draw_scores(run, found.table)

st.subheader("Where does it fail?", anchor=False)
draw_slices(run)
draw_worst_slices(run, dataset.dataset_id, small=first.small.sentence if first.small else "")
draw_ceiling(run)
draw_human_ceiling(dataset.dataset_id)
st.page_link(
    "pages/review.py",
    label="Read its misses",
    icon=":material/rate_review:",
    query_params={"dataset": dataset.dataset_id, "run": run.run_id},
)

st.subheader("What will it do in production?", anchor=False)
day = draw_production(found)
st.page_link(
    "pages/thresholds.py",
    label="Choose a threshold on validation",
    icon=":material/tune:",
    query_params={"dataset": dataset.dataset_id},
)

st.subheader("Is it better than what we have?", anchor=False)
draw_rival(run, first.verdict)
with file:
    draw_files(run, day)
