"""Let a model predict a file, or the comments of a dataset: the part of the Models page that starts it."""

from pathlib import Path

import streamlit as st

from domain.comments import Dataset
from domain.jobs import Job
from domain.models import ENGINES, Model
from domain.text import escape_markdown, visible
from services.curation.importing import FileLook, guess_columns
from services.modelling import scoring
from ui.curation.importing import held_file
from ui.errors import showing_errors
from ui.frame import go_to
from ui.modelling.scored import asked_of
from ui.store import database
from ui.times import when

_UNLABELLED, _ALL, _FILE = "Comments without a label", "All comments", "A file"
_SHOWN = 5
_NO_ID = "(its line)"


def draw_score_start(model: Model, dataset: Dataset) -> None:
    """What to ask about, the click that starts it, and what was asked before."""
    with st.expander("Predict a file or the unlabelled comments", icon=":material/playlist_add_check:"):
        st.caption(
            "Every comment gets a label with its scores: as a file to take away, and for comments of "
            f"{escape_markdown(dataset.dataset_id)} kept beside them too. To measure, predict a split."
        )
        what, by = st.columns([3, 2], vertical_alignment="top")
        wanted = what.radio("About", (_UNLABELLED, _ALL, _FILE), key="models_score_what", horizontal=True)
        engine = ENGINES[0]
        if model.backend == "huggingface":
            engine = by.radio("Computed by", ENGINES, key="models_score_engine", horizontal=True)
        with showing_errors():
            if wanted == _FILE:
                _draw_file(model, engine)
            elif _clicked():
                _open(
                    scoring.score_comments(
                        database(),
                        model_id=model.model_id,
                        dataset_id=dataset.dataset_id,
                        unlabelled=wanted == _UNLABELLED,
                        engine=engine,
                        actor=st.session_state["person"],
                    )
                )
        _draw_earlier(model)


def _draw_file(model: Model, engine: str) -> None:
    uploaded = st.file_uploader(
        "CSV, TSV, JSONL or Parquet with a column of text",
        type=["csv", "tsv", "txt", "jsonl", "ndjson", "parquet"],
        key="models_score_file",
    )
    if uploaded is None:
        return
    path, look = held_file(uploaded)
    columns = _choose_columns(look)
    if refused := sum(finding.kind == "refused" for finding in look.findings):
        st.warning(f"Of its first rows {refused:,} cannot be read. Such rows are listed beside the answers.")
    if _clicked():
        _open(_score_file(model, path, columns, engine=engine, file_name=uploaded.name))


def _score_file(model: Model, path: Path, columns: dict[str, str], *, engine: str, file_name: str) -> Job:
    with st.spinner("Reads the file"):
        return scoring.score_file(
            database(),
            model_id=model.model_id,
            path=path,
            columns=columns,
            engine=engine,
            file_name=file_name,
            actor=st.session_state["person"],
        )


def _choose_columns(look: FileLook) -> dict[str, str]:
    guesses = guess_columns(look.columns)
    text, number = st.columns(2)
    options = list(look.columns)
    place = options.index(guesses["text"]) if "text" in guesses else 0
    chosen = {"text": text.selectbox("Text", options, place, format_func=visible, key="models_score_text")}
    ids = [_NO_ID, *options]
    place = ids.index(guesses["id"]) if "id" in guesses else 0
    name = number.selectbox("Id", ids, place, format_func=visible, key="models_score_id")
    return chosen if name == _NO_ID else {**chosen, "id": name}


def _clicked() -> bool:
    return st.button("Predict", icon=":material/play_arrow:", key="models_score_go")


def _open(job: Job) -> None:
    go_to("jobs", dataset=job.dataset_id, job=job.job_id)


def _draw_earlier(model: Model) -> None:
    """The newest jobs of this kind, whose answers can be taken away from the page of the job."""
    for job in scoring.list_scored(database(), model.model_id)[:_SHOWN]:
        rows = f"{job.spec['settings']['rows']:,} comments"
        st.page_link(
            "pages/jobs.py",
            label=f"{job.job_id} · {escape_markdown(asked_of(job))} · {rows} · {job.state.name} · "
            f"{when(job.created_at)}",
            icon=":material/download:" if job.state.name == "succeeded" else ":material/pending_actions:",
            query_params={"dataset": job.dataset_id, "job": job.job_id},
        )
