"""Release: may this model go into production, why, and who says so."""

import streamlit as st

from domain.errors import NotFound
from services.curation.datasets import get_label_set
from services.evaluation.acting import BY_LABEL
from services.release.policy import find_policy
from services.several import refuse_several
from ui.errors import show
from ui.frame import dataset_in_hand, nothing_yet
from ui.links import pick
from ui.release.aftercare import draw_aftercare
from ui.release.policies import edit_policy
from ui.release.releases import (
    champion_of,
    draw_decision,
    draw_history,
    draw_production,
    draw_verdict,
    models_judged,
    open_release_of,
    verdict_of,
)
from ui.store import database

dataset = dataset_in_hand()
who = st.session_state["person"]
refuse_several(dataset, "The release policy, its gate and its log")
models = models_judged(dataset.dataset_id)
policy = find_policy(database(), dataset.dataset_id)
labels = get_label_set(database(), dataset.dataset_id).names

if done := st.session_state.pop("release_done", None):
    st.toast(done, icon=":material/check:")

if not models:
    nothing_yet(
        "No model has answered a test split yet.",
        "A model is judged on comments that were held out from its training.",
        "train",
        "Train a model",
    )
    st.stop()

if policy is None:
    with st.container(border=True):
        st.markdown("**There is no release policy yet.**")
        st.caption(
            "Say what a model must show before it goes into production; then every model is judged by it."
        )
        edit_policy(dataset.dataset_id, labels, None, who)
    st.stop()

ids = list(models)
waiting = [place for place, name in enumerate(ids) if open_release_of(dataset.dataset_id, name)]
model = pick("Model", ids, key="model", shown=models.__getitem__, default=waiting[0] if waiting else 0)
proposal, champion = open_release_of(dataset.dataset_id, model), champion_of(dataset.dataset_id)
try:
    asked = (proposal.run_id, proposal.verdict.get("threshold") or BY_LABEL) if proposal else (None, None)
    verdict = verdict_of(model, dataset.dataset_id, policy, *asked)
except NotFound as error:
    show(error)
    st.stop()

draw_verdict(verdict)
draw_production(verdict, champion)
draw_decision(verdict, proposal, champion, who)
draw_history(dataset.dataset_id, champion, who)
draw_aftercare(dataset.dataset_id, champion)
with st.expander(f"The policy, version {policy.version}", icon=":material/gavel:"):
    edit_policy(dataset.dataset_id, labels, policy, who)
st.page_link(
    "pages/evaluate.py",
    label="Every number of this evaluation",
    icon=":material/analytics:",
    query_params={"dataset": dataset.dataset_id, "run": verdict.run_id},
)
