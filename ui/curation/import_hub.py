"""A data set of the Hugging Face hub on the Import page: asked about, fetched, then read like a file."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from domain.text import escape_markdown, shortened
from services.curation import hub_data
from services.curation.hub_data import HubData
from ui.errors import showing_errors
from ui.store import database

_ASKED, _FETCHED = "import_hub_asked", "import_hub_fetched"


@dataclass(frozen=True)
class Fetched:
    """A data set on this machine: what to read, its folder, and what it is called."""

    path: Path
    folder: Path
    name: str


def fetched() -> Fetched | None:
    """The data set that was fetched in this session and is not imported yet."""
    held = st.session_state.get(_FETCHED)
    return held if isinstance(held, Fetched) and held.path.exists() else None


def put_away() -> None:
    """Forget what was fetched, and remove it."""
    held = st.session_state.pop(_FETCHED, None)
    st.session_state.pop(_ASKED, None)
    if isinstance(held, Fetched):
        shutil.rmtree(held.folder, ignore_errors=True)


def offer_hub() -> None:
    """Ask the hub about a data set, and fetch it."""
    asked = st.session_state.get(_ASKED)
    with (
        st.expander(
            "A data set of the Hugging Face hub", icon=":material/cloud_download:", expanded=bool(asked)
        ),
        showing_errors(),
    ):
        named, at, below = st.columns([2, 2, 1])
        name = named.text_input("Name", placeholder="owner/name", max_chars=200, key="import_hub_name")
        revision = at.text_input(
            "Commit, branch or tag",
            placeholder="the newest",
            max_chars=200,
            key="import_hub_revision",
            help="It is fetched at the commit that this is now, and the commit is noted with the import.",
        )
        part = below.text_input(
            "Part", placeholder="all", max_chars=500, key="import_hub_part", help="A folder or file."
        )
        st.caption("Only the name goes to the hub. A loading script is never fetched and never run.")
        if st.button(
            "Ask the hub", icon=":material/cloud:", key="import_hub_ask", disabled=not (name or "").strip()
        ):
            st.session_state.pop(_ASKED, None)
            with st.spinner("Asking the hub"):
                asked = hub_data.look_up(
                    str(name).strip(), (revision or "").strip() or None, part=(part or "").strip().strip("/")
                )
            st.session_state[_ASKED] = asked
        if isinstance(asked, HubData):
            _draw_asked(asked)
            if st.button("Fetch it", type="primary", icon=":material/download:", key="import_hub_fetch"):
                _fetch(asked)


def _draw_asked(asked: HubData) -> None:
    files = "1 file" if len(asked.files) == 1 else f"{len(asked.files):,} files"
    st.markdown(
        f":material/cloud_done: **{escape_markdown(asked.name)}** · licence"
        f" {escape_markdown(asked.licence or 'not told')} · {files}, {asked.size_bytes / 1e6:,.1f} MB ·"
        f" commit {asked.revision}"
    )
    if asked.parts:
        st.caption(f"Parts: {escape_markdown(shortened(', '.join(asked.parts), 300))}")


def _fetch(asked: HubData) -> None:
    """Fetch with progress. Cancel reruns the page, which ends the download, and nothing of it stays."""
    bar = st.progress(0.0, "Fetching")
    st.button("Cancel", icon=":material/close:", key="import_hub_cancel")
    folder = Path(tempfile.mkdtemp(prefix="hub-", dir=database().home / "tmp"))
    try:
        path = hub_data.fetch(asked, folder, told=lambda here, whole: _show(bar, here, whole))
    except BaseException:  # also what a cancelled run of the page raises
        shutil.rmtree(folder, ignore_errors=True)
        raise
    put_away()
    st.session_state[_FETCHED] = Fetched(path, folder, asked.label)
    st.rerun()


def _show(bar: st.delta_generator.DeltaGenerator, here: int, whole: int) -> None:
    bar.progress(min(1.0, here / max(1, whole)), f"{here / 1e6:,.1f} of {whole / 1e6:,.1f} MB …")
