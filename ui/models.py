"""The parts of the Models page: the list, one model, and its runs."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from domain.models import Model, Run
from domain.text import escape_markdown, visible
from ui.evaluations import evaluation_of
from ui.figures import in_brackets
from ui.lists import pick_row
from ui.times import when

_WIDTHS = [2, 2, 1, 3, 2]


def pick_model(models: Sequence[Model]) -> Model:
    """The list; returns the model that is open."""
    table = pd.DataFrame(
        {
            "model": [model.model_id for model in models],
            "name": [visible(model.name) for model in models],
            "backend": [model.backend for model in models],
            "snapshot": [model.snapshot_id for model in models],
            "by": [visible(model.created_by) for model in models],
            "made": [when(model.created_at) for model in models],
        }
    )
    opened = pick_row(
        table, [model.model_id for model in models], param="model", alt="Models of this dataset"
    )
    return next(model for model in models if model.model_id == opened)


def draw_model(model: Model) -> None:
    """What a model is and how it was made."""
    st.subheader(escape_markdown(model.name), anchor=False)
    labels = ", ".join(escape_markdown(label) for label in model.labels)
    st.caption(f"{model.model_id} · {model.backend} · labels: {labels}")
    with st.container(horizontal=True, gap="medium"):
        for label, page, icon, asked in (
            (
                f"Learned from {model.snapshot_id}",
                "snapshots",
                "photo_camera",
                {"snapshot": model.snapshot_id},
            ),
            (f"Made by {model.job_id}", "jobs", "pending_actions", {"job": model.job_id}),
        ):
            st.page_link(
                f"pages/{page}.py",
                label=label,
                icon=f":material/{icon}:",
                query_params={"dataset": model.dataset_id, **asked},
            )
    with st.expander("Settings", icon=":material/tune:"):
        st.dataframe(
            pd.DataFrame(
                {"setting": list(model.settings), "value": [visible(str(v)) for v in model.settings.values()]}
            ),
            hide_index=True,
            alt="Settings of the model",
        )


def draw_runs(runs: Sequence[Run]) -> None:
    """What the model answered so far, each with its accuracy and the way to its evaluation."""
    st.markdown("**What it answered**")
    if not runs:
        st.caption("Nothing yet. Let it predict a split below.")
        return
    for column, title in zip(
        st.columns(_WIDTHS), ("Snapshot", "Split", "Comments", "Accuracy, 95 % interval", ""), strict=True
    ):
        column.caption(title)
    for run in runs:
        snapshot, split, rows, accuracy, link = st.columns(_WIDTHS, vertical_alignment="center")
        snapshot.text(run.snapshot_id)
        split.text(run.split)
        rows.text(f"{run.row_count:,}")
        accuracy.text(_accuracy(run))
        link.page_link(
            "pages/evaluate.py",
            label="Evaluate",
            icon=":material/analytics:",
            query_params={"dataset": run.dataset_id, "run": run.run_id},
        )


def _accuracy(run: Run) -> str:
    return in_brackets(evaluation_of(run.run_id).report.accuracy) if run.row_count else "undefined"
