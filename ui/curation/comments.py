"""Comments on the screen: text stays text, whatever it looks like."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from domain.comments import Comment
from domain.errors import NotFound
from domain.text import escape_markdown, shortened, visible
from services.curation.comments import history
from ui.curation.comment_text import draw_golden, draw_repaired
from ui.labelling.guideline_examples import draw_example_button
from ui.store import database
from ui.times import when

_MAX_DIGITS = 19  # more do not fit the number of a comment
LABEL_SOURCE_TITLES = {
    "single": "one vote",
    "majority": "majority",
    "tied": "tied votes",
    "imported": "imported",
    "adjudicated": "decision",
    "aggregated": "aggregation",
}


def draw_body(comment: Comment) -> None:
    """One comment, letter by letter, with who wrote it where and when."""
    with st.container(border=True):
        st.text(visible(comment.body) or "(empty)")
        about = (comment.author, comment.thread, when(comment.posted_at), comment.language)
        st.caption(
            escape_markdown(" · ".join(part for part in about if part)) or "nothing more is known of it"
        )


def draw_try_link(comment: Comment) -> None:
    """The way to the playground with this comment."""
    st.page_link(
        "pages/try.py",
        label="Try models on it",
        icon=":material/play_circle:",
        query_params={"dataset": comment.dataset_id, "comment": str(comment.comment_id)},
    )


def comment_asked_for() -> int | None:
    """The comment that the URL names, if it names one, with a way back above it.

    Raises:
        NotFound: what it names cannot be the number of a comment.
    """
    asked = st.query_params.get("comment")
    if asked is None:
        return None
    st.button("Back to the list", icon=":material/arrow_back:", on_click=_close, key="comment_close")
    return number_of(asked)


def number_of(asked: str) -> int:
    """The number that a URL gives for a comment.

    Raises:
        NotFound: it cannot be the number of a comment.
    """
    if not asked.isdecimal() or len(asked) >= _MAX_DIGITS:
        raise NotFound(
            f"There is no comment '{shortened(asked)}'.",
            hint="Pick one from the list, or look for its words.",
        )
    return int(asked)


def page_in_hand() -> int:
    """Which page of the list is open, from 1."""
    return int(st.session_state.get("comments_page", 1))


def first_page() -> None:
    """Go back to the first page: another question has another answer."""
    st.session_state["comments_page"] = 1


def draw_page(comments: Sequence[Comment]) -> None:
    """A list of comments; picking one opens all that is known of it."""
    table = pd.DataFrame(
        {
            "comment": [comment.comment_id for comment in comments],
            "label": [visible(comment.label or "") for comment in comments],
            "text": [visible(comment.body) for comment in comments],
            "from": [LABEL_SOURCE_TITLES.get(comment.label_from or "", "") for comment in comments],
            "author": [visible(comment.author or "") for comment in comments],
            "split": [comment.split or "" for comment in comments],
            "excluded": [comment.excluded_for or "" for comment in comments],
        }
    )
    if not any(table["excluded"]):
        table = table.drop(columns="excluded")
    key = f"comments_table_{page_in_hand()}"
    picked = st.dataframe(
        table,
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "comment": st.column_config.NumberColumn(width="small", format="plain"),
            "text": st.column_config.TextColumn(width="large"),
        },
        key=key,
        placeholder="",
        alt="Comments found",
    )
    rows = picked["selection"]["rows"]
    if rows and rows[0] < len(comments):
        st.query_params["comment"] = str(comments[rows[0]].comment_id)
        st.rerun()


def draw_history(comment_id: int, dataset_id: str) -> Comment:
    """Everything that is known of one comment; returns it."""
    told = history(database(), comment_id)
    comment = told.comment
    if comment.dataset_id != dataset_id:
        st.info(f"This comment is in the dataset {comment.dataset_id}, not in the one in hand.")
    draw_body(comment)
    draw_repaired(comment)
    _draw_facts(comment)
    if told.notes:
        st.caption("Saved from the playground:")
    for note in told.notes:
        st.text(visible(note))
    with st.container(horizontal=True):
        draw_try_link(comment)
        draw_example_button(comment.dataset_id, comment_id, label=comment.label)
        draw_golden(comment)
    st.subheader("Votes", anchor=False)
    if told.votes:
        severities = ["" if vote.severity is None else str(vote.severity) for vote in told.votes]
        marked = [visible(vote.marked_in(comment.body)) for vote in told.votes]
        votes = pd.DataFrame(
            {
                "when": [when(vote.voted_at) for vote in told.votes],
                "who": [visible(vote.annotator) for vote in told.votes],
                "said": [visible(vote.label or vote.kind) for vote in told.votes],
                "reason": [visible(vote.reason or "") for vote in told.votes],
                "guideline": [vote.guideline_version for vote in told.votes],
                "seconds": [vote.seconds for vote in told.votes],
                "through": [vote.source for vote in told.votes],
            }
        )
        for name, told_by in (("how bad", severities), ("words that decided", marked)):
            if any(told_by):
                votes.insert(4, name, told_by)
        st.dataframe(votes, hide_index=True, placeholder="", alt="Votes on this comment")
    else:
        st.caption("Nobody has voted on it.")
    if told.adjudications:
        st.subheader("Decisions", anchor=False)
    for one in told.adjudications:
        with st.container(border=True):
            st.text(
                f"{one.created_by}, {when(one.created_at)}: {visible(one.label or 'decision taken back')}"
            )
            st.text(visible(one.why))
    return comment


def _draw_facts(comment: Comment) -> None:
    near = "no other" if comment.near_of is None else f"comment {comment.near_of}"
    facts = {
        "Label in force": comment.label or "none",
        "How it came about": LABEL_SOURCE_TITLES.get(comment.label_from or "", "no vote yet"),
        "Split": comment.split or "none",
        "Repeats": near,
    }
    for column, (name, value) in zip(st.columns(len(facts)), facts.items(), strict=True):
        column.metric(name, escape_markdown(shortened(value)), border=True)
    if comment.excluded_for:
        st.warning(f"Excluded: {escape_markdown(comment.excluded_for)}", icon=":material/block:")


def _close() -> None:
    st.query_params.pop("comment", None)
