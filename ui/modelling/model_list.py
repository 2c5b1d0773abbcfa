"""The list of models with what is known of each, and what can be done with the one that is open."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from domain.models import Model
from domain.text import escape_markdown, shortened, visible
from services.modelling import model_facts
from services.modelling.model_facts import ModelFacts
from ui.errors import showing_errors
from ui.evaluation.evaluations import either_evaluation_of
from ui.figures import in_brackets
from ui.lists import pick_row
from ui.store import database
from ui.times import when

_MEGABYTE = 1_000_000
# Long names would push what counts out of sight.
_WIDTHS_PX = {"name": 170, "base": 120, "ends": 110, "licence": 90}
_COLUMNS = {name: st.column_config.TextColumn(width=width) for name, width in _WIDTHS_PX.items()}


def pick_model(known: Sequence[ModelFacts]) -> ModelFacts:
    """The list, without archived models unless they are asked for; returns the model that is open."""
    away = [one for one in known if one.archiving is not None]
    with_archived = bool(away) and st.toggle(
        f"Show {len(away):,} archived", key="models_archived", bind="query-params"
    )
    asked = st.query_params.get("model")
    shown = [
        one for one in known if with_archived or one.archiving is None or one.model.model_id == asked
    ] or list(known)
    ids = [one.model.model_id for one in shown]
    opened = pick_row(_table(shown), ids, param="model", alt="Models of this dataset", columns=_COLUMNS)
    return next(one for one in shown if one.model.model_id == opened)


def draw_facts(facts: ModelFacts) -> None:
    """The facts of the open model in a line each, and that it is archived."""
    if facts.archiving is not None:
        who = escape_markdown(facts.archiving.created_by)
        st.info(f"Archived by {who}, {when(facts.archiving.created_at)}.", icon=":material/archive:")
    speed = facts.comments_per_second
    seeds = f"best of {facts.seeds:,} seeds" if facts.seeds and facts.seeds > 1 else ""
    parts = [
        facts.recipe and f"recipe: {escape_markdown(facts.recipe)}",
        facts.known_as and f"at the provider: {escape_markdown(facts.known_as)}",
        f"base: {escape_markdown(shortened(facts.base))}",
        f"licence: {escape_markdown(facts.licence or 'not told')}",
        seeds,
        _size(facts) and f"{_size(facts)} on disk",
        speed and f"{speed:,.0f} comments a second in the run that counts",
    ]
    st.caption(" · ".join(str(part) for part in parts if part))
    if facts.prompt is not None:
        st.caption(escape_markdown(facts.prompt))


def draw_differences(model: Model, known: Sequence[ModelFacts]) -> None:
    """The settings in which the open model and another one differ."""
    others = {one.model.model_id: one.model for one in known if one.model.model_id != model.model_id}
    if not others:
        return
    with st.expander("Compare its settings", icon=":material/difference:"):
        other_id = st.selectbox(
            "With",
            list(others),
            format_func=lambda model_id: f"{shortened(others[model_id].name, 60)} · {model_id}",
            key=f"models_beside_{model.model_id}",
        )
        rows = model_facts.differences(model, others[other_id])
        if not rows:
            st.caption("No setting differs.")
            return
        told = [(name, *(_value(value) for value in values)) for name, *values in rows]
        table = pd.DataFrame(told, columns=["setting", model.model_id, other_id])
        st.dataframe(table, hide_index=True, alt="Settings that differ")


def draw_archive(facts: ModelFacts) -> None:
    """Put the model away, or take it back."""
    model_id = facts.model.model_id
    label, icon, change = ("Archive", ":material/archive:", model_facts.archive)
    if facts.archiving is not None:
        label, icon, change = ("Take back", ":material/unarchive:", model_facts.take_back)
    told = "Archived models leave this list; their runs, files and releases stay."
    if st.button(label, icon=icon, key=f"models_archive_{model_id}", help=told):
        with showing_errors():
            change(database(), model_id, actor=st.session_state["person"])
            st.rerun()


def _table(shown: Sequence[ModelFacts]) -> pd.DataFrame:
    models = [one.model for one in shown]
    return pd.DataFrame(
        {
            "model": [model.model_id for model in models],
            "name": [visible(model.name) for model in models],
            "macro F1": [_headline(one) for one in shown],
            "recipe": [one.recipe or "" for one in shown],
            "base": [shortened(one.base, 40) for one in shown],
            "learned from": [model.snapshot_id for model in models],
            "ends": ["" if one.ends_on is None else f"{one.ends_on}" for one in shown],
            "size": [_size(one) for one in shown],
            "comments/s": [_speed(one) for one in shown],
            "seeds": [str(one.seeds or "") for one in shown],
            "licence": [shortened(one.licence or "not told", 40) for one in shown],
            "made": [when(model.created_at) for model in models],
            "by": [visible(model.created_by) for model in models],
        }
    )


def _headline(facts: ModelFacts) -> str:
    """Macro F1 with its interval, and of which split; on other splits numbers are not alike."""
    if facts.run is None:
        return ""
    return f"{in_brackets(either_evaluation_of(facts.run.run_id).report.macro_f1)} {facts.run.split}"


def _size(facts: ModelFacts) -> str:
    megabytes = facts.size_bytes / _MEGABYTE
    if facts.known_as is not None:  # what lies here is only how to ask it
        return ""
    return f"{megabytes:,.0f} MB" if megabytes >= 1 else f"{megabytes:.1f} MB" if megabytes else ""


def _speed(facts: ModelFacts) -> str:
    return "" if facts.comments_per_second is None else f"{facts.comments_per_second:,.0f}"


def _value(value: object) -> str:
    return "not set" if value is None else visible(str(value))
