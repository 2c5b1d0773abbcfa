"""The parts of the Experiments page: what to start, the list, and one study as it goes on."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from domain.jobs import Job, StudyKind
from domain.text import escape_markdown, visible
from services.curation.snapshots import Snapshot
from services.jobs.process.folder import Facts
from services.modelling.recipes import RECIPES, Recipe, get_recipe
from services.modelling.studies.plans import MOST_TRIALS, SHARES, STUDIED
from services.modelling.studies.running import TITLES, Study, train_with_best
from ui.errors import showing_errors
from ui.frame import go_to
from ui.lists import pick_row
from ui.modelling.study_charts import curve_chart, folds_chart, importance_chart, trials_chart
from ui.store import database
from ui.times import when

WHAT: dict[StudyKind, str] = {
    "search": "Are there better settings? Tries some, learns from each, and shows what mattered.",
    "learning_curve": "Label more, or stop? Trains on 10, 25, 50 and 100 % of the comments.",
    "cross_validate": "How much depends on the split? Each comment is answered by a model that never saw it.",
}
_METRICS = {"macro_f1": "Macro F1", "weighted_f1": "Weighted F1", "accuracy": "Accuracy"}


def choose_kind() -> StudyKind:
    """The question to be asked."""
    return st.radio(
        "Question",
        list(TITLES),
        format_func=lambda kind: f"**{TITLES[kind]}**",
        captions=list(WHAT.values()),
        key="studies_kind",
    )


def choose_recipe() -> Recipe:
    """A recipe that trains on this machine."""
    names = [name for name, recipe in RECIPES.items() if recipe.kind in STUDIED]
    return RECIPES[
        st.selectbox("Recipe", names, format_func=lambda n: RECIPES[n].title, key="studies_recipe")
    ]


def choose_metric(snapshot: Snapshot) -> dict[str, str]:
    """What is made as large as possible: an average, or the recall of one label."""
    options = [*_METRICS, *(f"recall:{label}" for label in snapshot.labels)]

    def shown(option: str) -> str:
        kind, _, label = option.partition(":")
        return _METRICS.get(kind) or f"Recall of {visible(label)}"

    kind, _, label = st.selectbox("Measure", options, format_func=shown, key="studies_metric").partition(":")
    return {"metric": kind, "label": label} if label else {"metric": kind}


def choose_size(kind: StudyKind, recipe: Recipe) -> dict[str, int]:
    """How much is tried, and how many trainings that makes."""
    if kind == "search":
        trials = st.number_input("Trials", 2, MOST_TRIALS, 20, key="studies_trials")
        _tell_trainings(trials, recipe)
        return {"trials": trials}
    if kind == "cross_validate":
        folds = st.number_input("Folds", 2, 20, 5, key="studies_folds")
        _tell_trainings(folds, recipe)
        return {"folds": folds}
    default = 3 if recipe.kind == "train_baseline" else 1
    repeats = st.number_input("Draws of each share", 1, 20, default, key=f"studies_repeats_{recipe.kind}")
    _tell_trainings(repeats * len(SHARES), recipe)
    return {"repeats": repeats}


def pick_study(studies: Sequence[Job]) -> str:
    """The list, newest first; returns the id of the one that is open."""
    table = pd.DataFrame(
        {
            "study": [job.job_id for job in studies],
            "question": [TITLES[job.kind] for job in studies],  # type: ignore[index]
            "recipe": [job.spec["settings"]["recipe"] for job in studies],
            "snapshot": [job.snapshot_id for job in studies],
            "state": [job.state.name for job in studies],
            "by": [visible(job.created_by) for job in studies],
            "started": [when(job.created_at) for job in studies],
        }
    )
    return pick_row(table, [job.job_id for job in studies], param="study", alt="Experiments of this dataset")


def draw_study(study: Study) -> None:
    """One study: the sentence, the chart, the numbers, and where to go from here."""
    job, found = study.job, study.found
    st.subheader(f"{TITLES[job.kind]}: {get_recipe(job.spec['settings']['recipe']).title}", anchor=False)  # type: ignore[index]
    st.caption(
        f"{job.job_id} on {job.snapshot_id} · {job.state.name} · started by "
        f"{escape_markdown(job.created_by)}, {when(job.created_at)}"
    )
    if not job.state.is_over:
        st.progress(min(job.state.share, 1.0), escape_markdown(job.state.message))
    elif job.state.name != "succeeded":
        st.error(escape_markdown(f"{job.state.message} {job.state.hint}".strip()), icon=":material/error:")
    if found is not None:
        if found["sentence"]:
            st.info(escape_markdown(found["sentence"]), icon=":material/lightbulb:")
        _DRAW[found["kind"]](study, found)
    st.page_link(
        "pages/jobs.py",
        label="The job: cancel it, start it again, read its log",
        icon=":material/pending_actions:",
        query_params={"dataset": job.dataset_id, "job": job.job_id},
    )


def _draw_search(study: Study, found: Facts) -> None:
    weights = found.get("importance")
    left, right = st.columns([3, 2], gap="large") if weights else (st.container(), st.container())
    with left:
        st.markdown("**Trials, and the best so far**")
        st.altair_chart(trials_chart(found["trials"], found["metric"]), alt="Value of each trial in order")
    if weights:
        with right:
            st.markdown("**What made the difference**")
            st.altair_chart(importance_chart(weights), alt="Importance of each setting")
    if study.command:
        _draw_best(study, found)
    names, failed = list(found["trials"][0]["settings"]), any(one["message"] for one in found["trials"])
    ordered = sorted(found["trials"], key=lambda one: (one["value"] is None, -(one["value"] or 0)))
    st.dataframe(
        pd.DataFrame(
            {
                "trial": [one["number"] for one in ordered],
                found["metric"]: [one["value"] for one in ordered],
                "state": [one["state"] for one in ordered],
                **{
                    name.replace("_", " "): [_cell(one["settings"][name]) for one in ordered]
                    for name in names
                },
                "seconds": [one["seconds"] for one in ordered],
                **({"why": [visible(one["message"]) for one in ordered]} if failed else {}),
            }
        ),
        hide_index=True,
        column_config={
            found["metric"]: st.column_config.NumberColumn(format="%.3f"),
            "seconds": st.column_config.NumberColumn(format="%.1f"),
        },
        alt="Every trial, best first",
    )


def _draw_best(study: Study, found: Facts) -> None:
    """The button that trains, and the command that does the same."""
    best = found["best"]
    told = ", ".join(f"{name} = {_cell(value)}" for name, value in best["settings"].items())
    st.markdown(
        f"**Best settings:** {escape_markdown(told) or 'those of the recipe'} (trial {best['trial']})"
    )
    key = f"studies_train_{study.job.job_id}"
    if st.button("Train with these settings", type="primary", icon=":material/model_training:", key=key):
        with showing_errors():
            job = train_with_best(database(), study.job.job_id, actor=st.session_state["person"])
            go_to("jobs", dataset=job.dataset_id, job=job.job_id)
    st.code(study.command or "", language=None, wrap_lines=True)


def _draw_curve(_: Study, found: Facts) -> None:
    st.altair_chart(curve_chart(found["points"], found["metric"]), alt="Learning curve with its interval")
    rows = [
        (f"{one['share']:.0%}", one["learned"], one["value"], one["low"], one["high"], len(one["values"]))
        for one in found["points"]
    ]
    columns = ["share", "comments", found["metric"], "from", "to", "draws"]
    _draw_table(pd.DataFrame(rows, columns=columns), [found["metric"], "from", "to"], "The learning curve")
    st.caption(
        "The band is a 95 % bootstrap interval over the comments of validation and over the draws. "
        + escape_markdown(found["groups"])
    )
    for told in found.get("skipped", []):
        st.caption(f"Left out: {escape_markdown(told)}")


def _draw_folds(_: Study, found: Facts) -> None:
    st.altair_chart(folds_chart(found["folds"], found["metric"]), alt="Value of each fold, and their mean")
    columns = {found["metric"]: "value", "accuracy": "accuracy", "macro F1": "macro_f1"}
    columns |= {"weighted F1": "weighted_f1"}
    table = pd.DataFrame(
        {"fold": [one["fold"] for one in found["folds"]]}
        | {title: [one[name] for one in found["folds"]] for title, name in columns.items()}
        | {name: [one[name] for one in found["folds"]] for name in ("learned", "asked")}
    )
    _draw_table(table, list(columns), "Every fold")
    st.caption("Each line is the 95 % interval of a fold by its own comments; the dashed line is the mean.")


def _draw_table(table: pd.DataFrame, shares: Sequence[str], alt: str) -> None:
    config: dict[str, Any] = {
        name: st.column_config.NumberColumn(format="localized") for name in table.columns
    }
    config |= {name: st.column_config.NumberColumn(format="%.3f") for name in shares}
    st.dataframe(table, hide_index=True, column_config=config, alt=alt)


def _tell_trainings(count: int, recipe: Recipe) -> None:
    long = "seconds each" if recipe.kind == "train_baseline" else "minutes to an hour each on a CPU"
    st.caption(
        f"{count:,} trainings, one after the other, {long}. Can be cancelled, and goes on when restarted."
    )


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "none" if value is None else str(value)


_DRAW = {"search": _draw_search, "learning_curve": _draw_curve, "cross_validate": _draw_folds}
