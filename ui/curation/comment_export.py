"""Comments as a file or a folder, from the page: written beside the data, then to be taken away."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from domain.comments import CommentFilter
from domain.text import escape_markdown
from services.curation.texts import count_unseen
from services.release.dataset_folder import write_comments
from services.release.export import export_comments
from services.release.writers import Progress
from ui.errors import showing_errors
from ui.store import database

FORMATS = {
    "csv": "CSV",
    "jsonl": "JSONL",
    "parquet": "Parquet",
    "xlsx": "XLSX, to read only",
    "datasets": "Folder for Hugging Face datasets, with a card",
}
_MOST_TAKEN = 100_000_000  # bytes; a larger file is only named, for a download holds it in memory


def draw_export(wanted: CommentFilter, slice_name: str) -> None:
    """The comments of the list in a format of choice, with every vote on them."""

    def write(path: Path, format: str, licence: str, progress: Progress) -> int:
        if format == "datasets":
            return write_comments(
                database(), wanted, path, licence=licence, slice_name=slice_name, progress=progress
            )
        return export_comments(database(), wanted.dataset_id, path, wanted=wanted, progress=progress)

    draw_export_of(wanted.dataset_id, wanted.dataset_id, write)


def draw_export_of(name: str, dataset_id: str, write: Callable[[Path, str, str, Progress], int]) -> None:
    """The choice of a format, and what was written."""
    with st.popover("Export", icon=":material/download:"):
        st.caption(
            "With the label in force and every annotator's vote; Import reads all but XLSX back as it was."
        )
        format = st.selectbox("Format", list(FORMATS), format_func=FORMATS.__getitem__, key=f"export_{name}")
        licence = ""
        if format == "datasets":
            licence = st.text_input(
                "Licence", key=f"export_licence_{name}", placeholder="such as cc-by-4.0", max_chars=80
            )
        if st.button("Write it", type="primary", key=f"export_go_{name}"):
            with showing_errors():
                path = _new_path(name, format)
                bar = st.progress(0.0, "Begins")

                def tell(told: str, share: float) -> None:
                    bar.progress(min(share, 1.0), told)

                count = write(path, format, licence or "", tell)
                bar.empty()
                _draw_written(path, count, unseen=count_unseen(database(), dataset_id))


def _draw_written(path: Path, count: int, *, unseen: int) -> None:
    st.success(f"{count:,} rows, on the machine of the dashboard:")
    if unseen:
        st.caption(
            f"{unseen:,} texts of the dataset were not looked at yet (on Clean): of these the language found"
            " and the cleaned text are empty."
        )
    st.code(str(path), language=None)
    if path.is_file() and path.stat().st_size <= _MOST_TAKEN:
        st.download_button(
            f"Take {escape_markdown(path.name)}", path.read_bytes(), path.name, icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip


def _new_path(name: str, format: str) -> Path:
    """Beside the data, and never over an older export."""
    folder = database().home / "exports"
    folder.mkdir(exist_ok=True, mode=0o700)
    ending = "" if format == "datasets" else f".{format}"
    number = 1
    while (path := folder / f"{name}.{number}{ending}").exists():
        number += 1
    return path
