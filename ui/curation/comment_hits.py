"""What a search found, with the words marked; a row opens the comment."""

from collections.abc import Sequence

import streamlit as st

from domain.comments import Comment
from domain.searching import Term, places_of
from domain.text import escape_markdown, visible
from ui.curation.comments import LABEL_SOURCE_TITLES

_AROUND, _AHEAD = 300, 60  # characters shown, and of them before the first word found


def draw_hits(comments: Sequence[Comment], terms: tuple[Term, ...], *, beside: Sequence[str] = ()) -> None:
    """One row a comment: the text with what was found in it marked, and what is known of it below.

    Args:
        beside: What else is told of each.
    """
    for comment, told in zip(comments, beside or [""] * len(comments), strict=True):
        with st.container(border=True, gap=None):
            st.button(
                marked(comment.body, terms) or "(empty)",
                type="tertiary",
                key=f"hit_{comment.comment_id}",
                on_click=_open,
                args=(comment.comment_id,),
            )
            st.caption(escape_markdown(_about(comment, told)))


def marked(text: str, terms: tuple[Term, ...]) -> str:
    """Markdown of a stretch of the text, letter by letter, with what was found on a coloured ground."""
    places = places_of(text, terms)
    start = max(0, places[0][0] - _AHEAD) if places and places[0][0] > _AROUND - _AHEAD else 0
    end = min(len(text), start + _AROUND)
    parts, at = ["… " if start else ""], start
    for begin, stop in places:
        if begin >= end:
            break
        parts += [_plain(text[at:begin]), f":orange-background[{_plain(text[begin : min(stop, end)])}]"]
        at = min(stop, end)
    return "".join([*parts, _plain(text[at:end]), " …" if end < len(text) else ""]).strip()


def _plain(part: str) -> str:
    return escape_markdown(part)


def _about(comment: Comment, told: str) -> str:
    said = None
    if comment.label:
        said = f"{comment.label} ({LABEL_SOURCE_TITLES.get(comment.label_from or '', 'unknown')})"
    excluded = f"excluded: {comment.excluded_for}" if comment.excluded_for else None
    known = (told, str(comment.comment_id), said or "no label", comment.author, comment.split, excluded)
    return " · ".join(visible(part) for part in known if part)


def _open(comment_id: int) -> None:
    st.query_params["comment"] = str(comment_id)
