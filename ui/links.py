"""Choices that live in the URL under an id, while the screen shows words.

A bound widget would put its words into the URL, and a model's name is no address.
"""

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from domain.text import escape_markdown
from services.evaluation.confusion import UNPARSED
from ui.charts import label_title


def pick(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    shown: Callable[[str], str] = str,
    default: int = 0,
    forgets: Sequence[str] = (),
) -> str:
    """The option that `?key=` names, in a select box that writes it there; "" stands for none.

    A link to an option that is not there is answered with the default, and says so.

    Args:
        shown: The words for an option.
        forgets: Keys that leave the URL when the person chooses anew.
    """
    widget, wanted = f"{key}_picked", st.query_params.get(key, "")
    if wanted and wanted not in options:
        st.warning(
            f"{escape_markdown(wanted)} is not among what can be chosen under “{label}”, so that something"
            " else is shown. It may belong to another dataset.",
            icon=":material/link_off:",
        )
    chosen = wanted if wanted in options else options[default]
    st.session_state[widget] = chosen
    st.selectbox(
        label, options, key=widget, format_func=shown, on_change=_follow, args=(key, widget, forgets)
    )
    if chosen != wanted:
        put(key, chosen)
    return chosen


def pick_cell(
    labels: Sequence[str], columns: Sequence[DeltaGenerator], *, forgets: Sequence[str] = ()
) -> tuple[str, str]:
    """The frozen and the predicted label of a cell of the confusion matrix, each "" for any."""

    def shown(label: str) -> str:
        return label_title(label) or "any"

    with columns[0]:
        gold = pick("Frozen label", ["", *labels], key="gold", shown=shown, forgets=forgets)
    with columns[1]:
        options = ["", *labels, UNPARSED]
        predicted = pick("Predicted", options, key="predicted", shown=shown, forgets=forgets)
    return gold, predicted


def put(key: str, value: str) -> None:
    """Write the value into the URL; an empty one leaves it."""
    if value:
        st.query_params[key] = value
    else:
        st.query_params.pop(key, None)


def _follow(key: str, widget: str, forgets: Sequence[str]) -> None:
    put(key, st.session_state[widget])
    for other in forgets:
        put(other, "")
