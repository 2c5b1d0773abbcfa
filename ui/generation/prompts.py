"""What a model is told, on the Generate page: a version is picked, or the next one written."""

import streamlit as st

from domain.comments import Dataset
from domain.pairs import PairSet
from domain.text import shortened
from services.generation.asking import MAX_PROMPT
from services.generation.prompts import list_prompts, write_prompt
from ui.errors import showing_errors
from ui.store import database


def choose_prompt(dataset: Dataset, kept: PairSet, way: str, *, actor: str) -> str | None:
    """The chosen version's text; None where it is the task's own."""
    versions = list_prompts(database(), dataset.dataset_id, kept.task)
    row = st.container(horizontal=True, vertical_alignment="bottom")
    # A key of as many versions as there are: the newest is chosen once it is there.
    version = row.selectbox(
        "Prompt", versions, format_func=lambda one: f"version {one.version}: {shortened(one.body, 100)}",
        key=f"generation_prompt_{way}_{kept.task}_{len(versions)}",
    )  # fmt: skip
    with (
        row.popover("Write", icon=":material/edit:", width="content", help="Write the next version"),
        st.form(f"generation_new_prompt_{kept.task}_{len(versions)}", border=False),
    ):
        body = st.text_area(
            f"Version {len(versions)}", version.body, max_chars=MAX_PROMPT, height=180,
            help="{source} stands once, where the text is to stand.",
        )  # fmt: skip
        if st.form_submit_button("Keep this version", icon=":material/check:"):
            with showing_errors():
                write_prompt(database(), dataset.dataset_id, kept.task, body, actor=actor)
                st.rerun()
    return None if version.version == 0 else str(version.body)
