"""The screen of disagreements: the votes side by side, and the decision of somebody who did not vote."""

import streamlit as st

from domain.labels import Vote
from domain.text import escape_markdown, shortened, visible
from services.curation import datasets
from services.evaluation.intervals import Proportion
from services.labelling import adjudication
from services.labelling.adjudication import MAX_REASON, Dispute, DisputeCounts
from ui.curation.comments import draw_body
from ui.errors import showing_errors
from ui.figures import in_brackets
from ui.labelling.guideline_examples import draw_example_button
from ui.labelling.label_choice import choose_answer
from ui.store import database
from ui.times import when

_LAST = "adjudicating_last"  # the comment decided last, for the way back


def draw_disputes(dataset_id: str, who: str) -> None:
    """How many comments are disputed, the last decision, and the next comment that this person may decide."""
    counts, overturned, waiting = _disputes(dataset_id, who, database().revision_of(dataset_id))
    told = f"{counts.disputed:,} comments on which people disagree; {counts.open_to_person:,} you may decide."
    if overturned is not None:
        told += f" Decisions against the majority: {in_brackets(overturned)}, n = {overturned.n:,}."
        told += " Too few to say much." if overturned.small else ""
    st.caption(told)
    _draw_last(dataset_id, who)
    if waiting:
        _draw_dispute(waiting[0], dataset_id, who)
    elif counts.disputed:
        st.info(
            "You voted on all of these. Somebody who did not decides: nobody is a judge of their own vote.",
            icon=":material/group:",
        )
    else:
        st.success("Nobody disagrees, or every disagreement is decided.", icon=":material/check_circle:")


# The revision is part of the key: a vote or a decision makes the next reader look again.
@st.cache_data(max_entries=16, show_spinner="Looking for disagreements")
def _disputes(
    dataset_id: str, who: str, revision: int
) -> tuple[DisputeCounts, Proportion | None, list[Dispute]]:
    return (
        adjudication.count_disputes(database(), dataset_id, actor=who),
        adjudication.overturn_rate(database(), dataset_id),
        adjudication.next_disputes(database(), dataset_id, actor=who, limit=1),
    )


def _draw_dispute(dispute: Dispute, dataset_id: str, who: str) -> None:
    number = dispute.comment.comment_id
    draw_body(dispute.comment)
    for column, vote in zip(st.columns(max(3, len(dispute.votes))), dispute.votes, strict=False):
        with column.container(border=True, height="stretch"):
            _draw_vote(vote, dispute.comment.body)
    with st.form(f"adjudicating_{number}", border=False):
        labels = datasets.get_label_set(database(), dataset_id)
        label = choose_answer("Your decision", labels, key=f"adjudicating_label_{number}")
        why = st.text_input(
            "Why", key=f"adjudicating_why_{number}", max_chars=MAX_REASON, placeholder="which rule decides it"
        )
        if st.form_submit_button("Decide", type="primary", icon=":material/gavel:"):
            with showing_errors():
                adjudication.decide(database(), dataset_id, number, label=label, why=why, actor=who)
                st.session_state[_LAST] = (dataset_id, number, label, why)
                st.rerun()


def _draw_vote(vote: Vote, body: str) -> None:
    st.text(visible(vote.annotator))
    st.markdown(f"**{escape_markdown(shortened(vote.label or vote.kind, 60))}**")
    if vote.severity is not None:
        st.text(f"severity {vote.severity}")
    for start, end in vote.spans:
        st.text(f"“{visible(body[start:end])}”")
    if vote.reason:
        st.text(visible(vote.reason))
    speed = "" if vote.seconds is None else f" · {vote.seconds:.1f} s"
    guideline = f"guideline v{vote.guideline_version}" if vote.guideline_version else "no guideline"
    st.caption(f"{when(vote.voted_at)} · {guideline}{speed}")


def _draw_last(dataset_id: str, who: str) -> None:
    last = st.session_state.get(_LAST)
    if not last or last[0] != dataset_id:
        return
    told, example, back = st.columns([2, 2, 1], vertical_alignment="center")
    told.caption(f"Comment {last[1]} is decided.")
    with example:
        draw_example_button(dataset_id, last[1], label=last[2], why=last[3])
    if back.button("Take it back", icon=":material/undo:", key="adjudicating_undo"):
        with showing_errors():
            adjudication.take_back(database(), dataset_id, last[1], why="Taken back at once.", actor=who)
            del st.session_state[_LAST]
            st.rerun()
