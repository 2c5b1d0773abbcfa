"""Cached answers of the services: live ones by the dataset's revision, frozen ones by their id."""

import streamlit as st

from domain.comments import Comment, CommentFilter
from services.curation import cleaning, comments
from services.curation.cleaning import Cleaning, Preview
from services.standing import Standing, standing
from ui.store import database


def standing_of(dataset_id: str) -> Standing:
    """Where the dataset stands in the loop."""
    return _standing(dataset_id, database().revision_of(dataset_id))


def preview_of(dataset_id: str, rule: str) -> Preview:
    """What a cleaning rule would exclude now."""
    return _preview(dataset_id, rule, database().revision_of(dataset_id))


def cleanings_of(dataset_id: str) -> list[Cleaning]:
    """What was excluded so far, newest first."""
    return cleaning.list_cleanings(database(), dataset_id)


def page_of_comments(wanted: CommentFilter) -> tuple[list[Comment], int]:
    """One page of comments, and how many the filter asks for."""
    return _page(wanted, database().revision_of(wanted.dataset_id))


# The revision is part of each key: a write to the dataset makes the next reader look again.


@st.cache_data(max_entries=32, show_spinner=False)
def _standing(dataset_id: str, revision: int) -> Standing:
    return standing(database(), dataset_id)


@st.cache_data(max_entries=32, show_spinner="Looking for matches")
def _preview(dataset_id: str, rule: str, revision: int) -> Preview:
    return cleaning.preview(database(), dataset_id, rule)


@st.cache_data(max_entries=64, show_spinner=False)
def _page(wanted: CommentFilter, revision: int) -> tuple[list[Comment], int]:
    return comments.list_comments(database(), wanted), comments.count_comments(database(), wanted)
