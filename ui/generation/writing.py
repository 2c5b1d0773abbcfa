"""Writing on the Generate page: start it, follow it, and read what came of it."""

from collections.abc import Sequence
from dataclasses import Field, asdict, fields
from typing import Any

import pandas as pd
import streamlit as st

from domain.comments import Dataset
from domain.errors import WorkbenchError
from domain.jobs import Job
from domain.pairs import PairSet
from domain.text import escape_markdown, visible
from services.generation.settings import CHOICES, AnySettings, WriteSettings
from services.generation.training import WAYS, list_judges, list_writers, train_writer, write
from services.generation.written import get_report
from services.jobs.managing.following import follow
from services.jobs.managing.launch import folder_of
from ui.errors import show, showing_errors
from ui.generation.lengths import draw_lengths
from ui.generation.prompts import choose_prompt
from ui.generation.written import draw_curves, draw_report, draw_texts
from ui.links import put
from ui.lists import pick_row
from ui.modelling.jobs import draw_controls, draw_state
from ui.modelling.training import meanings
from ui.store import database
from ui.times import when

_WAYS = {
    "write": "Write as it is",
    "pairs": "Learn from the pairs",
    "reward": "Learn by rewards",
    "preferences": "Learn from ratings",
}
_MODELS = ("start", "model", "reward", "judge")
_IN_A_ROW = 3


def draw_start(dataset: Dataset, kept: PairSet, *, actor: str) -> None:
    """The way, its settings, and the button that starts it."""
    way = st.segmented_control(
        "What to do", list(_WAYS), default="pairs", required=True, format_func=_WAYS.__getitem__,
        key="generation_way",
    )  # fmt: skip
    kind: Any = WriteSettings if way == "write" else WAYS[way]
    defaults = asdict(kind())
    chosen = _choose_models(dataset, defaults, way)
    if "prompt" in defaults:
        chosen["prompt"] = choose_prompt(dataset, kept, way, actor=actor)
    with st.expander("Settings", icon=":material/tune:"):
        chosen |= _choose_rest(kind, defaults, way)
    if "base_model" in chosen and not chosen.get("model"):
        draw_lengths(kept, chosen)
    settings = {name: value for name, value in chosen.items() if value != defaults[name]}
    if st.button("Start", type="primary", icon=":material/play_arrow:", key="generation_start"):
        with showing_errors():
            if way == "write":
                job = write(database(), pair_set_id=kept.pair_set_id, settings=settings, actor=actor)
            else:
                job = train_writer(
                    database(), pair_set_id=kept.pair_set_id, by=way, settings=settings, actor=actor
                )
            put("job", job.job_id)
            st.rerun()


def _choose_models(dataset: Dataset, defaults: dict[str, Any], way: str) -> dict[str, Any]:
    """The models that the settings name, from those of the dataset."""
    writers, judges = (find(database(), dataset.dataset_id) for find in (list_writers, list_judges))
    chosen: dict[str, Any] = {}
    columns = iter(st.columns(_IN_A_ROW))
    if "base_model" in defaults:
        chosen["base_model"] = next(columns).text_input(
            "Base model", defaults["base_model"], key=f"generation_base_{way}",
            help="A folder by its whole path, or owner/model on the Hugging Face hub.",
        )  # fmt: skip
    for name in _MODELS:
        if name not in defaults:
            continue
        known = writers if name in ("start", "model") else judges
        nothing = {"start": "choose one", "model": "the base model"}.get(name, "taught by the pairs")
        picked = next(columns, st).selectbox(
            {"start": "Begin with", "model": "Model"}.get(name, name.capitalize()),
            ["", *known],
            index=1 if name == "start" and known else 0,
            format_func=lambda one, nothing=nothing: one or nothing,
            key=f"generation_{way}_{name}",
        )
        chosen[name] = picked or ("" if name == "start" else None)
    return chosen


def _choose_rest(kind: type[AnySettings], defaults: dict[str, Any], way: str) -> dict[str, Any]:
    """Every other setting with what it does; its limits are the service's to check."""
    said, chosen = meanings(kind), dict[str, Any]()
    rest = [one for one in fields(kind) if one.name not in (*_MODELS, "base_model", "prompt")]
    for first in range(0, len(rest), _IN_A_ROW):
        for setting, place in zip(rest[first:], st.columns(_IN_A_ROW, gap="medium"), strict=False):
            with place:
                chosen[setting.name] = _choose(
                    setting, defaults[setting.name], f"generation_{way}_{setting.name}"
                )
                st.caption(escape_markdown(said.get(setting.name, "")))
    return chosen


def _choose(setting: "Field[Any]", default: Any, key: str) -> object:
    label = setting.name.replace("_", " ").capitalize()
    if setting.name in CHOICES:
        options = list(CHOICES[setting.name])
        return st.selectbox(label, options, options.index(default), key=key)
    if setting.type is bool:
        return st.toggle(label, default, key=key)
    if setting.type == int | None:
        return st.number_input(label, value=None, step=1, placeholder="the model's own", key=key)
    if setting.type is int:
        return st.number_input(label, value=int(default), step=1, key=key)
    if setting.type is float:
        return st.number_input(label, value=float(default), step=default / 2 or 0.1, format="%g", key=key)
    return st.text_input(label, default or "", placeholder="none", key=key) or None


def pick_job(jobs: Sequence[Job]) -> Job:
    """The jobs on these pairs, and the one that is open."""
    st.subheader("What was written", anchor=False)
    table = pd.DataFrame(
        {
            "job": [job.job_id for job in jobs],
            "what": [visible(job.spec["name"]) or _WAYS["write"] for job in jobs],
            "state": [job.state.name for job in jobs],
            "by": [visible(job.created_by) for job in jobs],
            "started": [when(job.created_at) for job in jobs],
        }
    )
    ids = [job.job_id for job in jobs]
    opened = pick_row(table, ids, param="job", alt="Jobs on these pairs", most_px=180)
    return next(job for job in jobs if job.job_id == opened)


def draw_job(job: Job, *, actor: str) -> None:
    """How far it is, its curves, and once it has ended its report, its texts and what people say of them."""
    followed = follow(database(), job.job_id)
    if not (job.state.name == "succeeded" and followed.is_settled):
        draw_state(followed)
    if job.state.name != "succeeded":
        draw_controls(followed)
    folder = folder_of(database(), job.job_id)
    told = [
        one["message"]
        for one in folder.events()
        if one["event"] in ("panel", "parameters", "rewards", "left_out", "examples_dropped", "stopped")
    ]
    if told:
        st.caption(escape_markdown(" ".join(told)))
    if job.state.name != "succeeded":
        draw_curves(folder.metrics())
        return
    try:
        report = get_report(database(), job.job_id)
    except WorkbenchError as error:
        show(error)
        return
    draw_report(job, report)
    if curves := folder.metrics():
        with st.expander("How the training went", icon=":material/show_chart:"):
            draw_curves(curves)
    if followed.model_id:
        st.page_link(
            "pages/models.py", label=f"Open {followed.model_id}", icon=":material/neurology:",
            query_params={"dataset": job.dataset_id, "model": followed.model_id},
        )  # fmt: skip
    draw_texts(job, report, actor=actor)
