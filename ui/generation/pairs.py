"""Pairs on the Generate page: add those of a file, and look at a set."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from domain.comments import Dataset
from domain.pairs import TASKS, PairSet
from domain.text import escape_markdown, shortened, visible
from services.generation.pairs import keep_pairs, pairs_of, refusals_of
from ui.errors import showing_errors
from ui.links import put
from ui.lists import pick_row
from ui.store import database
from ui.times import when

TASK_TITLES = {
    "summarise": "Summarise a dialogue",
    "reply": "Reply to a dialogue",
    "detoxify": "Make a comment polite",
}
_SHOWN = 200


def draw_add(dataset: Dataset, *, actor: str) -> None:
    """A file, its task, and the button that keeps its pairs."""
    with st.form("generation_add", border=False):
        file = st.file_uploader("A file of pairs", type=["tsv", "csv", "jsonl"], key="generation_file")
        which, named, go = st.columns([3, 3, 2], vertical_alignment="bottom")
        task = which.selectbox("Task", TASKS, 2, format_func=TASK_TITLES.__getitem__, key="generation_task")
        name = named.text_input(
            "Name of the pairs", max_chars=100, placeholder="the file's", key="generation_name"
        )
        asked = go.form_submit_button("Keep the pairs", icon=":material/bookmark_add:", width="stretch")
    st.caption(
        "Known columns: toxic and neutral1 to neutral3 (ParaDetox), dialogue and summary or summary1 to "
        "summary3 (DialogSum), dialogue and reply, source and reference or target. The texts stay as they "
        "are; cleaned ones stand beside them."
    )
    if not asked:
        return
    if file is None:
        st.warning("Choose a file first.", icon=":material/upload_file:")
        return
    with showing_errors(), tempfile.TemporaryDirectory() as folder, st.spinner("Reads the pairs"):
        path = Path(folder) / f"pairs{Path(file.name).suffix.lower()}"
        path.write_bytes(file.getbuffer())
        kept = keep_pairs(
            database(), dataset.dataset_id, path, task=task, actor=actor, name=name or "", file_name=file.name
        )
        put("pairs", kept.pair_set_id)
        st.rerun()


def pick_pairs(sets: Sequence[PairSet]) -> str:
    """The list of sets; returns the id of the one that is open."""
    table = pd.DataFrame(
        {
            "pairs": [one.pair_set_id for one in sets],
            "task": [TASK_TITLES[one.task] for one in sets],
            "name": [shortened(one.name) for one in sets],
            "to train on": [one.counts["train"] for one in sets],
            "validation": [one.counts["validation"] for one in sets],
            "test": [one.counts["test"] for one in sets],
            "rows refused": [one.counts["refused"] for one in sets],
            "by": [shortened(one.created_by, 40) for one in sets],
            "kept": [when(one.created_at) for one in sets],
        }
    )
    return pick_row(
        table, [one.pair_set_id for one in sets], param="pairs", alt="Pairs of this dataset", most_px=180
    )


def draw_pairs(kept: PairSet) -> None:
    """What a set holds, its first pairs, and the rows that were refused."""
    counts = kept.counts
    references = ", ".join(f"{times:,} with {n}" for n, times in counts["references"].items())
    st.caption(
        f"{kept.pair_set_id} · {escape_markdown(counts['layout'])} from "
        f"{escape_markdown(shortened(kept.file_name))} · references: {references} · sources "
        f"{counts['source_words']['median']} words (99 % up to {counts['source_words']['p99']}), references "
        f"{counts['target_words']['median']} (up to {counts['target_words']['p99']}) · {counts['cleaned']:,} "
        f"sources were cleaned ({counts['cleaning']}) · sha256 {kept.sha256[:12]}"
    )
    with st.expander("Look at the pairs", icon=":material/table_rows:", on_change="rerun",
                     key=f"generation_look_{kept.pair_set_id}") as part:  # fmt: skip
        if part.open:
            with showing_errors():
                _draw_rows(kept)


def _draw_rows(kept: PairSet) -> None:
    pairs = pairs_of(database(), kept.pair_set_id)[:_SHOWN]
    st.dataframe(
        pd.DataFrame(
            {
                "pair": [one.pair_id for one in pairs],
                "split": [one.split for one in pairs],
                "source": [visible(one.source) for one in pairs],
                "references": ["  |  ".join(map(visible, one.references)) for one in pairs],
            }
        ),
        hide_index=True,
        height=280,
        column_config={
            "source": st.column_config.TextColumn(width="large"),
            "references": st.column_config.TextColumn(width="large"),
        },
        alt="The first pairs of the set",
    )
    refused = refusals_of(database(), kept.pair_set_id)
    if refused:
        st.markdown(f"**{len(refused):,} rows were refused**")
        st.dataframe(
            pd.DataFrame(refused[:_SHOWN], columns=["row", "why"]), hide_index=True, height=180,
            alt="Rows of the file that were refused",
        )  # fmt: skip
