"""How a file is read, on the Import page: found out and open to change; saved mappings; a check."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from domain.text import escape_markdown, visible
from services.curation import mappings
from services.curation.file_check import FileCheck, check_file
from services.curation.importing import ENCODINGS, HEADERS, QUOTINGS, FileLook, Reading, preview, reading_of
from ui.store import database

_FOUND = "(found out)"
_NO_MAPPING = "(none)"
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", ":": "colon", "^": "caret"}


@st.cache_data(max_entries=16, show_spinner="Reading the first rows")
def look_at(path: str, reading: Reading) -> FileLook:
    """The first rows of an upload, whose path names its content."""
    return preview(Path(path), reading)


def choose_mapping(*, form: str) -> mappings.SavedMapping | None:
    """A mapping that was saved for files of this kind."""
    saved = {each.name: each for each in mappings.list_mappings(database())}
    if not saved:
        return None
    picked = st.selectbox(
        "A mapping saved before",
        [_NO_MAPPING, *saved],
        key=f"import_mapping_{form}",
        width=320,
        help="Columns, meanings of labels and the way of reading, as they were for another file.",
    )
    return saved.get(picked)


def choose_reading(saved: mappings.SavedMapping | None, *, form: str) -> Reading:
    """How the file is read; what stays as it is found out."""
    said = saved.mapping["reading"] if saved else {}
    form = f"{form}_{saved.name if saved else ''}"
    with st.expander("How the file is read", icon=":material/tune:", expanded=bool(said)):
        first, second, third, fourth, fifth = st.columns(5)
        chosen = {
            "encoding": _choose(first, "Encoding", ENCODINGS, said.get("encoding"), form),
            "delimiter": _choose(second, "Between cells", _DELIMITERS, said.get("delimiter"), form),
            "quoting": _choose(third, "Quotes", QUOTINGS, said.get("quoting"), form),
            "header": _choose(fourth, "First line", HEADERS, said.get("header"), form),
            "part": fifth.text_input(
                "File or sheet",
                said.get("part", ""),
                placeholder="the only one",
                key=f"import_part_{form}",
                help="Of an archive or a workbook that holds several.",
            ).strip(),
        }
    return reading_of(chosen)


def describe(found: FileLook) -> str:
    """What was found out of a file, in a line."""
    parts = [
        found.file_format.upper(),
        f"{found.bytes:,} bytes",
        ENCODINGS.get(found.encoding, found.encoding),
    ]
    if found.file_format == "csv":
        between = _DELIMITERS.get(found.delimiter, found.delimiter)
        parts.append(f"{between} between cells" if found.delimiter else "one column")
        parts.append("a header" if found.header == "yes" else "no header")
        if found.quoting != "double":
            parts.append(QUOTINGS[found.quoting])
    return " · ".join(part for part in parts if part)


def offer_check(path: Path, columns: dict[str, str], reading: Reading, *, form: str) -> None:
    """Read all of the file on demand, and tell what would be refused."""
    key = f"import_checked_{form}"
    if st.button("Check the whole file", icon=":material/fact_check:", key=f"import_check_{form}"):
        bar = st.progress(0.0, "Reading")
        st.session_state[key] = check_file(
            path,
            columns=columns,
            reading=reading,
            progress=lambda what, share: _show(bar, what, share),
        )
        bar.empty()
    done = st.session_state.get(key)
    if isinstance(done, FileCheck):
        st.text(f"{done.accepted:,} rows would go in, {done.refused:,} would be refused.")
        for reason, rows in done.reasons.items():
            st.text(f"{rows:,} × {visible(reason)}")


def _show(bar: st.delta_generator.DeltaGenerator, what: str, share: float) -> None:
    bar.progress(min(share, 1.0), f"{what} …")


def offer_saving(
    columns: dict[str, str], label_map: dict[str, str], reading: Reading, *, actor: str, form: str
) -> None:
    """Keep the mapping under a name, for the next file of this kind."""
    with st.popover("Save this mapping", icon=":material/bookmark_add:"):
        name = st.text_input("Name", max_chars=mappings.MAX_NAME_LENGTH, key=f"import_save_name_{form}")
        if st.button("Save", key=f"import_save_{form}", disabled=not name.strip()):
            saved = mappings.save_mapping(
                database(), name, columns=columns, label_map=label_map, reading=reading, actor=actor
            )
            st.success(f"Saved as {escape_markdown(saved.name)}.")


def _choose(
    place: st.delta_generator.DeltaGenerator, label: str, known: dict[str, str], said: str | None, form: str
) -> str:
    options: Sequence[str] = ["", *known]
    return str(
        place.selectbox(
            label,
            options,
            index=options.index(said) if said in known else 0,
            format_func=lambda value: known.get(value, _FOUND),
            key=f"import_read_{label}_{form}",
        )
    )
