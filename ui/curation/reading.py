"""How a file is read, on the Import page: found out and open to change; saved mappings; a check."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from domain.errors import BadInput
from domain.text import escape_markdown, shortened, visible
from services.curation import mappings
from services.curation.file_check import FileCheck, check_file
from services.curation.importing import (
    ABOVE_HEADER,
    ENCODINGS,
    MAX_HEADER_LINE,
    QUOTINGS,
    FileLook,
    Import,
    Reading,
    preview,
    reading_of,
)
from ui.store import database
from ui.times import when

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


def offer_last(path: Path, *, form: str) -> Import | None:
    """What was said of the last file with these headings, which is taken again unless somebody says no."""
    try:
        columns = look_at(str(path), Reading()).columns
    except BadInput:  # told by the page, below the place where the way of reading is said
        return None
    last = mappings.last_used(database(), columns)
    if last is None:
        return None
    is_wanted = st.checkbox(
        f"As for **{escape_markdown(last.file_name)}**, the last file with these headings"
        f" (into {escape_markdown(last.dataset_id)}, {when(last.created_at)})",
        value=True,
        key=f"import_as_last_{form}",
        help="Columns, meanings of labels and the way of reading. Without it they are guessed.",
    )
    return last if is_wanted else None


def choose_reading(saved: mappings.SavedMapping | Import | None, *, form: str) -> Reading:
    """How the file is read; what stays as it is found out."""
    said = saved.mapping["reading"] if saved else {}
    with st.expander("How the file is read", icon=":material/tune:", expanded=bool(said)):
        first, second, third, fourth = st.columns(4)
        chosen = {
            "encoding": _choose(first, "Encoding", ENCODINGS, said.get("encoding"), form),
            "delimiter": _choose(second, "Between cells", _DELIMITERS, said.get("delimiter"), form),
            "quoting": _choose(third, "Quotes", QUOTINGS, said.get("quoting"), form),
            "header": said.get("header", ""),
            "part": fourth.text_input(
                "File or sheet",
                said.get("part", ""),
                placeholder="the only one",
                key=f"import_part_{form}",
                help="Of an archive or a workbook that holds several.",
            ).strip(),
        }
    return reading_of(chosen)


def kept_name(saved: mappings.SavedMapping | Import | None) -> str:
    """What tells one kept mapping from another in the keys of widgets."""
    if saved is None:
        return ""
    return saved.name if isinstance(saved, mappings.SavedMapping) else str(saved.import_id)


def choose_header(path: Path, look: FileLook, reading: Reading, *, form: str) -> tuple[FileLook, Reading]:
    """Which line names the columns, and what stands above it; the look at the file that follows from it."""
    if not look.header:
        return look, reading
    with st.container(horizontal=True, vertical_alignment="bottom"):
        line = st.number_input(
            "The header is on line",
            1,
            MAX_HEADER_LINE,
            look.header_line or 1,
            key=f"import_header_line_{form}_{look.header_line}",
            width=170,
            help="Titles and other lines above it are skipped.",
        )
        is_none = st.checkbox(
            "There is no header",
            look.header == "no",
            key=f"import_no_header_{form}_{look.header}",
        )
    wanted = "no" if is_none else str(line)
    if wanted != (str(look.header_line) if look.header_line else "no"):
        reading = replace(reading, header=wanted)
        look = look_at(str(path), reading)
    above = [one for one in look.findings if one.reason == ABOVE_HEADER]
    if above:
        told = ", ".join(f"{one.line}: {shortened(one.raw, 60)}" for one in above[:3])
        st.caption(
            f"{'1 line above it is' if len(above) == 1 else f'{len(above)} lines above it are'} skipped:"
            f" {escape_markdown(told)}{' …' if len(above) > 3 else ''}"
        )
    return replace(look, findings=tuple(one for one in look.findings if one not in above)), reading


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
        if found.quoting != "double":
            parts.append(QUOTINGS[found.quoting])
    return " · ".join(part for part in parts if part)


def offer_check(path: Path, dataset_id: str, columns: dict[str, str], reading: Reading, *, form: str) -> None:
    """Read all of the file on demand, and tell what would be refused."""
    key = f"import_checked_{form}_{dataset_id}"
    if st.button("Check the whole file", icon=":material/fact_check:", key=f"import_check_{form}"):
        bar = st.progress(0.0, "Reading")
        st.session_state[key] = check_file(
            database(),
            path,
            dataset_id=dataset_id,
            columns=columns,
            reading=reading,
            progress=lambda what, share: _show(bar, what, share),
        )
        bar.empty()
    done = st.session_state.get(key)
    if isinstance(done, FileCheck):
        known = f" ({done.known:,} of them are there already)" if done.known else ""
        conflicts = f", {done.conflicts:,} are in conflict" if done.conflicts else ""
        st.text(f"{done.accepted:,} rows would go in{known}, {done.refused:,} would be refused{conflicts}.")
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
