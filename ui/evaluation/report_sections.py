"""The parts of a report below its first screen: failures, production, the rival, and the file of it all."""

from functools import partial

import pandas as pd
import streamlit as st

from domain.models import Run
from domain.text import escape_markdown, shortened, visible
from services.evaluation.causes import ceiling_told
from services.evaluation.intervals import SMALL_N
from services.evaluation.reports import Evaluation
from services.evaluation.slices import slice_misses
from services.release.documents import FORMATS
from services.release.gate import Verdict
from services.release.policy import find_policy
from services.reporting.facts import report_facts
from services.reporting.files import report_file
from services.reporting.production import Production, production, unwanted_labels
from services.reporting.report import model_report, rival_of
from ui.chart_files import draw_chart_files
from ui.comments_table import draw_answers
from ui.evaluation.evaluations import answers_of, comparison_of, costs_of, held_of, slices_of
from ui.evaluation.threshold_figures import draw_boxes, draw_ranges
from ui.evaluation.threshold_rules import draw_traffic
from ui.figures import GREY, draw_verdict, in_brackets
from ui.release.releases import draw_clauses
from ui.store import database

_SHOWN = 100
_NAMES = {"html": "HTML, to print", "md": "Markdown", "json": "JSON"}


def draw_policy(verdict: Verdict | None) -> None:
    """Every clause of the policy with why it came out so; nothing where nothing is judged."""
    if verdict is not None:
        with st.expander(
            f"Does it meet the policy? All {len(verdict.clauses)} clauses", icon=":material/gavel:"
        ):
            draw_clauses(verdict)


def draw_slices(run: Run) -> None:
    """The accuracy of each slice, the worst first; what rests on few comments is grey and last."""
    shares = [(each, share) for each in slices_of(run.run_id) if (share := each.share(None))]
    shares.sort(key=lambda pair: (pair[1].small, pair[1].value))
    table = pd.DataFrame(
        {
            "slice by": [each.by.replace("_", " ") for each, _ in shares],
            "slice": [shortened(each.name, 60) for each, _ in shares],
            "accuracy": [in_brackets(share) for _, share in shares],
            "comments": [f"{share.n:,}" for _, share in shares],
            "most of its errors": [visible(each.errors_told) for each, _ in shares],
        }
    )
    few = [share.small for _, share in shares]
    picked = st.dataframe(
        table.style.apply(lambda column: [GREY if small else "" for small in few]),
        hide_index=True,
        height=min(38 + 35 * len(table), 320),
        on_select="rerun",
        selection_mode="single-row",
        key=f"evaluate_slices_{run.run_id}",
        alt="Accuracy of each slice with its interval, the worst first",
    )
    st.caption(
        f"Grey: fewer than {SMALL_N} comments. The lowest of many is low by chance too: look at its interval."
        " Pick a row for its errors."
    )
    rows = picked["selection"]["rows"]
    if rows and rows[0] < len(shares):
        by, name = shares[rows[0]][0].by, shares[rows[0]][0].name
        missed = slice_misses(database(), run.run_id, by, name, limit=_SHOWN)
        wrong = escape_markdown(f"{by.replace('_', ' ')} {shortened(name, 60)}")
        st.caption(f"{len(missed):,} errors of {wrong}, those first of which the model was surest.")
        if missed:
            draw_answers(answers_of(run, missed), key=f"evaluate_slice_{rows[0]}", dataset_id=run.dataset_id)


def draw_ceiling(run: Run) -> None:
    """How much of the error is not the model's; reviews go on, so that it is never cached."""
    st.caption(ceiling_told(database(), run.run_id))


def draw_production(found: Evaluation) -> Production | None:
    """The controls of a day of traffic and what the named labels would do in it; or None."""
    run = found.run
    unwanted = unwanted_labels(found.table.labels, find_policy(database(), run.dataset_id))
    held = held_of(run)
    own = production(found, unwanted, held=held)
    if own is None:
        st.caption("Only one kind of comment occurs here: nothing can be said of a day of traffic.")
        return None
    traffic = draw_traffic(own.traffic.base_rate)
    is_stated = traffic.base_rate != own.traffic.base_rate
    day = production(
        found,
        unwanted,
        held=held,
        base_rate=traffic.base_rate if is_stated else None,
        volume=traffic.volume,
        seconds=traffic.seconds_per_review,
    )
    assert day is not None, "the same comments as before"
    if day.warning:
        st.warning(day.warning, icon=":material/warning:")
    st.markdown(f"{escape_markdown(shortened(day.rule, 400))}: {day.sentence}")
    draw_boxes(day.tally, day.outlook, day.traffic)
    draw_ranges(day.outlook)
    st.caption(costs_of(run.run_id))
    return day


def draw_rival(run: Run, verdict: Verdict | None) -> None:
    """The comparison with what is in production, else with the newest other model."""
    rival = rival_of(database(), run, verdict)
    if rival is None:
        st.caption("No other model has answered any of these comments.")
        return
    other, is_champion = rival
    found = comparison_of(other, run.run_id)
    known = "is in production" if is_champion else "is the newest other model: no other is in production"
    st.caption(f"Before: {escape_markdown(found.before_name)} ({other}), which {known}.")
    draw_verdict(found)
    st.page_link(
        "pages/compare.py",
        label="The comments on which they differ",
        icon=":material/compare_arrows:",
        query_params={"dataset": run.dataset_id, "before": other, "after": run.run_id},
    )


def draw_files(run: Run, day: Production | None) -> None:
    """The way to take the report away, at the traffic that is stated on the page."""
    with st.popover("Take it away", icon=":material/download:", width="stretch"):
        st.caption("The whole report as one file that needs no network. It quotes the surest misses.")
        for format, words in _NAMES.items():
            st.download_button(
                words,
                partial(_file, run.run_id, day, format),
                file_name=f"report-{run.run_id}.{format}",
                mime=FORMATS[format],
                icon=":material/download:",
                on_click="ignore",
                key=f"evaluate_file_{run.run_id}_{format}",
                width="stretch",
            )
        draw_chart_files()


def _file(run_id: str, day: Production | None, format: str) -> str:
    if day is None:
        return report_file(report_facts(model_report(database(), run_id)), format)
    traffic = day.traffic
    report = model_report(
        database(),
        run_id,
        base_rate=traffic.base_rate if day.is_stated else None,
        volume=traffic.volume,
        seconds=traffic.seconds_per_review,
    )
    return report_file(report_facts(report), format)
