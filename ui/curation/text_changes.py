"""How one text became another, or how it differs from one, in colour."""

from collections.abc import Sequence

import streamlit as st

from domain.text import escape_markdown
from services.curation.texts import Change

_MARKS = {"same": "{}", "gone": ":red-background[~~{}~~]", "new": ":green-background[{}]"}


def draw_changes(changes: Sequence[Change]) -> None:
    """Texts before and after a repair: what goes is struck through, what comes is green."""
    for change in changes:
        told = "".join(_MARKS[kind].format(_inside(piece)) for kind, piece in change.parts)
        st.markdown(f":gray[{change.comment_id}] {told}")


def draw_difference(change: Change) -> None:
    """The text after, with what the one before does not have in green."""
    st.markdown(
        "".join(_MARKS[kind].format(_inside(piece)) for kind, piece in change.parts if kind != "gone")
    )


def _inside(piece: str) -> str:
    """A piece as Markdown shows it letter by letter; spaces at its ends would undo the mark around it."""
    shown = escape_markdown(piece)
    return shown.replace(" ", "\u00a0") if shown.strip() != shown or not shown.strip() else shown
