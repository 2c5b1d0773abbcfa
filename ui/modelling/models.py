"""The parts of the Models page: one model and its runs."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from domain.models import Model, Run
from domain.text import escape_markdown, visible
from ui.evaluation.evaluations import either_evaluation_of
from ui.figures import in_brackets
from ui.modelling.job_results import draw_expiry
from ui.origins import draw_origin
from ui.times import when

_RUN_COLUMNS = {
    "Snapshot": 2.5, "Split": 2.1, "Engine": 2.2, "Answered": 4.2, "Comments": 2.0,
    "Accuracy, 95 % interval": 3.8, "Macro F1, 95 % interval": 3.8, "": 2.6,
}  # fmt: skip


def draw_model(model: Model) -> None:
    """What a model is and how it was made."""
    st.subheader(escape_markdown(model.name), anchor=False)
    labels = ", ".join(escape_markdown(label) for label in model.labels)
    answers = f"labels: {labels}" if labels else "answers in free text"
    st.caption(f"{model.model_id} · {model.backend} · {answers}")
    with st.container(horizontal=True, gap="medium"):
        if model.backend == "imported":
            draw_origin(model.snapshot_id, model.dataset_id, label="About")
            st.caption("Its answers came from a file; it cannot be asked.")
        else:
            _draw_making(model)
    draw_expiry(model.settings)
    with st.expander("Settings", icon=":material/tune:"):
        st.dataframe(
            pd.DataFrame(
                {"setting": list(model.settings), "value": [visible(str(v)) for v in model.settings.values()]}
            ),
            hide_index=True,
            alt="Settings of the model",
        )


def _draw_making(model: Model) -> None:
    draw_origin(model.snapshot_id, model.dataset_id, label="Learned from")
    st.page_link(
        "pages/jobs.py",
        label=f"Made by {model.job_id}",
        icon=":material/pending_actions:",
        query_params={"dataset": model.dataset_id, "job": model.job_id},
    )
    st.page_link(
        "pages/try.py",
        label="Try it",
        icon=":material/science:",
        query_params={"dataset": model.dataset_id, "model": model.model_id},
    )


def draw_free_text(model: Model) -> None:
    """Where a model without labels can be tried: no split can be predicted with it."""
    st.markdown("**It answers in free text**")
    st.caption(
        "There is no label to predict and to evaluate. Its job shows what it says beside its base; the "
        "playground lets you ask it anything."
    )


def draw_runs(model: Model, runs: Sequence[Run], engines: Mapping[str, str]) -> None:
    """What the model answered so far: by which engine and when, its numbers, the way to its evaluation."""
    st.markdown("**What it answered**")
    if not runs:
        st.caption("Nothing yet. Let it predict a split below.")
        return
    widths = list(_RUN_COLUMNS.values())
    for column, title in zip(st.columns(widths), _RUN_COLUMNS, strict=True):
        column.caption(title)
    for run in runs:
        engine = engines[run.run_id] if model.backend == "huggingface" else ""
        *texts, link = st.columns(widths, vertical_alignment="center")
        told = (
            run.snapshot_id, run.split, engine, when(run.created_at), f"{run.row_count:,}", *_numbers(run)
        )  # fmt: skip
        for column, text in zip(texts, told, strict=True):
            column.text(text)
        link.page_link(
            "pages/evaluate.py",
            label="Evaluate",
            icon=":material/analytics:",
            query_params={"dataset": run.dataset_id, "run": run.run_id},
        )


def _numbers(run: Run) -> tuple[str, str]:
    if not run.row_count:
        return "undefined", "undefined"
    found = either_evaluation_of(run.run_id).report
    return in_brackets(found.accuracy), in_brackets(found.macro_f1)
