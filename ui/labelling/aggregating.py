"""The screen of aggregation: a run over all votes, and the comments it labels otherwise than they are now."""

import pandas as pd
import streamlit as st

from domain.text import escape_markdown, shortened, visible
from services.labelling.aggregation import METHODS
from services.labelling.aggregation_runs import (
    MAX_NAME,
    MAX_WHY,
    ShownAggregation,
    aggregate,
    list_aggregations,
    put_in_force,
    show_aggregation,
    take_out_of_force,
)
from ui.comments_table import draw_rows
from ui.errors import showing_errors
from ui.links import pick, put
from ui.store import database
from ui.times import when

_SHOWN = 200


def draw_aggregations(dataset_id: str, who: str) -> None:
    """The form for a new run, the runs so far, and one of them beside the labels in force."""
    st.caption(
        "Works one label per comment out of all votes. Majority trusts everybody alike; Dawid-Skene learns"
        " from the votes whom to trust on what, and wants about three votes on a comment and thirty of a"
        " person. A run changes no label by itself: look at what it would change, and put it in force."
    )
    _draw_form(dataset_id, who)
    runs = {run.aggregation_id: run for run in list_aggregations(database(), dataset_id)}
    if not runs:
        return

    def titled(run_id: str) -> str:
        run = runs[run_id]
        return f"{visible(run.name)} v{run.version} · {run.method} · {when(run.created_at)}"

    chosen = pick("Run", list(runs), key="run", shown=titled)
    _draw_run(_shown(chosen, database().revision_of(dataset_id)), who)


# The revision is part of the key: the labels in force, beside which a run is shown, change with every vote.
@st.cache_data(max_entries=16, show_spinner=False)
def _shown(aggregation_id: str, revision: int) -> ShownAggregation:
    return show_aggregation(database(), aggregation_id, limit=_SHOWN)


def _draw_form(dataset_id: str, who: str) -> None:
    with st.form("aggregating", border=False):
        method, name, go = st.columns([2, 3, 1], vertical_alignment="bottom")
        by = method.selectbox("Method", METHODS, index=1, key="aggregating_method")
        called = name.text_input(
            "Name", key="aggregating_name", max_chars=MAX_NAME, placeholder="the method's, if left empty"
        )
        if go.form_submit_button("Aggregate", type="primary", width="stretch"):
            with showing_errors():
                run = aggregate(database(), dataset_id, method=by, name=called, actor=who)
                put("run", run.aggregation_id)


def _draw_run(shown: ShownAggregation, who: str) -> None:
    run = shown.run
    st.markdown(
        f"**{escape_markdown(shortened(run.name, 60))} v{run.version}**: {run.row_count:,} comments, of which"
        f" **{shown.count:,}** are labelled otherwise now."
    )
    settings = ", ".join(f"{name} {value:g}" for name, value in run.settings.items())
    rounds = f", {run.found['rounds']} rounds" if run.found["rounds"] else ""
    st.caption(
        escape_markdown(
            f"By {run.created_by}, {when(run.created_at)}, {run.method}{rounds}. {settings}".strip()
        )
    )
    if not run.found["converged"]:
        st.warning("The estimation did not settle: do not rely on it.", icon=":material/warning:")
    _draw_force(shown, who)
    if shown.differences:
        _draw_differences(shown)
    if "annotators" in run.found:
        _draw_confusion(shown)


def _draw_force(shown: ShownAggregation, who: str) -> None:
    """Whether the run gives the labels, and the form that changes that; both ways need a reason."""
    run, decided = shown.run, shown.in_force
    if decided is not None:
        st.success(
            f"In force since {when(decided.created_at)}, by {escape_markdown(decided.created_by)}:"
            f" {escape_markdown(decided.why)}",
            icon=":material/verified:",
        )
    if shown.votes_after:
        st.caption(f"{shown.votes_after:,} labels came after this run, which does not know them.")
    with st.form(f"aggregating_force_{run.aggregation_id}", border=False):
        reason, go = st.columns([4, 1], vertical_alignment="bottom")
        why = reason.text_input(
            "Why it may give the labels" if decided is None else "Why the votes give the labels again",
            key=f"aggregating_why_{run.aggregation_id}",
            max_chars=MAX_WHY,
        )
        title = "Put in force" if decided is None else "Take out of force"
        if go.form_submit_button(title, width="stretch"):
            with showing_errors():
                if decided is None:
                    put_in_force(database(), run.aggregation_id, why=why, actor=who)
                else:
                    take_out_of_force(database(), run.dataset_id, why=why, actor=who)
                st.rerun()


def _draw_differences(shown: ShownAggregation) -> None:
    rows = pd.DataFrame(
        [
            (
                each.comment_id,
                shortened(each.label or "tied", 60),
                each.sureness,
                each.votes,
                shortened(each.in_force or "none", 60),
                each.label_from or "no vote",
            )
            for each in shown.differences
        ],
        columns=["comment", "label of the run", "posterior", "votes", "label in force", "from"],
    )
    sureness = st.column_config.NumberColumn(format="%.3f", help="Of the run's label, if it is right.")
    draw_rows(
        rows,
        key=f"aggregating_rows_{shown.run.aggregation_id}",
        alt="Comments that the run labels otherwise",
        dataset_id=shown.run.dataset_id,
        columns={"posterior": sureness},
    )
    st.caption(f"{len(shown.differences):,} of {shown.count:,}, those first of which the run is surest.")


def _draw_confusion(shown: ShownAggregation) -> None:
    st.subheader("How often each one is right, as estimated", anchor=False)
    labels = shown.run.labels
    rows = pd.DataFrame(
        [
            (visible(person), *(f"{table[place][place]:.3f}" for place in range(len(labels))))
            for person, table in shown.run.found["annotators"].items()
        ],
        columns=["annotator", *(f"on {shortened(label, 40)}" for label in labels)],
    )
    st.dataframe(
        rows, hide_index=True, height="content", alt="Estimated share of right labels of each annotator"
    )
    st.caption(
        "From the votes alone, without a known truth and without an interval: a hint, not a judgement."
    )
