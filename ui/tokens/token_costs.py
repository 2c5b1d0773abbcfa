"""What training on counted examples costs, model by model, and the prices behind it."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
import streamlit as st

from domain.errors import NotFound
from domain.text import escape_markdown, visible
from services.modelling.hosted.catalogue import HostedModel, HostedModels
from services.modelling.hosted.prices import forget_price, write_price
from services.modelling.tokens.costs import ModelCost
from services.modelling.tokens.snapshots import DEFAULT_LIMIT
from ui.errors import showing_errors
from ui.store import database

_KEY = "tokens_price"


def draw_costs(costs: Sequence[ModelCost], table: HostedModels) -> None:
    """The cheapest that still answers first."""
    st.markdown("**Training cost per model**")
    ordered = sorted(costs, key=lambda cost: (cost.is_shut, cost.model.train_usd_per_million))
    rows = pd.DataFrame(
        {
            "model": [visible(cost.model.name) for cost in ordered],
            "training": [cost.cost_usd for cost in ordered],
            "per million": [cost.model.train_usd_per_million for cost in ordered],
            "too long": [cost.over_limit for cost in ordered],
            "ends": [_ending(cost) for cost in ordered],
        }
    )
    if any(cost.as_of != table.as_of for cost in ordered):
        rows.insert(3, "price of", [f"{cost.as_of}" for cost in ordered])
    dollars = st.column_config.NumberColumn(format="$%.2f")
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"training": dollars, "per million": dollars},
        placeholder="–",
        alt="Training cost per hosted model",
    )
    st.caption(
        f"Prices of {table.as_of}: {escape_markdown(table.source)}. No new jobs at OpenAI after "
        f"{table.no_new_jobs_after}. A dash: the model counts in another encoding."
    )


def draw_price_form(table: HostedModels) -> None:
    """Where a price is changed, or a model added, on a click."""
    with st.expander(
        "Change a price", icon=":material/edit:", key="tokens_prices", on_change="rerun"
    ) as part:
        if part.open:
            _draw_row(table)


def _ending(cost: ModelCost) -> str:
    if cost.is_shut:
        return "shut"
    return "not told" if cost.days_left is None else f"{cost.model.shuts_on} ({cost.days_left:,} days)"


def _draw_row(table: HostedModels) -> None:
    """One row of the table: chosen, or written anew; whoever saves it says where it is from."""
    name = st.selectbox(
        "Model",
        [one.name for one in table.models],
        accept_new_options=True,
        key=f"{_KEY}_model",
        help="Of one that is not in the list, write the name. A tuned model has the prices of its base.",
    )
    try:
        row = table.named(name or "")
    except NotFound:
        row = HostedModel(name or "", ("supervised",), 0.0, 0.0, 0.0, DEFAULT_LIMIT, None)
    if row.priced_on is not None:
        st.caption(
            f"Of {row.priced_on}, says {escape_markdown(row.priced_by)}: {escape_markdown(row.price_source)}"
        )
    with st.form(f"{_KEY}_form", border=False):
        wanted, source = _asked(row)
        if st.form_submit_button("Save this price", type="primary", icon=":material/save:"):
            with showing_errors():
                write_price(
                    database().home,
                    wanted,
                    source=source,
                    today=date.today(),
                    actor=st.session_state["person"],
                )
                st.rerun()
    if row.priced_on is not None and st.button("Take it back", icon=":material/undo:", key=f"{_KEY}_forget"):
        with showing_errors():
            forget_price(database().home, row.name, actor=st.session_state["person"])
            st.rerun()


def _asked(row: HostedModel) -> tuple[HostedModel, str]:
    """The row as the form has it, and where its prices are from."""
    amounts, facts = st.columns(3), st.columns([1, 1, 2])
    told = {
        "Training, USD per million": row.train_usd_per_million,
        "Reading": row.input_usd_per_million,
        "Writing": row.output_usd_per_million,
    }
    train, reading, writing = (
        column.number_input(
            label, 0.0, 10_000.0, usd, format="%g", step=0.1, key=f"{_KEY}_{row.name}_{label[0]}"
        )
        for column, (label, usd) in zip(amounts, told.items(), strict=True)
    )
    limit = facts[0].number_input(
        "Tokens of an example", 1, 100_000_000, row.example_limit, key=f"{_KEY}_{row.name}_limit"
    )
    shuts_on = facts[1].date_input("Shuts on", row.shuts_on, key=f"{_KEY}_{row.name}_shuts")
    source = facts[2].text_input(
        "Where these prices are from", max_chars=300, placeholder="needed", key=f"{_KEY}_{row.name}_source"
    )
    tunable = st.checkbox("It can be tuned", row.can_be_tuned, key=f"{_KEY}_{row.name}_tunable")
    kept = row.methods if tunable == row.can_be_tuned else ("supervised",) if tunable else ()
    day = shuts_on if isinstance(shuts_on, date) else None
    return HostedModel(row.name, kept, train, reading, writing, limit, day), source or ""
