"""The parts of the Clean page that act: look at texts, one card per problem, and what was done so far."""

from collections.abc import Callable, Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from domain.comments import Comment
from domain.queues import QueueSettings
from domain.text import escape_markdown, visible
from services.curation import cleaning, contradictions, texts
from services.curation.health import Problem
from services.labelling.queues import create_queue
from ui.comments_table import draw_rows
from ui.curation.contradictions import draw_contradictions
from ui.curation.text_changes import draw_changes
from ui.errors import showing_errors
from ui.readers import cleanings_of, comments_of_figure, repair_preview_of
from ui.store import database
from ui.times import when

_Deed = cleaning.Cleaning | texts.Repair | contradictions.Settlement
_Done = tuple[datetime, str, _Deed, Callable[[str, int], None], int]
_SHOWN, _DIFFS = 200, 20


def look_now(dataset_id: str) -> None:
    """Look at the texts that nobody has looked at, with progress; leaving the page stops it."""
    bar = st.progress(0.0, "Looking at the texts")
    with showing_errors():
        texts.look_at_texts(database(), dataset_id, progress=lambda what, share: _show(bar, what, share))
    bar.empty()


def find_all_again(dataset_id: str, unseen: int) -> None:
    """Offer to look at very many texts; what was looked at stays where somebody cancels."""
    with st.container(border=True):
        st.markdown(
            f"**{unseen:,} comments were not looked at yet.** Language, personal data, obfuscated and broken"
            " text of these are missing below."
        )
        if st.button("Look at them now", type="primary", icon=":material/search:", key="clean_look"):
            st.button("Cancel", icon=":material/close:", key="clean_cancel")
            look_now(dataset_id)
            st.rerun()


def draw_problem(dataset_id: str, problem: Problem) -> None:
    """One kind of problem as a card: how many, the one action, and on demand what it would change."""
    if problem.act == "decide":
        draw_contradictions(dataset_id, problem, _who())
        return
    with st.container(border=True):
        told, act = st.columns([3, 1], vertical_alignment="center")
        left = f" {problem.left:,} groups are left for somebody to decide." if problem.left else ""
        told.markdown(f"**{problem.title}** · {problem.count:,}  \n{escape_markdown(problem.meaning)}{left}")
        with act:
            _draw_action(dataset_id, problem)
        if not problem.count:
            return
        with st.expander(
            "Look at them", key=f"clean_look_{problem.name.replace(' ', '_')}", on_change="rerun"
        ) as part:
            if part.open:
                _draw_preview(dataset_id, problem)


def _draw_action(dataset_id: str, problem: Problem) -> None:
    key = f"clean_{problem.name.replace(' ', '_')}"
    if problem.in_force:
        st.markdown(":green-badge[:material/check: Repaired]")
        return
    label, icon, call = {
        "exclude": (f"Exclude {problem.count:,}", None, _exclude),
        "repair": ("Repair", ":material/healing:", _repair),
        "relabel": ("Label again", ":material/label:", _relabel),
    }[problem.act]
    st.button(
        label, icon=icon, key=key, on_click=call, args=(dataset_id, problem.what), width="stretch",
        disabled=not problem.count,
    )  # fmt: skip


def _draw_preview(dataset_id: str, problem: Problem) -> None:
    if problem.act == "repair":
        preview = repair_preview_of(dataset_id, problem.what)
        st.caption(f"{escape_markdown(preview.does)} Version {preview.version}.")
        draw_changes(preview.changes[:_DIFFS])
        if problem.count > _DIFFS:
            st.caption(f"The first {_DIFFS} of {problem.count:,}.")
        return
    rows = comments_of_figure(dataset_id, problem.name, "", _SHOWN)
    draw_comments(rows, key=f"clean_rows_{problem.name}", dataset_id=dataset_id, title=problem.title)
    if problem.count > len(rows):
        st.caption(f"The first {len(rows):,} of {problem.count:,}.")


def draw_comments(
    rows: Sequence[tuple[Comment, int | None]], *, key: str, dataset_id: str, title: str
) -> None:
    """Comments with what they repeat; picking one offers the way to all that is known of it."""
    table = pd.DataFrame(
        {
            "comment": [comment.comment_id for comment, _ in rows],
            "text": [visible(comment.body) for comment, _ in rows],
            "label": [visible(comment.label or "") for comment, _ in rows],
            "split": [comment.split or "" for comment, _ in rows],
            "repeats comment": pd.array([old for _, old in rows], dtype="Int64"),
        }
    )
    if all(old is None for _, old in rows):
        table = table.drop(columns="repeats comment")
    draw_rows(table, key=key, alt=f"Comments: {title}", dataset_id=dataset_id)


def draw_history(dataset_id: str) -> None:
    """Exclusions and repairs, newest first, each with its undo."""
    done: list[_Done] = [
        (one.created_at, _told(one), one, _take_back, one.cleaning_id) for one in cleanings_of(dataset_id)
    ]
    done += [
        (one.created_at, _decided(one), one, _open_again, one.settlement_id)
        for one in contradictions.list_settlements(database(), dataset_id)
    ]
    done += [
        (
            one.created_at,
            f"{one.changed:,} × {one.step} repaired, {one.version}",
            one,
            _take_out,
            one.repair_id,
        )
        for one in texts.list_repairs(database(), dataset_id)
    ]
    if not done:
        st.caption("Nothing yet.")
    for _, told, one, undo, number in sorted(done, key=lambda each: each[0], reverse=True):
        _draw_done(dataset_id, told, one, undo, number)


def _draw_done(
    dataset_id: str,
    told: str,
    one: _Deed,
    undo: Callable[[str, int], None],
    number: int,
) -> None:
    with st.container(border=True):
        left, act = st.columns([4, 1], vertical_alignment="center")
        state = f"undone by {one.undone_by}, {when(one.undone_at)}" if one.undone_at else "in force"
        left.text(f"{told} · {one.created_by}, {when(one.created_at)} · {state}")
        if one.undone_at is None:
            kind = {cleaning.Cleaning: "undo", texts.Repair: "undo_repair"}.get(type(one), "undo_decision")
            act.button(
                "Undo",
                icon=":material/undo:",
                key=f"{kind}_{number}",
                on_click=undo,
                args=(dataset_id, number),
                width="stretch",
            )


def _told(one: cleaning.Cleaning) -> str:
    left = f"; {one.left_groups:,} groups left to decide" if one.left_groups else ""
    return f"{one.excluded:,} × {one.reason} excluded{left}"


def _decided(one: contradictions.Settlement) -> str:
    if one.label is None:
        return f"Group {one.cluster}: labels kept as they are, “{visible(one.why)}”"
    return f"Group {one.cluster}: {visible(one.label)} decided, {one.changed:,} changed, “{visible(one.why)}”"


def _exclude(dataset_id: str, rule: str) -> None:
    with showing_errors():
        done = cleaning.apply_rule(database(), dataset_id, rule, actor=_who())
        left = f" {done.left_groups:,} groups are left to decide." if done.left_groups else ""
        st.toast(f"{done.excluded:,} comments excluded.{left}", icon=":material/check:")


def _repair(dataset_id: str, step: str) -> None:
    with showing_errors():
        done = texts.put_in_force(database(), dataset_id, step, actor=_who())
        st.toast(f"Models read {done.changed:,} comments repaired.", icon=":material/check:")


def _relabel(dataset_id: str, order: str) -> None:
    with showing_errors():
        settings = QueueSettings(order="suspected")
        queue = create_queue(database(), dataset_id, "Suspected labels", settings, actor=_who())
        st.toast(f"The queue '{queue.name}' waits on the page Label.", icon=":material/label:")


def _take_back(dataset_id: str, cleaning_id: int) -> None:
    with showing_errors():
        done = cleaning.undo(database(), cleaning_id, dataset_id=dataset_id, actor=_who())
        st.toast(f"{done.excluded:,} comments count again.", icon=":material/undo:")


def _open_again(dataset_id: str, settlement_id: int) -> None:
    with showing_errors():
        contradictions.undo(database(), settlement_id, dataset_id=dataset_id, actor=_who())
        st.toast("The group waits for a decision again.", icon=":material/undo:")


def _take_out(dataset_id: str, repair_id: int) -> None:
    with showing_errors():
        texts.take_out_of_force(database(), repair_id, dataset_id=dataset_id, actor=_who())
        st.toast("Models read these comments as they came.", icon=":material/undo:")


def _who() -> str:
    return str(st.session_state["person"])


def _show(bar: st.delta_generator.DeltaGenerator, what: str, share: float) -> None:
    bar.progress(min(share, 1.0), f"{what} …")
