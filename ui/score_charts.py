"""The Evaluate page's part on scores: curves, calibration and its repair, label by label."""

import pandas as pd
import streamlit as st

from domain.models import Run
from domain.text import escape_markdown
from services.evaluation import score_reports
from services.evaluation.calibration import Calibration
from services.evaluation.repair import Repair
from services.evaluation.score_reports import ScoreReport
from ui.charts import label_title
from ui.curve_charts import precision_recall_chart, reliability_chart, roc_chart, score_histogram
from ui.errors import showing_errors
from ui.figures import draw_figure, in_brackets
from ui.links import pick
from ui.store import database


@st.cache_data(max_entries=64, show_spinner="Drawing curves")
def score_report_of(run_id: str, label: str) -> ScoreReport:
    """The curves and the calibration of one label of a run, which are as frozen as the run."""
    return score_reports.score_report(database(), run_id, label)


def draw_scores(run: Run) -> None:
    """The curves of one label against the rest, and whether its scores mean what they say."""
    st.subheader("Scores", anchor=False)
    if run.score_kind == "none":
        st.caption("The model of this run gives labels without scores: there is no curve to draw.")
        return
    label = pick(
        "Label against the rest", run.labels, key="scores_of", shown=label_title, default=len(run.labels) - 1
    )
    with showing_errors():
        found = score_report_of(run.run_id, label)
        _draw_curves(found)
        if found.calibration is None:
            st.caption(escape_markdown(found.not_calibrated))
        else:
            _draw_calibration(found.calibration, found.repairs)


def _draw_curves(found: ScoreReport) -> None:
    n = found.positives + found.negatives
    left, right = st.columns(2)
    unscored = f"{found.unscored:,} have no score: found last" if found.unscored else ""
    with left:
        draw_figure("Average precision", found.average_precision, n=n, note=unscored)
        st.altair_chart(
            precision_recall_chart(found.precision_recall, base_rate=found.positives / n),
            key="evaluate_pr",
            alt=f"Precision over recall; average precision {in_brackets(found.average_precision)}",
        )
    with right:
        draw_figure("ROC AUC", found.area.auc, n=n, note=unscored)
        st.altair_chart(
            roc_chart(found.roc), key="evaluate_roc", alt=f"ROC curve; area {in_brackets(found.area.auc)}"
        )
    st.caption(
        f"{found.positives:,} comments of this label, {found.negatives:,} others. Bands: 95 % at each"
        " threshold by itself (Wilson). Area: DeLong. Dashed: what chance would get."
    )


def _draw_calibration(found: Calibration, repairs: tuple[Repair, ...]) -> None:
    left, right = st.columns(2)
    with left:
        st.altair_chart(
            reliability_chart(found.bins), key="evaluate_reliability", alt="Share that is so over the score"
        )
        st.altair_chart(score_histogram(found.bins), key="evaluate_histogram", alt="Where the scores lie")
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
        f" {found.unanswered:,} without a score left out."
    )


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
