"""The first screen of a report: may it be released, why, three numbers, the worst slice, one chart."""

import streamlit as st

from domain.models import Run
from domain.text import escape_markdown, shortened
from services.evaluation.intervals import SMALL_N
from services.evaluation.reports import Evaluation
from services.release.gate import JudgedClause, Verdict
from services.release.policy import find_policy
from services.reporting.opening import (
    JUDGED_SPLIT,
    KeyNumber,
    Opening,
    SmallSlice,
    WorstSlice,
    opening,
    unjudged,
)
from ui.charts import interval_chart
from ui.evaluation.evaluations import slices_of
from ui.figures import draw_figure
from ui.frame import go_to
from ui.release.releases import BADGES, SAYS, verdict_of
from ui.store import database
from ui.words import MACRO_F1

_CLAUSES = 3
_WHY = 150  # characters of the reason on the first screen; the rest is below


def opening_of(found: Evaluation) -> Opening:
    """What is said first of a run: frozen but for the verdict."""
    run = found.run
    policy = find_policy(database(), run.dataset_id)
    why = unjudged(run, policy)
    verdict = None
    if policy is not None and not why:
        verdict = verdict_of(run.model_id, run.dataset_id, policy, run.run_id)
    return opening(found, verdict, slices_of(run.run_id), unjudged=why)


def draw_opening(first: Opening, run: Run) -> None:
    """All that a lead must not miss, above the fold."""
    if first.absent:
        st.warning(f"**{escape_markdown(shortened(first.absent, 400))}**", icon=":material/warning:")
    left, right = st.columns([6, 5])
    with left, st.container(border=True, height="stretch"):
        if first.verdict is None:
            _draw_unjudged(first.unjudged, run)
        else:
            _draw_verdict(first.verdict, first.deciding)
    with right, st.container(border=True, height="stretch", gap="xsmall"):
        _draw_chart(first, run)
    boxes = st.columns(4)
    for box, each in zip(boxes, first.numbers, strict=False):
        with box:
            _draw_number(each)
    with boxes[3]:
        _draw_worst(first.worst)
    _draw_errors(first.worst, first.small)


def _draw_verdict(verdict: Verdict, deciding: tuple[JudgedClause, ...]) -> None:
    st.markdown(f"#### {BADGES[verdict.outcome]} {SAYS[verdict.outcome]}")
    st.caption(f"{verdict.sentence} A clause holds only if its whole 95 % interval does.")
    for each in deciding[:_CLAUSES]:
        why = escape_markdown(shortened(each.finding.why, _WHY))
        st.markdown(f"**{escape_markdown(shortened(each.words, 120))}**  \n:gray[{why}]")
    if len(deciding) > _CLAUSES:
        st.caption(f"And {len(deciding) - _CLAUSES} more, below.")


def _draw_unjudged(why: str, run: Run) -> None:
    st.markdown("#### :gray-badge[:material/question_mark: Not judged]")
    st.markdown(escape_markdown(why))
    if run.split == JUDGED_SPLIT:
        st.page_link("pages/release.py", label="Write a policy", icon=":material/gavel:")
    else:
        st.caption("Choose the test run of this model above.")


def _draw_chart(first: Opening, run: Run) -> None:
    picked = st.altair_chart(
        interval_chart(first.marks),
        key=f"evaluate_marks_{run.run_id}",
        on_select="rerun",
        selection_mode="mark",
        alt="Shares with 95 % intervals and what the policy asks for",
    )
    line = " Orange: what the policy asks for." if first.verdict else ""
    st.caption(f"Dots with 95 % intervals.{line} A click on a dot opens its misses.")
    clicked = picked["selection"]["mark"]
    if clicked:
        mark = first.marks[int(clicked[0]["place"])]
        cell = {"gold": mark.gold, "predicted": mark.predicted}
        asked = {name: label for name, label in cell.items() if label}
        go_to("review", dataset=run.dataset_id, run=run.run_id, **asked)


def _draw_number(each: KeyNumber) -> None:
    badge = f"{BADGES[each.outcome]} " if each.outcome else ""
    draw_figure(
        escape_markdown(shortened(each.title, 60)),
        each.number,
        n=each.n,
        note=f"{badge}{escape_markdown(each.note)}".strip(),
        words=MACRO_F1 if each.title == "Macro-F1" else None,
    )


def _draw_worst(worst: WorstSlice | None) -> None:
    if worst is None:
        with st.container(border=True, height="stretch"):
            st.caption(f"No slice has {SMALL_N} comments to look at.")
        return
    name = f"{worst.by.replace('_', ' ')} {escape_markdown(shortened(worst.name, 40))}"
    told = f"{name}: the lowest of {worst.among} parts of {SMALL_N} comments or more"
    draw_figure("Worst slice, accuracy", worst.accuracy, n=worst.accuracy.n, note=told)


def _draw_errors(worst: WorstSlice | None, small: SmallSlice | None) -> None:
    """Below the boxes, where there is room: what goes wrong in the worst slice, and in one too small."""
    lines = []
    if worst is not None and worst.errors:
        name = f"{worst.by.replace('_', ' ')} {shortened(worst.name, 40)}"
        lines.append(escape_markdown(f"Errors in the worst slice, {name}: {shortened(worst.errors, 200)}."))
    if small is not None:
        lines.append(f":orange-badge[few] {escape_markdown(shortened(small.sentence, 220))}")
    if lines:
        st.caption("  \n".join(lines))
