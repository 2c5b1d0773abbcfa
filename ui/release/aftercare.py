"""The Release page's part on what comes after: drift, the canary, and figures for a transparency report."""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from domain.errors import BadInput, WorkbenchError
from domain.text import escape_markdown, shortened, visible
from services.curation.importing import list_imports
from services.evaluation.canary import canary
from services.evaluation.drifting import CONVENTIONS, DriftReport, drift
from services.modelling.models import list_runs
from services.release.releases import Release
from services.release.transparency import file_of, transparency
from ui.errors import show
from ui.links import pick
from ui.store import database

_BADGES = {
    "alert": ":red-badge[Alert]",
    "watch": ":orange-badge[Watch]",
    "steady": ":green-badge[Steady]",
    "not decidable": ":gray-badge[Not decidable]",
}


def draw_aftercare(dataset_id: str, champion: Release | None) -> None:
    """What can be known of the model in production since it went there; nothing where there is none."""
    if champion is None:
        return
    part = st.expander(
        "After the release: drift, canary, transparency", icon=":material/monitor_heart:",
        on_change="rerun", key="release_after",
    )  # fmt: skip
    if not part.open:
        return
    with part:
        _draw_drift(dataset_id, champion)
        _draw_canary(champion)
        _draw_transparency(dataset_id, champion)


def _draw_drift(dataset_id: str, champion: Release) -> None:
    st.markdown("**Are later comments still like those it was judged on?**")
    names = {str(each.import_id): f"{shortened(each.file_name, 60)} (import {each.import_id})"
             for each in list_imports(database(), dataset_id)}  # fmt: skip
    sample = pick(
        "Later comments", ["", *names], key="sample",
        shown=lambda name: names.get(name, "all that are not in its snapshot"),
    )  # fmt: skip
    judged = {run.run_id: run for run in list_runs(database(), dataset_id)}[champion.run_id]
    revision = database().revision_of(dataset_id)
    try:
        found = _drift(judged.snapshot_id, dataset_id, sample, champion.model_id, revision)
    except BadInput as error:
        st.caption(escape_markdown(f"{error} {error.hint}"))
        return
    st.markdown(escape_markdown(found.sentence))
    for each in found.moved:
        left, right = st.columns([2, 9])
        left.markdown(_BADGES[each.verdict])
        ks = "" if each.ks is None else f", KS {each.ks:.3f}"
        right.markdown(
            f"{escape_markdown(shortened(each.what, 60))}: PSI {each.psi:.3f}, by chance up to"
            f" {each.chance:.3f}{ks}, n = {each.n_reference:,} and {each.n_sample:,}"
        )
    for what, why in found.not_looked_at.items():
        st.caption(escape_markdown(f"Not looked at: {what}. {why}"))
    st.caption(CONVENTIONS)


# The revision is part of the key: an import is a write, after which there are later comments.
@st.cache_data(max_entries=16, show_spinner="Comparing comments")
def _drift(snapshot_id: str, dataset_id: str, sample: str, model_id: str, revision: int) -> DriftReport:
    number = int(sample) if sample else None
    return drift(database(), snapshot_id, import_id=number, dataset_id=dataset_id, model_id=model_id)


def _draw_canary(champion: Release) -> None:
    st.markdown("**Does it still answer a fixed set as it did?**")
    try:
        found = canary(database(), champion.model_id)
    except WorkbenchError as error:
        show(error)
        return
    st.caption(escape_markdown(found.sentence))
    if found.differences:
        names = ["comment", "frozen label", "at first", "now"]
        rows = [(number, *map(visible, words)) for number, *words in found.differences]
        st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, alt="Answers that have changed")


def _draw_transparency(dataset_id: str, champion: Release) -> None:
    st.markdown("**Figures for a transparency report**")
    st.caption("Automated decisions and their error rates by language, with intervals and the method.")
    with st.container(horizontal=True):
        for format, mime in (("csv", "text/csv"), ("json", "application/json")):
            st.download_button(
                format.upper(),
                partial(_figures, dataset_id, champion.release_id, format),
                file_name=f"transparency-{champion.release_id}.{format}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"release_transparency_{format}",
            )


def _figures(dataset_id: str, release_id: str, format: str) -> Any:
    return file_of(transparency(database(), dataset_id, release_id=release_id), format)
