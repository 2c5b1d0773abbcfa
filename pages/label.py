"""Label: one comment at a time, by keyboard."""

import streamlit as st

from services.curation import datasets
from ui.desk import label_desk
from ui.errors import show
from ui.frame import dataset_in_hand, nothing_yet
from ui.labelling import desk_labels, desk_state
from ui.readers import standing_of
from ui.store import database

dataset = dataset_in_hand()
state = desk_state(dataset.dataset_id, st.session_state["person"])
guideline = datasets.find_guideline(database(), dataset.dataset_id)


@st.fragment
def draw_desk() -> None:
    """The pane alone reruns when votes come in."""
    if state.error is not None:
        show(state.error)
    label_desk(
        key=state.key,
        labels=desk_labels(dataset.dataset_id),
        queue=state.queue,
        acked=list(state.acked),
        done=state.done,
        waiting=state.waiting,
        guideline=guideline[1] if guideline else "No guideline was written for this dataset yet.",
        on_votes=state.take,
    )


if standing_of(dataset.dataset_id).counts["comments"]:
    draw_desk()
else:
    nothing_yet("This dataset has no comments.", "Import some to label them.", "import", "Import comments")
