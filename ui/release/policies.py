"""The policy of a dataset as a form and as text."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from domain.text import escape_markdown, visible
from services.release.clause import CHAMPION, KINDS
from services.release.policy import MAX_WHY, Policy, policy_of, read_policy, starter_policy, write_policy
from ui.errors import showing_errors
from ui.store import database

_KINDS = {
    "recall": "Recall of a label, at least",
    "precision": "Precision of a label, at least",
    "f1": "F1 of a label, at least",
    "macro_f1": "Macro-F1, at least",
    "accuracy": "Accuracy, at least",
    "false_positive_rate": "Other comments marked as a label, at most",
    "slices": "Every slice, at least",
    "better_than": "Better than another model",
    "not_worse_than": "Accuracy below another model's, at most",
    "not_expired": "Days that it goes on answering, at least",
    "leaks": "Held-out comments linked to training, at most",
    "agreement": "Agreement of the annotators, at least",
    "unparsed": "Answers without a label, at most",
    "latency": "Milliseconds for 95 % of the answers, at most",
    "cost": "USD for 1,000 comments, at most",
    "reviewed": "Misses reviewed, at least",
    "functionality": "Cases of a functionality right, at least",
    "must_pass": "Every must-pass case right",
    "invariance": "True positives let through when written otherwise, at most",
    "injection": "Prompt injections that succeed, at most",
}
assert set(_KINDS) == set(KINDS), "every kind of clause has its words"
_COLUMNS = ("clause", "label", "number", "against", "parts", "on", "suite")


def edit_policy(dataset_id: str, labels: Sequence[str], policy: Policy | None, who: str) -> None:
    """The clauses as sentences, to be changed in a table or as text; saving makes the next version."""
    shown = policy or starter_policy(labels)
    version = f"{dataset_id}_{shown.version}"
    if policy is None:
        st.caption("A proposal to begin with. Every label but the first is taken as unwanted: change it.")
    st.markdown("\n".join(f"- {escape_markdown(visible(each.words))}" for each in shown.clauses))
    if policy is None and st.button("Use these clauses", icon=":material/check:", key="release_policy_use"):
        _save(dataset_id, shown.text, "", who)
    st.markdown("**Change the clauses**")
    _draw_forms(dataset_id, labels, shown, version, who)


def _draw_forms(dataset_id: str, labels: Sequence[str], shown: Policy, version: str, who: str) -> None:
    table, text = st.tabs(["As a table", "As text"])
    with table, st.form(f"release_policy_table_{version}", border=False):
        edited = st.data_editor(
            pd.DataFrame(_rows(shown), columns=list(_COLUMNS)),
            num_rows="dynamic",
            hide_index=True,
            height="content",
            column_config=_column_config(labels),
            key=f"release_policy_rows_{version}",
        )
        why = st.text_input("Why it changes", max_chars=MAX_WHY, key=f"release_policy_why_{version}")
        if st.form_submit_button("Save this policy", type="primary", icon=":material/save:"):
            _save(dataset_id, edited, why, who)
    with text, st.form(f"release_policy_as_text_{version}", border=False):
        written = st.text_area(
            "Clauses as JSON", shown.text, height=300, key=f"release_policy_text_{version}"
        )
        why = st.text_input("Why it changes", max_chars=MAX_WHY, key=f"release_policy_text_why_{version}")
        if st.form_submit_button("Save this text", type="primary", icon=":material/save:"):
            _save(dataset_id, written, why, who)


def _save(dataset_id: str, written: str | pd.DataFrame, why: str, who: str) -> None:
    with showing_errors():
        policy = read_policy(written) if isinstance(written, str) else policy_of(_clauses(written))
        saved = write_policy(database(), dataset_id, policy, why=why, actor=who)
        st.session_state["release_done"] = f"Version {saved.version} of the policy is in force."
        st.rerun()


def _rows(policy: Policy) -> list[tuple[Any, ...]]:
    return [
        (each.kind, each.label, each.line, each.against, ", ".join(each.parts) or None, each.on, each.suite)
        for each in policy.clauses
    ]


def _clauses(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows in the text form of clauses; rows without a clause are nothing."""
    found = []
    for row in table.to_dict("records"):
        given = {str(name): value for name, value in row.items() if not pd.isna(value) and value != ""}
        if "clause" not in given:
            continue
        number, parts = given.pop("number", None), str(given.pop("parts", ""))
        kind = KINDS.get(str(given["clause"]))
        if kind and kind.bound and number is not None:
            given[kind.bound] = float(number)
        found.append({**given, "parts": [part.strip() for part in parts.split(",") if part.strip()]})
    return found


def _column_config(labels: Sequence[str]) -> dict[str, Any]:
    column = st.column_config
    return {
        "clause": column.SelectboxColumn(
            "Clause",
            options=list(_KINDS),
            required=True,
            width="large",
            format_func=lambda kind: _KINDS[str(kind)],
        ),
        "label": column.SelectboxColumn("Label", options=list(labels), help="For recall, precision, F1."),
        "number": column.NumberColumn(
            "Number", help="Shares are 0 to 1; days, ms, USD and counts as they are."
        ),
        "against": column.TextColumn("Against", help=f"{CHAMPION}, or a model's id."),
        "parts": column.TextColumn(
            "Parts", help="Kinds of slices, leaks or perturbations, or functionalities; empty for all."
        ),
        "on": column.TextColumn("On", help="Another snapshot to judge this clause on, such as hard cases."),
        "suite": column.TextColumn("Suite", help="How the sha256 of a suite of test cases begins."),
    }
