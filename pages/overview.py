"""Home: where each dataset stands in the loop, and what to do next."""

import streamlit as st

from domain.text import escape_markdown
from services.curation.datasets import list_datasets
from services.standing import Standing
from ui.demo import offer_demo
from ui.readers import standing_of
from ui.store import database


def draw(standing: Standing) -> None:
    """One dataset as a card: its numbers, the stations of the loop, and where to go on."""
    dataset, counts = standing.dataset, standing.counts
    with st.container(border=True):
        heading, action = st.columns([4, 1], vertical_alignment="center")
        heading.subheader(escape_markdown(dataset.title), anchor=False)
        heading.caption(
            f"{escape_markdown(dataset.dataset_id)} · {counts['comments']:,} comments · "
            + " · ".join(f"{escape_markdown(label)} {n:,}" for label, n in standing.labels.items())
        )
        step = standing.next_step
        action.page_link(
            f"pages/{step.page}.py",
            label=f"**{step.title}**",
            icon=":material/arrow_forward:",
            query_params={"dataset": dataset.dataset_id},
        )
        for column, station in zip(st.columns(len(standing.steps)), standing.steps, strict=True):
            mark = ":material/check_circle:" if station.done else ":material/radio_button_unchecked:"
            column.markdown(f"{mark} **{station.title}**")
            column.caption(station.told)
        st.markdown(f":material/arrow_forward: Next: {step.todo}")


names = [dataset.dataset_id for dataset in list_datasets(database())]
if not names:
    st.markdown("From raw comments to a moderation model that you own and can defend.")
    left, right = st.columns(2)
    with left, st.container(border=True, height="stretch"):
        st.subheader("Begin with your comments", anchor=False)
        st.caption("CSV, JSONL or Parquet. Nothing leaves this machine.")
        st.page_link("pages/import.py", label="Import a file", icon=":material/upload_file:")
    with right, st.container(border=True, height="stretch"):
        offer_demo()
for name in names:
    draw(standing_of(name))
