"""Kept examples on the Tokens page: keep those of a file, look at them, and tune a model on them."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from domain.comments import Dataset
from domain.errors import WorkbenchError
from domain.examples import ExampleSet
from domain.text import escape_markdown, shortened
from services.modelling.examples import sets as example_sets
from services.modelling.examples import tuning as example_tuning
from services.modelling.examples.tuning import TuningEstimate
from services.modelling.formats.findings import Finding
from services.modelling.hosted.catalogue import HostedModels, hosted_models
from services.modelling.hosted.providers import list_providers
from services.modelling.settings import ExampleSettings
from ui.errors import show, showing_errors
from ui.frame import go_to
from ui.links import put
from ui.lists import pick_row
from ui.store import database
from ui.times import when

_SHOWN = 500


def draw_keep(dataset: Dataset, path: Path, validation: Path | None, file_name: str) -> None:
    """The button that keeps the examples of the file in hand."""
    with st.form("tokens_keep", border=True):
        name, held_out, go = st.columns([3, 2, 2], vertical_alignment="bottom")
        given = name.text_input(
            "Name of the examples", max_chars=100, placeholder="the file's", key="tokens_kept"
        )
        share = 0.0
        if validation is None:
            share = (
                held_out.slider("Held out for validation", 0, 50, 10, format="%d %%", key="tokens_held_out")
                / 100
            )
        if go.form_submit_button("Keep these examples", icon=":material/bookmark_add:", width="stretch"):
            with showing_errors():
                kept = example_sets.keep_examples(
                    database(), dataset.dataset_id, path, actor=st.session_state["person"],
                    validation=validation, name=given or "", file_name=file_name, held_out=share,
                )  # fmt: skip
                put("examples", kept.example_set_id)
                st.toast(f"{kept.example_set_id} is kept.", icon=":material/check:")
        st.caption(
            "Rows without an error are kept under the dataset in hand, repaired where that changes nothing; "
            "everything else is listed with them."
        )


def draw_kept(dataset: Dataset) -> None:
    """The sets of the dataset, the one that is open, and the way to a model; nothing while there is none."""
    sets = example_sets.list_example_sets(database(), dataset.dataset_id)
    if not sets:
        return
    st.subheader("Kept examples", anchor=False)
    table = pd.DataFrame(
        {
            "examples": [one.example_set_id for one in sets],
            "name": [shortened(one.name) for one in sets],
            "to train on": [one.counts["train"] for one in sets],
            "held out": [one.counts["validation"] for one in sets],
            "rows refused": [one.counts["refused"] for one in sets],
            "by": [shortened(one.created_by, 40) for one in sets],
            "kept": [when(one.created_at) for one in sets],
        }
    )
    opened = pick_row(table, [one.example_set_id for one in sets], param="examples", alt="Kept examples")
    _draw_set(next(one for one in sets if one.example_set_id == opened))


def _draw_set(kept: ExampleSet) -> None:
    found = kept.counts["found"]
    told = ", ".join(f"{escape_markdown(code.replace('_', ' '))} {n:,}" for code, n in found.items())
    prompt = "share one system prompt" if kept.prompt_sha256 else "do not share a system prompt"
    st.caption(
        f"{kept.example_set_id} · from {escape_markdown(shortened(kept.file_name))} · the examples {prompt} "
        f"· sha256 {kept.sha256[:12]}"
    )
    if found:
        with st.expander(f"What was found: {told}", icon=":material/rule:", on_change="rerun",
                         key=f"tokens_found_{kept.example_set_id}") as part:  # fmt: skip
            if part.open:
                draw_findings(example_sets.findings_of(database(), kept.example_set_id))
    _draw_tuning(kept)


def draw_findings(findings: Sequence[Finding]) -> None:
    """Findings row by row, as a table of inert text."""
    shown = findings[:_SHOWN]
    table = pd.DataFrame(
        {
            "row": [str(one.row) if one.row else "all" for one in shown],
            "how bad": [one.severity for one in shown],
            "field": [shortened(one.field, 100) for one in shown],
            "what": [one.code.replace("_", " ") for one in shown],
            "message": [shortened(one.message, 300) for one in shown],
            "repair": [shortened(one.repair or "", 200) for one in shown],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height=min(38 + 35 * len(shown), 320),
        column_config={
            "row": st.column_config.TextColumn(width="small"),
            "message": st.column_config.TextColumn(width="large"),
        },
        alt="Findings of the file",
    )
    if len(findings) > _SHOWN:
        st.caption(f"The first {_SHOWN:,} of {len(findings):,}; the command line lists them all.")


def _draw_tuning(kept: ExampleSet) -> None:
    """Provider, model and caps, what it will cost, and the button that starts it."""
    st.markdown("**Tune a model on them**")
    if kept.counts["train"] < example_sets.MIN_TRAINED:
        st.info(f"A provider takes {example_sets.MIN_TRAINED} examples at least.", icon=":material/info:")
        return
    settings = _choose_settings()
    try:
        table = hosted_models(database().home)
        found = _estimate(kept.example_set_id, tuple(settings.items()), table)
    except WorkbenchError as error:
        show(error)
        return
    _draw_estimate(found)
    if st.button("Start tuning", type="primary", icon=":material/play_arrow:", key="tokens_tune"):
        with showing_errors():
            job = example_tuning.tune(
                database(), example_set_id=kept.example_set_id, settings=settings,
                actor=st.session_state["person"],
            )  # fmt: skip
            go_to("jobs", dataset=kept.dataset_id, job=job.job_id)


def _choose_settings() -> dict[str, Any]:
    defaults, table = ExampleSettings(), hosted_models(database().home)
    models = [
        one.name for one in sorted(table.models, key=lambda one: one.train_usd_per_million)
        if one.can_be_tuned and not one.is_shut(date.today())
    ]  # fmt: skip
    first, second = st.columns(3), st.columns(3)
    provider = first[0].selectbox("Provider", list(list_providers(database().home)), key="tokens_provider")
    model = first[1].selectbox(
        "Model to tune", models, accept_new_options=True, key="tokens_tuned",
        help="Of a server of your own, type the name.",
    )  # fmt: skip
    suffix = first[2].text_input("Suffix of its name", max_chars=40, placeholder="none", key="tokens_suffix")
    epochs = second[0].number_input("Epochs", 1, 50, None, placeholder="the provider's", key="tokens_epochs")
    compared = second[1].number_input(
        "Held-out prompts that both answer", 0, 200, defaults.compared, key="tokens_compared"
    )
    cap = second[2].number_input("It may cost, in USD", 0.0, 1e6, defaults.cost_cap_usd, key="tokens_cap")
    chosen = {"provider": provider, "model": model or "", "suffix": suffix or None, "compared": compared}
    return {**chosen, "epochs": epochs, "cost_cap_usd": cap}


@st.cache_data(max_entries=32, show_spinner="Counts tokens")
def _estimate(
    example_set_id: str, settings: tuple[tuple[str, Any], ...], prices: HostedModels
) -> TuningEstimate:
    """What it will cost; examples are frozen, and the price table is part of the key."""
    return example_tuning.estimate_tuning(database(), example_set_id, dict(settings))


def _draw_estimate(found: TuningEstimate) -> None:
    prices = found.prices
    billed = (
        f"{found.budget.billed_tokens_per_epoch:,} tokens × {found.epochs} epochs = {found.billed_tokens:,}"
    )
    told = [
        ("Billed tokens", f"{found.billed_tokens:,}", billed),
        ("Training", f"${found.training_usd:,.2f}", f"${prices.train_usd_per_million:g} per million"),
        ("Answers", f"${found.answers_usd:,.2f}", f"{found.questions:,} prompts, two models, at most"),
        (
            "In all",
            f"${found.cost_usd:,.2f}",
            f"prices of {prices.as_of}" if prices.as_of else "it takes no money",
        ),
    ]
    for column, (title, value, note) in zip(st.columns(len(told)), told, strict=True):
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.metric(title, value)
            st.caption(escape_markdown(note))
    if prices.shuts_on:
        st.caption(
            f":material/event_busy: The base, and every model tuned on it, is shut on {prices.shuts_on}."
        )
    if not found.budget.exact:
        st.caption("The counts are estimates: the encoding's file is not in place.")
