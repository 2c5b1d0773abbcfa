"""The part of the Jobs page about jobs at a provider: listed on a click, and adopted."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from domain.comments import Dataset
from domain.text import escape_markdown, shortened
from services.curation import datasets
from services.modelling.hosted import jobs as hosted_jobs
from services.modelling.hosted.jobs import FoundJob
from services.modelling.hosted.patience import FOR_A_LIST, asking
from services.modelling.hosted.providers import list_providers
from ui.errors import showing_errors
from ui.store import database
from ui.times import when


def draw_provider_jobs(dataset: Dataset) -> None:
    """Ask a provider for its jobs when somebody clicks; those that nobody here knows can be adopted."""
    with st.expander("At the provider", icon=":material/cloud:", key="jobs_there", on_change="rerun") as part:
        if not part.open:
            return
        st.caption("Fine-tuning jobs of the account, made from here or elsewhere. No comment is sent.")
        name, look = st.columns([3, 1], vertical_alignment="bottom")
        provider = name.selectbox("Provider", list(list_providers(database().home)), key="jobs_provider")
        if look.button("Look", icon=":material/search:", width="stretch", key="jobs_look"):
            st.session_state["jobs_looked"] = (provider, time.time())
        looked = st.session_state.get("jobs_looked")
        if looked is None or looked[0] != provider:
            return
        found = None
        with showing_errors(), st.spinner(escape_markdown(asking(provider, FOR_A_LIST, "its jobs"))):
            found = _found(*looked)
        if found is None:
            del st.session_state["jobs_looked"]  # or every step on this page would ask again
        else:
            _draw_found(found, provider, dataset)


@st.cache_data(max_entries=16, show_spinner=False)
def _found(provider: str, looked_at: float) -> list[FoundJob]:
    """The jobs there as of that look."""
    return hosted_jobs.jobs_at(database(), provider)


def _draw_found(found: Sequence[FoundJob], provider: str, dataset: Dataset) -> None:
    if not found:
        st.info("There is no job at this provider.", icon=":material/info:")
    else:
        _draw_table(found)
    _draw_adoption([one.hosted_job for one in found if one.job_id is None], provider, dataset)


def _draw_table(found: Sequence[FoundJob]) -> None:
    table = pd.DataFrame(
        {
            "job there": [shortened(one.hosted_job) for one in found],
            "status": [shortened(one.status.replace("_", " "), 40) for one in found],
            "known here as": [one.job_id or "" for one in found],
            "base": [shortened(one.base) for one in found],
            "result": [shortened(one.model or one.error, 120) for one in found],
            "made": [when(datetime.fromtimestamp(one.created_at, UTC)) for one in found],
        }
    )
    st.dataframe(table, hide_index=True, height=min(38 + 35 * len(found), 280), placeholder="",
                 alt="Jobs at the provider")  # fmt: skip
    if len(found) == hosted_jobs.MOST:
        st.caption(f"The newest {len(found):,}.")


def _draw_adoption(strange: Sequence[str], provider: str, dataset: Dataset) -> None:
    """Choose a job that nobody here knows, and say how its model is to be asked."""
    labels = [label.name for label in datasets.get_label_set(database(), dataset.dataset_id).labels]
    with st.form("jobs_adopt"):
        st.markdown("**Adopt a job**")
        st.caption(
            "It is followed to its end, and its model is kept under the dataset in hand. A model that was "
            "tuned earlier is taken by its id."
        )
        left, right = st.columns(2)
        hosted_job = left.selectbox(
            "Job not known here, or the id of a tuned model", strange, format_func=shortened,
            accept_new_options=True, placeholder="ft:…", key="jobs_adopted",
        )  # fmt: skip
        name = right.text_input("Name of the model", max_chars=100, placeholder="made from the job's id",
                                key="jobs_adopt_name")  # fmt: skip
        chosen = left.multiselect("Labels that it answers", labels, placeholder="none: free text",
                                  key="jobs_adopt_labels")  # fmt: skip
        prompt = right.text_area(
            "System prompt that it was trained with, word by word",
            placeholder="Needed where it answers labels.",
            key="jobs_adopt_prompt",
        )
        if st.form_submit_button("Adopt", type="primary", icon=":material/add_link:"):
            with showing_errors():
                job = hosted_jobs.adopt(
                    database(), provider=provider, hosted_job=hosted_job or "", dataset_id=dataset.dataset_id,
                    labels=chosen, system_prompt=prompt, name=name or "", actor=st.session_state["person"],
                )  # fmt: skip
                st.session_state["jobs_looked"] = (provider, time.time())
                st.query_params["job"] = job.job_id
                st.rerun()
