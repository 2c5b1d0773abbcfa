"""Thresholds: where to cut the scores, chosen on validation, frozen, and told once on test."""

import streamlit as st

from domain.text import shortened
from services.release.policy import find_policy
from services.reporting.production import unwanted_labels
from services.several import refuse_several
from ui.chart_files import draw_chart_files
from ui.evaluation.evaluations import run_titles, runs_of
from ui.evaluation.frozen_thresholds import draw_frozen, frozen_of
from ui.evaluation.threshold_rules import draw_traffic
from ui.evaluation.thresholds import bench_for, draw_choosing, draw_data, run_is_usable
from ui.frame import dataset_in_hand, nothing_yet
from ui.links import pick
from ui.store import database

dataset, who = dataset_in_hand(), st.session_state["person"]
refuse_several(dataset, "Thresholds")
runs = {run_id: run for run_id, run in runs_of(dataset.dataset_id).items() if run_is_usable(run)}
if not runs:
    nothing_yet(
        "No model has answered a validation split with scores yet.",
        "A threshold is chosen on validation. Training a model lets it answer that split too.",
        "train",
        "Train a model",
    )
    st.stop()

left, right = st.columns([3, 2], vertical_alignment="bottom")
with left:
    run = runs[pick("Validation run", list(runs), key="run", shown=run_titles(runs).__getitem__)]
with right:
    unwanted = st.multiselect(
        "Unwanted labels",
        run.labels,
        unwanted_labels(run.labels, find_policy(database(), dataset.dataset_id)),
        format_func=lambda label: shortened(label, 60),
        key=f"thresholds_unwanted_{run.run_id}",
        persist_state="session",
        help="A comment is flagged by the sum of the scores of these labels.",
    )
repaired = st.toggle(
    "Repair the scores by temperature first",
    key="thresholds_repaired",
    persist_state="session",
    help="One number, fitted on this validation run, that makes scores neither too sure nor too timid.",
)
if not unwanted or len(unwanted) == len(run.labels):
    st.info("Choose the labels to flag: at least one, and not all of them.", icon=":material/arrow_upward:")
else:
    chosen = (run.run_id, tuple(unwanted), repaired)
    bench = bench_for(*chosen)
    traffic = draw_traffic(bench.ranked.base_rate)
    draw_data(bench, is_stated=traffic.base_rate != bench.ranked.base_rate)
    st.subheader("Where to cut", anchor=False)
    draw_choosing(*chosen, traffic, who=who)

st.subheader("Frozen thresholds", anchor=False)
frozen = frozen_of(dataset.dataset_id)
for each in frozen:
    draw_frozen(each, who)
if not frozen:
    st.caption(
        "None yet. Choose one above and freeze it with a reason; then it can be reported on test, once."
    )

with st.popover("Save the charts", icon=":material/download:"):
    draw_chart_files()
