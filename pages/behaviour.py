"""Behaviour: functional tests, comments written otherwise, and prompt injection; the worst first."""

import streamlit as st

from domain.text import shortened
from services.modelling.models import list_models
from services.several import refuse_several
from ui.evaluation.behaviour import draw_jobs, draw_test, jobs_of, test_title, tests_of
from ui.evaluation.behaviour_start import draw_start
from ui.frame import dataset_in_hand, nothing_yet
from ui.links import pick
from ui.store import database

dataset = dataset_in_hand()
refuse_several(dataset, "Tests of behaviour")
models = {each.model_id: each for each in list_models(database(), dataset.dataset_id) if each.labels}
if not models:
    nothing_yet("There is no model yet.", "Train one; then see how it behaves.", "train", "Train a model")
    st.stop()


def draw_under_way(*, looks_again: bool) -> None:
    """What is at work, read anew from the job folders."""
    jobs = jobs_of(model_id)
    draw_jobs(jobs, next(iter(tests_of(model_id).values()), None))
    if looks_again and all(job.absorbed_at is not None for job in jobs):
        st.rerun()  # the whole page, which then shows what was found


left, right = st.columns(2)
with left:
    model_id = pick(
        "Model",
        list(models),
        key="model",
        shown=lambda name: f"{shortened(models[name].name, 50)} · {name}",
        forgets=("test", "group"),
    )
tests = tests_of(model_id)
with right:
    if tests:
        test_id = pick(
            "Test", list(tests), key="test", shown=lambda name: test_title(tests[name]), forgets=("group",)
        )

jobs = jobs_of(model_id)
looks_again = any(job.absorbed_at is None for job in jobs)
st.fragment(draw_under_way, run_every="1s" if looks_again else None)(looks_again=looks_again)
if tests:
    draw_test(tests[test_id])
with st.expander("Test something", icon=":material/rule:", expanded=not tests):
    draw_start(models[model_id], st.session_state["person"])
