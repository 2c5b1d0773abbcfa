"""The Thresholds page's bench: a run made ready, what a rule chooses on it, and the freezing of it."""

import streamlit as st

from domain.models import Run
from domain.text import escape_markdown, shortened
from services.evaluation import choosing
from services.evaluation.choosing import Bench, Choice
from services.evaluation.class_curves import precision_recall_curve
from services.evaluation.reports import repaired_told
from services.evaluation.targets import Stability
from services.evaluation.thresholds import Rule, Traffic
from services.reporting.production import share_warning
from ui.errors import showing_errors
from ui.evaluation.curve_charts import precision_recall_chart
from ui.evaluation.threshold_figures import draw_boxes, draw_crossing, draw_firmness, draw_tally, points_of
from ui.evaluation.threshold_rules import draw_rule
from ui.store import database


@st.cache_data(max_entries=8, show_spinner="Sorting scores")
def bench_for(run_id: str, unwanted: tuple[str, ...], repaired: bool) -> Bench:
    """A validation run made ready; frozen as the run is."""
    return choosing.bench_of(database(), run_id, unwanted, repaired=repaired)


@st.cache_data(max_entries=64, show_spinner=False)
def _stability_of(
    run_id: str, unwanted: tuple[str, ...], repaired: bool, rule: Rule, traffic: Traffic
) -> Stability | None:
    return choosing.stability(bench_for(run_id, unwanted, repaired), rule, traffic)


def draw_data(bench: Bench, *, is_stated: bool) -> None:
    """What the threshold is chosen on, and warnings: of a share that nobody stated, and of answers seen."""
    run, found = bench.scored.run, bench.ranked
    labels = " or ".join(escape_markdown(shortened(label, 60)) for label in bench.unwanted)
    unscored = f" {found.unscored:,} have no score and are never flagged." if found.unscored else ""
    repaired = f" Scores at temperature {bench.temperature:.2f}." if bench.temperature else ""
    st.caption(
        f"Chosen on {found.positives + found.negatives:,} comments of the **validation** split of"
        f" **{run.snapshot_id}**: {found.positives:,} {labels}, {found.negatives:,} others."
        f"{unscored}{repaired} {repaired_told(bench.repaired, 'validation')}"
    )
    st.caption(
        "The day below is counted on these comments; Evaluate counts one on the test split, by the label that"
        " the model names or, once one is frozen, by its newest threshold. Restated at another share, the"
        " numbers assume that comments of either kind are like these."
    )
    if not is_stated:
        st.warning(share_warning(found.base_rate, "validation"), icon=":material/warning:")
    if bench.seen_in_training:
        st.warning(
            f"The model learned from {bench.seen_in_training:,} of these comments, so that the numbers are"
            " better than they will be on new ones.",
            icon=":material/warning:",
        )


@st.fragment
def draw_choosing(
    run_id: str, unwanted: tuple[str, ...], repaired: bool, traffic: Traffic, *, who: str
) -> None:
    """The rule, what it chooses, which comments cross the line, and the button that freezes it."""
    with showing_errors():
        bench = bench_for(run_id, unwanted, repaired)
        rule = draw_rule(bench)
        choice = choosing.choose(bench, rule, traffic)
        with st.container(border=True):
            st.markdown(f"**{choice.sentence}**")
        draw_boxes(choice.tally, choice.outlook, choice.traffic)
        stable = _stability_of(run_id, unwanted, repaired, rule, traffic)
        draw_firmness(choice, stable)
        chart, table = st.columns([3, 2])
        with chart:
            picked = st.altair_chart(
                precision_recall_chart(
                    precision_recall_curve(bench.ranked, traffic.base_rate),
                    base_rate=traffic.base_rate,
                    points=points_of(choice),
                ),
                key="thresholds_curve",
                on_select="rerun",
                selection_mode="at",
                alt="Precision over recall at the stated base rate, with the operating point",
            )
            st.caption(
                "Band: 95 % at each threshold by itself, comments one by one. Dashed: flagging at random. A"
                " click shows the comments at that threshold below."
            )
        with table:
            draw_tally(choice)
        clicked = picked["selection"]["at"]
        asked = clicked[0].get("threshold") if clicked else None  # the operating point itself has none
        line = choice.cut.upper if asked is None else float(asked)
        draw_crossing(choosing.crossing(database(), bench, line), line)
        _draw_freeze(bench, choice, who)


def run_is_usable(run: Run) -> bool:
    """Whether a threshold can be chosen on the run."""
    return run.split == "validation" and run.score_kind != "none"


def _draw_freeze(bench: Bench, choice: Choice, who: str) -> None:
    with st.form("thresholds_freeze", clear_on_submit=True):
        why = st.text_input("Why this threshold", max_chars=choosing.MAX_WHY_LENGTH)
        pressed = st.form_submit_button("Freeze this threshold", icon=":material/ac_unit:")
    if pressed:
        choosing.freeze(database(), bench, choice.rule, choice.traffic, why=why, actor=who)
        st.rerun()
