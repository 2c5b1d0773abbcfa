"""The parts of the Guideline page: writing the next version, and reading those before."""

import difflib
from collections.abc import Sequence

import streamlit as st

from domain.comments import Dataset, Guideline
from domain.text import escape_markdown, visible
from services.curation import datasets
from ui.errors import showing_errors
from ui.store import database
from ui.times import when

_PLACEHOLDER = "allow: …\ndisallow: …\n\nIn doubt: …\n\nExamples: …"


def write_next(dataset: Dataset, newest: Guideline | None, who: str) -> None:
    """The text of the newest version, to be changed; what is saved is the next version.

    A draft stays as it is when somebody else saves meanwhile, and its writer is told.
    """
    version, body = (newest.version, newest.body) if newest else (0, "")
    key, begun = f"guideline_{dataset.dataset_id}", f"guideline_begun_{dataset.dataset_id}"
    kept = f"guideline_draft_{dataset.dataset_id}"  # a widget's own state goes when another page is opened
    if key not in st.session_state:
        st.session_state[key] = st.session_state.get(kept, body)
    if st.session_state.get(begun, (version, body))[1] == st.session_state[key]:
        st.session_state[begun], st.session_state[key] = (version, body), body  # nothing was changed yet
    if st.session_state[begun][0] != version:
        _tell_newer(newest, begun, key)
    draft = st.text_area("What each label means", height=380, placeholder=_PLACEHOLDER, key=key) or ""
    st.session_state[kept] = draft
    st.caption(
        "Votes carry the version that was in force. A model at a provider is told this text before every "
        "comment, and is never asked in other words than it was trained with."
    )
    if st.button(
        f"Save as version {version + 1}",
        type="primary",
        icon=":material/save:",
        key="guideline_save",
        disabled=not draft.strip() or draft == body,
    ):
        with showing_errors():
            number = datasets.write_guideline(
                database(), dataset.dataset_id, draft, actor=who, instead_of=version
            )
            del st.session_state[begun]
            st.session_state["guideline_done"] = f"Version {number} is in force."
            st.rerun()


def _tell_newer(newest: Guideline | None, begun: str, key: str) -> None:
    """Somebody saved while this person was writing: both texts are there, and nothing is lost."""
    if newest is None:
        return
    st.warning(
        f"{escape_markdown(newest.created_by)} saved version {newest.version} while you were writing. Your "
        "text is kept here; saving puts it over theirs, which stays below as a version.",
        icon=":material/group:",
    )

    def begin_anew() -> None:
        st.session_state[begun], st.session_state[key] = (newest.version, newest.body), newest.body

    st.button("Drop mine and go on from theirs", on_click=begin_anew, key="guideline_anew")


def draw_versions(versions: Sequence[Guideline]) -> None:
    """Every version, newest first, and what it changed in the one before."""
    for place, one in enumerate(versions):
        before = versions[place + 1] if place + 1 < len(versions) else None
        title = f"Version {one.version} · {escape_markdown(one.created_by)}, {when(one.created_at)}"
        with st.expander(title, icon=":material/history:"):
            if before is not None:
                st.caption(f"What changed since version {before.version}")
                st.code(visible(changes(before.body, one.body)), language="diff", wrap_lines=True)
            else:
                st.text(visible(one.body))


def changes(before: str, after: str) -> str:
    """The lines that were taken out and put in, with two lines around each place."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return "\n".join(list(lines)[2:])  # without the names of files, of which there are none
