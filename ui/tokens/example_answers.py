"""What the base and the tuned model said to the same prompts, side by side; all of it is inert text."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from domain.text import escape_markdown, visible

_SHOWN = 20
_LONG = 2_000  # characters; what is longer is cut on the screen, and whole in the file
_WIDTHS = [3, 3, 3, 3]


def draw_answers(rows: Sequence[Mapping[str, Any]]) -> None:
    """Every prompt with the expected answer and both that came; nothing where nothing was asked."""
    if not rows:
        return
    st.markdown("**Before and after**")
    total = sum(row[who]["cost_usd"] or 0.0 for row in rows for who in ("base", "tuned"))
    st.caption(
        f"{len(rows):,} prompts held out of training, answered by the base and the tuned model at temperature"
        f" 0, for ${total:,.4f} in all, both counted at the price of the tuned one."
    )
    titles = ("Prompt", "Expected", "Base", "Tuned")
    for column, title in zip(st.columns(_WIDTHS), titles, strict=True):
        column.caption(title)
    for row in rows[:_SHOWN]:
        with st.container(border=True):
            asked, expected, base, tuned = st.columns(_WIDTHS)
            _draw_text(asked, row["messages"][-1]["content"])
            _draw_text(expected, row["expected"])
            _draw_said(base, row["base"])
            _draw_said(tuned, row["tuned"])
    if len(rows) > _SHOWN:
        st.caption(f"The first {_SHOWN:,} of {len(rows):,}; answers.jsonl in the job's folder has them all.")


def _draw_text(place: Any, text: str) -> None:
    shown = visible(text)
    place.text(shown if len(shown) <= _LONG else f"{shown[:_LONG]}…")


def _draw_said(place: Any, said: Mapping[str, Any]) -> None:
    if said["text"] is None:
        place.caption(f":material/error: {escape_markdown(said['error'] or 'no text came')}")
        return
    _draw_text(place, said["text"] or "(empty)")
    ended = said["finish_reason"]
    parts = [
        "" if ended in (None, "stop") else f"ended by {ended}",
        "" if said["tokens"] is None else f"{said['tokens']:,} tokens",
        f"{said['latency_ms'] / 1000:.2f} s",
        "" if said["cost_usd"] is None else f"${said['cost_usd']:.5f}",
    ]
    place.caption(escape_markdown(" · ".join(part for part in parts if part)))
