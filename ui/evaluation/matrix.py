"""The confusion matrix of a run, and the comments of the cell that was clicked."""

import streamlit as st

from domain.models import Run
from services.evaluation.confusion import ConfusionTable
from ui.charts import confusion_matrix
from ui.comments_table import draw_answers
from ui.evaluation.evaluations import cell_of
from ui.links import pick_cell, put

_SHOWN = 100


def draw_matrix(run: Run, table: ConfusionTable, dataset_id: str) -> None:
    """The matrix as counts or shares; a click on a cell writes it into the URL and lists its comments."""
    written = st.segmented_control(
        "Numbers in the matrix",
        ["counts", "row shares"],
        key="numbers",
        bind="query-params",
        default="counts",
    )
    st.altair_chart(
        confusion_matrix(
            table,
            as_shares=written == "row shares",
            is_dark=st.context.theme.type == "dark",
            gold=st.query_params.get("gold", ""),
            predicted=st.query_params.get("predicted", ""),
        ),
        width="content",
        key="evaluate_matrix",
        on_select=_open_cell,
        selection_mode="cell",
        alt=f"Confusion matrix: {table.correct:,} of {table.n:,} on the diagonal",
    )
    st.caption(
        "Frozen label: what people had said when the snapshot was taken. Colour is the share of the row: blue"
        " is right, red is wrong. A click on a cell opens its comments."
    )
    gold, predicted = pick_cell(table.labels, st.columns(2))
    if gold or predicted:
        _draw_cell(run, table, (gold, predicted), dataset_id)


def _open_cell() -> None:
    """The cell that was clicked becomes the one in the URL."""
    clicked = st.session_state["evaluate_matrix"]["selection"]["cell"]
    for key in ("gold", "predicted"):
        put(key, clicked[0][key] if clicked else "")


def _draw_cell(run: Run, table: ConfusionTable, cell: tuple[str, str], dataset_id: str) -> None:
    gold, predicted = cell
    answers = cell_of(run, gold, predicted, limit=_SHOWN)
    count = table.count(gold, predicted)
    st.caption(f"{len(answers):,} of {count:,} comments, those first of which the model was surest.")
    if answers:
        draw_answers(answers, key=f"evaluate_cell_{gold}_{predicted}", dataset_id=dataset_id)
    if table.count(gold, predicted, misses_only=True):
        asked = {"gold": gold, "predicted": predicted}
        st.page_link(
            "pages/review.py",
            label="Review the misses among these",
            icon=":material/rate_review:",
            query_params={
                "dataset": dataset_id,
                "run": run.run_id,
                **{key: value for key, value in asked.items() if value},
            },
        )
