"""The parts of the Import page: the file at hand, the mapping, the run, and what did not go in."""

import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from domain.errors import BadInput
from domain.labels import MAX_LABELS, NONE_OF_THEM, Label, LabelSet, parts_of
from domain.text import escape_markdown, shortened, visible
from services.curation import datasets, importing
from services.curation.importing import FIELDS, LABEL_COLUMN, VOTE_COLUMN, FileLook, Finding, Reading
from ui.frame import go_to
from ui.reading import look_at
from ui.store import database

SHOWN_FINDINGS = 500
_NONE = "(none)"
_NEW = "New dataset…"
_MEANINGS = {
    "text": "Text of the comment",
    "label": "Label",
    "id": "Id",
    "author": "Author",
    "thread": "Thread or video",
    "time": "Time",
    "split": "Split",
    "language": "Language",
    "annotator": "Annotator",
    "score": "Score of another system",
    "reason": "Reason of the label",
    "votes": "Votes, as an export has them",
}


@dataclass(frozen=True)
class Target:
    """Where a file goes: a dataset, its labels, and what the written labels mean in it."""

    dataset_id: str
    labels: tuple[str, ...]
    label_map: dict[str, str]
    group_by: str = "author"
    votes_needed: int = 1
    several: bool = False


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


def choose_target(
    path: Path, columns: dict[str, str], file_name: str, reading: Reading, saved: dict[str, str], *, form: str
) -> Target:
    """The dataset to import into, one that is there or a new one, and what the file's labels mean in it."""
    st.subheader("Into which dataset", anchor=False)
    names = [dataset.dataset_id for dataset in datasets.list_datasets(database())]
    in_hand = st.session_state.get("dataset")
    options = [*names, _NEW]
    picker, *beside = st.columns(4)
    picked = picker.selectbox(
        "Dataset",
        options,
        index=options.index(in_hand) if in_hand in names else len(names),
        key=f"import_dataset_{form}",
    )
    spread = [field.removeprefix(LABEL_COLUMN) for field in columns if field.startswith(LABEL_COLUMN)]
    written = [] if spread else sorted(_label_values(str(path), columns, reading))
    if picked != _NEW:
        known = datasets.get_label_set(database(), picked)
        return Target(picked, known.names, _choose_meanings(written, known, saved, form=form))
    stem = re.sub(r"[^a-z0-9]+", "-", Path(file_name).stem.casefold()).strip("-")[:60] or "comments"
    name = beside[0].text_input("Name of the new dataset", stem, max_chars=60, key=f"import_name_{form}")
    group_by = beside[1].selectbox(
        "Stays in one split",
        datasets.GROUPS,
        help="A model is tested on what it never saw: all comments of one author, or of one thread, go to the"
        " same split.",
        key=f"import_group_{form}",
    )
    votes_needed = beside[2].number_input(
        "Votes per comment", 1, 9, help="So many people label a comment.", key=f"import_votes_{form}"
    )
    several = st.checkbox(
        "A comment may have several labels, or none of them",
        value=bool(spread),
        key=f"import_several_{form}_{len(spread)}",
        help="In one column they stand with |, ; or , between them, and (none) for none. It cannot be changed"
        " later.",
    )
    proposed = spread or (_parts(written) if several else written)
    typed = st.text_input(
        "Label set, in the order of the keys 1 to 9",
        ", ".join(proposed) if 1 < len(proposed) <= MAX_LABELS else "allow, disallow",
        key=f"import_labels_{form}_{several}_{len(spread)}",
    )
    labels = tuple(label.strip() for label in typed.split(",") if label.strip())
    wanted = LabelSet(tuple(Label(each) for each in labels), several)
    meanings = _choose_meanings(written, wanted, saved, form=form)
    return Target(name, labels, meanings, group_by, int(votes_needed), several=several)


@st.cache_data(max_entries=16, show_spinner="Reading the labels of the whole file")
def _label_values(path: str, columns: dict[str, str], reading: Reading) -> dict[str, int]:
    """How many rows have each label, as the file writes it; an upload's path names its content."""
    return importing.label_values(Path(path), columns, reading)


def _parts(written: list[str]) -> list[str]:
    """The labels that answers of several hold, as the file writes them."""
    return sorted({part for value in written for part in parts_of(value)})


def _choose_meanings(
    written: list[str], known: LabelSet, saved: dict[str, str], *, form: str
) -> dict[str, str]:
    labels = known.names
    if known.several:
        written, labels = _parts(written), (*labels, NONE_OF_THEM)
    if not written:
        return {}
    st.caption(
        "What the labels of the file mean. A value without a meaning is noted, and its comment goes in"
        " without a label."
    )
    by_name = {label.casefold(): label for label in labels}
    by_name |= {value.casefold(): meant for value, meant in saved.items() if meant in labels}
    table = pd.DataFrame(
        {"in the file": written, "means": [by_name.get(value.strip().casefold()) for value in written]}
    )
    edited = st.data_editor(
        table,
        hide_index=True,
        width=560,
        column_config={
            "in the file": st.column_config.TextColumn(disabled=True),
            "means": st.column_config.SelectboxColumn(options=list(labels)),
        },
        placeholder="choose a label",
        key=f"import_label_map_{form}_{known.several}",
        alt="What each label of the file means",
    )
    pairs = edited.dropna().itertuples(index=False, name=None)
    meanings = {str(value): str(meaning) for value, meaning in pairs}
    unclear = [value for value in written if value not in meanings]
    if unclear:
        told = ", ".join(shortened(value, 40) for value in unclear[:5])
        st.warning(f"No meaning yet: {escape_markdown(told)}", icon=":material/help:")
    return meanings


def run_import(path: Path, file_name: str, columns: dict[str, str], target: Target, reading: Reading) -> None:
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
        progress=lambda what, share: _show_progress(bar, what, share),
    )
    st.session_state["import_done"] = done.import_id
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
        found = importing.findings(database(), import_id, limit=SHOWN_FINDINGS)
        draw_findings(found, "Rows that did not go in as they stand")
        with st.container(horizontal=True):
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
