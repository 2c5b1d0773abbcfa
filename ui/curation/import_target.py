"""Where a file goes, on the Import page: the dataset, its labels, and what the written labels mean in it."""

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from domain.labels import MAX_LABELS, NONE_OF_THEM, Label, LabelSet, parts_of
from domain.text import escape_markdown, shortened
from services.curation import datasets, importing, mappings
from services.curation.importing import LABEL_COLUMN, Reading
from ui.curation.reading import look_at
from ui.store import database

_NEW = "New dataset…"


@dataclass(frozen=True)
class Target:
    """Where a file goes: a dataset, its labels, and what the written labels mean in it."""

    dataset_id: str
    labels: tuple[str, ...]
    label_map: dict[str, str]
    group_by: str = "author"
    votes_needed: int = 1
    several: bool = False


def choose_target(
    path: Path, columns: dict[str, str], file_name: str, reading: Reading, saved: dict[str, str], *, form: str
) -> Target:
    """The dataset to import into, one that is there or a new one, and what the file's labels mean in it."""
    st.subheader("Into which dataset", anchor=False)
    names = [dataset.dataset_id for dataset in datasets.list_datasets(database())]
    in_hand = str(st.session_state.get("dataset"))
    options = [*names, _NEW]
    picker, beside = st.columns(2)
    present = look_at(str(path), reading).columns
    is_expected = in_hand in names and mappings.fits(database(), in_hand, present)
    picked = picker.selectbox(
        "Dataset",
        options,
        index=options.index(in_hand) if is_expected else len(names),
        key=f"import_dataset_{form}",
        help="With the columns of its last file, the dataset in hand is proposed; else a new one.",
    )
    spread = [field.removeprefix(LABEL_COLUMN) for field in columns if field.startswith(LABEL_COLUMN)]
    written = [] if spread else sorted(_label_values(str(path), columns, reading))
    if picked != _NEW:
        known = datasets.get_label_set(database(), picked)
        return Target(picked, known.names, _choose_meanings(written, known, saved, form=form))
    name = beside.text_input(
        "Name of the new dataset", _new_name(file_name, names), max_chars=60, key=f"import_name_{form}"
    )
    grouped, voted = st.columns(2)
    group_by = grouped.selectbox(
        "Stays in one split",
        datasets.GROUPS,
        help="A model is tested on what it never saw: all comments of one author, or of one thread, go to the"
        " same split.",
        key=f"import_group_{form}",
    )
    votes_needed = voted.number_input(
        "Votes per comment", 1, 9, help="So many people label a comment.", key=f"import_votes_{form}"
    )
    several = st.checkbox(
        "A comment may have several labels, or none of them",
        value=bool(spread),
        key=f"import_several_{form}_{len(spread)}",
        help="In one column they stand with |, ; or , between them, and (none) for none. It cannot be changed"
        " later.",
    )
    in_file = spread or (_parts(written) if several else written)
    proposed = list(dict.fromkeys(saved.get(value, value) for value in in_file))
    typed = st.text_input(
        "Label set, in the order of the keys 1 to 9",
        ", ".join(proposed) if 1 < len(proposed) <= MAX_LABELS else "allow, disallow",
        key=f"import_labels_{form}_{several}_{len(spread)}",
    )
    labels = tuple(label.strip() for label in typed.split(",") if label.strip())
    wanted = LabelSet(tuple(Label(each) for each in labels), several)
    meanings = _choose_meanings(written, wanted, saved, form=form)
    return Target(name, labels, meanings, group_by, int(votes_needed), several=several)


def _new_name(file_name: str, taken: list[str]) -> str:
    """A name after the file that no dataset has."""
    title = file_name.partition("@")[0] if "/" in file_name else Path(file_name).stem  # of the hub, or a file
    stem = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")[:55].rstrip("-") or "comments"
    names = [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


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
