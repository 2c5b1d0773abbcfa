"""The one place where our own errors become a message."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from domain.errors import WorkbenchError
from domain.text import escape_markdown, sentence


@contextmanager
def showing_errors() -> Iterator[None]:
    """Turn our own errors into a message; anything else is a bug and stays loud in the log."""
    try:
        yield
    except WorkbenchError as error:
        show(error)


def show(error: WorkbenchError) -> None:
    """The error as a message, its words as they are."""
    st.error(
        f"{escape_markdown(sentence(str(error)))}  \n{escape_markdown(error.hint)}", icon=":material/error:"
    )
