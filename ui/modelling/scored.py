"""What a prediction of comments outside of a snapshot left: its counts, and its files to take away."""

from pathlib import Path

import pandas as pd
import streamlit as st

from domain.jobs import Job
from domain.text import escape_markdown, visible
from services.jobs.managing.inputs import SCORES
from services.modelling import scoring
from ui.errors import showing_errors
from ui.store import database

_FORMATS = ((".csv", "CSV", "text/csv"), (".parquet", "Parquet", "application/vnd.apache.parquet"))
_NO_ANSWER = "no answer"
_ASKED_OF = {"dataset": "all comments", "unlabelled": "comments without a label"}


def draw_scored(job: Job) -> None:
    """Nothing for other jobs, and for one that has not succeeded."""
    if job.kind != SCORES or job.state.name != "succeeded":
        return
    with showing_errors():
        found = scoring.get_scored(database(), job.job_id)
        counts = found.labels or {}
        shares = pd.DataFrame(
            {
                "label": [visible(label) or _NO_ANSWER for label in counts],
                "comments": [f"{count:,}" for count in counts.values()],
                "share": [count / found.rows for count in counts.values()],
            }
        )
        table, files = st.columns([3, 2], gap="large")
        with table:
            st.markdown(f"**{found.rows:,} comments were answered**")
            st.dataframe(
                shares,
                hide_index=True,
                column_config={
                    "share": st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0)
                },
                alt="How many comments got each label",
            )
            if found.repeated_ids:
                st.caption(
                    f"{found.repeated_ids:,} rows have an id that an earlier row has, such as"
                    f" {escape_markdown(found.repeated_id or '')}: join them by their order."
                )
        with files:
            st.markdown("**Take the answers away**")
            for suffix, name, mime in _FORMATS:
                file = scoring.find_scored_file(database(), job.job_id, suffix)
                _download(f"{name}, {_size(file)}", file, f"{job.job_id}{suffix}", mime)
            refused = scoring.find_refused_rows(database(), job)
            if refused is not None:
                told = f"Rows that could not be read: {found.refused:,}"
                _download(told, refused, f"{job.job_id}-refused.csv", "text/csv", icon="rule")


def asked_of(job: Job) -> str:
    """What such a job asks about, in words; what another works on, by its name."""
    if job.kind != SCORES:
        return job.snapshot_id
    told = job.spec["settings"]
    return str(told.get("file_name") or _ASKED_OF[told["asked_of"]])


def _download(label: str, file: Path, name: str, mime: str, *, icon: str = "download") -> None:
    """The file is read when somebody clicks, not before."""
    st.download_button(
        label, file.read_bytes, file_name=name, mime=mime, icon=f":material/{icon}:", on_click="ignore",
        key=f"scored_{name}",
    )  # fmt: skip


def _size(file: Path) -> str:
    size = file.stat().st_size
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"
