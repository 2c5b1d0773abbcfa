"""Label: one comment at a time, by keyboard."""

import streamlit as st

from services.curation.datasets import find_guideline
from services.labelling.guideline_examples import examples_for_people
from ui.errors import show
from ui.frame import dataset_in_hand, nothing_yet
from ui.labelling.answering import desk_form, desk_labels, desk_state
from ui.labelling.desk import label_desk
from ui.labelling.queues import draw_late, pick_queue
from ui.readers import standing_of
from ui.store import database

dataset, who = dataset_in_hand(), st.session_state["person"]
state = desk_state(dataset.dataset_id, who, pick_queue(dataset, who))
guideline = find_guideline(database(), dataset.dataset_id)
examples = examples_for_people(database(), dataset.dataset_id)


@st.fragment
def draw_desk() -> None:
    """The pane alone reruns when votes come in."""
    if state.error is not None:
        show(state.error)
    draw_late(state.late)
    label_desk(
        key=state.key,
        labels=desk_labels(dataset.dataset_id),
        queue=state.queue,
        acked=list(state.acked),
        done=state.done,
        # Beside what was answered, what waits would tell how many comments are mixed in to check the hand.
        waiting=None if state.mixes_in else state.waiting,
        guideline=guideline[1] if guideline else "No guideline was written for this dataset yet.",
        examples=examples,
        on_votes=state.take,
        several=dataset.several,
        recent=state.recent,
        form=desk_form(state),
        context=state.context,
        on_asked=state.look_around,
        rest=state.rest,
        learned=state.learned,
    )


if standing_of(dataset.dataset_id).counts["comments"]:
    draw_desk()
else:
    nothing_yet("This dataset has no comments.", "Import some to label them.", "import", "Import comments")
