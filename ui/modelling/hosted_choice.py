"""The part of the Train page about models at a provider: which one, what it costs, and what may leave."""

from dataclasses import asdict
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from domain.comments import Dataset
from domain.errors import Conflict
from domain.text import escape_markdown, visible
from services.curation import datasets
from services.curation.snapshots import Snapshot
from services.modelling.hosted.estimate import (
    HostedChoice,
    HostedEstimate,
    estimate,
    hosted_choice,
    prices_for,
)
from services.modelling.hosted.lifecycle import expiry_of, refresh_models, told_models
from services.modelling.hosted.outbound import Prices, counting
from services.modelling.hosted.patience import FOR_A_LIST, asking
from services.modelling.hosted.providers import ProviderAddress, list_providers
from services.modelling.hosted.spending import LIMITS, left_today, read_limits
from services.modelling.recipes import HostedSettings, Recipe, settings_of
from services.modelling.tokens.snapshots import count_snapshot
from ui.errors import showing_errors
from ui.modelling.job_results import draw_prompt
from ui.modelling.training import meanings
from ui.store import database
from ui.times import when


def choose_model(recipe: Recipe) -> dict[str, str]:
    """Provider and model of a hosted recipe; a name that is not in the list can be written."""
    defaults, said = asdict(settings_of(recipe)), meanings(HostedSettings)
    left, right = st.columns([1, 2], gap="medium")
    with left, showing_errors():
        names = list(list_providers(database().home))
        provider = st.selectbox("Provider", names, key=f"train_{recipe.name}_provider")
        st.caption(escape_markdown(said["provider"]))
    with right:
        model = st.selectbox(
            "Model",
            _model_names(provider, tunes=bool(defaults["tune"])),
            key=f"train_{recipe.name}_model_{provider}",
            accept_new_options=True,
            placeholder="Choose one, or write its name",
            help="A name that is not in the list can be written: an earlier ft: model, for example.",
        )
        st.caption(escape_markdown(said["model"]))
        _offer_refresh(str(provider))
    return {"provider": str(provider), "model": str(model or defaults["model"])}


def _offer_refresh(provider: str) -> None:
    """Ask the provider which models the account has, tuned ones too; the answer is kept with its date."""
    told = told_models(database().home, provider)
    when_told = "" if told is None else f", last asked on {told.as_of}"
    if st.button(
        f"Ask {escape_markdown(provider)} for its models{when_told}",
        icon=":material/refresh:",
        type="tertiary",
        key=f"train_refresh_{provider}",
    ):
        with showing_errors(), st.spinner(escape_markdown(asking(provider, FOR_A_LIST, "its models"))):
            refresh_models(database().home, provider)
            st.rerun()


def _model_names(provider: str, *, tunes: bool) -> list[str]:
    """What can be chosen: the table where the provider charges, and what it told of its models."""
    today = date.today()
    with showing_errors():
        choice, told = hosted_choice(database(), provider), told_models(database().home, provider)
        priced = [
            one for one in choice.table.models
            if choice.address.charges and not one.is_shut(today) and (one.can_be_tuned or not tunes)
        ]  # fmt: skip
        priced.sort(key=lambda one: (one.name != HostedSettings().model, one.train_usd_per_million))
        known = [one.name for one in priced]
        listed = [] if told is None else sorted(set(told.models) - set(known))
        if choice.address.charges:  # nobody knows what the others cost
            listed = [name for name in listed if name.removeprefix("ft:").split(":")[0] in known]
        return known + [name for name in listed if not tunes or not name.startswith("ft:")]
    return []


def draw_hosted(
    dataset: Dataset, snapshot: Snapshot, recipe: Recipe, settings: dict[str, Any], *, actor: str
) -> None:
    """Everything to know before the click."""
    with st.container(border=True), showing_errors():
        config = settings_of(recipe, settings)
        assert isinstance(config, HostedSettings)
        choice = hosted_choice(database(), config.provider)
        _draw_missing_key(choice.address)
        _draw_child_data(dataset, actor)
        _draw_costs(snapshot, config, actor=actor)
        _draw_expiry(choice, config)
        draw_prompt(asdict(config))
        if choice.address.charges:
            _draw_prices(choice, config)


def _draw_missing_key(address: ProviderAddress) -> None:
    """Say before the click that the provider would not be asked at all."""
    if address.key_variable and address.key is None:
        variable = escape_markdown(address.key_variable)
        st.error(
            f"{variable} is not set where the dashboard runs: this provider cannot be asked.",
            icon=":material/key_off:",
        )


def _draw_child_data(dataset: Dataset, actor: str) -> None:
    """Whether the comments may leave at all, who said so, and the switch."""
    marks = datasets.list_child_data_marks(database(), dataset.dataset_id)
    who = f" {escape_markdown(marks[0].created_by)}, {when(marks[0].created_at)}." if marks else ""
    why = f" “{escape_markdown(marks[0].why)}”" if marks and marks[0].why else ""
    text, action = st.columns([5, 1], vertical_alignment="center")
    if dataset.may_hold_child_data:
        text.error(
            f"This dataset may hold data of children: its comments do not leave this machine.{who}{why}",
            icon=":material/child_care:",
        )
    else:
        unmarked = "Nobody has marked this dataset as holding any."
        said = f"Holds no data of children, says{who}{why}" if marks else unmarked
        text.markdown(f":material/child_care: **Data of children:** {said}")
    with action.popover("Change" if dataset.may_hold_child_data else "Mark it", width="stretch"):
        _offer_mark(dataset, actor)


def _offer_mark(dataset: Dataset, actor: str) -> None:
    flagged = dataset.may_hold_child_data
    st.markdown(
        "Its comments can then go to a provider."
        if flagged
        else "Its comments then go to no provider at all."
    )
    with st.form(f"train_child_{dataset.dataset_id}", border=False):
        why = st.text_input("How do you know?", max_chars=1_000, placeholder="needed" if flagged else "")
        label = "It holds no data of children" if flagged else "It may hold data of children"
        if st.form_submit_button(label, type="primary"):
            with showing_errors():
                datasets.mark_child_data(
                    database(), dataset.dataset_id, may_hold_child_data=not flagged, actor=actor, why=why
                )
                st.rerun()


def _draw_costs(snapshot: Snapshot, config: HostedSettings, *, actor: str) -> None:
    """Estimated training and answering cost beside what this person has left today."""
    prices = prices_for(database(), config)
    if prices is None:
        st.warning(
            f"Nobody knows what '{escape_markdown(config.model)}' costs: it is not in the table of prices.",
            icon=":material/money_off:",
        )
        return
    if prices.as_of is None:
        st.markdown(":material/savings: This provider takes no money.")
        return
    found = _estimate(snapshot, config, prices)
    if found is None:
        return
    left, limits = left_today(database(), actor), read_limits(database().home)
    allowed = min(left.most_usd, config.cost_cap_usd)
    tiles = {
        "Training": (f"${found.training_usd:,.2f}", _tokens_told(found)),
        "Answers": (f"${found.answering_usd:,.2f}", f"{found.answers:,} of validation and test"),
        "Together": (f"${found.total_usd:,.2f}", f"prices of {prices.as_of}"),
        "Left for you today": (
            f"${max(left.person_day_usd, 0.0):,.2f}",
            f"of ${limits.person_day_usd:,.2f}; all together ${max(left.day_usd, 0.0):,.2f}",
        ),
        "This job may cost": (f"${allowed:,.2f}", f"reserved until it ends; caps in {LIMITS}"),
    }
    for column, (name, (value, below)) in zip(st.columns(len(tiles)), tiles.items(), strict=True):
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.metric(name, value)
            st.caption(escape_markdown(below))
    if found.total_usd > allowed:
        st.warning(
            f"The estimate of \\${found.total_usd:,.2f} is more than the \\${allowed:,.2f} that this job may "
            "cost: it would stop before its first call.",
            icon=":material/block:",
        )


def _tokens_told(found: HostedEstimate) -> str:
    return f"{found.trained_tokens:,} tokens, {found.epochs} epochs" if found.epochs else "nothing is tuned"


def _estimate(snapshot: Snapshot, config: HostedSettings, prices: Prices) -> HostedEstimate | None:
    """The estimate, or an offer to count the comments that it needs."""
    try:
        return estimate(database(), snapshot, config, prices, today=date.today())
    except Conflict:  # not counted yet
        if not st.button("Estimate the cost", icon=":material/calculate:", key="train_estimate_cost"):
            st.caption("The comments of this snapshot have to be counted once.")
            return None
    bar = st.empty()

    def show(what: str, share: float) -> None:
        bar.progress(share, what)

    count_snapshot(database(), snapshot.snapshot_id, encoding=counting(config.model).name, progress=show)
    st.rerun()  # without the button
    return None


def _draw_expiry(choice: HostedChoice, config: HostedSettings) -> None:
    ends = expiry_of(database().home, choice.address, config.model, date.today())
    if ends is not None:
        st.warning(escape_markdown(ends.told), icon=":material/event_busy:")
    if config.tune and choice.entitlement:
        st.info(escape_markdown(choice.entitlement), icon=":material/key:")


def _draw_prices(choice: HostedChoice, config: HostedSettings) -> None:
    """The dated table; the chosen model, or the base of it, stands first."""
    today, base = date.today(), config.model.removeprefix("ft:").split(":")[0]
    models = sorted(
        choice.table.models,
        key=lambda one: (one.name != base, one.is_shut(today), one.train_usd_per_million),
    )
    table = pd.DataFrame(
        {
            "model": [visible(one.name) for one in models],
            "training": [one.train_usd_per_million for one in models],
            "reading": [one.input_usd_per_million for one in models],
            "writing": [one.output_usd_per_million for one in models],
            "tuned by": [", ".join(one.methods) for one in models],
            "price of": [f"{choice.table.day_of(one)}" for one in models],
            "shuts on": [
                "not told" if one.shuts_on is None
                else f"shut since {one.shuts_on}" if one.is_shut(today)
                else f"{one.shuts_on}, in {(one.shuts_on - today).days:,} days"
                for one in models
            ],
        }
    )  # fmt: skip
    dollars = st.column_config.NumberColumn(format="$%.2f")
    st.dataframe(
        table,
        hide_index=True,
        column_config={"training": dollars, "reading": dollars, "writing": dollars},
        alt="Hosted models with their prices",
    )
    st.caption(
        f"US dollars per million tokens, prices of {choice.table.as_of}: "
        f"{escape_markdown(choice.table.source)}."
    )
