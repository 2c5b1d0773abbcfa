"""The base model of an encoder on the Train page: its licence, and what the hub says of it."""

from typing import Any

import streamlit as st

from domain.errors import WorkbenchError
from domain.text import escape_markdown
from services.modelling.base_models import OFFLINE, describe_base_model, licence_here
from services.modelling.hub_models import BaseFacts
from services.modelling.recipes import EncoderSettings, Recipe, settings_of
from ui.errors import showing_errors


def draw_base(recipe: Recipe, settings: dict[str, Any]) -> None:
    """The base model, its licence where it is known here, and the hub's word on demand."""
    config = settings_of(recipe, settings)
    assert isinstance(config, EncoderSettings)
    name, revision = config.base_model, config.base_revision
    try:
        licence = licence_here(name, revision)
    except WorkbenchError as error:
        st.caption(escape_markdown(f"Base model: {error} {error.hint}"))
        return
    of_hub = name != OFFLINE and not name.startswith("/")
    st.caption(escape_markdown(f"Base model {name}, licence: {licence or 'not told here'}."))
    if not of_hub:
        return
    if st.button("Ask the hub", icon=":material/travel_explore:", key="train_ask_hub", help=_HELP):
        with showing_errors(), st.spinner(f"Asks the hub about {escape_markdown(name)}"):
            st.session_state["train_hub"] = (name, revision, describe_base_model(name, revision))
    asked = st.session_state.get("train_hub")
    if asked is not None and asked[:2] == (name, revision):
        _draw_facts(recipe, revision, asked[2])


def _draw_facts(recipe: Recipe, revision: str | None, found: BaseFacts) -> None:
    size = f"{found.size_bytes / 1e6:,.0f} MB"
    where = "is on this machine" if found.is_here else f"{size} to fetch"
    st.markdown(
        f":material/cloud_done: {escape_markdown(found.name)}: licence "
        f"{escape_markdown(found.licence or 'not told')}, {where}, commit `{str(found.revision)[:12]}`."
    )
    if revision != found.revision:
        st.button(
            "Keep to this commit",
            icon=":material/push_pin:",
            key="train_pin",
            on_click=_pin,
            args=(recipe.name, found.revision),
            help="Sets base revision, so that a later training takes the very same model.",
        )


def _pin(recipe: str, revision: str) -> None:
    st.session_state[f"train_{recipe}_base_revision"] = revision
    name, _, found = st.session_state["train_hub"]
    st.session_state["train_hub"] = (name, revision, found)


_HELP = "Says licence, size and newest commit. Nothing is fetched; the name is all that leaves."
