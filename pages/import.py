"""Import: a file becomes comments; what cannot go in is listed row by row."""

import pandas as pd
import streamlit as st

from domain.text import escape_markdown, visible
from services.curation import importing
from ui.curation.import_hub import fetched, offer_hub, put_away
from ui.curation.import_scores import choose_system
from ui.curation.import_target import choose_target
from ui.curation.importing import (
    choose_columns,
    draw_findings,
    draw_result,
    held_path,
    run_import,
    upload_round,
)
from ui.curation.new_dataset import draw_new_dataset
from ui.curation.reading import (
    choose_header,
    choose_mapping,
    choose_reading,
    describe,
    kept_name,
    look_at,
    offer_check,
    offer_last,
    offer_saving,
)
from ui.errors import showing_errors
from ui.store import database
from ui.times import when

uploaded = st.file_uploader(
    "A file of comments",
    type=["csv", "tsv", "txt", "jsonl", "ndjson", "json", "parquet", "arrow", "feather", "xlsx", "gz", "zip"],
    key=f"import_file_{upload_round()}",
)
held = fetched()
if uploaded is None and held is None:
    st.caption(
        "CSV, TSV, JSONL, JSON, Parquet, Arrow or XLSX, also as .gz or .zip, in any usual encoding. Nothing"
        " leaves this machine; nothing is dropped silently."
    )
    if "import_done" in st.session_state:
        draw_result(st.session_state["import_done"])
    offer_hub()
    draw_new_dataset()
else:
    with showing_errors():
        if uploaded is not None:
            path, name, form = held_path(uploaded), uploaded.name, uploaded.file_id
        else:
            path, name, form = held.path, held.name, held.folder.name
            st.button("Put it away", icon=":material/close:", key="import_hub_away", on_click=put_away)
        saved = choose_mapping(form=form) or offer_last(path, form=form)
        form = f"{form}_{kept_name(saved)}"
        reading = choose_reading(saved, form=form)
        look = look_at(str(path), reading)
        st.markdown(f"**{escape_markdown(name)}** · {escape_markdown(describe(look))}")
        look, reading = choose_header(path, look, reading, form=form)
        st.dataframe(
            pd.DataFrame([{visible(k): visible(v or "") for k, v in row.items()} for row in look.rows]),
            hide_index=True,
            height=min(38 + 35 * len(look.rows), 248),
            placeholder="",
            alt="The first rows of the file",
        )
        draw_findings(look.findings, "Of these first rows, these will be refused")
        columns = choose_columns(look, saved.mapping["columns"] if saved else {}, form=form)
        meant = saved.mapping["labels"] if saved else {}
        target = choose_target(path, columns, name, reading, meant, form=form)
        system = choose_system(
            columns, target, (saved.mapping.get("scores") if saved else None) or {}, form=form
        )
        with st.container(horizontal=True):
            is_wanted = st.button(
                "Import",
                type="primary",
                icon=":material/upload_file:",
                key="import_go",
                disabled="text" not in columns,
            )
            if "text" in columns:
                person = st.session_state["person"]
                offer_saving(columns, target.label_map, reading, actor=person, form=form)
        if is_wanted:
            run_import(path, name, columns, target, reading, system)
        elif "text" in columns:
            offer_check(path, target.dataset_id, columns, reading, form=form)

in_hand = st.session_state.get("dataset")
history = importing.list_imports(database(), in_hand) if in_hand else []
if history:
    st.subheader("Files that went in", anchor=False)
    st.dataframe(
        pd.DataFrame(
            {
                "import": [done.import_id for done in history],
                "file": [visible(done.file_name) for done in history],
                "added": [done.counts["added"] for done in history],
                "refused": [done.counts["refused"] for done in history],
                "conflicts": [done.counts["conflicts"] for done in history],
                "by": [visible(done.created_by) for done in history],
                "when": [when(done.created_at) for done in history],
            }
        ),
        hide_index=True,
        alt="Files imported into this dataset",
    )
