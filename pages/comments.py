"""Comments: find them, and see all that is known of one."""

from dataclasses import replace

import streamlit as st

from domain.comments import CommentFilter
from domain.searching import query_of
from services.curation import comments
from ui.curation.bulk import draw_bulk
from ui.curation.comment_export import draw_export
from ui.curation.comment_hits import draw_hits
from ui.curation.comment_search import draw_save, draw_search
from ui.curation.comments import comment_asked_for, draw_history, draw_page, page_in_hand
from ui.curation.similar_comments import draw_similar_comments
from ui.frame import dataset_in_hand, nothing_yet
from ui.readers import page_of_comments
from ui.store import database

_PAGE = 20

dataset = dataset_in_hand()
number = comment_asked_for()
if number is not None:
    draw_similar_comments(draw_history(number, dataset.dataset_id))
    st.stop()
if not comments.count_comments(database(), CommentFilter(dataset.dataset_id)):
    nothing_yet("This dataset has no comments.", "Import some first.", "import", "Import comments")
    st.stop()

asked = draw_search(dataset)
if asked is None:
    st.stop()
wanted, conditions, slice_name = asked
who = st.session_state["person"]
found, count = page_of_comments(replace(wanted, limit=_PAGE, offset=_PAGE * (page_in_hand() - 1)))
if count:
    st.caption(f"{count:,} comments. Pick one to see all that is known of it.")
    terms = tuple(term for term in query_of(wanted.contains) if not term.absent)
    if terms:
        draw_hits(found, terms)
    else:
        draw_page(found)
    with st.container(horizontal=True):
        draw_bulk(wanted, who)
        draw_save(dataset, conditions, slice_name, who)
        draw_export(wanted, slice_name)
else:
    st.info("No comment is like that. Ask for less.", icon=":material/search_off:")
if count > _PAGE:
    st.pagination(num_pages=-(-count // _PAGE), key="comments_page", persist_state="page")
