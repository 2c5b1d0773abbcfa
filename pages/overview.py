"""Home: where each dataset stands in the loop, how well its newest model does, and what to do next."""

import streamlit as st

from domain.text import escape_markdown, shortened
from services.curation.datasets import list_datasets
from services.modelling.models import newest_run
from services.standing import Standing
from ui.curation.demo import offer_demo
from ui.curation.leaving import offer_leaving
from ui.errors import showing_errors
from ui.evaluation.evaluations import either_evaluation_of
from ui.figures import in_brackets
from ui.frame import go_to
from ui.readers import standing_of
from ui.release.releases import draw_newest_verdict
from ui.store import database
from ui.words import MACRO_F1


def draw(standing: Standing) -> None:
    """One dataset as a card: what to do next, the stations of the loop, and its newest model."""
    dataset, step = standing.dataset, standing.next_step
    with st.container(border=True):
        heading, action = st.columns([3, 1], vertical_alignment="center")
        with heading.container(gap="xsmall"):
            st.subheader(escape_markdown(dataset.title), anchor=False)
            st.caption(
                escape_markdown(f"{dataset.dataset_id} · {standing.counts['comments']:,} comments")
                + "".join(f" · {n:,} {escape_markdown(label)}" for label, n in standing.labels.items())
            )
            st.markdown(f"**Next:** {step.todo}")
        if action.button(
            step.title,
            type="primary",
            icon=":material/arrow_forward:",
            icon_position="right",
            width="stretch",
            key=f"overview_next_{dataset.dataset_id}",
        ):
            go_to(step.page, dataset=dataset.dataset_id)
        _draw_stations(standing)
        with showing_errors():
            _draw_newest_model(dataset.dataset_id)


def _draw_stations(standing: Standing) -> None:
    name = standing.dataset.dataset_id
    for column, station in zip(st.columns(len(standing.steps), gap="small"), standing.steps, strict=True):
        mark = ":gray[:material/radio_button_unchecked:]"
        if station.page == standing.next_step.page:
            mark = ":primary[:material/arrow_circle_right:]"
        elif station.done:
            mark = ":green[:material/check_circle:]"
        with column.container(gap=None):
            if st.button(
                f"{mark} **{station.title}**", type="tertiary", key=f"overview_{name}_{station.page}"
            ):
                go_to(station.page, dataset=name)
            st.caption(station.told)


def _draw_newest_model(dataset_id: str) -> None:
    """What a lead asks first: how well the newest model does on comments that it never saw."""
    newest = newest_run(database(), dataset_id)
    if newest is None or newest.split != "test":
        return
    found = either_evaluation_of(newest.run_id)
    accuracy = "Subset accuracy" if newest.several else "Accuracy"
    facts = {
        "Newest model": escape_markdown(shortened(found.model_name, 60)),
        f"{accuracy}, 95 % interval": in_brackets(found.report.accuracy),
        "Macro-F1, 95 % interval": in_brackets(found.report.macro_f1),
        "Test comments": f"{found.report.n:,}",
    }
    *columns, more = st.columns([2, 3, 3, 2, 2])
    for column, (name, value) in zip(columns, facts.items(), strict=True):
        with column.container(gap=None):
            st.caption(name, help=MACRO_F1 if name.startswith("Macro-F1") else None)
            st.markdown(f"**{value}**")
    if more.button(
        "Evaluation", icon=":material/analytics:", key=f"overview_run_{dataset_id}", width="stretch"
    ):
        go_to("evaluate", dataset=dataset_id, run=newest.run_id)
    if not newest.several:
        draw_newest_verdict(newest)


names = [dataset.dataset_id for dataset in list_datasets(database())]
if not names:
    st.markdown("From raw comments to a moderation model that you own and can defend.")
    left, right = st.columns(2)
    with left, st.container(border=True, height="stretch"):
        st.subheader("Begin with your comments", anchor=False)
        st.caption(
            "CSV, JSONL or Parquet. You say which column is what; rows that cannot go in are listed one by"
            " one. Nothing leaves this machine."
        )
        if st.button("Import a file", type="primary", icon=":material/upload_file:", key="overview_import"):
            st.switch_page("pages/import.py")
    with right, st.container(border=True, height="stretch"):
        offer_demo()
for name in names:
    draw(standing_of(name))
if names:
    offer_leaving()
