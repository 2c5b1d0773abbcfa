"""What a training would take, on the Train page: asked for with a button, tried beside the page."""

from typing import Any

import streamlit as st

from domain.text import escape_markdown
from services.modelling.estimates import sentence
from services.modelling.probing import cancel_probe, find_probe, start_probe
from services.modelling.recipes import Recipe
from ui.errors import showing_errors
from ui.modelling.base_models import draw_base
from ui.store import database


def draw_estimate(snapshot_id: str, recipe: Recipe, settings: dict[str, Any]) -> None:
    """The base of an encoder, and time, memory and disk of its training or the button to ask."""
    if recipe.kind != "train_encoder":
        return
    with showing_errors():
        state = find_probe(database(), snapshot_id, recipe.name, settings).state
        draw_base(recipe, settings)
        is_trying = state is not None and not state.is_over
        st.fragment(_draw, run_every="1s" if is_trying else None)(
            snapshot_id, recipe.name, settings, looks_again=is_trying
        )


def _draw(snapshot_id: str, recipe: str, settings: dict[str, Any], *, looks_again: bool) -> None:
    with showing_errors():
        probe = find_probe(database(), snapshot_id, recipe, settings)
        if probe.state is not None and not probe.state.is_over:
            st.progress(min(probe.state.share, 1.0), escape_markdown(probe.state.message))
            if st.button("Stop trying", icon=":material/cancel:", key="train_probe_stop"):
                cancel_probe(database(), snapshot_id, recipe, settings, actor=st.session_state["person"])
            return
        if looks_again:
            st.rerun()  # the whole page, which then no longer looks every second
        if probe.estimate is not None:
            st.markdown(f":material/timer: {escape_markdown(sentence(probe.estimate))}")
            if probe.estimate.disk_bytes > probe.estimate.disk_free_bytes:
                st.warning("The checkpoints do not fit on the disk.", icon=":material/hard_drive:")
        elif probe.state is not None and probe.state.name != "cancelled":
            st.warning(
                escape_markdown(f"{probe.state.message} {probe.state.hint}"), icon=":material/warning:"
            )
        asked = "How long?" if probe.estimate is None else "Measure again"
        if st.button(asked, icon=":material/timer:", key="train_probe", help=_HELP):
            start_probe(database(), snapshot_id, recipe, settings)
            st.rerun()


_HELP = "Tries ten steps on these comments in a process of its own; takes about half a minute."
