"""The parts of the page on leaving a rented service: which column is what, and what came of the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from domain.text import escape_markdown, visible
from services.curation.importing import FileLook, guess_columns
from services.curation.snapshots import Snapshot
from services.modelling.imported_scores import BACKEND, Columns, Imported, import_scores
from services.modelling.models import list_models, list_runs
from ui.curation.importing import draw_findings
from ui.store import database

_NONE = "(none)"
_ID, _TEXT = "the id it was imported with", "its text"
_SCALES = {"0 to 1": 1.0, "0 to 100": 100.0}
_ENDS = "31 December 2026"


@dataclass(frozen=True)
class Chosen:
    """What the form says of a file."""

    name: str
    snapshot_id: str
    columns: Columns


def offer_leaving() -> None:
    """The card on Home."""
    with st.container(border=True):
        words, action = st.columns([3, 1], vertical_alignment="center")
        with words.container(gap="xsmall"):
            st.subheader("Leaving Perspective?", anchor=False)
            st.caption(
                f"Perspective API answers until {_ENDS}. Bring its scores in while you can, and see your own"
                " model beside it: same comments, same number of flags."
            )
        action.page_link("pages/leaving.py", label="Compare with it", icon=":material/logout:")


def draw_why() -> None:
    """What the page is for."""
    st.caption(
        f"Perspective API ends on {_ENDS}; other services end too. What the service says of your frozen"
        " comments becomes a model here like any other: evaluate it, and compare yours with it at an equal"
        " flag rate."
    )


def draw_imported(dataset_id: str) -> None:
    """What the last file came to, and the way to the comparison of every imported model."""
    done = st.session_state.get("leaving_done")
    if isinstance(done, Imported):
        _draw_done(done)
    theirs = {model.model_id: model for model in list_models(database(), dataset_id)
              if model.backend == BACKEND}  # fmt: skip
    runs = list_runs(database(), dataset_id)
    for run in (run for run in runs if run.model_id in theirs):
        same = (run.snapshot_id, run.split)
        own = [one for one in runs if one.model_id not in theirs and (one.snapshot_id, one.split) == same]
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{escape_markdown(theirs[run.model_id].name)}** · {run.row_count:,} comments ·"
                f" {run.split} of {run.snapshot_id} · {run.run_id}"
            )
            if not own:
                st.caption("No model of yours has answered this split yet.")
                continue
            st.page_link(
                "pages/compare.py",
                label="Yours against theirs",
                icon=":material/compare_arrows:",
                query_params={
                    "dataset": dataset_id,
                    "before": run.run_id,
                    "after": own[0].run_id,
                    "by": "At an equal flag rate",
                },
            )


def _draw_done(done: Imported) -> None:
    st.success(
        f"{escape_markdown(done.name)}: {done.matched:,} answers are stored as {done.model_id}."
        f" {done.unparsed:,} of them name no label, {done.without:,} comments of validation and test have no"
        f" row, {done.in_training:,} rows are about comments in train and were left out.",
        icon=":material/check_circle:",
    )
    draw_findings(done.strangers, f"Without a comment in {done.snapshot_id}: {_rows(done.stranger_count)}")
    draw_findings(done.refused, f"Cannot be used: {_rows(done.refused_count)}")


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def draw_rows(look: FileLook) -> None:
    """The first rows of the file."""
    st.dataframe(
        pd.DataFrame([{visible(k): visible(v or "") for k, v in row.items()} for row in look.rows]),
        hide_index=True,
        height=min(38 + 35 * len(look.rows), 248),
        placeholder="",
        alt="The first rows of the file",
    )


def choose_columns(look: FileLook, taken: Mapping[str, Snapshot], *, form: str) -> Chosen:
    """The form: which snapshot, which columns, which scale; guessed from the names, open to change."""
    guesses = guess_columns(look.columns)
    name, of, key_is, key = st.columns(4)
    named = name.text_input("Name of the service", "Perspective", max_chars=100, key=f"leaving_name_{form}")
    snapshot_id = of.selectbox("About the comments of", list(taken), key=f"leaving_snapshot_{form}")
    labels = tuple(taken[snapshot_id].labels)
    how = key_is.selectbox("A row knows its comment by", [_ID, _TEXT], key=f"leaving_key_is_{form}")
    guess = guesses.get("id" if how == _ID else "text", look.columns[0])
    column = key.selectbox(
        "in the column", look.columns, index=look.columns.index(guess), format_func=visible,
        key=f"leaving_key_{form}_{how}",
    )  # fmt: skip
    scores = _choose_scores(look, labels, guesses.get("score"), form=form)
    said, scale, flags = st.columns(3)
    written = said.selectbox(
        "Column with the service's own label", [_NONE, *look.columns], format_func=visible,
        help="Without one, the label follows from the scores.", key=f"leaving_label_{form}",
    )  # fmt: skip
    top = scale.segmented_control(
        "Scores go from", list(_SCALES), default="0 to 1", required=True, key=f"leaving_scale_{form}"
    )
    is_alone = len(scores) == 1 and written == _NONE
    flags_from = flags.slider(
        "It flags from a share of", 0.01, 1.0, 0.5, disabled=not is_alone, key=f"leaving_from_{form}",
        help="Where you acted on its score; needed where one score is all there is.",
    )  # fmt: skip
    spellings = {} if written == _NONE else _choose_spellings(look, written, labels, form=form)
    return Chosen(
        named,
        snapshot_id,
        Columns(
            column,
            key_is="id" if how == _ID else "text",
            scores=scores,
            label=None if written == _NONE else written,
            spellings=spellings,
            scale=_SCALES[top or "0 to 1"],
            flags_from=float(flags_from),
        ),
    )


def _choose_scores(
    look: FileLook, labels: tuple[str, ...], guess: str | None, *, form: str
) -> dict[str, str]:
    """A score column for each label, or for the last one alone where there are two."""
    options, chosen = [_NONE, *look.columns], {}
    for place, (box, label) in enumerate(zip(st.columns(len(labels)), labels, strict=True)):
        guessed = guess if guess and len(labels) == 2 and place == 1 else _NONE
        column = box.selectbox(
            f"Score of {escape_markdown(label)}", options, index=options.index(guessed), format_func=visible,
            key=f"leaving_score_{form}_{label}",
        )  # fmt: skip
        if column != _NONE:
            chosen[label] = column
    return chosen


def _choose_spellings(look: FileLook, column: str, labels: tuple[str, ...], *, form: str) -> dict[str, str]:
    """What the service's labels mean, for those that the first rows show."""
    known = {label.casefold() for label in labels}
    seen = dict.fromkeys((row.get(column) or "").strip() for row in look.rows)
    strange = [value for value in seen if value and value.casefold() not in known]
    if not strange:
        return {}
    edited = st.data_editor(
        pd.DataFrame({"in the file": strange, "means": [None] * len(strange)}, dtype="object"),
        hide_index=True,
        num_rows="dynamic",
        width=560,
        column_config={"means": st.column_config.SelectboxColumn(options=list(labels))},
        placeholder="choose a label",
        key=f"leaving_spellings_{form}_{column}",
        alt="What each label of the file means",
    )
    pairs = edited.dropna().itertuples(index=False, name=None)
    return {str(value): str(meaning) for value, meaning in pairs}


def run_import(path: Path, file_name: str, chosen: Chosen) -> None:
    """Bring the file in and begin anew with an empty place for the next one."""
    with st.spinner("Finding the comments of each row"):
        st.session_state["leaving_done"] = import_scores(
            database(),
            path,
            chosen.snapshot_id,
            chosen.columns,
            name=chosen.name,
            actor=st.session_state["person"],
            file_name=file_name,
        )
    st.session_state["leaving_round"] = int(st.session_state.get("leaving_round", 0)) + 1
    st.rerun()
