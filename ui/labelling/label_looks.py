"""Keys, colours and definitions of the labels, as a table to be changed."""

import pandas as pd
import streamlit as st

from domain.comments import Dataset
from services.curation.datasets import get_label_set
from services.curation.label_looks import MAX_DEFINITION, change_looks
from ui.errors import showing_errors
from ui.store import database


def draw_looks(dataset: Dataset, who: str) -> None:
    """What each label means in a sentence, and how it looks at the desk."""
    labels = get_label_set(database(), dataset.dataset_id).labels
    table = pd.DataFrame([(each.name, each.key, each.colour, each.definition) for each in labels],
                         columns=["label", "key", "colour", "definition"])  # fmt: skip
    changed = st.data_editor(
        table,
        hide_index=True,
        num_rows="fixed",
        disabled=["label"],
        key=f"label_looks_{dataset.dataset_id}",
        column_config={
            "key": st.column_config.TextColumn(max_chars=1, width="small"),
            "colour": st.column_config.TextColumn(max_chars=7, width="small", help="As in #2a9d8f."),
            "definition": st.column_config.TextColumn(max_chars=MAX_DEFINITION, width="large"),
        },
    )
    if st.button("Save the table", icon=":material/save:", key="label_looks_save"):
        looks = {
            row["label"]: {name: str(row[name] or "") for name in ("key", "colour", "definition")}
            for row in changed.to_dict("records")
        }
        with showing_errors():
            change_looks(database(), dataset.dataset_id, looks, actor=who)
            st.rerun()
