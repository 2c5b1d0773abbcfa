"""The parts of the Jobs page: the list, and one job as it goes on."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from domain.jobs import Job
from domain.text import escape_markdown, shortened, visible, with_hint
from services.jobs.managing import launch
from services.jobs.managing.following import Followed
from services.jobs.process.folder import Facts
from services.modelling.playground.side_by_side import read_answers
from services.modelling.recipes import RECIPES
from ui.errors import showing_errors
from ui.frame import go_to
from ui.lists import pick_row
from ui.modelling.job_results import draw_bill
from ui.modelling.job_watching import draw_pause, draw_watching
from ui.modelling.provider_events import draw_provider_events
from ui.modelling.scored import asked_of, draw_scored
from ui.modelling.training import fill_in
from ui.modelling.tuning_curves import draw_tuning_curves
from ui.origins import draw_origin
from ui.store import database
from ui.times import when
from ui.tokens.example_answers import draw_answers

_KINDS = {
    "train_baseline": "training",
    "train_encoder": "training",
    "train_hosted": "training",
    "tune_examples": "tuning",
    "adopt_hosted": "adoption",
    "predict": "prediction",
    "score": "prediction",
    "behave": "behaviour test",
    "find_suspects": "search for suspects",
    "search": "search",
    "learning_curve": "learning curve",
    "cross_validate": "cross-validation",
    "train_writer": "training to write",
    "reward_writer": "training by rewards",
    "reward_decoder": "training by rewards",
    "prefer_writer": "training by preferences",
    "write_texts": "writing",
}
_STATES = {
    "queued": (":material/hourglass_empty:", "queued"),
    "running": (":material/progress_activity:", "at work"),
    "succeeded": (":material/check_circle:", "succeeded"),
    "failed": (":material/error:", "failed"),
    "cancelled": (":material/cancel:", "cancelled"),
    "paused": (":material/pause_circle:", "paused"),
    "died": (":material/power_off:", "died"),
}
TUNING = "tuning"  # the stage whose numbers a provider tells
_FILLED_IN = ("train_baseline", "train_encoder")  # others choose provider and model before their settings
_CHART_FROM_POINTS = 5
_LONG_LOG = 500


def pick_job(jobs: Sequence[Job]) -> str:
    """The list, those at work first; returns the id of the one that is open."""
    ordered = sorted(jobs, key=lambda job: job.state.is_over)
    table = pd.DataFrame(
        {
            "job": [job.job_id for job in ordered],
            "state": [_STATES[job.state.name][1] for job in ordered],
            "what": [_KINDS.get(job.kind, job.kind) for job in ordered],
            "model": [visible(job.spec["name"]) for job in ordered],
            "on": [shortened(asked_of(job), 40) for job in ordered],
            "by": [visible(job.created_by) for job in ordered],
            "started": [when(job.created_at) for job in ordered],
        }
    )
    return pick_row(table, [job.job_id for job in ordered], param="job", alt="Jobs of this dataset")


def draw_job(followed: Followed) -> None:
    """One job: what it is, how far it is, what can be done about it, and what it left."""
    job = followed.job
    icon, state = _STATES[job.state.name]
    name = escape_markdown(job.spec["name"])
    st.subheader(f"{icon} {name}", anchor=False)
    again = f" · repeats {job.restart_of}" if job.restart_of else ""
    st.caption(
        f"{job.job_id} · {_KINDS.get(job.kind, job.kind)} on {escape_markdown(asked_of(job))} · {state} · "
        f"started by {escape_markdown(job.created_by)}, {when(job.created_at)}{again}"
    )
    draw_state(followed)
    draw_bill(job)
    draw_controls(followed)
    if job.state.is_over:
        draw_scored(job)
    if not draw_watching(followed):
        _draw_metrics(followed.metrics)
    draw_provider_events(followed)
    draw_answers(read_answers(launch.folder_of(database(), job.job_id).path))
    went_wrong = job.state.name in ("failed", "died")
    if followed.log or went_wrong:
        with st.expander("Log", icon=":material/terminal:", expanded=went_wrong):
            log = visible(followed.log) or "The process printed nothing."
            st.code(log, language=None, wrap_lines=True, height=260 if len(log) > _LONG_LOG else "content")


def draw_controls(followed: Followed) -> None:
    """What can be done about it: pause and stop it, or go on from its end."""
    if followed.job.state.is_over:
        _draw_end(followed)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_pause(followed)
        _draw_cancel(followed)


def draw_state(followed: Followed) -> None:
    """How far it is, or how it ended."""
    state = followed.job.state
    message = escape_markdown(with_hint(state.message, state.hint))
    if not state.is_over:
        left = "" if state.seconds_left is None else f" · about {state.seconds_left:.0f} s left"
        st.progress(min(state.share, 1.0), f"{message}{left}")
    elif state.name in ("failed", "died"):
        st.error(message, icon=_STATES[state.name][0])
    elif state.name in ("cancelled", "paused"):
        st.info(message, icon=_STATES[state.name][0])
    elif followed.is_settled:
        st.success(message, icon=_STATES[state.name][0])
    else:
        st.progress(1.0, "Has ended; its results are being taken in.")


def _draw_cancel(followed: Followed) -> None:
    """Stop it: first by asking, and if that does not help, by force."""
    job_id = followed.job.job_id
    if followed.asked_by is None:
        is_ours = followed.job.kind != "adopt_hosted"  # what was found at a provider goes on there
        label, icon = "Cancel" if is_ours else "Stop following", ":material/cancel:"
    elif followed.may_kill:
        label, icon = "Kill", ":material/dangerous:"
    else:
        st.caption(f"{escape_markdown(followed.asked_by)} asked it to stop.")
        return
    if followed.may_kill:
        st.caption(f"{escape_markdown(followed.asked_by or '')} asked it to stop, and it has not yet.")
    if st.button(label, icon=icon, key=f"jobs_stop_{job_id}"):
        with showing_errors():
            launch.cancel(database(), job_id, st.session_state["person"])
            st.rerun()


def _draw_end(followed: Followed) -> None:
    """Where to go from here: on to the results, or once more."""
    job = followed.job
    if job.state.name != "succeeded":
        again = "Go on" if job.state.name == "paused" else "Start again"
        with st.container(horizontal=True, gap="medium"):
            if st.button(again, icon=":material/replay:", key=f"jobs_again_{job.job_id}"):
                with showing_errors():
                    new = launch.restart(database(), job.job_id, st.session_state["person"])
                    st.query_params["job"] = new.job_id
                    st.rerun()
            _offer_change(job)
        return
    with st.container(horizontal=True, gap="medium"):
        draw_origin(job.snapshot_id, job.dataset_id, label="Worked on")
        for run in followed.runs:
            st.page_link(
                "pages/evaluate.py",
                label=f"Evaluate on {run.split}",
                icon=":material/analytics:",
                query_params={"dataset": job.dataset_id, "run": run.run_id},
            )
        if followed.model_id:
            st.page_link(
                "pages/models.py",
                label=f"Open {followed.model_id}",
                icon=":material/neurology:",
                query_params={"dataset": job.dataset_id, "model": followed.model_id},
            )


def _offer_change(job: Job) -> None:
    """What went wrong mostly asks for another setting: the Train page, filled in as this training was."""
    recipe = job.spec.get("recipe")
    if job.kind not in _FILLED_IN or recipe not in RECIPES:
        return
    if st.button("Change its settings", icon=":material/tune:", key=f"jobs_change_{job.job_id}"):
        fill_in(recipe, job.spec["settings"])
        go_to("train", dataset=job.dataset_id, snapshot=job.snapshot_id)


def _draw_metrics(metrics: Sequence[Facts]) -> None:
    """The latest numbers of each stage, and a curve where there are several points."""
    stages: dict[str, list[Facts]] = {}
    for line in metrics:
        stages.setdefault(str(line.get("stage", "")), []).append(line)
    if not stages:
        return
    draw_tuning_curves(stages.get(TUNING, []))
    told = [
        (stage, name, value) for stage, lines in stages.items() for name, value in _numbers(lines[-1]).items()
    ]
    numbers, chart = st.columns([2, 3], gap="large")
    numbers.markdown("**Numbers along the way**")
    numbers.dataframe(
        pd.DataFrame(
            {
                "stage": [visible(stage) for stage, _, _ in told],
                "what": [visible(name).replace("_", " ") for _, name, _ in told],
                "value": [_written(value) for _, _, value in told],
            }
        ),
        hide_index=True,
        alt="Latest numbers of each stage",
    )
    if "validation" in stages:
        numbers.caption("A first look on validation, without intervals. Evaluate has them.")
    for stage, lines in stages.items():
        if len(lines) >= _CHART_FROM_POINTS and stage != TUNING:
            with chart:
                _draw_curve(stage, lines)


def _draw_curve(stage: str, lines: Sequence[Facts]) -> None:
    """The loss over time where there is one, else how the steps went on."""
    name = next(
        (wanted for wanted in ("loss", "train_loss", "iteration", "done") if wanted in lines[0]), None
    )
    if name is None:
        return
    points = pd.DataFrame(
        [(line["seconds"], line[name]) for line in lines if name in line], columns=["seconds", name]
    )
    if name == "iteration":
        points = points.drop_duplicates(name)  # the last step is told once more at its end
    st.markdown(f"**{escape_markdown(stage).capitalize()}: {name}**")
    st.line_chart(points, x="seconds", y=name, height=220, alt=f"{name} over the seconds of the job")


def _numbers(line: Facts) -> dict[str, object]:
    return {name: value for name, value in line.items() if name not in ("stage", "seconds")}


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else visible(str(value))
