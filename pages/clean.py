"""Clean: what is in the dataset, what is wrong with it, and one decision per kind of problem."""

import streamlit as st

from services.curation.texts import count_unseen
from ui.curation.cleaning import draw_history, draw_problem, find_all_again, look_now
from ui.curation.contradictions import was_just_decided
from ui.curation.health import draw_clusters, draw_drift, draw_figures, draw_open_figure, draw_shares
from ui.frame import dataset_in_hand, nothing_yet
from ui.readers import health_of, standing_of
from ui.store import database

_AT_ONCE = 5_000  # texts that are looked at without asking: it takes a moment

dataset = dataset_in_hand()
if not standing_of(dataset.dataset_id).counts["comments"]:
    nothing_yet("This dataset has no comments.", "Import some to clean them.", "import", "Import comments")
    st.stop()

unseen = count_unseen(database(), dataset.dataset_id)
if 0 < unseen <= _AT_ONCE:
    look_now(dataset.dataset_id)
elif unseen:
    find_all_again(dataset.dataset_id, unseen)

health = health_of(dataset.dataset_id)
draw_figures(health)

st.subheader("What is wrong", anchor=False)
st.caption(
    "Excluded comments stay where they are, with the reason; they are not labelled, frozen or trained on."
    " A repair changes what models read, never the comment. Each can be undone."
)
found = [
    problem
    for problem in health.problems
    if problem.count or problem.left or (problem.act == "decide" and was_just_decided(dataset.dataset_id))
]
for problem in found:
    draw_problem(dataset.dataset_id, problem)
clear = [problem.title for problem in health.problems if problem not in found]
if clear:
    st.caption(f"Nothing found: {', '.join(clear)}.")
if health.clusters:
    draw_clusters(health)

st.subheader("What is in it", anchor=False)
draw_shares(health)
draw_open_figure(dataset.dataset_id)
if health.drift is not None:
    draw_drift(health.drift)

st.subheader("What was done so far", anchor=False)
draw_history(dataset.dataset_id)
