"""The Evaluate page's part on worst slices: the search among facts, and how mentions of identity fare."""

from typing import Any

import pandas as pd
import streamlit as st

from domain.models import Run
from domain.text import escape_markdown, shortened, visible
from services.evaluation.identity_terms import identity_terms
from services.evaluation.reviews import answers_to
from services.evaluation.saved_slices import list_saved_slices
from services.evaluation.slicing import slices_told
from ui.charts import label_title
from ui.comments_table import draw_answers
from ui.errors import showing_errors
from ui.figures import GREY
from ui.links import pick
from ui.store import database

_SHOWN = 12
_SHOWN_BY_CHANCE = 6  # where none is worse beyond chance
_AT_ONCE = 50_000  # comments; more are searched when the part is opened
_AREAS = {"subgroup": "within", "bpsn": "BPSN", "bnsp": "BNSP"}


def draw_worst_slices(run: Run, dataset_id: str, *, small: str = "") -> None:
    """The parts of a run that are worse beyond chance, with their comments, and mentions of identity.

    Args:
        small: What the top of the page says of a slice that is too small for this search; "" for none.
    """
    part = st.expander(
        "Search for the worst parts, and mentions of identity",
        expanded=run.row_count <= _AT_ONCE,
        icon=":material/travel_explore:",
        on_change="rerun",
        key="evaluate_worst",
    )
    if not part.open:
        return
    with part, showing_errors():
        label = pick("Among", ["", *run.labels], key="among", shown=_among)
        terms, saved = identity_terms(database().home), list_saved_slices(database(), dataset_id)
        stamp = [f"{terms.as_of} {len(terms.term_of)}", *(f"{each.name} {each.created_at}" for each in saved)]
        told = _told(run.run_id, label, tuple(stamp))
        st.markdown(escape_markdown(told["sentence"]))
        if small:
            st.markdown(f"Too small for this search, and named at the top: {escape_markdown(small)}.")
        if told["worst"]:
            _draw_parts(told, run, dataset_id)
        _draw_identity(told)


# Terms and saved slices can be edited: what identifies them is part of the key.
@st.cache_data(max_entries=32, show_spinner="Looking among the parts")
def _told(run_id: str, label: str, stamp: tuple[str, ...]) -> dict[str, Any]:
    return slices_told(database(), run_id, label=label or None, most=_SHOWN)


def _among(label: str) -> str:
    return (
        f"comments labelled {label_title(label)}: what is missed" if label else "all comments: what is wrong"
    )


def _draw_parts(told: dict[str, Any], run: Run, dataset_id: str) -> None:
    worse = [each for each in told["worst"] if each["is_worse"]]
    worst = worse or told["worst"][:_SHOWN_BY_CHANCE]
    table = pd.DataFrame(
        {
            "part": [visible(shortened(each["name"], 90)) for each in worst],
            "wrong": [f"{each['wrong']['successes']:,} of {each['wrong']['n']:,}" for each in worst],
            "share wrong": [_interval(each["wrong"]) for each in worst],
            "elsewhere": [f"{each['elsewhere']['value']:.1%}" for each in worst],
            "p after Holm": [
                "< 0.001" if each["p_holm"] < 0.001 else f"{each['p_holm']:.3f}" for each in worst
            ],
            "worse": ["worse" if each["is_worse"] else "can be chance" for each in worst],
        }
    )
    picked = st.dataframe(
        table.style.apply(lambda column: ["" if each["is_worse"] else GREY for each in worst]),
        hide_index=True,
        height="content",
        on_select="rerun",
        selection_mode="single-row",
        key=f"evaluate_parts_{run.run_id}_{told['label'] or ''}",
        alt="Parts of the comments, the most surely worse first",
    )
    st.caption(
        "Single facts and pairs of 30 or more comments, against all others: Fisher's exact test towards"
        " worse, Holm's correction over all parts looked at. Grey can be chance. Pick a row for its errors."
    )
    rows = picked["selection"]["rows"]
    if rows and rows[0] < len(worst):
        chosen = worst[rows[0]]
        answers = answers_to(database(), run.run_id, chosen["comment_ids"])
        wrong = chosen["wrong"]["successes"]
        st.markdown(
            f"**{escape_markdown(shortened(chosen['name'], 90))}**: {len(answers):,} of {wrong:,} errors"
        )
        if answers:
            draw_answers(answers, key=f"evaluate_part_{rows[0]}", dataset_id=dataset_id)


def _draw_identity(told: dict[str, Any]) -> None:
    st.markdown("**Mentions of identity**")
    found = told["identity"]
    if found is None:
        st.caption(escape_markdown(told["identity_why_not"]))
        return
    bias = found["bias"]
    if not bias["terms"]:
        st.caption("No identity term is mentioned in 30 or more innocent comments: nothing can be said.")
        return
    table = pd.DataFrame(
        {
            "term": [visible(each["term"]) for each in bias["terms"]],
            "unwanted": [f"{each['positives']:,}" for each in bias["terms"]],
            "others": [f"{each['negatives']:,}" for each in bias["terms"]],
            "others flagged": [_interval(each["false_positives"]) for each in bias["terms"]],
            "than elsewhere": [_gap(each["gap"]) for each in bias["terms"]],
            **{words: [_area(each[name]) for each in bias["terms"]] for name, words in _AREAS.items()},
        }
    )
    st.dataframe(
        table, hide_index=True, height=min(38 + 35 * len(table), 320),
        alt="Identity terms: innocent comments flagged and three areas, worst first",
    )  # fmt: skip
    st.caption(escape_markdown(_basis(found)))


def _basis(found: dict[str, Any]) -> str:
    bias = found["bias"]
    mean = "" if bias["final"] is None else f" Final of overall and means (power −5): {bias['final']:.3f}."
    return (
        f"Flagged by {found['at']}; unwanted: {', '.join(found['unwanted'])}. Areas under the ROC curve need"
        f" 100 comments of either kind; over all {bias['overall']['value']:.3f}. BPSN is low where the"
        f" mention itself looks unwanted, BNSP where unwanted comments with it are missed.{mean} Terms of"
        f" {found['terms_as_of']}; identity_terms.json in the data folder replaces them."
    )


def _interval(told: dict[str, Any] | None) -> str:
    return "undefined" if told is None else f"{told['value']:.1%} ({told['low']:.1%} to {told['high']:.1%})"


def _gap(told: dict[str, Any] | None) -> str:
    return "–" if told is None else f"{told['value']:+.1%} ({told['low']:+.1%} to {told['high']:+.1%})"


def _area(told: dict[str, Any] | None) -> str:
    return "too few" if told is None else f"{told['value']:.3f}"
