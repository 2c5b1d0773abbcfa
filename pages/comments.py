"""Comments: find them, and see all that is known of one."""

import streamlit as st

from domain.comments import CommentFilter
from domain.splits import SPLITS
from services.curation import datasets
from ui.bulk import draw_bulk
from ui.comments import comment_asked_for, draw_history, draw_page, first_page, page_in_hand
from ui.frame import dataset_in_hand, nothing_yet
from ui.readers import page_of_comments, standing_of
from ui.store import database

_PAGE = 20

dataset = dataset_in_hand()
if not standing_of(dataset.dataset_id).counts["comments"]:
    nothing_yet("This dataset has no comments.", "Import some first.", "import", "Import comments")
    st.stop()
number = comment_asked_for()
if number is not None:
    draw_history(number, dataset.dataset_id)
    st.stop()

text, label, split, author = st.columns([3, 1, 1, 1])
contains = text.text_input(
    "Contains",
    key="contains",
    bind="query-params",
    placeholder="words, in any case",
    on_change=first_page,
    max_chars=200,
)
wanted_label = label.selectbox(
    "Label",
    datasets.get_label_set(database(), dataset.dataset_id).names,
    index=None,
    placeholder="any",
    key="label",
    bind="query-params",
    on_change=first_page,
)
wanted_split = split.selectbox(
    "Split",
    SPLITS,
    index=None,
    placeholder="any",
    key="split",
    bind="query-params",
    on_change=first_page,
)
wanted_author = author.text_input(
    "Author",
    key="author",
    bind="query-params",
    placeholder="exact name",
    on_change=first_page,
    max_chars=200,
)
wanted = CommentFilter(
    dataset.dataset_id,
    contains=contains or "",
    label=wanted_label,
    split=wanted_split,
    author=wanted_author or None,
    limit=_PAGE,
    offset=_PAGE * (page_in_hand() - 1),
)
found, count = page_of_comments(wanted)
if count:
    st.caption(f"{count:,} comments. Pick a row to see all that is known of it.")
    draw_page(found)
    draw_bulk(wanted, st.session_state["person"])
else:
    st.info("No comment is like that. Ask for less.", icon=":material/search_off:")
if count > _PAGE:
    st.pagination(num_pages=-(-count // _PAGE), key="comments_page", persist_state="page")
