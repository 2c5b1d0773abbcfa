"""What stands around every page: the dataset in hand and the person."""

import streamlit as st

from domain.comments import Dataset
from services.curation import datasets
from ui.person import forget
from ui.store import database


def draw_sidebar(who: str) -> None:
    """The dataset picker (kept in the URL) and the name in hand."""
    names = [dataset.dataset_id for dataset in datasets.list_datasets(database())]
    with st.sidebar:
        if names:
            st.selectbox("Dataset in hand", names, key="dataset", bind="query-params")
        with st.popover(who, icon=":material/person:", width="stretch"):
            st.caption("This name goes beside your votes and decisions. It is attribution, not security.")
            st.button("Be somebody else", on_click=forget, key="person_forget")


def dataset_in_hand() -> Dataset:
    """The dataset picked in the sidebar; while there is none at all, the page says what to do and ends."""
    name = st.session_state.get("dataset")
    dataset = datasets.find_dataset(database(), name) if name else None
    if dataset is None:
        nothing_yet("There is no dataset yet.", "Import comments to make one.", "import", "Import comments")
        st.stop()
    return dataset


def nothing_yet(what: str, todo: str, page: str, action: str) -> None:
    """An empty page that says what to do next."""
    with st.container(border=True):
        st.markdown(f"**{what}**")
        st.caption(todo)
        st.page_link(f"pages/{page}.py", label=action, icon=":material/arrow_forward:")
