"""Two runs where both flag the same share of the same comments: yours against theirs."""

import pandas as pd
import streamlit as st

from domain.text import escape_markdown, visible
from services.evaluation.flag_rates import KINDS, EqualFlagRate, differing, equal_flag_rate
from services.modelling.models import get_model, get_run
from ui.comments_table import draw_changes
from ui.errors import showing_errors
from ui.figures import in_brackets
from ui.store import database

_SHOWN = 100
_COLOURS = {"better": "green", "worse": "red", "not decidable": "gray"}


def draw_equal_flag_rate(before: str, after: str) -> None:
    """The sentence, both sides number by number, and the comments that only one of the two flags."""
    runs = [get_run(database(), run_id) for run_id in (before, after)]
    told = [get_model(database(), run.model_id).settings.get("flags") for run in runs]
    meant = next((str(flags) for flags in told if flags), runs[1].labels[-1])
    unwanted = st.pills(
        "A flag stands for",
        runs[1].labels,
        default=[meant] if meant in runs[1].labels else None,
        selection_mode="multi",
        format_func=escape_markdown,
        key=f"compare_unwanted_{before}_{after}",
    )
    if not unwanted:
        st.caption("Choose the labels that are flagged.")
        return
    with showing_errors():
        _draw(_found(before, after, tuple(unwanted)))


def _draw(found: EqualFlagRate) -> None:
    with st.container(border=True):
        verdict = found.counts.verdict
        st.markdown(f":{_COLOURS[verdict]}-badge[{verdict.capitalize()}]")
        st.markdown(escape_markdown(found.sentence))
    sides = (found.before, found.after)
    st.dataframe(
        pd.DataFrame(
            {
                "model": [visible(side.name) for side in sides],
                "flags": [f"{side.flagged:,} ({side.share.value:.1%})" for side in sides],
                "recall": [in_brackets(side.recall) for side in sides],
                "precision": [in_brackets(side.precision) for side in sides],
                "false-positive rate": [in_brackets(side.false_positive_rate) for side in sides],
                "ROC AUC": [in_brackets(side.auc) for side in sides],
            }
        ),
        hide_index=True,
        placeholder="",
        alt="Both models at the same flag rate",
    )
    st.caption(
        f"{found.n:,} comments that both answered, {found.positives:,} of them unwanted; 95 % intervals. The"
        f" run after flags from a score of {found.threshold:.3f} on, chosen by the number of flags alone: no"
        " label was read for it."
    )
    counts = {kind: len(ids) for kind, ids in found.differ.items()}
    kind = st.segmented_control(
        "Where they differ",
        list(KINDS),
        default=next(iter(KINDS)),
        required=True,
        format_func=lambda one: f"{KINDS[one]}: {counts[one]:,}",
        key="compare_differ",
    )
    rows = differing(database(), found, str(kind), limit=_SHOWN)
    if rows:
        key = f"compare_rates_{found.before.run.run_id}_{found.after.run.run_id}_{kind}"
        draw_changes(rows, key=key, dataset_id=found.after.run.dataset_id)


@st.cache_resource(max_entries=32, show_spinner="Counting flags")
def _found(before: str, after: str, unwanted: tuple[str, ...]) -> EqualFlagRate:
    """Runs are frozen, and so is what they say of each other."""
    return equal_flag_rate(database(), before, after, unwanted=unwanted)
