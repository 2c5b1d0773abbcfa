"""What stands around every page: the dataset in hand and the person."""

from typing import NoReturn

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from domain.comments import Dataset
from domain.text import escape_markdown
from services.curation import datasets
from ui.person import forget
from ui.store import database


def draw_head(title: str) -> DeltaGenerator:
    """The title of the page; returns the place beside it, always in sight, for the dataset in hand."""
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    left.title(title)
    return right


def draw_frame(who: str, beside_title: DeltaGenerator) -> None:
    """The dataset picker (kept in the URL) beside the title, and the name in hand in the sidebar."""
    names = [dataset.dataset_id for dataset in datasets.list_datasets(database())]
    wanted = st.session_state.pop(
        "dataset_next", None
    )  # what another page asked for, before the widget is drawn
    if wanted in names:
        st.session_state["dataset"] = wanted
    if names:
        beside_title.selectbox(
            "Dataset in hand", names, key="dataset", bind="query-params", on_change=_leave_the_rest
        )
    with st.sidebar.popover(escape_markdown(who), icon=":material/person:", width="stretch"):
        st.caption("This name goes beside your votes and decisions. It is attribution, not security.")
        st.button("Be somebody else", on_click=forget, key="person_forget")


def _leave_the_rest() -> None:
    """What else the URL names, such as a snapshot, belongs to the dataset that was in hand before."""
    for name in set(st.query_params) - {"dataset"}:
        del st.query_params[name]


def dataset_in_hand() -> Dataset:
    """The dataset picked beside the title; while there is none at all, the page says what to do and ends."""
    name = st.session_state.get("dataset")
    dataset = datasets.find_dataset(database(), name) if name else None
    if dataset is None:
        nothing_yet("There is no dataset yet.", "Import comments to make one.", "import", "Import comments")
        st.stop()
    return dataset


def go_to(page: str, *, dataset: str, **asked: str) -> NoReturn:
    """Open another page with this dataset in hand; `asked` goes into its URL.

    The dataset travels beside the URL: it is bound to the picker, and only the picker may write it there.
    """
    st.session_state["dataset_next"] = dataset
    st.switch_page(f"pages/{page}.py", query_params=asked)


def nothing_yet(what: str, todo: str, page: str, action: str) -> None:
    """An empty page that says what to do next."""
    with st.container(border=True):
        st.markdown(f"**{what}**")
        st.caption(todo)
        st.page_link(f"pages/{page}.py", label=action, icon=":material/arrow_forward:")
