"""Agreement: whether the labels can be trusted, who disagrees with whom, and the decision where they do."""

import streamlit as st

from services.labelling.agreement import LEVELS
from services.several import refuse_several
from ui.frame import dataset_in_hand, nothing_yet
from ui.labelling.adjudicating import draw_disputes
from ui.labelling.aggregating import draw_aggregations
from ui.labelling.agreement import (
    agreement_of,
    annotators_of,
    changes_of,
    choose_label,
    draw_annotators,
    draw_coefficients,
    draw_human_ceiling,
    draw_labels,
    draw_months,
    draw_pairs,
)
from ui.labelling.suspects import draw_suspects

_PARTS = ("Agreement", "Annotators", "Disagreements", "Aggregation", "Suspects")

dataset, who = dataset_in_hand(), st.session_state["person"]
if not annotators_of(dataset.dataset_id, None):
    nothing_yet(
        "Nobody has labelled anything here yet.",
        "Agreement can be measured where two people label the same comments.",
        "label",
        "Label comments",
    )
    st.stop()

part = st.segmented_control(
    "Part", _PARTS, key="part", bind="query-params", default=_PARTS[0], label_visibility="collapsed"
)
if part == "Disagreements":
    draw_disputes(dataset.dataset_id, who)
    st.stop()
if part == "Aggregation":
    refuse_several(dataset, "Aggregations")
    draw_aggregations(dataset.dataset_id, who)
    st.stop()
if part == "Suspects":
    draw_suspects(dataset, who)
    st.stop()
about = choose_label(dataset)
if part == "Annotators":
    draw_annotators(annotators_of(dataset.dataset_id, about), changes_of(dataset.dataset_id, about))
    st.stop()

level = LEVELS[0]
if about is None:  # given or not is no scale
    level = st.segmented_control(
        "Level of alpha",
        LEVELS,
        key="level",
        bind="query-params",
        default=LEVELS[0],
        help="Nominal: labels differ or not. Ordinal and interval: the label set is a scale, in its order.",
    )
found = agreement_of(dataset.dataset_id, level or LEVELS[0], about)
if found.n == 0:
    nothing_yet(
        "No comment has the votes of two people yet.",
        f"Each comment needs {dataset.votes_needed} here. Ask a colleague to label the same comments, or"
        " make a dataset whose comments need two votes.",
        "label",
        "Label comments",
    )
    st.stop()
draw_coefficients(found)
if about is None:
    draw_human_ceiling(dataset.dataset_id)
st.subheader("Label by label", anchor=False)
draw_labels(found)
st.subheader("Month by month", anchor=False)
draw_months(found)
st.subheader("Pair by pair", anchor=False)
draw_pairs(found)
