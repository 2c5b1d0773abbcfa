"""An empty dataset, for whoever begins with examples or pasted texts instead of a file of comments."""

import streamlit as st

from services.curation import datasets
from ui.errors import showing_errors
from ui.frame import go_to
from ui.store import database


def draw_new_dataset() -> None:
    """The form that makes one; then it is in hand, on the page of its guideline."""
    with (
        st.expander("Begin with an empty dataset", icon=":material/create_new_folder:"),
        st.form("new_dataset", border=False),
    ):
        left, right = st.columns(2)
        name = left.text_input("Name of the dataset", max_chars=60, key="new_dataset_name")
        labels = right.text_input(
            "Labels, separated by commas", "allow, disallow", max_chars=2_000, key="new_dataset_labels"
        )
        several = st.checkbox(
            "A comment may have several of these labels, or none", key="new_dataset_several",
            help="Decided once: it cannot be changed later.",
        )  # fmt: skip
        st.caption("For examples with free-text answers (Tokens), or texts kept from the playground.")
        if st.form_submit_button("Make it", icon=":material/add:"):
            with showing_errors():
                wanted = [label.strip() for label in (labels or "").split(",") if label.strip()]
                made = datasets.create_dataset(
                    database(),
                    (name or "").strip(),
                    wanted,
                    actor=st.session_state["person"],
                    several=several,
                )
                go_to("guideline", dataset=made.dataset_id)
