"""The parts of the Import page: the file at hand, the mapping, the run, and what did not go in."""

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from domain.errors import BadInput
from domain.text import escape_markdown, visible
from services.curation import importing
from services.curation.importing import FIELDS, LABEL_COLUMN, VOTE_COLUMN, FileLook, Finding, Reading
from services.curation.refused_rows import write_refused
from services.modelling.scores_with_import import Kept, System, keep_after_import
from ui.curation.import_hub import put_away
from ui.curation.import_scores import draw_kept
from ui.curation.import_target import Target
from ui.curation.reading import look_at
from ui.frame import go_to
from ui.store import database

SHOWN_FINDINGS = 500
_NONE = "(none)"
_MEANINGS = {
    "text": "Text of the comment",
    "label": "Label",
    "id": "Id",
    "author": "Author",
    "thread": "Thread or video",
    "time": "Time",
    "split": "Split",
    "language": "Language",
    "source": "Platform or source",
    "annotator": "Annotator",
    "score": "Score of another system",
    "reason": "Reason of the label",
    "votes": "Votes of an export",
    "decision": "Decisions of an export",
    "excluded": "Exclusions of an export",
}


@st.cache_resource(max_entries=4, show_spinner="Taking the file", on_release=lambda held: _forget(held))
def _held(file_id: str, _uploaded: UploadedFile) -> Path:
    """The upload as a file of our own naming; its id names its content, so the content need not be hashed."""
    folder = Path(tempfile.mkdtemp(prefix="upload-", dir=database().home / "tmp"))
    suffix = re.sub(r"[^a-z]", "", Path(_uploaded.name).suffix.casefold())[:10]
    path = folder / f"upload.{suffix}"
    try:
        with open(path, "wb") as file:
            shutil.copyfileobj(_uploaded, file)
    except OSError as error:
        _forget(path)
        raise BadInput(
            f"The file cannot be kept: {error.strerror}.", hint="If the disk is full, make room."
        ) from error
    return path


def _forget(path: Path) -> None:
    shutil.rmtree(path.parent, ignore_errors=True)


def held_file(uploaded: UploadedFile) -> tuple[Path, FileLook]:
    """The uploaded file on disk, and how it is read if nothing is said of that."""
    path = held_path(uploaded)
    return path, look_at(str(path), Reading())


def held_path(uploaded: UploadedFile) -> Path:
    """The uploaded file on disk."""
    return _held(uploaded.file_id, uploaded)


def choose_columns(look: FileLook, saved: dict[str, str], *, form: str) -> dict[str, str]:
    """Which column carries which field: as a saved mapping says, else guessed; open to change."""
    st.subheader("Which column is what", anchor=False)
    known = {field: column for field, column in saved.items() if column in look.columns}
    guesses = known or importing.guess_columns(look.columns)
    form = f"{form}_{'_'.join(sorted(known))}"
    chosen = {}
    for start in range(0, len(FIELDS), 4):
        for place, field in zip(st.columns(4), FIELDS[start : start + 4], strict=False):
            options = [_NONE, *look.columns]
            column = place.selectbox(
                _MEANINGS[field],
                options,
                index=options.index(guesses.get(field, _NONE)),
                format_func=visible,
                key=f"import_column_{field}_{form}",
            )
            if column != _NONE:
                chosen[field] = column
    if "label" not in chosen:
        chosen |= _choose_several(look, chosen, known, form=form)
    chosen |= {field: column for field, column in known.items() if field.startswith(("id:", "count:"))}
    if "text" not in chosen:
        st.warning("Choose the column that holds the text.", icon=":material/warning:")
        st.page_link(
            "pages/tokens.py",
            label="Prompts with answers, also as JSON inside cells, are read on Tokens, under *A file*",
            icon=":material/arrow_forward:",
        )
    if "id" not in chosen:
        st.caption(
            "Without an id column a comment is known by its text and its place among equal texts of this"
            " file."
        )
    return chosen


def _choose_several(
    look: FileLook, chosen: dict[str, str], known: dict[str, str], *, form: str
) -> dict[str, str]:
    """Columns that together hold what one column of labels would: one for each label, or each annotator."""
    free = [column for column in look.columns if column not in chosen.values()]
    both = (
        (LABEL_COLUMN, "Columns of 0 and 1, one for each label", "Where labels stand side by side."),
        (VOTE_COLUMN, "Columns of labels, one for each annotator", "Each becomes the vote of one person."),
    )
    found: dict[str, str] = {}
    for place, (prefix, title, help_) in zip(st.columns(2), both, strict=True):
        picked = place.multiselect(
            title,
            free,
            default=[column for field, column in known.items() if field.startswith(prefix)],
            format_func=visible,
            placeholder="none",
            key=f"import_spread_{prefix}_{form}",
            help=help_,
        )
        names = {column: field.removeprefix(prefix) for field, column in known.items()}
        found |= {f"{prefix}{names.get(column, column)}": column for column in picked}
    return found


def run_import(
    path: Path,
    file_name: str,
    columns: dict[str, str],
    target: Target,
    reading: Reading,
    system: System | None = None,
) -> None:
    """Import with progress. Cancel reruns the page, which stops the import before anything is kept."""
    bar = st.progress(0.0, "Reading")
    st.button("Cancel", icon=":material/close:", key="import_cancel")
    done = importing.import_file(
        database(),
        path,
        target.dataset_id,
        actor=st.session_state["person"],
        columns=columns,
        label_map=target.label_map,
        labels=target.labels,
        group_by=target.group_by,
        votes_needed=target.votes_needed,
        several=target.several,
        reading=reading,
        file_name=file_name,
        scores=vars(system) if system else None,
        progress=lambda what, share: _show_progress(bar, what, share),
    )
    st.session_state["import_done"] = done.import_id
    st.session_state.pop("import_scores_kept", None)
    if system is not None:
        bar.progress(1.0, "Making the scores a model …")
        person = st.session_state["person"]
        st.session_state["import_scores_kept"] = keep_after_import(database(), done, system, actor=person)
    put_away()
    st.session_state["import_round"] = upload_round() + 1
    st.session_state["dataset_next"] = done.dataset_id
    st.rerun()


def upload_round() -> int:
    """Counts the imports of this session: each begins with an empty place for a file."""
    return int(st.session_state.get("import_round", 0))


def _show_progress(bar: st.delta_generator.DeltaGenerator, what: str, share: float) -> None:
    bar.progress(min(share, 1.0), f"{what} …")


def draw_findings(findings: Sequence[Finding], title: str) -> None:
    """Rows that did not go in as they stand, as a table."""
    if not findings:
        return
    st.markdown(f"**{escape_markdown(title)}**")
    st.dataframe(
        pd.DataFrame(
            {
                "line": [finding.line for finding in findings],
                "what": [finding.kind for finding in findings],
                "reason": [visible(finding.reason) for finding in findings],
                "row": [visible(finding.raw) for finding in findings],
            }
        ),
        hide_index=True,
        column_config={
            "line": st.column_config.NumberColumn(width="small", format="plain"),
            "what": st.column_config.TextColumn(width="small"),
            "reason": st.column_config.TextColumn(width="medium"),
            "row": st.column_config.TextColumn(width="large"),
        },
        placeholder="",
        alt=title,
    )


def _refused_rows(import_id: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "refused.csv"
        write_refused(database(), import_id, path)
        return path.read_bytes()


def draw_result(import_id: int) -> None:
    """What an import did, with the rows to look at and where to go on."""
    done = importing.get_import(database(), import_id)
    with st.container(border=True):
        st.markdown(
            f":green[:material/check_circle:] **{escape_markdown(done.file_name)}** went into"
            f" **{escape_markdown(done.dataset_id)}**"
        )
        st.text(importing.counts_sentence(done))
        st.caption(" · ".join(f"{part} {seconds:.2f} s" for part, seconds in done.seconds.items()))
        kept = st.session_state.get("import_scores_kept")
        if isinstance(kept, Kept):
            draw_kept(kept)
        found = importing.findings(database(), import_id, limit=SHOWN_FINDINGS)
        draw_findings(found, "Rows that did not go in as they stand")
        with st.container(horizontal=True):
            if done.counts["refused"] and done.mapping.get("file"):
                st.download_button(
                    "Rows to repair",
                    lambda: _refused_rows(import_id),
                    file_name=f"import-{import_id}-to-repair.csv",
                    icon=":material/build:",
                    key=f"import_to_repair_{import_id}",
                    help="The refused rows in the columns of the file, with line and reason beside them. Mend"
                    " them and import that file: the columns beside are passed over, and a row left as it"
                    " is, is refused again.",
                )
            if found:
                st.download_button(
                    "Download them all as CSV",
                    lambda: importing.findings_csv(database(), import_id),
                    file_name=f"import-{import_id}-findings.csv",
                    icon=":material/download:",
                    key=f"import_findings_{import_id}",
                )
            for page, title in (("clean", "Clean"), ("label", "Label")):
                if st.button(title, icon=":material/arrow_forward:", key=f"import_to_{page}"):
                    go_to(page, dataset=done.dataset_id)
