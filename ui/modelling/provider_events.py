"""The part of the Jobs page about what a provider told of its job: events as they come, and checkpoints."""

from datetime import datetime

import pandas as pd
import streamlit as st

from domain.text import shortened, visible
from services.jobs.managing.following import Followed
from services.jobs.process.hosted_story import MOST_EVENTS

_ROW_PX, _MOST_PX = 35, 320


def draw_provider_events(followed: Followed) -> None:
    """What the provider told, newest first, and below it the checkpoints that it keeps."""
    events = followed.provider_events
    if not events and not followed.checkpoints:
        return
    went_wrong = followed.job.state.name in ("failed", "died")
    with st.expander(
        "What the provider told",
        icon=":material/cloud:",
        expanded=went_wrong or not followed.job.state.is_over,
        key=f"jobs_told_{followed.job.job_id}",
    ):
        if events:
            table = pd.DataFrame(
                {
                    "time, UTC": [_time(one["at"]) for one in events],
                    "level": [shortened(one["level"], 20) for one in events],
                    "message": [visible(one["message"]) for one in events],
                }
            )
            st.dataframe(table, hide_index=True, height=_height(len(events)), alt="What the provider told")
            if len(events) == MOST_EVENTS:
                st.caption(f"The newest {MOST_EVENTS:,}.")
        if followed.checkpoints:
            _draw_checkpoints(followed)


def _draw_checkpoints(followed: Followed) -> None:
    st.markdown("**Checkpoints kept there**")
    table = pd.DataFrame(
        {
            "step": [visible(str(one.get("step"))) for one in followed.checkpoints],
            "model": [visible(str(one.get("model"))) for one in followed.checkpoints],
            "metrics": [_metrics(one.get("metrics")) for one in followed.checkpoints],
        }
    )
    st.dataframe(table, hide_index=True, height=_height(len(table)), alt="Checkpoints kept at the provider")


def _metrics(told: object) -> str:
    if not isinstance(told, dict):
        return ""
    numbers = {name: value for name, value in told.items() if isinstance(value, int | float)}
    return shortened(" · ".join(f"{name} {value:.4g}" for name, value in numbers.items()), 300)


def _time(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%d %b %Y, %H:%M:%S")


def _height(rows: int) -> int:
    return min(_ROW_PX * (rows + 1) + 3, _MOST_PX)
