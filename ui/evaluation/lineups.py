"""Any number of models on the same comments: one table, each against a reference."""

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from domain.models import Run
from domain.text import escape_markdown, shortened, visible
from services.evaluation.lineup import MARGIN, MOST_RUNS, Lineup, Pairing, line_up
from ui.errors import showing_errors
from ui.evaluation.evaluations import run_titles
from ui.evaluation.looks import count_look, draw_looks
from ui.figures import in_brackets
from ui.links import pick
from ui.release.releases import champion_of
from ui.store import database
from ui.words import HOLM, MACRO_F1

_PROPOSED = 3
_SAYS = {"shown": "shown", "not shown": "not shown", "shown to be worse": "worse"}


def draw_lineup(runs: dict[str, Run]) -> None:
    """The choice of runs and of the reference, the sentence, and the table; a row leads to its comments."""
    titles = run_titles(runs)
    chosen = st.multiselect(
        "Runs",
        list(runs),
        _proposed(runs.values()),
        max_selections=MOST_RUNS,
        format_func=titles.__getitem__,
        key="compare_lineup",
        persist_state="session",
    )
    if len(chosen) < 2:
        st.caption("Choose two runs or more.")
        return
    left, right = st.columns([3, 1])
    with left:
        usual = _usual(runs, chosen)
        reference = pick("Reference", chosen, key="reference", shown=titles.__getitem__, default=usual)
    margin = right.number_input(
        "Still not worse if lower by", 0.0, 0.5, MARGIN, 0.005, format="%.3f", key="compare_margin",
        persist_state="session", help="How much less accurate than the reference is no loss to you.",
    )  # fmt: skip
    with showing_errors():
        found = _found(tuple(sorted(chosen)))
        for run in chosen:
            count_look(run, "compare")
        with st.container(border=True):
            st.markdown(escape_markdown(found.sentence))
        _draw_table(found, reference, margin)
        draw_looks(reference)


def _proposed(runs: Iterable[Run]) -> list[str]:
    """The newest test run of the newest models: on one snapshot, where two have answered it; newest first."""
    tests = [run for run in runs if run.split == "test"]
    same = [run for run in tests if run.snapshot_id == tests[0].snapshot_id]
    for among in (same, tests):
        newest: dict[str, str] = {}
        for run in among:
            newest.setdefault(run.model_id, run.run_id)
        if len(newest) > 1:
            return list(newest.values())[:_PROPOSED]
    return []


def _usual(runs: dict[str, Run], chosen: list[str]) -> int:
    """What is in production is what others are held against; while nothing is, the oldest run."""
    champion = champion_of(runs[chosen[0]].dataset_id)
    models = [runs[run_id].model_id for run_id in chosen]
    return models.index(champion.model_id) if champion and champion.model_id in models else len(chosen) - 1


def _draw_table(found: Lineup, reference: str, margin: float) -> None:
    pairs = found.against(reference)
    beside = [pairs.get(each.run.run_id) for each in found.entries]
    table = pd.DataFrame(
        {
            "model": [visible(shortened(each.name, 60)) for each in found.entries],
            "accuracy": [in_brackets(each.accuracy) for each in found.entries],
            "difference": [_gap(pair) for pair in beside],
            "verdict": ["reference" if pair is None else pair.verdict for pair in beside],
            "p (Holm)": [_p_value(pair) for pair in beside],
            "not worse": ["" if pair is None else _SAYS[pair.not_worse(margin)] for pair in beside],
            "macro-F1": [in_brackets(each.macro_f1) for each in found.entries],
            "difference in macro-F1": [_macro(pair) for pair in beside],
        }
    )
    if found.entries[0].run.several:
        table = table.drop(columns=["macro-F1", "difference in macro-F1"])
    picked = st.dataframe(
        table,
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        key=f"compare_lineup_{reference}_{len(found.entries)}",
        column_config={
            "p (Holm)": st.column_config.TextColumn(help=HOLM),
            "macro-F1": st.column_config.TextColumn(help=MACRO_F1),
            "difference in macro-F1": st.column_config.TextColumn(help=MACRO_F1),
        },
        alt="Each model with its accuracy and its difference from the reference",
    )
    for each in found.entries:
        if each.seen_in_training:
            st.warning(
                f"{escape_markdown(each.name)} had learned from {each.seen_in_training:,} of its comments: it"
                " looks too good here.",
                icon=":material/warning:",
            )
    many = (
        f", corrected for all {len(found.pairs)} pairs, so that any may be picked. {HOLM[:-1]}"
        if found.pairs[1:]
        else ""
    )
    st.caption(
        f"n = {found.n:,} comments that all of them answered. Difference in accuracy from the reference, with"
        f" the 95 % interval of paired answers; verdicts by McNemar's exact test{many}. Not worse:"
        f" at most {margin:g} lower, with the whole interval. Macro-F1: the mean F1 of the labels (paired"
        " bootstrap). A row leads to its comments."
    )
    rows = picked["selection"]["rows"]
    run = found.entries[rows[0]].run if rows and rows[0] < len(found.entries) else None
    if run is not None and run.run_id != reference:
        st.page_link(
            "pages/compare.py",
            label=f"The comments on which {run.run_id} and {reference} differ",
            icon=":material/compare_arrows:",
            query_params={"dataset": run.dataset_id, "before": reference, "after": run.run_id},
        )


def _gap(pair: Pairing | None) -> str:
    if pair is None:
        return ""
    gap = pair.counts.difference
    return f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"


def _p_value(pair: Pairing | None) -> str:
    if pair is None:
        return ""
    return "< 0.001" if pair.p_holm < 0.001 else f"{pair.p_holm:.3f}"


def _macro(pair: Pairing | None) -> str:
    if pair is None:
        return ""
    gap = pair.macro_f1
    return "too few differ" if gap is None else f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"


@st.cache_data(max_entries=32, show_spinner="Comparing answers")
def _found(run_ids: tuple[str, ...]) -> Lineup:
    """Runs are frozen, and so is what they say of each other."""
    return line_up(database(), run_ids)
