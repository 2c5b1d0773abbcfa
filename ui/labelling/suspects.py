"""The screen of suspected labels: start the search, read the list, make it a queue."""

import pandas as pd
import streamlit as st

from domain.comments import Dataset
from domain.errors import NotFound
from domain.queues import QueueSettings
from domain.text import visible
from services.curation.snapshots import list_snapshots
from services.labelling.queues import create_queue
from services.labelling.suspects import SuspectList, newest_suspects, start_search
from ui.comments_table import draw_rows
from ui.errors import showing_errors
from ui.frame import go_to
from ui.store import database
from ui.times import when

_SHOWN = 200


def draw_suspects(dataset: Dataset, who: str) -> None:
    """What the newest search found, and the way to look for suspects in a newer snapshot."""
    st.caption(
        "Each comment of a snapshot is answered by a baseline that learned from the others. Where it"
        " confidently says something else, the label is a suspect: one to look at, not a wrong one. Nothing"
        " is changed or dropped."
    )
    _draw_start(dataset, who)
    try:
        found = newest_suspects(database(), dataset.dataset_id, limit=_SHOWN)
    except NotFound:  # nobody has looked yet: the form above says how
        return
    st.markdown(
        f"**{found.count:,} suspects** in {found.snapshot_id}, found {when(found.job.created_at)}, the most"
        " suspicious first."
    )
    if found.suspects:
        _draw_list(found, dataset)
        _draw_queue(dataset, who)


def _draw_start(dataset: Dataset, who: str) -> None:
    snapshots = [snapshot.snapshot_id for snapshot in list_snapshots(database(), dataset.dataset_id)]
    if not snapshots:
        st.info("Take a snapshot first: suspects are sought among frozen labels.", icon=":material/info:")
        return
    chosen, go = st.columns([4, 1], vertical_alignment="bottom")
    snapshot = chosen.selectbox("Snapshot", snapshots, key="suspects_snapshot")
    if go.button("Look for them", icon=":material/search:", key="suspects_go", width="stretch"):
        with showing_errors():
            job = start_search(database(), snapshot_id=snapshot, actor=who)
            go_to("jobs", dataset=dataset.dataset_id, job=job.job_id)


def _draw_list(found: SuspectList, dataset: Dataset) -> None:
    table = pd.DataFrame(
        {
            "comment": [each.comment_id for each in found.suspects],
            "text": [visible(each.body) for each in found.suspects],
            "frozen label": [visible(each.label) for each in found.suspects],
            "how likely": [each.self_confidence for each in found.suspects],
            "rather": [visible(each.likelier) for each in found.suspects],
            "now": [visible(each.in_force or "none") for each in found.suspects],
        }
    )
    likely = st.column_config.NumberColumn(
        width="small", format="%.3f", help="The frozen label, by models that had not seen the comment."
    )
    draw_rows(
        table,
        key=f"suspects_rows_{found.job.job_id}",
        alt="Suspected labels",
        dataset_id=dataset.dataset_id,
        columns={"how likely": likely},
    )


def _draw_queue(dataset: Dataset, who: str) -> None:
    name = st.text_input("Name of the queue", value="Suspects", key="suspects_name")
    if st.button("Have them labelled again", icon=":material/playlist_add:", key="suspects_queue"):
        with showing_errors():
            settings = QueueSettings(order="suspected", votes_needed=dataset.votes_needed)
            queue = create_queue(database(), dataset.dataset_id, name or "", settings, actor=who)
            go_to("label", dataset=dataset.dataset_id, queue=queue.queue_id)
