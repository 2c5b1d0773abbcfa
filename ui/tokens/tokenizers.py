"""The part of the Tokens page that is about a tokenizer on disk: how long comments are for it."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from domain.comments import Dataset
from domain.splits import SPLITS
from services.curation import snapshots
from services.modelling.tokens.length_counts import TokenizerLengths
from services.modelling.tokens.tokenizer_lengths import lengths_of, tokenizer_file
from ui.frame import nothing_yet
from ui.links import pick
from ui.store import database
from ui.tokens.token_figures import draw_histogram

_USUAL = (32, 64, 128, 256, 512)
_BINS = 30


def draw_tokenizer_tab(dataset: Dataset) -> None:
    """Choose a folder; lengths and what a maximum length would cut follow at once."""
    taken = [one.snapshot_id for one in snapshots.list_snapshots(database(), dataset.dataset_id)]
    if not taken:
        nothing_yet(
            "There is no snapshot yet.", "Lengths are of a frozen snapshot.", "snapshots", "Take a snapshot"
        )
        return
    left, middle, right = st.columns([2, 1, 1])
    with left:
        snapshot_id = pick("Snapshot", taken, key="snapshot")
    split = middle.selectbox("Split", SPLITS, key="tokens_local_split")
    most = right.number_input("Maximum length", 1, 1_000_000, 128, key="tokens_max_length")
    folder = st.text_input(
        "Folder of the tokenizer, on the machine of the workbench",
        placeholder="/models/bert-base-uncased",
        help="It holds tokenizer.json, or older files such as vocab.txt with the model's config.json. "
        "Nothing is downloaded, and no code of the folder runs.",
        key="tokens_folder",
    )
    if not folder or not folder.strip():
        return
    file = tokenizer_file(Path(folder.strip()))
    _draw_lengths(_lengths(snapshot_id, split, str(file.parent), file.stat().st_mtime_ns), int(most))


@st.cache_data(max_entries=16, show_spinner="Counting in a process of its own")
def _lengths(snapshot_id: str, split: str, folder: str, changed_at: int) -> TokenizerLengths:
    """Snapshots are frozen, so that only the tokenizer can change."""
    return lengths_of(database(), snapshot_id, split=split, folder=Path(folder))


def _draw_lengths(found: TokenizerLengths, most: int) -> None:
    cut = found.truncated(most)
    tiles = {
        "Comments": f"{found.count:,}",
        "Median": f"{found.percentile(50):,}",
        "p95": f"{found.percentile(95):,}",
        "p99": f"{found.percentile(99):,}",
        "Longest": f"{found.percentile(100):,}",
        f"Truncated at {most:,}": f"{cut / found.count:.1%}",
    }
    for column, (name, value) in zip(st.columns(len(tiles)), tiles.items(), strict=True):
        column.metric(name, value, border=True)
    st.caption("Tokens per comment, with those that the tokenizer puts around a text.")
    spread = int(np.ptp(found.lengths))
    counts, edges = np.histogram(found.lengths, bins=min(_BINS, max(1, spread)), weights=found.comments)
    bins = list(zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True))
    draw_histogram(bins, limit=most, limit_name="maximum", title="Tokens per comment")
    lengths = sorted({*_USUAL, most})
    table = pd.DataFrame(
        {
            "maximum length": lengths,
            "truncated": [found.truncated(length) for length in lengths],
            "share": [f"{found.truncated(length) / found.count:.2%}" for length in lengths],
        }
    )
    st.dataframe(
        table, hide_index=True, width=420, alt="Comments that are truncated at usual maximum lengths"
    )
