"""An evaluation where a comment may have several labels: the whole answer, then each label by itself."""

import pandas as pd
import streamlit as st

from domain.models import Run
from domain.text import shortened
from services.evaluation.intervals import SMALL_N
from services.evaluation.set_metrics import SetReport, SetTable
from services.evaluation.set_reports import SetEvaluation
from ui.evaluation.evaluations import either_evaluation_of
from ui.figures import class_table, data_sentence, draw_figure, in_brackets


def draw_several(run: Run) -> None:
    """Every number of a run whose answers are sets of labels."""
    found = either_evaluation_of(run.run_id)
    assert isinstance(found, SetEvaluation)
    report = found.report
    _draw_headline(report)
    st.caption(data_sentence(found.data, report.n))
    if found.data.seen_in_training:
        st.warning(
            f"The model learned from {found.data.seen_in_training:,} of these {report.n:,} comments: the"
            " numbers are better than they will be on new ones.",
            icon=":material/warning:",
        )
    st.subheader("How does each label fare?", anchor=False)
    st.dataframe(
        class_table(report), hide_index=True, height="content", alt="Precision, recall and F1 of each label"
    )
    st.caption(
        f"All labels together, each pair of comment and label counted alike: precision"
        f" {in_brackets(report.micro_precision)}, recall {in_brackets(report.micro_recall)}, F1"
        f" {in_brackets(report.micro_f1)}. 95 % intervals; comments are drawn anew as wholes. Grey: fewer"
        f" than {SMALL_N} comments."
    )
    st.subheader("Given or not, right or wrong", anchor=False)
    st.dataframe(
        label_table(found.table), hide_index=True, height="content", alt="Comments by label, right and given"
    )
    st.caption(
        "Each label is a question of its own, so that there is a row of four counts for each instead of one"
        " confusion matrix. Thresholds, the gate and slices are for one label per comment."
    )
    st.page_link(
        "pages/review.py",
        label="Read its misses",
        icon=":material/rate_review:",
        query_params={"dataset": run.dataset_id, "run": run.run_id},
    )


def label_table(table: SetTable) -> pd.DataFrame:
    """Of each label the four counts of right and given."""
    rows = [
        (shortened(label, 60), both, missed, wrongly, neither)
        for label, ((neither, wrongly), (missed, both)) in zip(
            table.labels, table.by_label.tolist(), strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["label", "right and given", "missed", "wrongly given", "neither"])


def _draw_headline(report: SetReport) -> None:
    exact, macro, wrong = st.columns(3)
    with exact:
        note = f"{report.unparsed:,} answers named no label: wrong" if report.unparsed else "all labels right"
        draw_figure("Subset accuracy", report.subset_accuracy, n=report.n, note=note)
    with macro:
        note = f"mean over {len(report.classes)} labels"
        draw_figure("Macro-F1", report.macro_f1, n=report.n, note=note)
    with wrong:
        note = "wrong labels among all pairs of comment and label"
        draw_figure("Hamming loss", report.hamming_loss, n=report.n, note=note)
