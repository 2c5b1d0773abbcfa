"""Comments as examples beside the guideline: made by one click, read and taken out on its page."""

import streamlit as st

from domain.comments import Dataset
from domain.queues import QueueSettings
from domain.text import escape_markdown, shortened, visible
from services.curation.datasets import find_guideline
from services.labelling import guideline_examples
from services.labelling.guideline_examples import GuidelineExample
from services.labelling.queues import count_stale, create_queue
from ui.errors import showing_errors
from ui.frame import go_to
from ui.store import database
from ui.times import when


def draw_example_button(dataset_id: str, comment_id: int, *, label: str | None, why: str = "") -> None:
    """One click that makes the comment an example; says so where it is one."""
    kept = {each.comment_id: each for each in guideline_examples.list_examples(database(), dataset_id)}
    if comment_id in kept:
        st.caption(
            f":material/menu_book: An example of {escape_markdown(kept[comment_id].label)} in the guideline."
        )
        return
    if label is None:
        return
    if st.button(
        f"Into the guideline, as {escape_markdown(shortened(label, 40))}",
        icon=":material/menu_book:",
        type="tertiary",
        key=f"example_{dataset_id}_{comment_id}",
        help="It is shown beside the guideline to whoever labels; no model is told of it.",
    ):
        with showing_errors():
            guideline_examples.add_example(
                database(), dataset_id, comment_id, label=label, why=why, actor=st.session_state["person"]
            )
            st.rerun()


def draw_examples(dataset_id: str, who: str) -> None:
    """The examples by label, each with who chose it and the way to take it out."""
    examples = guideline_examples.list_examples(database(), dataset_id)
    st.subheader("Examples", anchor=False)
    if not examples:
        st.caption(
            "None yet. On Comments, Review and Agreement one click puts a comment here, for people who label."
        )
    for example in examples:
        _draw_example(example, dataset_id, who)


def draw_stale(dataset: Dataset, who: str) -> None:
    """How many labels were given under an older version, and the queue in which they are given anew."""
    count = count_stale(database(), dataset.dataset_id)
    if not count:
        return
    told, go = st.columns([3, 1], vertical_alignment="center")
    told.info(
        f"{count:,} comments were labelled under an older version only. Their labels may be out of date.",
        icon=":material/history:",
    )
    if go.button("Label them again", icon=":material/playlist_add:", key="stale_queue", width="stretch"):
        with showing_errors():
            settings = QueueSettings(order="stale", votes_needed=dataset.votes_needed)
            newest = find_guideline(database(), dataset.dataset_id)
            name = f"After guideline v{newest[0] if newest else 0}"
            queue = create_queue(database(), dataset.dataset_id, name, settings, actor=who)
            go_to("label", dataset=dataset.dataset_id, queue=queue.queue_id)


def _draw_example(example: GuidelineExample, dataset_id: str, who: str) -> None:
    with st.container(border=True):
        words, out = st.columns([5, 1], vertical_alignment="center")
        words.text(visible(example.body))
        told = f"**{escape_markdown(shortened(example.label, 60))}** · {escape_markdown(example.created_by)}"
        why = f" · {escape_markdown(example.why)}" if example.why else ""
        words.caption(f"{told}, {when(example.created_at)}, v{example.guideline_version}{why}")
        if out.button("Take out", key=f"example_out_{example.example_id}", width="stretch"):
            with showing_errors():
                guideline_examples.take_out(database(), dataset_id, example.example_id, actor=who)
                st.rerun()
