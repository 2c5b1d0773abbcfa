"""Frozen thresholds as the Thresholds page lists them, and the one look at test that each has."""

import streamlit as st

from domain.text import escape_markdown, shortened, visible
from services.evaluation import choosing
from services.evaluation.choosing import Frozen
from ui.errors import showing_errors
from ui.evaluation.threshold_figures import draw_boxes, draw_tally
from ui.store import database
from ui.times import when


def frozen_of(dataset_id: str) -> list[Frozen]:
    """The frozen thresholds of a dataset, newest first; a write to the dataset makes readers look again."""
    return _frozen_of(dataset_id, database().revision_of(dataset_id))


@st.cache_data(max_entries=16, show_spinner=False)
def _frozen_of(dataset_id: str, revision: int) -> list[Frozen]:
    return choosing.list_frozen(database(), dataset_id)


def draw_frozen(frozen: Frozen, who: str) -> None:
    """One frozen threshold: what it promised on validation, and what it did on test or the way to ask."""
    threshold, cut = frozen.threshold, frozen.validation.cut
    labels = " + ".join(escape_markdown(shortened(label, 60)) for label in threshold.unwanted)
    words = f"flag from {cut.upper:.4f}" + (f", read from {cut.lower:.4f}" if cut.has_band else "")
    with st.container(border=True):
        st.markdown(f"**{threshold.threshold_id}** · {labels} of {threshold.model_id} · {words}")
        about = (threshold.created_by, when(threshold.created_at), threshold.rule, threshold.run_id)
        st.caption(escape_markdown(" · ".join(about)))
        st.text(visible(threshold.why))
        st.caption(f"On validation: {frozen.validation.sentence}")
        if frozen.test is None:
            st.button(
                "Report on test",
                icon=":material/visibility:",
                key=f"thresholds_report_{threshold.threshold_id}",
                on_click=_report,
                args=(threshold.threshold_id, who),
                help="Once, and counted. The numbers stay as they are afterwards.",
            )
        else:
            st.markdown(f"On test: **{frozen.test.sentence}**")
            draw_boxes(frozen.test.tally, frozen.test.outlook, frozen.test.traffic)
            with st.expander("Counts on test"):
                draw_tally(frozen.test)
        st.caption(_looks(frozen))


def _looks(frozen: Frozen) -> str:
    count = sum(frozen.looks.values())
    if not count:
        return f"No threshold was held against the test split of {frozen.threshold.snapshot_id} yet."
    by = escape_markdown(", ".join(f"{shortened(who, 40)} {n:,}" for who, n in frozen.looks.items()))
    times = "1 threshold was" if count == 1 else f"{count:,} thresholds were"
    spent = " Each further look makes its numbers less new." if count > 1 else ""
    return f"{times} held against the test split of {frozen.threshold.snapshot_id} so far: {by}.{spent}"


def _report(threshold_id: str, who: str) -> None:
    with showing_errors():
        choosing.report_on_test(database(), threshold_id, actor=who)
