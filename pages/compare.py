"""Compare: models on the same comments; what was fixed, what newly broken, and whether it is noise."""

import streamlit as st

from domain.text import escape_markdown
from ui.chart_files import draw_chart_files
from ui.charts import change_bars, label_title
from ui.comments_table import draw_changes
from ui.evaluation.evaluations import changed_comments, comparison_of, run_titles, runs_of
from ui.evaluation.flag_rates import draw_equal_flag_rate
from ui.evaluation.lineups import draw_lineup
from ui.evaluation.looks import count_look, draw_looks
from ui.figures import draw_count, draw_left_out, draw_verdict
from ui.frame import dataset_in_hand, nothing_yet
from ui.links import pick, put

_SHOWN = 100
_LABELS, _RATE, _MANY = "By their own labels", "At an equal flag rate", "Several at once"
_CHANGES = {"fixed": "fixed", "broken": "broken", "both wrong": "both_wrong", "both right": "both_right"}

dataset = dataset_in_hand()
runs = runs_of(dataset.dataset_id)
if len(runs) < 2:
    nothing_yet(
        "Two runs are needed for a comparison." if runs else "No model has answered anything yet.",
        "Train a model, or let another one predict the same split of the same snapshot.",
        "train",
        "Train a model",
    )
    st.stop()


def open_bar() -> None:
    """The bar that was clicked becomes the list below."""
    clicked = st.session_state["compare_bars"]["selection"]["bar"]
    put("label", clicked[0]["label"] if clicked else "")
    if clicked:
        st.session_state["show"] = clicked[0]["change"]


by = st.segmented_control(
    "Compare", [_LABELS, _RATE, _MANY], key="by", bind="query-params", default=_LABELS, required=True
)
if by == _MANY:
    draw_lineup(runs)
    st.stop()

ids, titles = list(runs), run_titles(runs)
newest = next((i for i, run in enumerate(runs.values()) if run.split == "test"), 0)
left, right = st.columns(2)
with right:
    after = pick("After", ids, key="after", shown=titles.__getitem__, default=newest)
# Proposed is the newest other run that shares most: the split first, since another holds other comments.
nearest = min(
    (run for run in runs.values() if run.run_id != after),
    key=lambda run: (run.split != runs[after].split, run.snapshot_id != runs[after].snapshot_id),
)
with left:
    before = pick("Before", ids, key="before", shown=titles.__getitem__, default=ids.index(nearest.run_id))

count_look(before, "compare")
count_look(after, "compare")
if by == _RATE:
    draw_equal_flag_rate(before, after)
    draw_looks(after)
    st.stop()

found = comparison_of(before, after)
counts = found.counts
draw_verdict(found)
draw_left_out(found)

boxes = st.columns(4)
for box, (words, name) in zip(boxes, _CHANGES.items(), strict=True):
    with box:
        draw_count(words.capitalize(), getattr(counts, name), n=counts.n)

st.subheader("Gained and lost, label by label", anchor=False)
st.altair_chart(
    change_bars(found.labels),
    key="compare_bars",
    on_select=open_bar,
    selection_mode="bar",
    alt=f"Per frozen label: {counts.fixed:,} comments fixed, {counts.broken:,} newly broken in all",
)
st.caption("A click on a bar opens its comments.")

kind, of_label = st.columns([2, 1], vertical_alignment="bottom")
with kind:
    words = st.segmented_control(
        "Comments",
        list(_CHANGES),
        key="show",
        bind="query-params",
        default=None if "show" in st.session_state else "broken",  # a click on a bar has set it before
        required=True,
    )
with of_label:
    names = ["", *(each.label for each in found.labels)]
    label = pick("Frozen label", names, key="label", shown=lambda name: label_title(name) or "any")
listed = changed_comments(before, after, _CHANGES[words or "broken"], label, limit=_SHOWN)
st.caption(
    f"{len(listed):,} comments shown. Before: {escape_markdown(found.before_name)}. After:"
    f" {escape_markdown(found.after_name)}."
)
if listed:
    key = f"compare_{before}_{after}_{words}_{label}"
    draw_changes(listed, key=key, dataset_id=dataset.dataset_id)
draw_looks(after)

with st.popover("Save the charts", icon=":material/download:"):
    draw_chart_files()
