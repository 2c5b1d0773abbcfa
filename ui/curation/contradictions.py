"""Duplicates whose labels contradict each other: the group side by side, and its decision with a way back."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from domain.errors import WorkbenchError
from domain.text import escape_markdown, shortened, visible
from services.curation import cleaning, contradictions, datasets, texts
from services.curation.contradictions import MAX_REASON, Contradiction, Member
from services.curation.health import Problem
from ui.curation.comments import LABEL_SOURCE_TITLES
from ui.curation.text_changes import draw_difference
from ui.errors import show
from ui.labelling.label_choice import choose_answer, chosen_answer
from ui.readers import MOST_GROUPS, contradictions_of
from ui.store import database

_PLACE, _LAST = "clean_group_place", "clean_group_last"  # which group is open; what was decided last, to undo
_NEWS = "clean_group_news"  # something was decided or taken back: the figures of the page are of before
_LABEL, _WHY = "clean_group_label", "clean_group_why"
_Last = tuple[Callable[..., Any], int, str]  # what takes it back, its number, and what is told
_COLUMNS = 4
_EACH = 4  # comments that are shown of a label


@st.fragment
def draw_contradictions(dataset_id: str, problem: Problem, who: str) -> None:
    """One group after another, and what was decided last; each decision draws the whole page again."""
    if st.session_state.pop(_NEWS, False):
        st.rerun(scope="app")
    with st.container(border=True):
        waiting = contradictions_of(dataset_id)
        more = "+" if len(waiting) == MOST_GROUPS else ""
        st.markdown(
            f"**{problem.title}** · {len(waiting):,}{more} groups to decide  \n"
            f"{escape_markdown(problem.meaning)} Excluding duplicates leaves these groups alone."
        )
        _draw_last(dataset_id, who)
        if not waiting:
            return
        place = min(st.session_state.get(_PLACE, 0), len(waiting) - 1)
        group = contradictions.get_contradiction(
            database(), dataset_id, waiting[place].cluster, limit=_EACH * len(waiting[place].labels)
        )
        _draw_walk(place, len(waiting), group)
        _draw_sides(group)
        _draw_decision(dataset_id, group, who)


def was_just_decided(dataset_id: str) -> bool:
    """Whether this visitor decided something here that the box offers to take back, or was told why not."""
    return _last_of(dataset_id) in st.session_state


def _last_of(dataset_id: str) -> str:
    return f"{_LAST}_{dataset_id}"


def _draw_walk(place: int, count: int, group: Contradiction) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Group {place + 1:,} of {count:,} · {group.comments:,} labelled comments")
        st.button(
            "Back", key="clean_group_back", on_click=_go, args=(place - 1,), disabled=not place,
            icon=":material/chevron_left:",
        )  # fmt: skip
        st.button(
            "Next", key="clean_group_next", on_click=_go, args=(place + 1,), disabled=place + 1 >= count,
            icon=":material/chevron_right:",
        )  # fmt: skip


def _go(place: int) -> None:
    st.session_state[_PLACE] = place


def _draw_sides(group: Contradiction) -> None:
    """A column for each label; what differs from the oldest text is marked."""
    first = visible(min(group.members, key=lambda one: one.comment.comment_id).comment.body)
    for start in range(0, len(group.labels), _COLUMNS):
        labels = group.labels[start : start + _COLUMNS]
        for column, label in zip(st.columns(max(2, len(labels))), labels, strict=False):
            with column.container(border=True, height="stretch"):
                shown = [one for one in group.members if one.comment.label == label]
                st.markdown(f"**{escape_markdown(shortened(label, 60))}**")
                for member in shown:
                    _draw_member(member, first)
                if len(shown) == _EACH:
                    st.caption("There may be more of this label.")


def _draw_member(member: Member, first: str) -> None:
    comment = member.comment
    draw_difference(texts.change_of(comment.comment_id, first, visible(comment.body)))
    how = LABEL_SOURCE_TITLES.get(comment.label_from or "", "")
    if comment.label_from != "imported" and member.givers:
        how += ": " + ", ".join(
            f"{visible(one.person)} ({visible(one.label)})" if one.label != comment.label
            else visible(one.person) + (f", “{visible(one.why)}”" if one.why else "")
            for one in member.givers
        )  # fmt: skip
    about = (f"comment {comment.comment_id}", comment.author and visible(comment.author), how)
    st.caption(escape_markdown(" · ".join(part for part in about if part)))


def _draw_decision(dataset_id: str, group: Contradiction, who: str) -> None:
    with st.form(f"clean_group_{group.cluster}", border=False):
        choose_answer(
            "One label for the group", datasets.get_label_set(database(), dataset_id),
            key=f"{_LABEL}_{group.cluster}",
        )  # fmt: skip
        st.text_input(
            "Why", key=f"{_WHY}_{group.cluster}", max_chars=MAX_REASON, placeholder="which rule decides it"
        )
        given = (dataset_id, group.cluster, who)
        with st.container(horizontal=True):
            st.form_submit_button(
                "Decide", type="primary", icon=":material/gavel:", on_click=_act, args=(_decide, *given)
            )
            st.form_submit_button(
                "Keep the labels as they are", icon=":material/rule:", on_click=_act, args=(_keep, *given)
            )
            st.form_submit_button(
                "Exclude the whole group", icon=":material/block:", on_click=_act, args=(_exclude, *given)
            )


def _act(act: Callable[[str, int, str], _Last], dataset_id: str, cluster: int, who: str) -> None:
    """What came of it is drawn with the box: a callback runs before there is a place for it."""
    try:
        st.session_state[_last_of(dataset_id)] = act(dataset_id, cluster, who)
        st.session_state[_NEWS] = True
    except WorkbenchError as error:
        st.session_state[_last_of(dataset_id)] = error


def _decide(dataset_id: str, cluster: int, who: str) -> _Last:
    label, why = chosen_answer(f"{_LABEL}_{cluster}"), st.session_state[f"{_WHY}_{cluster}"]
    done = contradictions.decide_label(database(), dataset_id, cluster, label=label, why=why, actor=who)
    return contradictions.undo, done.settlement_id, f"Group {cluster}: {done.changed:,} labels were changed."


def _keep(dataset_id: str, cluster: int, who: str) -> _Last:
    why = st.session_state[f"{_WHY}_{cluster}"]
    done = contradictions.keep_labels(database(), dataset_id, cluster, why=why, actor=who)
    return contradictions.undo, done.settlement_id, f"Group {cluster}: the labels stay as they are."


def _exclude(dataset_id: str, cluster: int, who: str) -> _Last:
    done = contradictions.exclude_group(database(), dataset_id, cluster, actor=who)
    return cleaning.undo, done.cleaning_id, f"Group {cluster}: {done.excluded:,} comments were excluded."


def _draw_last(dataset_id: str, who: str) -> None:
    last = st.session_state.get(_last_of(dataset_id))
    if isinstance(last, WorkbenchError):
        show(last)
    elif last is not None:
        told, back = st.columns([4, 1], vertical_alignment="center")
        told.caption(last[2])
        back.button(
            "Take it back", icon=":material/undo:", key="clean_group_undo", width="stretch",
            on_click=_take_back, args=(dataset_id, who),
        )  # fmt: skip


def _take_back(dataset_id: str, who: str) -> None:
    undo, number, _ = st.session_state.pop(_last_of(dataset_id))
    try:
        undo(database(), number, dataset_id=dataset_id, actor=who)
        st.session_state[_NEWS] = True
    except WorkbenchError as error:
        st.session_state[_last_of(dataset_id)] = error
