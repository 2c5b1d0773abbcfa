"""What a job wrote, for people: curves, the table, texts side by side, and ratings."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from domain.jobs import Job
from domain.text import escape_markdown, shortened
from services.generation.ratings import (
    ENOUGH,
    SCALE,
    Rating,
    agreement_of,
    blind_texts,
    list_ratings,
    rate,
    rated_systems,
)
from services.generation.report_pages import written_file, written_report
from services.generation.report_tables import (
    CHANGE_NOTE,
    lowered_told,
    models_table,
    steps_table,
    systems_table,
)
from services.generation.written import (
    FAR_BELOW,
    SideBySide,
    differences,
    ordered,
    orders_of,
    side_by_side,
)
from services.jobs.process.folder import Facts
from services.release.documents import FORMATS, Table
from ui.errors import showing_errors
from ui.store import database

_CURVES = (
    ("Reward and the judge", {"reward": "reward", "look": "judged"}),
    ("KL per answer, nats", {"reward": "kl", "policy": "kl"}),
    ("Entropy", {"reward": "entropy", "policy": "entropy"}),
    ("Length, by the source's", {"reward": "length_ratio"}),
    ("Copied", {"reward": "copied"}),
    ("Distinct pairs of words", {"reward": "distinct_2"}),
    ("Loss", {"train": "loss", "validation": "loss"}),
    ("Chosen over rejected", {"train": "preferred"}),
)
_STAGES = {"reward": "training", "policy": "training", "train": "training", "look": "judge",
           "validation": "validation"}  # fmt: skip
_FILES = {"html": "HTML, to print", "md": "Markdown", "json": "JSON"}
_ORDERS = {"in order": "in order", "worst": "worst", "best": "best", "meaning lost": "far from the source"}
_SHOWN = 10
_YES_NO = {True: "yes", False: "no"}
_PARTS = {"gone": ":red-background[~~{}~~]", "new": ":green-background[{}]", "same": "{}"}


def draw_curves(metrics: Sequence[Facts]) -> None:
    """Every curve that has points, step by step."""
    drawn = []
    for title, wanted in _CURVES:
        rows = [
            (line["step"], _STAGES[line["stage"]], line[name])
            for line in metrics
            for stage, name in wanted.items()
            if line.get("stage") == stage and name in line
        ]
        if len(rows) > 1:
            drawn.append((title, rows))
    for first in range(0, len(drawn), 3):
        for (title, rows), place in zip(drawn[first:], st.columns(3), strict=False):
            points = pd.DataFrame(rows, columns=["step", "of", "value"])
            several = points["of"].nunique() > 1
            colour = alt.Color("of", title=None, legend=alt.Legend(orient="top") if several else None)
            chart = alt.Chart(points, height=160).mark_line().encode(
                x=alt.X("step", title=None), y=alt.Y("value", title=None, scale=alt.Scale(zero=False)),
                color=colour, tooltip=["step", "of", alt.Tooltip("value", format=".4f")],
            )  # fmt: skip
            place.markdown(f"**{title}**")
            place.altair_chart(chart, alt=f"{title}, by step")
    if drawn:
        st.caption("Each by the step of the training.")


def draw_report(job: Job, report: Facts) -> None:
    """Base, tuned and rewarded in one table with what changed, then all beside the trivial opponents."""
    for sentence in report["verdicts"][-1:]:
        beats = " beats " in sentence
        (st.success if beats else st.warning)(
            escape_markdown(sentence), icon=":material/emoji_events:" if beats else ":material/balance:"
        )
    if told := lowered_told(report["systems"][-1]):
        st.caption(escape_markdown(told))
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.markdown("**What the training changed**" if report["comparisons"] else "**What it is worth**")
        _draw_files(job)
    _draw_table(
        models_table(report), "Every model number by number, and what the last has more than the first"
    )
    if report["comparisons"]:
        st.caption(CHANGE_NOTE)
    if steps := steps_table(report):
        with st.expander("Each training by itself", icon=":material/trending_up:"):
            _draw_table(steps, "What each training changed")
    st.markdown("**Beside opponents that need no training**")
    _draw_table(systems_table(report), "Every system with its numbers")
    with st.expander("How it was measured", icon=":material/straighten:"):
        for name, signature in report["signatures"].items():
            st.text(f"{name}: {signature}")


def _draw_table(table: Table, alt: str) -> None:
    st.dataframe(
        pd.DataFrame(table.rows, columns=table.head), hide_index=True, height="content", alt=alt,
        column_config={table.head[0]: st.column_config.TextColumn(pinned=True)},
    )  # fmt: skip


def _draw_files(job: Job) -> None:
    """The way to take the report away, texts and all."""
    with st.popover("Take it away", icon=":material/download:", width="content"):
        st.caption("The whole report as one file that needs no network. It quotes worst and best texts.")
        for format, words in _FILES.items():
            st.download_button(
                words, partial(_file, job.job_id, format), file_name=f"written-{job.job_id}.{format}",
                mime=FORMATS[format], icon=":material/download:", on_click="ignore",
                key=f"generation_file_{job.job_id}_{format}", width="stretch",
            )  # fmt: skip


def _file(job_id: str, format: str) -> str:
    return written_file(written_report(database(), job_id), format)


def draw_texts(job: Job, report: Facts, *, actor: str) -> None:
    """Texts side by side with their differences marked, and the blind ratings."""
    found = side_by_side(database(), job.job_id)
    models = [row["name"] for row in report["systems"] if row["kind"] == "model"]
    read, say = st.tabs(["Side by side", "Rate"], on_change="rerun", key=f"generation_tabs_{job.job_id}")
    if read.open:
        with read:
            _draw_side_by_side(found, models, report["task"])
    if say.open:
        with say, showing_errors():
            _draw_rating(job, found, models, actor=actor)


def _draw_side_by_side(found: list[SideBySide], models: list[str], task: str) -> None:
    order = st.segmented_control(
        "Which", ["in order", *orders_of(task)], default="in order", required=True,
        format_func=_ORDERS.__getitem__, key=f"generation_order_{task}",
    )  # fmt: skip
    if order == "meaning lost":
        st.caption(
            f"Far from their source by embeddings (cosine below {FAR_BELOW:g}). Embeddings do not see a "
            "negation: a text that is near may still say the opposite."
        )
    shown = ordered(found, models[-1], order)[:_SHOWN]
    if not shown:
        st.caption("No text of the last model is that far from its source.")
    for one in shown:
        with st.container(border=True):
            st.caption(f"Pair {one.pair.pair_id}")
            for title, text in (
                ("source", one.pair.clean_source),
                ("reference", one.pair.clean_references[0]),
            ):
                st.markdown(f"**{title}** {escape_markdown(text)}")
            for name in models:
                said = one.of(name)
                numbers = _numbers_of(said.toxicity, said.meaning)
                st.markdown(
                    f"**{escape_markdown(name)}** {_marked(one.pair.clean_source, said.text)}"
                    + (f" :small[:gray[{numbers}]]" if numbers else "")
                )


def _marked(before: str, after: str) -> str:
    """The words of the text, those that are new marked, and those of the source that are gone struck out."""
    if not after:
        return "*(empty)*"
    parts = [_PARTS[kind].format(escape_markdown(words)) for kind, words in differences(before, after)]
    return " ".join(parts)


def _numbers_of(toxicity: float | None, meaning: float | None) -> str:
    parts = [
        "" if toxicity is None else f"toxicity {toxicity:.2f}",
        "" if meaning is None else f"same meaning {meaning:.2f}",
    ]
    return " · ".join(filter(None, parts))


def _draw_rating(job: Job, found: list[SideBySide], models: list[str], *, actor: str) -> None:
    """The next pair that this person has not rated, blind; then what people said so far."""
    said = list_ratings(database(), pair_set_id=job.snapshot_id, job_id=job.job_id)
    mine = {(one.pair_id, one.system) for one in said if one.created_by == actor}
    rest = [one for one in found if any((one.pair.pair_id, name) not in mine for name in models)]
    st.caption(
        f"{len(found) - len(rest):,} of {len(found):,} pairs rated by you. Whose text is whose is not told."
    )
    if rest:
        _draw_form(job, rest[0], models, actor=actor)
    else:
        st.success("You have rated every pair.", icon=":material/check:")
    if said:
        _draw_said(said)


def _draw_form(job: Job, one: SideBySide, models: list[str], *, actor: str) -> None:
    texts = blind_texts(one, models, actor=actor)
    letters = {letter: text for letter, _, text in texts}
    given: dict[str, dict[str, Any]] = {}
    with st.container(border=True):
        st.markdown(f"**Source** {escape_markdown(one.pair.clean_source)}")
        for letter, text in letters.items():
            st.markdown(f"**{letter}** {escape_markdown(text) or '*(empty)*'}")
            first, second, third, fourth = st.columns(4, vertical_alignment="bottom")
            key = f"generation_rate_{job.job_id}_{one.pair.pair_id}_{letter}"
            given[letter] = {
                "relevance": first.segmented_control("Relevance", SCALE, key=f"{key}_relevance"),
                "fluency": second.segmented_control("Fluency", SCALE, key=f"{key}_fluency"),
                "same_meaning": third.segmented_control(
                    "Same meaning", _YES_NO, format_func=_YES_NO.__getitem__, key=f"{key}_meaning"
                ),
                "toxic": fourth.segmented_control(
                    "Toxic", _YES_NO, format_func=_YES_NO.__getitem__, key=f"{key}_toxic"
                ),
            }
        missing = sum(value is None for answers in given.values() for value in answers.values())
        if missing:  # nobody's opinion is there before they have one
            st.caption(f"Not answered yet: {missing} of {4 * len(given)}. 1 is worst and 5 is best.")
        if st.button(
            "Keep and go on", type="primary", icon=":material/check:", disabled=missing > 0,
            key=f"generation_keep_{job.job_id}_{one.pair.pair_id}",
        ):  # fmt: skip
            with showing_errors():
                rate(
                    database(), job.job_id,
                    [Rating(one.pair.pair_id, system, **given[letter]) for letter, system, _ in texts],
                    actor=actor,
                )  # fmt: skip
                st.rerun()


def _draw_said(said: Sequence[Rating]) -> None:
    rated = rated_systems(said)
    st.dataframe(
        pd.DataFrame(
            {
                "writes": [shortened(one.system, 60) for one in rated],
                "texts": [one.texts for one in rated],
                "relevance": [f"{one.relevance:.2f}" for one in rated],
                "fluency": [f"{one.fluency:.2f}" for one in rated],
                "same meaning": [str(one.same_meaning) for one in rated],
                "toxic": [str(one.toxic) for one in rated],
            }
        ),
        hide_index=True,
        height="content",
        alt="What people said of each system",
    )
    if len({one.created_by for one in said}) > 1:
        alphas = ", ".join(
            f"{name.replace('_', ' ')} {'undefined' if found is None else str(found)}"
            for name, found in agreement_of(said).items()
        )
        st.caption(f"Krippendorff's alpha between people: {alphas}")
    fewest = min(one.texts for one in rated)
    if fewest < ENOUGH:
        st.caption(
            f"Automatic numbers often disagree with people: read {ENOUGH} texts of each system before a "
            f"release (so far {fewest})."
        )
