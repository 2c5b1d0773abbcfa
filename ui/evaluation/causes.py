"""What a blind reading found: whose fault the misses are, and the figures with the labels repaired."""

import pandas as pd
import streamlit as st

from domain.models import Run
from domain.text import escape_markdown, shortened, visible
from services.evaluation import causes
from services.evaluation.causes import CAUSES, LABEL, MODEL, Findings
from services.evaluation.intervals import SMALL_N, Estimate, Proportion
from ui.charts import label_title
from ui.figures import draw_figure, in_brackets
from ui.frame import nothing_yet
from ui.store import database

_SHOWN = 200


def draw_causes(run: Run, found: Findings, who: str) -> None:
    """The page's part on causes: the shares, the figures before and after, and what follows."""
    missed = [row for row in found.rows if not row.is_hit]
    st.caption(
        f"{len(missed):,} of {found.misses:,} misses and {len(found.rows) - len(missed):,} of {found.hits:,}"
        " hits were read blind. Drawn by chance, so that what was read speaks for the rest; verdicts given"
        " under One by one are not in it, for there the misses were chosen."
    )
    if not missed:
        nothing_yet("No miss was read yet.", "Read some under Blind reading.", "review", "Review")
        return
    _draw_headline(found, len(missed))
    left, right = st.columns([4, 7], gap="medium")
    with left:
        st.subheader("Whose fault the misses are", anchor=False)
        st.dataframe(_shares(found), hide_index=True, placeholder="", alt="Causes of the misses")
        if len(missed) < SMALL_N:
            st.caption(f"Fewer than {SMALL_N} were read: the shares say little yet.")
    with right:
        st.subheader("Before and after the repair of labels", anchor=False)
        if found.figures:
            st.dataframe(_figures(found), hide_index=True, placeholder="", alt="Figures before and after")
            st.caption(
                "After: what the figures would be had every label been read, estimated from misses and hits"
                " with the weight each was drawn at, 95 % intervals. Where readers differ or give no label,"
                " the frozen one stays."
            )
        else:
            st.caption("Read a miss and a hit for an estimate.")
    _draw_comments(found)
    _draw_repair(run, found, who)


def _draw_headline(found: Findings, missed: int) -> None:
    columns = st.columns(3)
    with columns[0]:
        share = found.label_or_guideline
        draw_figure("Error of label or guideline", share, n=missed, note="policy, not model")
    with columns[1]:
        n = found.wrong_hits.n if found.wrong_hits else 0
        draw_figure("Hits with a wrong label", found.wrong_hits, n=n, note="model and label err together")
    with columns[2]:
        n = found.agreed.n if found.agreed else 0
        note = "read by two, who said the same" if n else "nothing was read by two people yet"
        draw_figure("Readers agree", found.agreed, n=n, note=note)


def _shares(found: Findings) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cause": CAUSES,
            "misses": [found.causes[cause].successes for cause in CAUSES],
            "share": [in_brackets(found.causes[cause]) for cause in CAUSES],
        }
    )


def _figures(found: Findings) -> pd.DataFrame:
    names = [shortened(figure.name.replace("_", "-").replace(":", " of "), 60) for figure in found.figures]
    return pd.DataFrame(
        {
            "figure": [visible(name) for name in names],
            "before": [in_brackets(figure.before) for figure in found.figures],
            "after": [in_brackets(figure.after) for figure in found.figures],
            "moved by": [_signed(figure.moved) for figure in found.figures],
        }
    )


def _draw_comments(found: Findings) -> None:
    """The comments of one cause; hits with a wrong label are among those of the label."""
    there = [cause for cause in CAUSES if cause != MODEL and any(row.cause == cause for row in found.rows)]
    if not there:
        return
    st.subheader("The comments behind them", anchor=False)
    cause = st.segmented_control(
        "Cause", there, default=there[0], required=True, key="review_cause", label_visibility="collapsed"
    )
    rows = causes.list_read(database(), found, cause or there[0], limit=_SHOWN)
    table = pd.DataFrame(
        {
            "comment": [read.comment_id for read, _ in rows],
            "text": [visible(comment.body) for _, comment in rows],
            "frozen label": [label_title(read.gold) for read, _ in rows],
            "predicted": [label_title(read.predicted) for read, _ in rows],
            "readers say": [label_title(read.right) if read.right else "" for read, _ in rows],
            "in force now": [visible(comment.label or "") for _, comment in rows],
            "read by": [visible(", ".join(read.readers)) for read, _ in rows],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        column_config={
            "comment": st.column_config.NumberColumn(width="small", format="%d"),
            "text": st.column_config.TextColumn(width="large"),
        },
        placeholder="",
        alt="Comments of the chosen cause",
    )
    if cause == "guideline":
        st.page_link(
            "pages/guideline.py", label="Say more in the guideline", icon=":material/menu_book:",
            query_params={"dataset": found.run.dataset_id},
        )  # fmt: skip


def _draw_repair(run: Run, found: Findings, who: str) -> None:
    """The readers' labels put in force, for misses and hits alike."""
    wrong = [read for read, comment in causes.list_read(database(), found, LABEL, limit=len(found.rows))
             if comment.label != read.right]  # fmt: skip
    done = st.session_state.pop("review_repaired", None)
    if done:
        st.success(
            f"{done:,} labels are in force now. The next snapshot freezes them.",
            icon=":material/check_circle:",
        )
        st.page_link("pages/snapshots.py", label="Take a snapshot", icon=":material/photo_camera:")
    if not wrong:
        return

    def repair() -> None:
        st.session_state["review_repaired"] = len(causes.put_in_force(database(), run.run_id, actor=who))

    st.button(
        f"Put the readers' label in force on {len(wrong):,} comments",
        icon=":material/gavel:",
        key="review_repair",
        on_click=repair,
        help=f"Each is a decision in the name of {escape_markdown(who)}, on misses and hits alike; the frozen"
        " snapshot stays as it is. Figures of a new snapshot repaired only where somebody read are not those"
        " above: these speak for all comments.",
    )


def _signed(number: Proportion | Estimate | None) -> str:
    return "undefined" if number is None else f"{number.value:+.3f} ({number.low:+.3f} to {number.high:+.3f})"
