"""Evaluate: how well a model does on a frozen set, each number with its interval and its n."""

import streamlit as st

from services.evaluation.intervals import SMALL_N
from services.modelling.models import get_model
from ui.charts import confusion_matrix
from ui.comments_table import draw_answers
from ui.evaluations import cell_of, evaluation_of, run_titles, runs_of
from ui.figures import class_table, draw_data, draw_headline, in_brackets
from ui.frame import dataset_in_hand, nothing_yet
from ui.job_results import draw_expiry, draw_prompt
from ui.links import pick, pick_cell, put
from ui.score_charts import draw_scores
from ui.store import database

_SHOWN = 100

dataset = dataset_in_hand()
runs = runs_of(dataset.dataset_id)
if not runs:
    nothing_yet(
        "No model has answered anything yet.",
        "Training a model lets it answer the validation and the test split too.",
        "train",
        "Train a model",
    )
    st.stop()


def open_cell() -> None:
    """The cell that was clicked becomes the one in the URL."""
    clicked = st.session_state["evaluate_matrix"]["selection"]["cell"]
    for key in ("gold", "predicted"):
        put(key, clicked[0][key] if clicked else "")


run = runs[pick("Run", list(runs), key="run", shown=run_titles(runs).__getitem__)]
found = evaluation_of(run.run_id)
report, labels = found.report, found.table.labels

draw_headline(report, found.withheld)
draw_data(found.data, report.n)
settings = get_model(database(), run.model_id).settings
draw_expiry(settings)
draw_prompt(settings)

st.subheader("Label by label", anchor=False)
st.dataframe(
    class_table(report),
    hide_index=True,
    height="content",
    alt="Precision, recall and F1 of each label with intervals",
)
st.caption(
    "95 % intervals: Wilson for precision and recall, the wider of Wilson and bootstrap for F1. Grey: fewer"
    f" than {SMALL_N} comments. Balanced accuracy {in_brackets(report.balanced_accuracy)}, Matthews"
    f" correlation {in_brackets(report.mcc)}, n = {report.n:,}."
)

st.subheader("Confusion matrix", anchor=False)
written = st.segmented_control(
    "Numbers in the matrix", ["counts", "row shares"], key="numbers", bind="query-params", default="counts"
)
gold, predicted = st.query_params.get("gold", ""), st.query_params.get("predicted", "")
st.altair_chart(
    confusion_matrix(
        found.table,
        as_shares=written == "row shares",
        is_dark=st.context.theme.type == "dark",
        gold=gold,
        predicted=predicted,
    ),
    width="content",
    key="evaluate_matrix",
    on_select=open_cell,
    selection_mode="cell",
    alt=f"Confusion matrix: {report.accuracy.successes:,} of {report.n:,} on the diagonal",
)
st.caption(
    "Colour is the share of the row: blue is right, red is wrong. A click on a cell opens its comments."
)

gold, predicted = pick_cell(labels, st.columns(2))
if gold or predicted:
    answers = cell_of(run, gold, predicted, limit=_SHOWN)
    count = found.table.count(gold, predicted)
    st.caption(f"{len(answers):,} of {count:,} comments, those first of which the model was surest.")
    if answers:
        draw_answers(answers, key=f"evaluate_cell_{gold}_{predicted}", dataset_id=dataset.dataset_id)
    if found.table.count(gold, predicted, misses_only=True):
        cell = {"gold": gold, "predicted": predicted}
        st.page_link(
            "pages/review.py",
            label="Review the misses among these",
            icon=":material/rate_review:",
            query_params={
                "dataset": dataset.dataset_id,
                "run": run.run_id,
                **{key: value for key, value in cell.items() if value},
            },
        )

draw_scores(run)
st.page_link(
    "pages/thresholds.py",
    label="Choose a threshold on validation",
    icon=":material/tune:",
    query_params={"dataset": dataset.dataset_id},
)
