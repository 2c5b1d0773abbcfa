"""The Evaluate page's part on scores: curves, calibration and its repair, label by label."""

import pandas as pd
import streamlit as st

from domain.models import Run
from domain.text import escape_markdown
from services.evaluation import score_reports
from services.evaluation.calibration import Calibration
from services.evaluation.confusion import ConfusionTable
from services.evaluation.repair import Repair
from services.evaluation.score_reports import ScoreReport
from services.evaluation.scored import scored_run
from ui.charts import label_title
from ui.comments_table import draw_answers
from ui.errors import showing_errors
from ui.evaluation.curve_charts import (
    Point,
    precision_recall_chart,
    reliability_chart,
    roc_chart,
    score_histogram,
)
from ui.evaluation.evaluations import answers_of
from ui.figures import draw_figure, in_brackets
from ui.links import pick
from ui.store import database

Stretch = tuple[float, float]
_NEAR = 20


@st.cache_data(max_entries=64, show_spinner="Drawing curves")
def score_report_of(run_id: str, label: str) -> ScoreReport:
    """The curves and the calibration of one label of a run, which are as frozen as the run."""
    return score_reports.score_report(database(), run_id, label)


def draw_scores(run: Run, table: ConfusionTable) -> None:
    """The curves of one label against the rest, and whether its scores mean what they say."""
    st.markdown("**Scores**")
    if run.score_kind == "none":
        st.caption("The model of this run gives labels without scores: there is no curve to draw.")
        return
    label = pick(
        "Label against the rest", run.labels, key="scores_of", shown=label_title, default=len(run.labels) - 1
    )
    with showing_errors():
        found = score_report_of(run.run_id, label)
        picked = _draw_curves(found, table)
        if found.calibration is None:
            st.caption(escape_markdown(found.not_calibrated))
        else:
            picked = _draw_calibration(found.calibration, found.repairs) or picked
        if picked:
            _draw_near(run, label, *picked)


def _draw_curves(found: ScoreReport, table: ConfusionTable) -> Stretch | None:
    """Both curves; returns the threshold that was clicked, as a stretch of scores of no length."""
    n = found.positives + found.negatives
    left, right = st.columns(2)
    unscored = f"{found.unscored:,} have no score: found last" if found.unscored else ""
    with left:
        draw_figure("Average precision", found.average_precision, n=n, note=unscored)
        precision = st.altair_chart(
            precision_recall_chart(
                found.precision_recall, base_rate=found.positives / n, points=_named(found, table)[:1]
            ),
            key="evaluate_pr",
            on_select="rerun",
            selection_mode="at",
            alt=f"Precision over recall; average precision {in_brackets(found.average_precision)}",
        )
    with right:
        draw_figure("ROC AUC", found.area.auc, n=n, note=unscored)
        roc = st.altair_chart(
            roc_chart(found.roc, points=_named(found, table)[1:]),
            key="evaluate_roc",
            on_select="rerun",
            selection_mode="at",
            alt=f"ROC curve; area {in_brackets(found.area.auc)}",
        )
    st.caption(
        f"{found.positives:,} comments of this label, {found.negatives:,} others. Bands: 95 % at each"
        " threshold by itself (Wilson). Area: DeLong. Dashed: what chance would get. Dot: the label as the"
        " model names it. A click on a curve opens the comments next to that threshold."
    )
    clicked = precision["selection"]["at"] or roc["selection"]["at"]
    threshold = clicked[0].get("threshold") if clicked else None  # the dot of the named label has none
    return None if threshold is None else (threshold, threshold)


def _named(found: ScoreReport, table: ConfusionTable) -> list[Point]:
    """Where the label as it is named lies on both curves; nothing where it never is, or is unknown here."""
    if found.label not in table.labels:
        return []
    place = table.labels.index(found.label)
    hits, marked = int(table.true_positives[place]), int(table.predicted[place])
    if marked == 0:
        return []
    recall, words = hits / found.positives, "as the model names it"
    return [(recall, hits / marked, words), ((marked - hits) / found.negatives, recall, words)]


def _draw_near(run: Run, label: str, low: float, high: float) -> None:
    """The comments between two scores, or next to one."""
    near = _comments_near(run.run_id, label, low, high)
    where = f"with a score from {low:.4f} to {high:.4f}" if low < high else f"next to the threshold {low:.4f}"
    st.caption(f"{len(near):,} comments {where}, the highest score first.")
    draw_answers(answers_of(run, near), key=f"evaluate_near_{label}_{low}_{high}", dataset_id=run.dataset_id)


@st.cache_data(max_entries=64, show_spinner="Looking for the comments")
def _comments_near(run_id: str, label: str, low: float, high: float) -> list[int]:
    return score_reports.comments_near(scored_run(database(), run_id), label, low, high, most=_NEAR)


def _draw_calibration(found: Calibration, repairs: tuple[Repair, ...]) -> Stretch | None:
    """The reliability diagram and its numbers; returns the scores of the bin that was clicked."""
    left, right = st.columns(2)
    with left:
        picked = st.altair_chart(
            reliability_chart(found.bins),
            key="evaluate_reliability",
            on_select="rerun",
            selection_mode="bin",
            alt="Share that is so over the score",
        )
        crowd = st.altair_chart(
            score_histogram(found.bins),
            key="evaluate_histogram",
            on_select="rerun",
            selection_mode="bin",
            alt="Where the scores lie",
        )
    with right:
        error = found.error
        verdict = "more than chance explains" if error.p_value < 0.05 else "no more than chance explains"
        draw_figure(
            "Brier score",
            found.brier,
            n=found.n,
            note=f"{found.brier_of_base_rate:.3f} by the base rate alone",
        )
        with st.container(border=True, gap="xsmall"):
            st.metric("Expected calibration error", f"{error.value:.3f}")
            st.caption(
                f"Perfect calibration shows {error.null_median:.3f}, and up to {error.null_high:.3f}"
                f" 19 times in 20: {verdict} (p = {error.p_value:.3f}, n = {found.n:,})"
            )
        if repairs:
            _draw_repairs(repairs)
    st.caption(
        f"Bins of equally many comments; hollow below ten. Grey: 95 % of what a perfectly calibrated score"
        f" would show. Brier over all labels {in_brackets(found.brier_all)}; n = {found.n:,},"
        f" {found.unanswered:,} without a score left out. A click on a bin opens its comments."
    )
    clicked = picked["selection"]["bin"] or crowd["selection"]["bin"]
    return (clicked[0]["from"], clicked[0]["to"]) if clicked else None


def _draw_repairs(repairs: tuple[Repair, ...]) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                "scores": [each.name for each in repairs],
                "Brier": [in_brackets(each.brier) for each in repairs],
                "calibration error": [f"{each.error.value:.3f}" for each in repairs],
                "p": [f"{each.error.p_value:.3f}" for each in repairs],
            }
        ),
        hide_index=True,
        height="content",
        alt="Brier score and calibration error before and after each repair",
    )
    st.caption("Repairs fitted on the validation run of this model, measured on this test run.")
