"""Numbers as a lead reads them: each with its interval and its n, undefined ones as such."""

from collections.abc import Hashable

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from domain.text import escape_markdown, shortened
from services.evaluation.comparing import RunComparison
from services.evaluation.intervals import SMALL_N, Estimate, Proportion
from services.evaluation.metrics import Report
from services.evaluation.reports import (
    DataFacts,
    Evaluation,
    labels_told,
    leaks_told,
    repaired_told,
    unparsed_told,
)
from services.evaluation.set_metrics import SetReport
from services.release.card_sections import WIDENED
from ui.words import HOLM, MATTHEWS, MCNEMAR

GREY = "color: #8b93a3"


def draw_metric(title: str, value: str, *, words: str | None = None) -> None:
    """A number under its name, which goes on in a second line where the box is narrow."""
    st.caption(title, help=words)
    st.metric(title, value, label_visibility="collapsed")


def draw_figure(
    title: str, number: Proportion | Estimate | None, *, n: int, note: str = "", words: str | None = None
) -> None:
    """One headline number in a box, with its interval and n below; `words` say what its name means."""
    with st.container(border=True, height="stretch", gap="xsmall"):
        draw_metric(title, "undefined" if number is None else f"{number.value:.3f}", words=words)
        few = " :orange-badge[few]" if n < SMALL_N else ""
        interval = "" if number is None else f"95 % interval {number.low:.3f} to {number.high:.3f} · "
        st.caption("  \n".join(filter(None, (f"{interval}n = {n:,}{few}", note))))


def draw_count(title: str, count: int, *, n: int) -> None:
    """A count out of n in a box, with its share and the share's interval below."""
    share = Proportion(count, n)
    with st.container(border=True, height="stretch", gap="xsmall"):
        draw_metric(title, f"{count:,}")
        st.caption(f"{share.value:.1%} of n = {n:,}  \n95 % interval {share.low:.1%} to {share.high:.1%}")


def data_sentence(data: DataFacts, n: int) -> str:
    """What the numbers were measured on, as one line of Markdown."""
    guideline = f"guideline v{data.guideline_version}" if data.guideline_version else "no guideline"
    return (
        f"Measured on {n:,} comments: the **{data.split}** split of **{data.snapshot_id}**"
        f" ({data.row_count:,} rows, {data.split_mode} split, {guideline}, sha256 `{data.sha256[:12]}`)."
        f" {labels_told(data.label_from)} {repaired_told(data.repaired, data.split)}"
        f" {leaks_told(vars(data))}"
    )


def draw_data(found: Evaluation) -> None:
    """The sentence on the data, what authors that repeat do, and a warning where answers had been seen."""
    data, n, shared = found.data, found.report.n, found.clustering
    st.caption(data_sentence(data, n))
    if shared is not None:
        st.caption(f"{shared.sentence} {WIDENED if shared.matters else ''}")
    if told := unparsed_told(found.report.unparsed, found.withheld):
        st.markdown(f"{told}.")
    if data.seen_in_training:
        st.warning(
            f"The model learned from {data.seen_in_training:,} of these {n:,} comments, so that the numbers"
            " are better than they will be on new ones.",
            icon=":material/warning:",
        )


def draw_classes(found: Report) -> None:
    """The table of the labels, and how its intervals were made."""
    st.dataframe(
        class_table(found),
        hide_index=True,
        height="content",
        alt="Precision, recall and F1 of each label with intervals",
    )
    st.caption(
        "95 % intervals: Wilson for precision and recall, the wider of Wilson and bootstrap for F1. Grey:"
        f" fewer than {SMALL_N} comments. {MATTHEWS} Balanced accuracy"
        f" {in_brackets(found.balanced_accuracy)}, Matthews correlation {in_brackets(found.mcc)}, n ="
        f" {found.n:,}."
    )


def class_table(found: Report | SetReport) -> Styler:
    """Precision, recall and F1 of each label and their averages; what rests on few comments is grey."""
    rows = [
        (
            shortened(each.label, 60),
            f"{each.support:,}",
            f"{each.predicted:,}",
            in_brackets(each.precision),
            in_brackets(each.recall),
            in_brackets(each.f1),
            "few" if each.support < SMALL_N else "",
        )
        for each in found.classes
    ]
    for name, kind in (("macro average", "macro"), ("weighted average", "weighted")):
        precision, recall, f1 = (
            in_brackets(getattr(found, f"{kind}_{metric}")) for metric in ("precision", "recall", "f1")
        )
        rows.append((name, f"{found.n:,}", f"{found.n - found.unparsed:,}", precision, recall, f1, ""))
    columns = ["label", "comments", "predicted", "precision", "recall", "F1", "note"]
    table = pd.DataFrame(rows, columns=columns)
    few = [each.support < SMALL_N for each in found.classes]
    rare = [each.predicted < SMALL_N for each in found.classes]
    if not any(few):
        table = table.drop(columns="note")
    small: list[Hashable] = [name for name in table.columns if name not in ("predicted", "precision")]
    return (
        table.style.apply(_greyed, mask=few, subset=small)
        .apply(_greyed, mask=rare, subset=["predicted", "precision"])
        .set_properties(subset=["comments", "predicted"], **{"text-align": "right"})
    )


def in_brackets(number: Proportion | Estimate | None) -> str:
    """The number with its interval in brackets, for a cell of a table."""
    return "undefined" if number is None else f"{number.value:.3f} ({number.low:.3f} to {number.high:.3f})"


def _greyed(column: "pd.Series[str]", mask: list[bool]) -> list[str]:
    """Styles of one column; the averages below the labels are never grey."""
    return [GREY if place < len(mask) and mask[place] else "" for place in range(len(column))]


def draw_verdict(found: RunComparison) -> None:
    """The sentence first, under a word for what may be concluded, then both accuracies and the labels."""
    counts = found.counts
    with st.container(border=True):
        st.markdown(_comparison_badge(found))
        st.markdown(escape_markdown(found.sentence))
    before, after, gap = st.columns(3)
    with before:
        draw_figure("Accuracy before", counts.accuracy_before, n=counts.n)
    with after:
        draw_figure("Accuracy after", counts.accuracy_after, n=counts.n)
    with gap:
        p_value = "p < 0.001" if counts.p_value < 0.001 else f"p = {counts.p_value:.3f}"
        draw_figure(
            "Difference in accuracy",
            counts.difference,
            n=counts.n,
            note=f"exact McNemar {p_value}",
            words=MCNEMAR,
        )
    _draw_label_changes(found)


def _comparison_badge(found: RunComparison) -> str:
    if found.is_trade:
        return ":orange-badge[A trade]"
    colours = {"better": "green", "worse": "red", "not decidable": "gray"}
    verdict = found.counts.verdict
    word = "Same answers" if found.same_answers else verdict.capitalize()
    if verdict == "not decidable" and any(each.moves for each in found.labels):
        word += " by accuracy"
    return f":{colours[verdict]}-badge[{word}]"


def _draw_label_changes(found: RunComparison) -> None:
    """Fixed and broken of each label, with the test of its recall: accuracy may hide a trade."""
    words = {1: "more found", -1: "more lost", 0: "not decidable"}
    table = pd.DataFrame(
        [
            (
                shortened(each.label, 60),
                f"{each.n:,}",
                f"{each.fixed:,}",
                f"{each.broken:,}",
                "< 0.001" if each.p_holm < 0.001 else f"{each.p_holm:.3f}",
                words[each.moves],
            )
            for each in found.labels
        ],
        columns=["label", "comments", "fixed", "newly broken", "p after Holm", ""],
    )
    st.dataframe(
        table, hide_index=True, height="content", alt="Fixed and newly broken comments of each frozen label"
    )
    st.caption(f"Each label's recall by the same exact test. {HOLM}")


def draw_left_out(found: RunComparison) -> None:
    """Which comments are not in the comparison, and a warning where a model had seen the answers."""
    out = found.left_out
    if out.total:
        st.caption(
            f"Left out: {out.before_only:,} comments that only the run before answered, {out.after_only:,}"
            f" that only the run after answered, {out.relabelled:,} whose frozen labels differ."
        )
    for name, seen in ((found.before_name, found.before_seen), (found.after_name, found.after_seen)):
        if seen:
            st.warning(
                f"{escape_markdown(name)} learned from {seen:,} comments of its run: it has an unfair lead.",
                icon=":material/warning:",
            )
