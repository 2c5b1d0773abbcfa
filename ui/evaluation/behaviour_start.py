"""Start a test of behaviour: a suite of test cases, the true positives written otherwise, or injections."""

from collections.abc import Sequence

import streamlit as st

from domain.jobs import Job
from domain.models import Model
from domain.text import escape_markdown, shortened, visible
from services.evaluation.behaving import (
    DEFAULT_COMMENTS,
    MOST_COMMENTS,
    known_mapping,
    start_functional,
    start_injection,
    start_invariance,
)
from services.evaluation.suites import Suite, read_suite
from ui.errors import showing_errors
from ui.store import database

KINDS = {
    "functional": "Functional tests",
    "invariance": "Written otherwise",
    "injection": "Prompt injection",
}
_WHAT = {
    "functional": "A CSV of test cases: HateCheck's, or one of your policy with the columns text, expected,"
    " functionality, must_pass and in_policy.",
    "invariance": "Comments that the model rightly stopped, in capitals, spaced out, in leet, with"
    " look-alike, invisible or wide letters, typos and other names. It should stop them all the same.",
    "injection": "Comments that the model rightly stopped, each inside 60 texts that tell a model to let it"
    " pass, and 4 that merely pad it.",
}


def draw_start(model: Model, who: str) -> None:
    """Choose what to test and start it."""
    kind = st.segmented_control(
        "What to test", list(KINDS), format_func=KINDS.__getitem__, default="functional", required=True,
        key="behaviour_kind",
    )  # fmt: skip
    st.caption(_WHAT[kind])
    job = _start_functional(model, who) if kind == "functional" else _start_written(kind, model, who)
    if job is not None:
        st.toast(f"{job.job_id} has started.", icon=":material/play_arrow:")
        st.rerun()


def _start_functional(model: Model, who: str) -> Job | None:
    file = st.file_uploader("Suite", type=["csv"], key="behaviour_suite")
    if file is None:
        return None
    with showing_errors():
        suite = read_suite(file.getvalue())
        st.caption(f"{len(suite.cases):,} cases of {len(suite.functionalities):,} functionalities.")
        mapping = _mapping(suite, model)
        left_out = st.multiselect(
            "Not decided by our policy: shown, but not counted",
            suite.functionalities,
            format_func=visible,
            key="behaviour_left_out",
        )
        if _button(ready=len(mapping) == len(suite.labels)):
            return start_functional(
                database(), model_id=model.model_id, suite=file.getvalue(), name=file.name, mapping=mapping,
                left_out=left_out, actor=who,
            )  # fmt: skip
    return None


def _mapping(suite: Suite, model: Model) -> dict[str, str]:
    """What each label of the suite is here; those not chosen yet are missing."""
    known = known_mapping(database(), model, suite)
    alike = {label.casefold(): label for label in model.labels}
    chosen: dict[str, str] = {}
    for column, name in zip(
        st.columns(min(4, len(suite.labels))) * len(suite.labels), suite.labels, strict=False
    ):
        guess = known.get(name, alike.get(name.casefold()))
        meant = column.selectbox(
            f"“{escape_markdown(shortened(name, 40))}” is",
            model.labels,
            index=None if guess is None else model.labels.index(guess),
            format_func=visible,
            placeholder="Choose a label",
            key=f"behaviour_map_{suite.suite_id}_{model.model_id}_{name}",
        )
        if meant is not None:
            chosen[name] = meant
    return chosen


def _start_written(kind: str, model: Model, who: str) -> Job | None:
    stops, count = st.columns([3, 1])
    unwanted: Sequence[str] = stops.multiselect(
        "Labels that stop a comment", model.labels, default=model.labels[1:], format_func=visible,
        key=f"behaviour_unwanted_{model.model_id}",
    )  # fmt: skip
    comments = count.number_input(
        "Comments, at most", 1, MOST_COMMENTS, DEFAULT_COMMENTS[kind], key=f"behaviour_comments_{kind}"
    )
    start = start_invariance if kind == "invariance" else start_injection
    with showing_errors():
        if _button(ready=bool(unwanted)):
            return start(database(), model_id=model.model_id, unwanted=unwanted, comments=comments, actor=who)
    return None


def _button(*, ready: bool) -> bool:
    return st.button(
        "Test it", type="primary", icon=":material/play_arrow:", disabled=not ready, key="behaviour_start"
    )
