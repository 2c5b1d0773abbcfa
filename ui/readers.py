"""Cached answers of the services: live ones by the dataset's revision, frozen ones by their id."""

import streamlit as st

from domain.comments import Comment, CommentFilter
from services.curation import cleaning, comments, contradictions, health, texts
from services.curation.cleaning import Cleaning
from services.curation.health import Cluster, Health
from services.curation.texts import RepairPreview
from services.standing import Standing, standing
from ui.store import database

MOST_GROUPS = 500  # that wait for a decision and can be walked through; the rest comes when some are decided


def standing_of(dataset_id: str) -> Standing:
    """Where the dataset stands in the loop."""
    return _standing(dataset_id, database().revision_of(dataset_id))


def health_of(dataset_id: str) -> Health:
    """What is in the dataset and what is wrong with it."""
    return _health(dataset_id, database().revision_of(dataset_id))


def comments_of_figure(
    dataset_id: str, figure: str, value: str, limit: int
) -> list[tuple[Comment, int | None]]:
    """The comments behind a figure of the health page."""
    return _comments_of_figure(dataset_id, figure, value, limit, database().revision_of(dataset_id))


def clusters_of(dataset_id: str) -> list[Cluster]:
    """Groups of near-duplicates, those that contradict themselves first."""
    return _clusters(dataset_id, database().revision_of(dataset_id))


def contradictions_of(dataset_id: str) -> list[Cluster]:
    """Groups whose labels contradict each other and that wait for a decision."""
    return _contradictions(dataset_id, database().revision_of(dataset_id))


def members_of_cluster(dataset_id: str, cluster: int) -> list[Comment]:
    """The comments of a group."""
    return health.members_of(database(), dataset_id, cluster)


def repair_preview_of(dataset_id: str, step: str) -> RepairPreview:
    """What a repair would change."""
    return texts.preview_repair(database(), dataset_id, step)


def cleanings_of(dataset_id: str) -> list[Cleaning]:
    """What was excluded so far, newest first."""
    return cleaning.list_cleanings(database(), dataset_id)


def values_of(dataset_id: str) -> comments.Values:
    """What the comments of a dataset can be filtered by."""
    return _values(dataset_id, database().revision_of(dataset_id))


def page_of_comments(wanted: CommentFilter) -> tuple[list[Comment], int]:
    """One page of comments, and how many the filter asks for."""
    return _page(wanted, database().revision_of(wanted.dataset_id))


# The revision is part of each key: a write to the dataset makes the next reader look again.


@st.cache_data(max_entries=32, show_spinner=False)
def _standing(dataset_id: str, revision: int) -> Standing:
    return standing(database(), dataset_id)


@st.cache_data(max_entries=16, show_spinner="Counting")
def _health(dataset_id: str, revision: int) -> Health:
    return health.health_of(database(), dataset_id)


@st.cache_data(max_entries=32, show_spinner="Looking for comments")
def _comments_of_figure(
    dataset_id: str, figure: str, value: str, limit: int, revision: int
) -> list[tuple[Comment, int | None]]:
    return health.comments_of(database(), dataset_id, figure, value, limit=limit)


@st.cache_data(max_entries=16, show_spinner="Looking for groups")
def _clusters(dataset_id: str, revision: int) -> list[Cluster]:
    return health.clusters(database(), dataset_id)


@st.cache_data(max_entries=16, show_spinner="Looking for groups")
def _contradictions(dataset_id: str, revision: int) -> list[Cluster]:
    return contradictions.list_contradictions(database(), dataset_id, limit=MOST_GROUPS)


@st.cache_data(max_entries=64, show_spinner="Searches")
def _page(wanted: CommentFilter, revision: int) -> tuple[list[Comment], int]:
    return comments.find_page(database(), wanted)


@st.cache_data(max_entries=32, show_spinner=False)
def _values(dataset_id: str, revision: int) -> comments.Values:
    return comments.list_values(database(), dataset_id)
