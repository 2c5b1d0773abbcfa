"""The training of an encoder on the Jobs page, from its first batch to whether it was worth it."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from domain.jobs import PAUSABLE, Job
from domain.text import escape_markdown, shortened, visible
from services.jobs.managing import launch
from services.jobs.managing.following import Followed
from services.jobs.managing.watched import Watched, WatchedSeed
from services.jobs.process.folder import Facts
from ui.errors import showing_errors
from ui.modelling.watch_charts import label_chart, learning_rate_chart, loss_chart
from ui.repeating import draw_repeating
from ui.store import database

_KINDS = {"worst": "surest wrong", "best": "surest right", "random": "at random"}


def draw_pause(followed: Followed) -> None:
    """Let a training that is under way be paused, or say who has asked for it."""
    job = followed.job
    if job.kind not in PAUSABLE or job.state.name != "running" or followed.asked_by is not None:
        return
    if followed.paused_by is not None:
        st.caption(f"{escape_markdown(followed.paused_by)} asked it to pause; it does at its next step.")
    elif st.button("Pause", icon=":material/pause:", key=f"jobs_pause_{job.job_id}"):
        with showing_errors():
            launch.pause(database(), job.job_id, st.session_state["person"])
            st.rerun()


def draw_watching(followed: Followed) -> bool:
    """All that a training of an encoder tells; whether the job is one and has told something."""
    watched = followed.watched
    if watched is None or not (watched.seeds or watched.opponents or watched.first_batch):
        return False
    for warning in watched.warnings:
        st.warning(escape_markdown(f"{warning['message']} {warning['hint']}"), icon=":material/warning:")
    _draw_worth(watched)
    name = _pick_seed(followed.job, list(watched.seeds))
    if name is not None:
        seed = watched.seeds[name]
        _draw_tiles(seed, followed.job)
        _draw_curves(seed)
        _draw_shown(seed, key=f"jobs_shown_{followed.job.job_id}_{name}")
    if watched.first_batch is not None:
        with st.expander("The first batch as the model sees it", icon=":material/data_array:"):
            _draw_batch(watched.first_batch)
    with st.expander("Repeat it without the workbench", icon=":material/content_copy:"):
        draw_repeating(followed.job)
    if "own_time" in watched.told:
        st.caption(escape_markdown(watched.told["own_time"]))
    return True


def _draw_worth(watched: Watched) -> None:
    """What is to be beaten, and in the end whether it was."""
    if "comparison" in watched.told:
        st.info(escape_markdown(watched.told["comparison"]), icon=":material/balance:")
    if not watched.opponents:
        return
    rows = [{**line, "seconds": line["fit_seconds"]} for line in watched.opponents]
    if watched.final is not None:
        rows.append({**watched.final, "name": "this encoder", "seconds": watched.final["seconds"]})
    table = pd.DataFrame(rows, columns=["name", "macro_f1", "accuracy", "seconds"])
    st.dataframe(
        table.sort_values("macro_f1", ascending=False),
        hide_index=True,
        height="content",
        column_config={
            "name": st.column_config.TextColumn("On validation", width="large"),
            "macro_f1": st.column_config.NumberColumn("macro F1", format="%.3f"),
            "accuracy": st.column_config.NumberColumn("accuracy", format="%.3f"),
            "seconds": st.column_config.NumberColumn("seconds", format="%.1f"),
        },
        alt="The simple models and the encoder on validation",
    )


def _pick_seed(job: Job, names: Sequence[str]) -> str | None:
    """The seed to look at: the newest unless another is chosen; None before the first step."""
    if len(names) < 2:
        return names[0] if names else None
    key = f"jobs_seed_{job.job_id}"
    _follow_newest(names, key)
    return st.segmented_control("Seed", names, key=key, on_change=_keep, args=(key, names[-1])) or names[-1]


def _follow_newest(options: Sequence[Any], key: str) -> None:
    """Set a widget to its last option, which moves on, until the person has chosen another."""
    chosen = st.session_state.get(f"{key}_chosen")
    st.session_state[key] = chosen if chosen in options else options[-1]


def _keep(key: str, newest: object) -> None:
    """Whoever goes back to the newest follows again."""
    chosen = st.session_state[key]
    st.session_state[f"{key}_chosen"] = None if chosen == newest else chosen


def _draw_tiles(seed: WatchedSeed, job: Job) -> None:
    best = max((line["macro_f1"] for line in seed.evaluations), default=None)
    latest = seed.steps[-1] if seed.steps else None
    left = job.state.seconds_left
    tiles = {
        "Step": "–" if latest is None else f"{latest['step']:,}",
        "Best macro F1": "–" if best is None else f"{best:.3f}",
        "Comments per second": "–" if latest is None else f"{latest['examples_per_second']:,.0f}",
        "Time left": "–" if left is None else _minutes(left),
        "Peak memory": "–" if latest is None else _memory(latest),
    }
    for column, (name, value) in zip(st.columns(len(tiles)), tiles.items(), strict=True):
        column.metric(name, value, border=True)


def _draw_curves(seed: WatchedSeed) -> None:
    losses, labels = st.columns(2, gap="large")
    if seed.steps:
        losses.markdown("**Loss**")
        losses.altair_chart(
            loss_chart(seed.steps, seed.evaluations), alt="Loss on training and validation, by step"
        )
        losses.markdown("**Learning rate**")
        losses.altair_chart(learning_rate_chart(seed.steps), alt="Learning rate, by step")
    if seed.labels:
        labels.markdown("**F1 of each label on validation**")
        labels.altair_chart(label_chart(seed.labels), alt="F1 of each label on validation, by step")
        labels.caption("A first look, without intervals. Evaluate has them.")


def _draw_shown(seed: WatchedSeed, *, key: str) -> None:
    """Comments of validation with their scores, at the evaluation that is chosen."""
    if not seed.shown:
        return
    by_step = {shown["step"]: shown["comments"] for shown in seed.shown}
    st.markdown("**Comments of validation**")
    step = max(by_step)
    if len(by_step) > 1:
        _follow_newest(sorted(by_step), key)
        step = st.select_slider("After step", sorted(by_step), key=key, on_change=_keep, args=(key, step))
    table = pd.DataFrame(
        {
            "comment": [str(one["comment_id"]) for one in by_step[step]],
            "which": [_KINDS[one["kind"]] for one in by_step[step]],
            "text": [visible(one["text"]) for one in by_step[step]],
            "label": [visible(one["label"]) for one in by_step[step]],
            "answer": [_scores(one["scores"]) for one in by_step[step]],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={
            "text": st.column_config.TextColumn(width="large"),
            "comment": st.column_config.TextColumn(width="small"),
        },
        alt=f"Comments of validation with their scores after step {step}",
    )


def _draw_batch(batch: Facts) -> None:
    """Tokens as they are; a comment that spells a special token is in pieces here like any other text."""
    st.caption(escape_markdown(batch["message"]))
    for one in batch["comments"]:
        padding = f"  + {one['padding']} × padding" if one["padding"] else ""
        st.caption(escape_markdown(shortened(one["label"])))
        st.code(visible(" ".join(one["tokens"])) + padding, language=None, wrap_lines=True)


def _scores(scores: dict[str, float]) -> str:
    return " · ".join(f"{shortened(label, 30)} {score:.2f}" for label, score in scores.items())


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _memory(line: Facts) -> str:
    gpu = line.get("gpu_memory_mb")
    told = f"{line['memory_mb'] / 1000:.1f} GB"
    return told if gpu is None else f"{told}, GPU {gpu / 1000:.1f} GB"
