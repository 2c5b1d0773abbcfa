"""What was derived of one comment: its repaired text as a difference, and whether it is golden."""

import streamlit as st

from domain.comments import Comment
from domain.repairs import STEPS, repaired
from domain.text import escape_markdown
from services.curation.golden import list_golden, mark_golden
from services.curation.texts import change_of, steps_in_force
from ui.curation.text_changes import draw_changes
from ui.errors import showing_errors
from ui.store import database


def draw_repaired(comment: Comment) -> None:
    """On demand, how the repairs would change the text, and which of them are in force."""
    after = repaired(comment.body, STEPS)
    if after == comment.body:
        return
    with st.expander("As models may read it", key="comment_repaired", on_change="rerun") as part:
        if not part.open:
            return
        draw_changes([change_of(comment.comment_id, comment.body, after)])
        steps = steps_in_force(database(), comment.dataset_id)
        told = escape_markdown(", ".join(STEPS[name].problem.lower() for name in steps))
        st.caption(f"In force: {told}." if told else "No repair is in force: models read the original.")


def draw_golden(comment: Comment) -> None:
    """Put the comment into the golden set, or take it out, with a reason."""
    is_golden = comment.comment_id in list_golden(database(), comment.dataset_id)
    with st.popover("In the golden set" if is_golden else "Golden set", icon=":material/star:"):
        st.caption("A golden comment is in test in every snapshot from now on; no model learns from it.")
        why = st.text_input("Why", key="comment_golden_why", max_chars=200)
        st.button(
            "Take it out" if is_golden else "Put it in",
            key="comment_golden",
            on_click=_mark,
            args=(comment, not is_golden, why),
        )


def _mark(comment: Comment, is_golden: bool, why: str) -> None:
    with showing_errors():
        mark_golden(
            database(), comment.dataset_id, [comment.comment_id], is_golden=is_golden, why=why,
            actor=str(st.session_state["person"]),
        )  # fmt: skip
