"""The part of the Tokens page that is about a file of examples: what is wrong in it, and what it costs."""

import re
import shutil
import tempfile
from datetime import date
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from domain.comments import Dataset
from services.modelling.examples.files import FileBudget, budget_of_file, check_file
from services.modelling.formats.findings import Checked
from services.modelling.hosted.catalogue import hosted_models
from services.modelling.tokens.costs import costs_of
from services.modelling.tokens.encodings import ENCODINGS
from services.modelling.tokens.snapshots import DEFAULT_LIMIT
from ui.errors import showing_errors
from ui.store import database
from ui.tokens.example_sets import draw_findings, draw_keep, draw_kept
from ui.tokens.token_costs import draw_costs, draw_price_form
from ui.tokens.token_figures import draw_histogram, draw_spreads, draw_tiles

_ENDINGS = ["jsonl", "csv", "tsv"]


def draw_file_tab(dataset: Dataset) -> None:
    """Choose a file; its findings and its budget follow at once. It is kept, and tuned on, on a click."""
    _draw_file(dataset)
    draw_kept(dataset)


def _draw_file(dataset: Dataset) -> None:
    st.caption(
        "Chat lines, prompt/completion pairs, or a table with JSON in its cells. The file is checked here, "
        "and nothing of it leaves."
    )
    left, right = st.columns(2)
    training = left.file_uploader("Examples", _ENDINGS, key="tokens_file")
    held_out = right.file_uploader("Held out for validation, if any", _ENDINGS, key="tokens_validation")
    encoding = left.selectbox("Encoding", ENCODINGS, key="tokens_encoding")
    limit = int(
        right.number_input(
            "Tokens that an example may have", 1, 10_000_000, DEFAULT_LIMIT, key="tokens_limit"
        )
    )
    if training is None:
        return
    path = _held(training.file_id, training)
    validation = None if held_out is None else _held(held_out.file_id, held_out)
    _draw_findings(check_file(path, validation=validation, encoding=encoding, limit=limit))
    with showing_errors():
        _draw_budget(budget_of_file(path, encoding=encoding, limit=limit))
        draw_keep(dataset, path, validation, training.name)


@st.cache_resource(max_entries=8, show_spinner=False, on_release=lambda path: _forget(path))
def _held(file_id: str, _uploaded: UploadedFile) -> Path:
    """The upload as a file of our own naming; its id names its content, so the content need not be hashed."""
    folder = Path(tempfile.mkdtemp(prefix="examples-", dir=database().home / "tmp"))
    suffix = re.sub(r"[^a-z]", "", Path(_uploaded.name).suffix.casefold())[:10]
    path = folder / f"examples.{suffix}"
    with open(path, "wb") as file:
        shutil.copyfileobj(_uploaded, file)
    return path


def _forget(path: Path) -> None:
    shutil.rmtree(path.parent, ignore_errors=True)


def _draw_findings(checked: Checked) -> None:
    if checked.ok_to_upload:
        st.success(
            f"{checked.example_count:,} examples: nothing keeps them from an upload.",
            icon=":material/check_circle:",
        )
    else:
        refused = len(checked.refused_rows)
        rows = f", {refused:,} of its rows hold an error" if refused else ""
        st.error(
            f"{checked.example_count:,} examples: the file cannot be uploaded{rows}.",
            icon=":material/block:",
        )
    if checked.findings:
        draw_findings(checked.findings)


def _draw_budget(found: FileBudget) -> None:
    draw_tiles(found.budget)
    if found.not_counted:
        st.caption(f"{found.not_counted:,} examples are wrong in form and not counted.")
    table = hosted_models(database().home)
    left, right = st.columns([4, 5], gap="medium")
    with left:
        st.markdown("**Tokens per example**")
        draw_histogram(
            found.budget.histogram, limit=found.budget.limit, limit_name="limit", title="Tokens per example"
        )
    with right:
        draw_costs(costs_of(found.tokens, found.budget, table, date.today()), table)
    draw_spreads(found.budget)
    draw_price_form(table)
    over = [found.rows[place] for place in found.budget.over_limit]
    if over:
        named = ", ".join(f"{row:,}" for row in over[:20]) + (", …" if len(over) > 20 else "")
        st.warning(
            f"{len(over):,} examples are longer than {found.budget.limit:,} tokens: row {named}. They are "
            f"cut from the end, the answer first: {found.budget.cut:,} tokens and "
            f"{found.budget.without_answer:,} whole answers would be lost.",
            icon=":material/content_cut:",
        )
