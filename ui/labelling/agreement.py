"""The screen of agreement: figures, labels, months, pairs, annotators. Names are data, never markup."""

from collections.abc import Hashable, Sequence

import pandas as pd
import streamlit as st

from domain.comments import Comment, Dataset
from domain.text import escape_markdown, shortened, visible
from services.curation import datasets
from services.evaluation.intervals import SMALL_N, Proportion
from services.labelling import agreement_report, annotators
from services.labelling.agreement_report import Agreement, PairAgreement
from services.labelling.annotators import AnnotatorQuality, Change
from services.labelling.ceiling import human_ceiling, people_told
from ui.comments_table import draw_rows
from ui.figures import draw_figure, in_brackets
from ui.labelling.agreement_charts import annotator_matrix, month_chart
from ui.links import pick, put
from ui.store import database

_GREY = "color: #8b93a3"
_SHOWN = 100
_MOST_PAIRS = 8  # more are scrolled
_CELL = ("said", "answered")  # keys of the URL: the labels of the first and of the second annotator


def choose_label(dataset: Dataset) -> str | None:
    """The one of several labels that everything below is about; None where a comment has one label."""
    if not dataset.several:
        return None
    names = datasets.get_label_set(database(), dataset.dataset_id).names
    chosen = pick("Label, given or not", names, key="about", forgets=_CELL)
    st.caption("A comment may have several labels: each is measured by itself.")
    return chosen


def agreement_of(dataset_id: str, level: str, about: str | None) -> Agreement:
    """The agreement of a dataset's annotators, of several labels about one."""
    return _agreement(dataset_id, level, about, database().revision_of(dataset_id))


def annotators_of(dataset_id: str, about: str | None) -> list[AnnotatorQuality]:
    """How each annotator works."""
    return _annotators(dataset_id, about, database().revision_of(dataset_id))


def changes_of(dataset_id: str, about: str | None) -> list[Change]:
    """Changes of mind, the most frequent first."""
    return _changes(dataset_id, about, database().revision_of(dataset_id))


# The revision is part of each key: a write to the dataset makes the next reader look again.


@st.cache_data(max_entries=16, show_spinner="Counting votes")
def _agreement(dataset_id: str, level: str, about: str | None, revision: int) -> Agreement:
    return agreement_report.measure_agreement(database(), dataset_id, level=level, about=about)


@st.cache_data(max_entries=16, show_spinner="Counting votes")
def _annotators(dataset_id: str, about: str | None, revision: int) -> list[AnnotatorQuality]:
    return annotators.list_annotators(database(), dataset_id, about=about)


@st.cache_data(max_entries=16, show_spinner=False)
def _changes(dataset_id: str, about: str | None, revision: int) -> list[Change]:
    return annotators.list_changes(database(), dataset_id, about=about)


@st.cache_data(max_entries=16, show_spinner=False)
def _ceiling(dataset_id: str, revision: int) -> Proportion | None:
    return human_ceiling(database(), dataset_id)


@st.cache_data(max_entries=32, show_spinner=False)
def _behind(
    dataset_id: str, people: tuple[str, str], labels: tuple[str, str], about: str | None, revision: int
) -> list[Comment]:
    return agreement_report.pair_comments(database(), dataset_id, people, labels, about=about, limit=_SHOWN)


def draw_coefficients(found: Agreement) -> None:
    """The four coefficients with their intervals, and what may be concluded."""
    figures = (
        (f"Krippendorff's alpha, {found.level}", found.alpha, "1 is perfect, 0 is chance"),
        ("Raw agreement", found.raw, "two people, one comment, one label"),
        ("Fleiss' kappa", found.fleiss, "beyond chance, by the shares of the labels"),
        ("Gwet's AC1", found.ac1, "beyond chance, steady where a label is rare"),
    )
    for column, (title, number, note) in zip(st.columns(4), figures, strict=True):
        with column:
            draw_figure(title, number, n=found.n, note=note)
    st.markdown(escape_markdown(found.sentence))
    st.caption(
        f"{found.n:,} comments with two votes or more, {found.votes:,} votes of {len(found.annotators)}"
        " people; excluded comments are left out, tied ones are in. A label from a file without a name is"
        " nobody's vote. Repeated authors or texts make the true intervals wider."
    )


def draw_human_ceiling(dataset_id: str) -> None:
    """What people reach themselves, beside a model's accuracy or below the coefficients."""
    told = people_told(_ceiling(dataset_id, database().revision_of(dataset_id)))
    if told:
        st.caption(told)


def draw_labels(found: Agreement) -> None:
    """Each label against all others."""
    rows = pd.DataFrame(
        [
            (
                shortened(each.label, 60),
                f"{each.n:,}",
                "–" if each.share is None else f"{each.share.value:.1%}",
                in_brackets(each.specific),
                in_brackets(each.alpha),
            )
            for each in found.by_label
        ],
        columns=["label", "comments", "share of votes", "specific agreement", "alpha against the rest"],
    )
    few = [each.n < SMALL_N for each in found.by_label]
    st.dataframe(
        rows.style.apply(lambda column: [_GREY if small else "" for small in few]),
        hide_index=True,
        height="content",
        alt="Agreement on each label",
    )
    st.caption(
        "Specific agreement: if one person gave this label, how often did another one too. The weakest label"
        f" is where the guideline needs words. Grey: fewer than {SMALL_N} comments."
    )


def draw_months(found: Agreement) -> None:
    """Alpha by the month of the newest vote, with intervals."""
    known = [each for each in found.by_month if each.alpha is not None]
    if len(known) < 2:
        st.caption("All votes are of one month; from two on, they are drawn here.")
        return
    st.altair_chart(month_chart(known), alt=f"Alpha of {len(known)} months with intervals")
    st.caption(
        "By the month (UTC) of a comment's newest vote. Bars are 95 % intervals; hollow points rest on few."
    )


def draw_pairs(found: Agreement) -> None:
    """Every pair, one of them as a matrix, and the comments behind a cell of it."""
    pairs = {f"{visible(each.first)} and {visible(each.second)}": each for each in found.by_pair}
    rows = pd.DataFrame(
        [
            (
                visible(each.first),
                visible(each.second),
                f"{each.n:,}",
                in_brackets(each.raw),
                in_brackets(each.kappa),
            )
            for each in found.by_pair
        ],
        columns=["first", "second", "comments", "raw agreement", "Cohen's kappa"],
    )
    few = [each.n < SMALL_N for each in found.by_pair]
    st.dataframe(
        rows.style.apply(lambda column: [_GREY if small else "" for small in few]),
        hide_index=True,
        height="content" if len(rows) <= _MOST_PAIRS else 300,
        alt="Agreement of each pair of annotators",
    )
    _draw_pair(found, pairs[pick("Pair", list(pairs), key="pair", forgets=_CELL)])


def _draw_pair(found: Agreement, pair: PairAgreement) -> None:
    key = f"agreement_matrix_{pair.first}_{pair.second}"

    def open_cell() -> None:
        clicked = st.session_state[key]["selection"]["cell"]
        for name in _CELL:
            put(name, clicked[0][name] if clicked else "")

    said, answered = (st.query_params.get(name, "") for name in _CELL)
    st.altair_chart(
        annotator_matrix(
            pair, found.labels, is_dark=st.context.theme.type == "dark", framed=(said, answered)
        ),
        width="content",
        key=key,
        on_select=open_cell,
        selection_mode="cell",
        alt=f"What both said of {pair.n:,} comments",
    )
    st.caption(
        "Colour is the share of the row: blue is the same label, red another one. A click opens the comments."
    )
    if said in found.labels and answered in found.labels:
        people, revision = (pair.first, pair.second), database().revision_of(found.dataset_id)
        draw_comments(
            _behind(found.dataset_id, people, (said, answered), found.about, revision),
            count=pair.table[found.labels.index(said)][found.labels.index(answered)],
            key=f"agreement_cell_{said}_{answered}",
        )


def draw_comments(listed: Sequence[Comment], *, count: int, key: str) -> None:
    """Comments behind a number; picking one offers the way to all that is known of it."""
    st.caption(f"{len(listed):,} of {count:,} comments.")
    if not listed:
        return
    table = pd.DataFrame(
        {
            "comment": [each.comment_id for each in listed],
            "text": [visible(each.body) for each in listed],
            "label in force": [visible(each.label or "none") for each in listed],
            "from": [each.label_from or "" for each in listed],
        }
    )
    alt = "Comments behind the chosen cell"
    draw_rows(table, key=key, alt=alt, dataset_id=listed[0].dataset_id)


def draw_annotators(people: Sequence[AnnotatorQuality], changes: Sequence[Change]) -> None:
    """One row per person, grey where little was compared; then where minds were changed."""
    table = pd.DataFrame(
        [
            (
                visible(each.annotator),
                f"{each.labels:,}",
                in_brackets(each.agreement) if each.agreement else "nothing to compare",
                f"{each.agreement.n:,}" if each.agreement else "0",
                "–" if each.median_s is None else f"{each.median_s:.1f}",
                f"{each.changes:,}",
                in_brackets(each.consistency) if each.consistency else "no repeats",
                f"{each.consistency.n:,}" if each.consistency else "0",
            )
            for each in people
        ],
        columns=["annotator", "labels", "agrees with the others", "n", "median seconds", "changes of mind",
                 "repeats answered alike", "repeats"],
    )  # fmt: skip
    few = [each.few for each in people]
    first: list[Hashable] = list(table.columns[:6])
    unsure = [each.consistency is None or each.consistency.n < SMALL_N for each in people]
    repeated: list[Hashable] = ["repeats answered alike", "repeats"]
    st.dataframe(
        table.style.apply(lambda column: [_GREY if small else "" for small in few], subset=first).apply(
            lambda column: [_GREY if small else "" for small in unsure], subset=repeated
        ),
        hide_index=True,
        height="content",
        alt="How each annotator works",
    )
    st.caption(
        "Agrees with the others: with the label that would be in force without this person's own vote."
        f" Repeats are texts that came again. Grey: fewer than {SMALL_N}, too few to say anything."
        " Who labels the hard comments agrees less."
    )
    st.subheader("Changes of mind", anchor=False)
    if not changes:
        st.caption(
            "Nobody replaced a label of their own. Where they do, two definitions are hard to tell apart."
        )
        return
    told = pd.DataFrame(
        [(visible(each.before), visible(each.after), each.count, each.annotators) for each in changes],
        columns=["first said", "then said", "times", "people"],
    )
    st.dataframe(told, hide_index=True, height="content", alt="Labels that people replaced by another")
    st.caption(
        "Where one change is frequent, two definitions are hard to tell apart: mend the guideline there."
    )
